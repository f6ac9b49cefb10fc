#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "store/ids.h"
#include "store/lmdb.h"

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

/// A transaction of LMDB as an ordered map of byte strings.
///
/// Views last until the transaction ends or writes; `generation` tells whether that happened.
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
    BytesView value;
  };

  /// Idle; `attach` makes it usable.
  KeyValueTransaction(MDB_dbi tree, MapOwner* map_owner) noexcept
      : tree_(tree),
        map_owner_(map_owner) {}
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

  /// Adds or replaces a record. Neither argument may view this transaction's memory.
  void put(BytesView key, BytesView value);
  /// Adds or replaces a record; the caller fills the `bytes` bytes before its next call.
  [[nodiscard]] std::span<std::byte> put_reserved(BytesView key, std::size_t bytes);
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
};

/// A walk of its own over the records of a transaction that does not write meanwhile.
class KeyValueCursor {
 public:
  explicit KeyValueCursor(KeyValueTransaction& transaction);
  ~KeyValueCursor() { mdb_cursor_close(cursor_); }
  KeyValueCursor(const KeyValueCursor&) = delete;
  KeyValueCursor& operator=(const KeyValueCursor&) = delete;

  /// As in `KeyValueTransaction`.
  [[nodiscard]] KeyValueTransaction::Item find_at_or_after(BytesView key);
  [[nodiscard]] KeyValueTransaction::Item find_at_or_before(BytesView key);
  [[nodiscard]] KeyValueTransaction::Item next();

 private:
  MDB_cursor* cursor_ = nullptr;
};

}  // namespace tombolo::store
