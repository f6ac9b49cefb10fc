#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/block_directory.h"
#include "store/ids.h"
#include "store/key_value.h"
#include "store/keys.h"

namespace tombolo::store {

/// A few 64-bit numbers, compared from the first on; the rest of `words` is zero.
struct Tuple {
  std::array<std::uint64_t, 4> words{};

  friend constexpr auto operator<=>(const Tuple&, const Tuple&) noexcept = default;
};

/// An ordered set of tuples of one width: the form of all indexes. Tuples lie sorted in blocks of
/// up to a page; a block's key is the first tuple that belongs into it, zeros for the first block.
///
///     block      = count:u16 width:u16 0:u32 word:u64 *
///
/// Blocks that this transaction changed are open and written by `flush`.
///
/// Errors:  throws `Error{kFileCorrupt}`, and what the transaction throws.
/// Thread:  that of the transaction.
/// Source:  docs/store.md, "Indexes".
class TupleSet {
 public:
  /// `width` is 1 to 4.
  TupleSet(KeyValueTransaction& transaction,
           RealmId realm,
           Space space,
           ClassId owner,
           std::uint32_t width);

  /// The first tuple that is not less; nullopt at the end.
  [[nodiscard]] std::optional<Tuple> find_from(const Tuple& tuple);
  /// The tuple must not be there (asserted).
  void insert(const Tuple& tuple);
  /// The tuple must be there: anything else is a damaged file.
  void erase(const Tuple& tuple);

  void flush();
  [[nodiscard]] std::size_t open_memory_bytes() const noexcept;

 private:
  struct Entry {
    Tuple first;               ///< As in the key.
    std::optional<Tuple> end;  ///< `first` of the next block; nullopt: the last block.
    std::vector<std::uint64_t> words;
  };
  [[nodiscard]] static std::uint64_t rank(const Tuple& tuple) noexcept { return tuple.words[0]; }
  using Directory = BlockDirectory<Tuple, rank>;
  using StoredBlock = Directory::Entry;  ///< Its bytes are the words.

  [[nodiscard]] Key key(const Tuple& first) const noexcept;
  [[nodiscard]] std::optional<StoredBlock> as_stored(const KeyValueTransaction::Item& item) const;
  [[nodiscard]] Tuple tuple_at(const std::byte* words, std::size_t index) const noexcept;
  /// Position of the first tuple that is not less.
  [[nodiscard]] std::size_t lower_bound(BytesView words, const Tuple& tuple) const noexcept;
  [[nodiscard]] std::size_t count(BytesView words) const noexcept {
    return words.size() / (width_ * sizeof(std::uint64_t));
  }
  [[nodiscard]] static BytesView bytes(const Entry& entry) noexcept {
    return std::as_bytes(std::span(entry.words));
  }
  [[nodiscard]] std::optional<Tuple> find_in(BytesView words, const Tuple& tuple) const noexcept;
  [[nodiscard]] std::optional<Tuple> find_after_blocks(const Tuple& first);
  [[nodiscard]] std::optional<Tuple> find_in_snapshot(const Tuple& tuple);
  [[nodiscard]] std::optional<std::size_t> find_open(const Tuple& tuple) const noexcept;
  [[nodiscard]] static bool covers(const Entry& entry, const Tuple& tuple) noexcept {
    return entry.first <= tuple && (!entry.end || tuple < *entry.end);
  }
  std::size_t insert_entry(Entry entry);
  [[nodiscard]] std::size_t open_covering(const Tuple& tuple);
  void split(std::size_t index);

  KeyValueTransaction& transaction_;
  RealmId realm_;
  Space space_;
  ClassId owner_;
  std::uint32_t width_;
  std::size_t count_max_;
  std::vector<Entry> open_;  ///< Ascending; they do not overlap.
  std::size_t hot_ = 0;      ///< The entry used last.

  // The stored block that a search found last.
  StoredBlock found_;
  std::uint64_t found_generation_ = 0;
  Directory directory_;  ///< In a snapshot only.
};

}  // namespace tombolo::store
