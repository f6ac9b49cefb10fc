#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "store/ids.h"
#include "store/lmdb.h"
#include "store/sealed_values.h"

namespace tombolo::store {

/// Who can make room when a write transaction needs more than the map has left.
class MapOwner {
 public:
  virtual ~MapOwner() = default;
  [[nodiscard]] virtual MDB_txn* begin_write_transaction() = 0;
  /// Pages between the newest commit's last page and the end of the map, less what a commit may
  /// need for the list of free pages.
  [[nodiscard]] virtual std::size_t room_pages() const = 0;
  /// Grows the map by at least `pages`, while no transaction of this process is open.
  virtual void grow(std::size_t pages) = 0;
};

/// A value where a search found it: as it lies in the map, which is sealed in an encrypted file,
/// until it is read.
class StoredValue {
 public:
  StoredValue() = default;
  StoredValue(BytesView stored, bool is_sealed) noexcept
      : data_(stored.data()),
        size_(static_cast<std::uint32_t>(stored.size())),
        is_sealed_(is_sealed) {}

  [[nodiscard]] bool is_sealed() const noexcept { return is_sealed_; }
  /// The value's bytes, or those that hide it.
  [[nodiscard]] BytesView bytes() const noexcept { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::uint32_t size_ = 0;  ///< LMDB's values are no larger.
  bool is_sealed_ = false;
};

/// A transaction of LMDB as an ordered map of byte strings. In an encrypted file it seals what is
/// put, but for the header, and opens what is read: only the keys are seen by others.
///
/// Views last until the transaction ends or writes; `generation` tells whether that happened. What
/// a snapshot has opened of an encrypted file it holds as long.
///
/// Room in the map is reckoned before each write with an upper bound, because a transaction that
/// has met the end of the map is lost. When it is short, the transaction saves what it wrote so
/// far, ends, has the map grown, begins anew and writes again; nobody commits in between, because
/// the writer's lock stays held. Callers notice nothing but the generation. What is written again
/// stays in its place, so that the bound follows the size of what a transaction leaves and not the
/// number of its writes.
///
/// Errors:  throws `Error` as `check_lmdb` does.
/// Thread:  the owner's.
class KeyValueTransaction {
 public:
  struct Item {
    BytesView key;
    StoredValue value;
  };

  /// Idle. Without a `map_owner` it is for snapshots; with `encryption`, of an encrypted file.
  KeyValueTransaction(MDB_dbi tree, MapOwner* map_owner, Encryption* encryption = nullptr)
      : tree_(tree),
        map_owner_(map_owner),
        sealed_values_(encryption != nullptr ? std::make_unique<SealedValues>(*encryption)
                                             : nullptr) {}
  ~KeyValueTransaction();
  KeyValueTransaction(const KeyValueTransaction&) = delete;
  KeyValueTransaction& operator=(const KeyValueTransaction&) = delete;

  /// Begins a snapshot, reusing the read slot of an earlier one. `map_moves` counts how often the
  /// map of the environment may have moved.
  void begin_read(MDB_env* environment, std::uint64_t map_moves);
  void end_read() noexcept;
  void begin_write();
  /// Commits the write transaction; ends it in any case.
  void commit();
  void abort() noexcept;

  [[nodiscard]] bool is_open() const noexcept { return is_open_; }
  [[nodiscard]] bool is_writable() const noexcept { return map_owner_ != nullptr; }
  /// The commit that a snapshot shows, or the one that a write transaction is going to be.
  [[nodiscard]] CommitId commit_id() const noexcept { return commit_id_; }
  /// Another number after every write and every beginning, but for that of a snapshot of the same
  /// commit as the one before: its pages are still in the same places, because pages of the newest
  /// commit are never written to.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

  [[nodiscard]] std::optional<BytesView> find(BytesView key);
  /// The first record whose key is not less; the key space has an end record, so there is one.
  [[nodiscard]] Item find_at_or_after(BytesView key);
  /// The last record whose key is not greater; the header is less than any other.
  [[nodiscard]] Item find_at_or_before(BytesView key);
  /// The record after the one that the last search or step gave.
  [[nodiscard]] Item next();

