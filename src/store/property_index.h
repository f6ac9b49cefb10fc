#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/catalog.h"
#include "store/index_words.h"
#include "store/predicate.h"
#include "store/tuple_set.h"
#include "store/value.h"

namespace tombolo::store {

/// The tuples from `from` up to, but without, `to`.
struct TupleRange {
  Tuple from;
  Tuple to;
};

/// Where in an index all rows are that a condition can hold for.
struct TupleRanges {
  std::vector<TupleRange> ranges;  ///< Ascending; they do not overlap.
  bool is_exact = true;            ///< It holds for all rows there.
};

/// Those of both conditions, and those of either.
[[nodiscard]] TupleRanges intersect(const TupleRanges& left, const TupleRanges& right);
[[nodiscard]] TupleRanges unite(const TupleRanges& left, const TupleRanges& right);

/// The rows of a class in the order of the values of one of its properties, or by the words in its
/// texts: a set of tuples, of which the last word is the row and those before it the value.
///
///     null       = 0:u64 *                        where a property may be null
///     int, bool  = present number                 `present` is 1, and there where null can be
///     timestamp  = present seconds nanoseconds
///     id         = present byte *
///     text       = first_8 next_8 rest            a string, or a word of one
///     mixed      = kind:u64 value value           see property_index.cpp
///     rest       = size + 1                       of up to 16 bytes
///                | 1 << 63 | hash                 of more
///
/// The order of tuples is that of values, but for texts with the same first 16 bytes. Rows of such
/// and of mixed values are checked by who asks. In an encrypted file two words of hash stand for
/// all those of a value: what is equal is found, and nothing is in order.
///
/// Errors:  as `TupleSet`.
/// Thread:  that of the transaction.
/// Source:  docs/store.md, "Indexes".
class PropertyIndex {
 public:
  /// `property` has an index, and lives as long as this.
  PropertyIndex(KeyValueTransaction& transaction,
                RealmId realm,
                ClassId owner,
                const PropertyInfo& property,
                const IndexKeys& keys);

  [[nodiscard]] const PropertyInfo& property() const noexcept { return property_; }
  [[nodiscard]] TupleSet& tuples() noexcept { return tuples_; }
  [[nodiscard]] std::size_t open_memory_bytes() const noexcept {
    return tuples_.open_memory_bytes();
  }

  /// What the index has of a row with that value, in order.
  [[nodiscard]] std::vector<Tuple> entries(RowId row, const Value& value) const;
  void insert(RowId row, const Value& value);
  void erase(RowId row, const Value& value);
  void replace(RowId row, const Value& before, const Value& after);

  /// Where the rows are whose value compares with the operand in that way; nullopt: the index does
  /// not help. `nulls_are_lowest`: as in `Predicate`.
  [[nodiscard]] std::optional<TupleRanges> find(Comparison comparison,
                                                const Value& operand,
                                                bool nulls_are_lowest) const;
  /// Of a full-text index: where the rows are whose text has that word, or one that begins with it.
  [[nodiscard]] TupleRanges find_word(std::string_view word) const;
  [[nodiscard]] std::optional<TupleRanges> find_prefix(std::string_view prefix) const;

 private:
  [[nodiscard]] bool is_full_text() const noexcept {
    return property_.index == IndexType::kFullText;
  }
  /// As the words stand in the index, that of the row being 0.
  [[nodiscard]] Tuple hide(const Tuple& value) const;
  [[nodiscard]] Tuple encode(const Value& value) const;
  [[nodiscard]] Tuple encode_any(const Value& value) const;
  /// Writes a text into the `count` words and the one behind them.
  void encode_text(std::string_view text, std::uint64_t* words, std::size_t count) const;
  /// Writes numbers and ids; how many words.
  static std::size_t encode_fixed(const Value& value, std::uint64_t* words);
  [[nodiscard]] std::optional<TupleRanges> find_hidden(const Value& operand) const;
  [[nodiscard]] std::optional<TupleRanges> find_any(Comparison comparison,
                                                    const Value& operand) const;
  [[nodiscard]] TupleRange equal_range(const Tuple& value) const;
  [[nodiscard]] Tuple last_of(Tuple value, std::size_t words_kept) const;

  const PropertyInfo& property_;
  const IndexKeys& keys_;
  TupleSet tuples_;
};

}  // namespace tombolo::store
