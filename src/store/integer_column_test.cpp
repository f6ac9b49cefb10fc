#include "store/integer_column.h"

#include <array>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace tombolo::store {
namespace {

using Limits64 = std::numeric_limits<std::int64_t>;

TEST(IntegerColumn, GivenValuesAtTheEdgesOfAWidth_ThenTheNarrowestThatHoldsThemIsTaken) {
  const auto width = [](std::int64_t value) { return width_of_fold(fold_integer(value)); };
  EXPECT_EQ(width(0), 0);
  EXPECT_EQ(width(127), 0);
  EXPECT_EQ(width(-128), 0);
  EXPECT_EQ(width(128), 1);
  EXPECT_EQ(width(-129), 1);
  EXPECT_EQ(width(32'767), 1);
  EXPECT_EQ(width(-32'769), 2);
  EXPECT_EQ(width(2'147'483'647), 2);
  EXPECT_EQ(width(2'147'483'648), 3);
  EXPECT_EQ(width(Limits64::min()), 3);
  EXPECT_EQ(width(Limits64::max()), 3);
}

TEST(IntegerColumn, GivenAColumn_WhenNarrowedAndWidened_ThenEveryValueIsAsBefore) {
  for (const std::vector<std::int64_t>& column :
       {std::vector<std::int64_t>{0, -1, 127, -128},
        std::vector<std::int64_t>{5, -32'768, 32'767},
        std::vector<std::int64_t>{2'147'483'647, -2'147'483'648, 1},
        std::vector<std::int64_t>{Limits64::min(), Limits64::max(), 0}}) {
    const auto* wide = reinterpret_cast<const std::byte*>(column.data());
    const IntegerWidth width = width_of_integers(wide, column.size());
    // One byte off, because small blocks stand anywhere.
    std::array<std::byte, 64> packed{};
    narrow_integers(wide, column.size(), width, packed.data() + 1);
    std::vector<std::int64_t> widened(column.size());
    widen_integers(
        packed.data() + 1, width, column.size(), reinterpret_cast<std::byte*>(widened.data()));
    EXPECT_EQ(widened, column);
    for (std::size_t i = 0; i < column.size(); ++i) {
      EXPECT_EQ(load_integer(packed.data() + 1, i, width), column[i]);
    }
  }
}

}  // namespace
}  // namespace tombolo::store