  /// The bytes of a value that was found under that key. Where it was sealed, it is not any more
  /// afterwards, so that reading it once again costs nothing.
  [[nodiscard]] BytesView read(BytesView key, StoredValue& value) {
    if (value.is_sealed()) value = {open(key, value.bytes()), false};
    return value.bytes();
  }
  [[nodiscard]] BytesView read(Item& item) { return read(item.key, item.value); }
  /// The same of one of many values that are read in turn: an opened one lasts as long as `holder`
  /// when the transaction holds many already.
  [[nodiscard]] BytesView read_briefly(BytesView key,
                                       StoredValue& value,
                                       std::shared_ptr<const OpenedValue>& holder);

  /// Adds or replaces a record, whose value is `head` and then `tail`. No argument may view this
  /// transaction's memory.
  void put(BytesView key, BytesView head, BytesView tail = {});
  /// Whether there was such a record.
  bool erase(BytesView key);
  /// Erases the records whose keys start with `prefix`.
  void erase_prefix(BytesView prefix);

 private:
  friend class KeyValueCursor;
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept {
      return std::hash<std::string_view>()(key);
    }
  };
  using WrittenKeys = std::unordered_map<std::string, std::size_t, KeyHash, std::equal_to<>>;

  [[nodiscard]] Item to_item(const MDB_val& key, const MDB_val& value) const noexcept;
  [[nodiscard]] bool is_sealed(BytesView key) const noexcept;
  /// What a value takes where it is stored.
  [[nodiscard]] std::size_t stored_bytes(BytesView key, std::size_t bytes) const noexcept;
  [[nodiscard]] BytesView open(BytesView key, BytesView sealed);
  void end_generation() noexcept;
  [[nodiscard]] MDB_cursor* cursor();
  void close_cursor() noexcept;
  void prepare_write(BytesView key, std::size_t value_bytes);
  void prepare_erase(BytesView key);
  void note_written(BytesView key, std::size_t pages_of_value);
  void take_room(std::size_t pages_of_value);
  [[nodiscard]] std::size_t pages_taken() const noexcept;
  void grow(std::size_t pages);

  MDB_dbi tree_;
  MapOwner* map_owner_;
  MDB_txn* transaction_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
  bool is_open_ = false;
  CommitId commit_id_;
  std::uint64_t generation_ = 0;
  std::uint64_t map_moves_ = 0;

  // Of the open write transaction.
  std::size_t room_pages_ = 0;       ///< Of the map when it began.
  std::size_t pages_of_nodes_ = 0;   ///< For nodes of the tree, were each write to new ones.
  std::size_t pages_of_values_ = 0;  ///< For values out of line.
  std::size_t node_pages_max_ = 0;   ///< The most nodes that the tree has had in it.
  /// The keys it wrote, for `grow`, each with the pages that its value has out of line.
  WrittenKeys written_;
  std::unique_ptr<SealedValues> sealed_values_;  ///< Null: the file is not encrypted.
};

/// A walk of its own over the records of a transaction that does not write meanwhile.
class KeyValueCursor {
 public:
  explicit KeyValueCursor(const KeyValueTransaction& transaction);
  ~KeyValueCursor() { mdb_cursor_close(cursor_); }
  KeyValueCursor(const KeyValueCursor&) = delete;
  KeyValueCursor& operator=(const KeyValueCursor&) = delete;

  /// As in `KeyValueTransaction`.
  [[nodiscard]] KeyValueTransaction::Item find_at_or_after(BytesView key);
  [[nodiscard]] KeyValueTransaction::Item find_at_or_before(BytesView key);
  [[nodiscard]] KeyValueTransaction::Item next();

 private:
  const KeyValueTransaction& transaction_;
  MDB_cursor* cursor_ = nullptr;
};

}  // namespace tombolo::store
