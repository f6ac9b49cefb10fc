#include <limits>

#include <gtest/gtest.h>

#include "query/ast.h"
#include "query/value.h"

namespace tombolo::query {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kIntMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kIntMin = std::numeric_limits<std::int64_t>::min();

Value decimal(std::string_view text) {
  return Value::of_decimal(parse_decimal128(text).value());
}

TEST(QueryValue, NumbersOfAllTypesCompareByExactValue) {
  EXPECT_TRUE(compare_numbers(Value::of_int(9007199254740993), Value::of_double(9007199254740992)) >
              0);
  EXPECT_TRUE(compare_numbers(Value::of_int(kIntMax), Value::of_double(9.3e18)) < 0);
  EXPECT_TRUE(compare_numbers(Value::of_double(-0.5), Value::of_int(0)) < 0);
  EXPECT_TRUE(compare_numbers(Value::of_double(0.1), decimal("0.1")) == 0);
  EXPECT_TRUE(compare_numbers(Value::of_float(0.1F), decimal("0.1")) == 0);
  EXPECT_TRUE(compare_numbers(Value::of_float(0.1F), Value::of_double(0.1)) > 0);
  EXPECT_TRUE(compare_numbers(Value::of_double(0.0), Value::of_double(-0.0)) == 0);
}

TEST(QueryValue, NanIsBelowEveryNumberAndEqualsItself) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(compare_numbers(Value::of_double(kNan), Value::of_double(-infinity)) < 0);
  EXPECT_TRUE(compare_numbers(Value::of_int(kIntMin), Value::of_double(kNan)) > 0);
  EXPECT_TRUE(compare_numbers(Value::of_double(kNan), decimal("NaN")) == 0);
}

TEST(QueryValue, IntsWrapAroundAndDivideByZeroWithoutAnError) {
  const auto divide = [](std::int64_t a, std::int64_t b) {
    return compute(ArithmeticOperator::kDivide, Value::of_int(a), Value::of_int(b)).as_int();
  };
  EXPECT_EQ(divide(-7, 2), -3);
  EXPECT_EQ(divide(-7, 0), kIntMin);
  EXPECT_EQ(divide(0, 0), kIntMax);
  EXPECT_EQ(divide(kIntMin, -1), kIntMin);
  EXPECT_EQ(compute(ArithmeticOperator::kAdd, Value::of_int(kIntMax), Value::of_int(1)).as_int(),
            kIntMin);
  EXPECT_TRUE(compute(ArithmeticOperator::kAdd, Value::of_string("1"), Value::of_int(1)).is_null());
}

TEST(QueryValue, ValuesOfAllKindsHaveAnOrder) {
  const Value ascending[] = {Value(),
                             Value::of_bool(false),
                             Value::of_double(kNan),
                             Value::of_int(1),
                             decimal("1.5"),
                             Value::of_string(""),
                             Value::of_binary(""),
                             Value::of_timestamp({0, 0}),
                             Value::of_object_id({}),
                             Value::of_uuid({}),
                             Value::of_link({0, 1}),
                             Value::of_collection(ValueKind::kList, {}),
                             Value::of_collection(ValueKind::kDictionary, {})};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t j = 0; j < std::size(ascending); ++j) {
      EXPECT_TRUE(order(ascending[i], ascending[j]) == (i <=> j)) << i << ", " << j;
    }
  }
}

}  // namespace
}  // namespace tombolo::query
