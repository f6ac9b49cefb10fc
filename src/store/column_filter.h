#pragma once

#include <array>
#include <cstdint>

#include "store/block_layout.h"
#include "store/column_scan.h"
#include "store/predicate.h"

namespace tombolo::store {

/// Which slots of a block match: a bit for each.
using Matches = std::array<std::uint64_t, kBitmapWordsMax>;

/// One predicate over the blocks of its property, a loop over an array for each block.
///
/// Shape:   the predicate's operand lives as long as the filter.
/// Errors:  throws `Error{kTypeMismatch}` when the operand does not have the type of the property
///          or the comparison is none of its, `kInvalidArgument` for a collection.
/// Thread:  that of the transaction, which may not write meanwhile.
class ColumnFilter {
 public:
  ColumnFilter(const RealmReader& realm, ClassId class_id, const Predicate& predicate);

  /// The next block; null at the end. It lasts until the next call.
  [[nodiscard]] const ColumnBlock* next() { return scan_.next(); }

  /// Whether a plain count over the values is enough: an int that no empty slot can equal.
  [[nodiscard]] bool is_plain_int_equality() const noexcept;
  [[nodiscard]] std::uint64_t count_plain(const ColumnBlock& block) const;

  /// Leaves in `matches` which of the candidates match; other slots are the caller's to take out.
  void evaluate(const ColumnBlock& block, const Matches& candidates, Matches& matches) const;

 private:
  void check(const ClassInfo& owner) const;
  void match_null(const ColumnBlock& block, Matches& matches) const;
  [[nodiscard]] bool leads_nowhere(std::uint64_t row) const;
  void match_operand(const ColumnBlock& block, const Matches& candidates, Matches& matches) const;
  void match_texts(const ColumnBlock& block, const Matches& candidates, Matches& matches) const;
  [[nodiscard]] bool match_contained(const ColumnBlock& block,
                                     const Matches& candidates,
                                     Matches& matches) const;
  /// What is not compared in bulk: only candidates are looked at.
  template <typename Order>
  void match_ordered(const ColumnBlock& block,
                     const Matches& candidates,
                     Matches& matches,
                     Order&& order) const;

  const RealmReader& realm_;
  const PropertyInfo& property_;
  const Predicate predicate_;
  ColumnScan scan_;
  bool has_tombstones_ = false;
};

}  // namespace tombolo::store
