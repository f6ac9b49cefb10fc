#include "store/row_sequence.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"

namespace tombolo::store {
namespace {

RowSequence sequence_of(const std::vector<RowId>& rows) {
  RowSequence sequence;
  for (const RowId row : rows) sequence.push_back(row);
  return sequence;
}

/// Stretches of ascending rows, close together or far apart; now and then it goes on lower down.
std::vector<RowId> any_rows(Random& random) {
  std::vector<RowId> rows;
  std::uint64_t row = 1 + random.below(1'000);
  const bool is_ascending = random.below(2) == 0;
  for (std::uint64_t stretches = random.below(6); stretches > 0; --stretches) {
    const std::uint64_t step_max = std::uint64_t{1} << random.below(10);
    for (std::uint64_t count = random.below(700); count > 0; --count) {
      rows.emplace_back(row);
      row += 1 + random.below(step_max);
    }
    if (!is_ascending && random.below(2) == 0) row = 1 + random.below(row);
  }
  return rows;
}

RC_GTEST_PROP(RowSequence, HoldsWhatWasPutIntoIt, (std::uint64_t seed)) {
  SeededRandom random(seed);
  const std::vector<RowId> rows = any_rows(random);

  const RowSequence sequence = sequence_of(rows);

  RC_ASSERT(sequence.size() == rows.size());
  RC_ASSERT(sequence.to_vector() == rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    RC_ASSERT(sequence[i] == rows[i]);
    if (i + 1 < rows.size()) RC_ASSERT(sequence.next(i, rows[i]) == rows[i + 1]);
  }
}

RC_GTEST_PROP(RowSequence, TakesNoMoreThanAListOfTheRows, (std::uint64_t seed)) {
  SeededRandom random(seed);
  const std::vector<RowId> rows = any_rows(random);

  // Twice for what vectors reserve, and an eighth for the counts.
  constexpr std::size_t kFixed = 4'096;
  RC_ASSERT(sequence_of(rows).memory_bytes() <= rows.size() * sizeof(RowId) * 9 / 4 + kFixed);
}

TEST(RowSequence, TakesTwoBitsForEachOfManyRowsInARow) {
  constexpr std::uint64_t kCount = 1'000'000;
  RowSequence sequence;
  for (std::uint64_t row = 1; row <= kCount; ++row) sequence.push_back(RowId(row));

  EXPECT_LE(sequence.memory_bytes(), kCount * 2 / 8 + 4'096);
}

}  // namespace
}  // namespace tombolo::store
