#include "row_difference.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tombolo {
namespace {

using Rows = std::vector<store::RowId>;

Rows rows(std::initializer_list<std::uint64_t> numbers) {
  Rows made;
  for (const std::uint64_t number : numbers) made.push_back(store::RowId(number));
  return made;
}

/// Some of twenty rows in any order.
Rows any_rows() {
  std::vector<std::uint64_t> numbers(20);
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{1});
  const auto weights = *rc::gen::container<std::vector<int>>(20, rc::gen::inRange(0, 100));
  std::ranges::sort(numbers, {}, [&](std::uint64_t number) { return weights[number - 1]; });
  numbers.resize(*rc::gen::inRange<std::size_t>(0, 21));
  Rows rows;
  for (const std::uint64_t number : numbers) rows.push_back(store::RowId(number));
  return rows;
}

RC_GTEST_PROP(RowDifference, AppliedToTheOldRowsGivesTheNewOnes, ()) {
  const Rows before = any_rows();
  const Rows after = any_rows();
  Rows modified = any_rows();
  std::ranges::sort(modified);

  const CollectionChanges changes = row_difference(before, after, modified);

  Rows applied = before;
  for (auto at = changes.deletions.rbegin(); at != changes.deletions.rend(); ++at) {
    applied.erase(applied.begin() + static_cast<std::ptrdiff_t>(*at));
  }
  for (const std::size_t at : changes.insertions) {
    RC_ASSERT(at <= applied.size());
    applied.insert(applied.begin() + static_cast<std::ptrdiff_t>(at), after[at]);
  }
  RC_ASSERT(applied == after);
  RC_ASSERT(changes.old_modifications.size() == changes.new_modifications.size());
  for (std::size_t i = 0; i < changes.new_modifications.size(); ++i) {
    const store::RowId row = after[changes.new_modifications[i]];
    RC_ASSERT(before[changes.old_modifications[i]] == row);
    RC_ASSERT(std::ranges::binary_search(modified, row));
  }
}

TEST(RowDifference, OneThatMovedIsDeletedAndInserted) {
  const CollectionChanges changes =
      row_difference(rows({1, 2, 3, 4, 5}), rows({2, 3, 4, 1, 5}), rows({1, 5}));

  EXPECT_EQ(changes.deletions, std::vector<std::size_t>{0});
  EXPECT_EQ(changes.insertions, std::vector<std::size_t>{3});
  EXPECT_EQ(changes.new_modifications, std::vector<std::size_t>{4});
}

TEST(RowDifference, OneThatIsThereSeveralTimesStaysInEachOfItsPlaces) {
  const CollectionChanges changes =
      row_difference(rows({1, 2, 1, 3, 1}), rows({1, 2, 1, 4}), rows({1}));

  EXPECT_EQ(changes.deletions, (std::vector<std::size_t>{3, 4}));
  EXPECT_EQ(changes.insertions, std::vector<std::size_t>{3});
  EXPECT_EQ(changes.old_modifications, (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(changes.new_modifications, (std::vector<std::size_t>{0, 2}));
}

}  // namespace
}  // namespace tombolo
