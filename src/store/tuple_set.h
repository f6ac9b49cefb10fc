#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
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

/// Tuples of one width that lie one behind the other in memory, in their order.
class TupleRun {
 public:
  TupleRun() = default;
  TupleRun(BytesView words, std::uint32_t width) noexcept : words_(words), width_(width) {}

  [[nodiscard]] bool empty() const noexcept { return words_.empty(); }
  [[nodiscard]] BytesView bytes() const noexcept { return words_; }
  [[nodiscard]] std::size_t size() const noexcept { return words_.size() / stride(); }
  [[nodiscard]] Tuple operator[](std::size_t index) const noexcept {
    Tuple tuple;
    std::memcpy(tuple.words.data(), words_.data() + index * stride(), stride());
    return tuple;
  }
  [[nodiscard]] Tuple front() const noexcept { return (*this)[0]; }
  [[nodiscard]] Tuple back() const noexcept { return (*this)[size() - 1]; }
  [[nodiscard]] std::uint64_t last_word(std::size_t index) const noexcept {
    return word(index * width_ + width_ - 1);
  }
  /// Whether all are less.
  [[nodiscard]] bool ends_below(const Tuple& tuple) const noexcept {
    return empty() || is_less(words_.size() - stride(), tuple);
  }
  /// Position of the first tuple that is not less.
  [[nodiscard]] std::size_t lower_bound(const Tuple& tuple) const noexcept;
  /// The same of tuples whose first words are even between these two: it is near where it should
  /// be, or else found a little later.
  [[nodiscard]] std::size_t lower_bound_between(std::uint64_t from,
                                                std::uint64_t to,
                                                const Tuple& tuple) const noexcept;
  /// The same, found the sooner the smaller it is.
  [[nodiscard]] std::size_t lower_bound_near(const Tuple& tuple) const noexcept;
  /// What is left from that position on.
  [[nodiscard]] TupleRun from(std::size_t index) const noexcept {
    return {words_.subspan(index * stride()), width_};
  }

 private:
  /// Tuples before and behind a guess among which it is searched first.
  static constexpr std::size_t kWindow = 16;

  /// Whether the tuple that many bytes from the start is less.
  [[nodiscard]] bool is_less(std::size_t start, const Tuple& tuple) const noexcept {
    for (std::uint32_t i = 0; i < width_; ++i, start += sizeof(std::uint64_t)) {
      std::uint64_t number;
      std::memcpy(&number, words_.data() + start, sizeof(number));
      if (number != tuple.words[i]) return number < tuple.words[i];
    }
    return false;
  }
  void fetch_around(std::size_t position) const noexcept;
  [[nodiscard]] std::size_t first_word_bound_around(std::size_t position,
                                                    std::uint64_t wanted) const noexcept;
  [[nodiscard]] std::size_t lower_bound_in(std::size_t from,
                                           std::size_t to,
                                           const Tuple& tuple) const noexcept;
  template <std::uint32_t kWidth>
  [[nodiscard]] std::size_t lower_bound_of(std::size_t from,
                                           std::size_t to,
                                           const Tuple& tuple) const noexcept;
  [[nodiscard]] std::size_t stride() const noexcept { return width_ * sizeof(std::uint64_t); }
  [[nodiscard]] std::uint64_t word(std::size_t index) const noexcept {
    std::uint64_t number;
    std::memcpy(&number, words_.data() + index * sizeof(number), sizeof(number));
    return number;
  }

  BytesView words_;
  std::uint32_t width_ = 1;
};

/// How the first words of the tuples of a set are spread.
enum class Spread : std::uint8_t {
  kAny,
  kEven,     ///< As hashes are.
  kNumbers,  ///< As ids are that count up: even between neighbours, more often than not.
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
  /// `width` is 1 to 4. `property`: of those spaces whose keys have one.
  TupleSet(KeyValueTransaction& transaction,
           RealmId realm,
           Space space,
           ClassId owner,
           std::uint32_t width,
           Spread spread,
           std::optional<PropertyId> property = std::nullopt);

  [[nodiscard]] std::uint32_t width() const noexcept { return width_; }
  /// The first tuple that is not less; nullopt at the end.
  [[nodiscard]] std::optional<Tuple> find_from(const Tuple& tuple) {
    const TupleRun run = find_run(tuple);
    return run.empty() ? std::nullopt : std::optional(run.front());
  }
  /// The same, with some of those that follow it; empty at the end. It lasts until the next change
  /// of the set or write of the transaction.
  [[nodiscard]] TupleRun find_run(const Tuple& tuple);
  /// The tuple must not be there (asserted).
  void insert(const Tuple& tuple);
  /// The tuple must be there: anything else is a damaged file.
  void erase(const Tuple& tuple);

  void flush();
  [[nodiscard]] std::size_t open_memory_bytes() const noexcept;

 private:
  static constexpr std::size_t kHeaderBytes = 8;

  struct Entry {
    Tuple first;               ///< As in the key.
    std::optional<Tuple> end;  ///< `first` of the next block; nullopt: the last block.
    std::vector<std::uint64_t> words;
    bool is_stored = false;  ///< There is a record under `first`.
  };
  [[nodiscard]] static std::span<const std::uint64_t> words(const Tuple& tuple) noexcept {
    return tuple.words;
  }
  using Directory = BlockDirectory<Tuple, words>;
  using StoredBlock = Directory::Entry;

  [[nodiscard]] Key key(const Tuple& first) const noexcept;
  [[nodiscard]] std::optional<StoredBlock> as_stored(const KeyValueTransaction::Item& item) const;
  [[nodiscard]] TupleRun run(const Entry& entry) const noexcept {
    return {std::as_bytes(std::span(entry.words)), width_};
  }
  [[nodiscard]] TupleRun run(StoredBlock& block) {
    if (block.value.is_sealed()) open(block);
    return {block.value.bytes().subspan(kHeaderBytes), width_};
  }
  void open(StoredBlock& block);
  void check(BytesView block) const;
  [[nodiscard]] TupleRun find_after_blocks(const Tuple& first);
  [[nodiscard]] TupleRun find_in_snapshot(const Tuple& tuple);
  /// The last open block that starts at or before `tuple`; null when none does.
  [[nodiscard]] Entry* find_open(const Tuple& tuple) noexcept;
  [[nodiscard]] std::size_t position_of(const Entry* entry) const noexcept {
    return static_cast<std::size_t>(entry - open_.data());
  }
  [[nodiscard]] static bool covers(const Entry& entry, const Tuple& tuple) noexcept {
    return entry.first <= tuple && (!entry.end || tuple < *entry.end);
  }
  std::size_t insert_entry(Entry entry);
  [[nodiscard]] std::size_t open_covering(const Tuple& tuple);
  void split(std::size_t index);
  void fill_up();
  void fill_up(std::span<Entry> neighbours);

  KeyValueTransaction& transaction_;
  RealmId realm_;
  Space space_;
  ClassId owner_;
  std::optional<PropertyId> property_;
  std::uint32_t width_;
  Spread spread_;
  std::size_t count_max_;
  std::vector<Entry> open_;  ///< Ascending; they do not overlap.
  std::size_t hot_ = 0;      ///< The entry used last.

  // The stored block that a search found last.
  StoredBlock found_{};
  std::uint64_t found_generation_ = 0;
  Directory directory_;  ///< In a snapshot only.
};

}  // namespace tombolo::store
