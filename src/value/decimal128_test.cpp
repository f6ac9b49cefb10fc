#include "value/decimal128.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tombolo {
namespace {

std::string text_again(std::string_view text) {
  const auto value = parse_decimal128(text);
  return value ? to_string(*value) : "refused";
}

Decimal128 decimal(std::string_view text) {
  return parse_decimal128(text).value();
}

TEST(Decimal128, KeepsTheNumberAsWritten) {
  for (const std::string_view text : {"0",
                                      "-0",
                                      "1",
                                      "1.0",
                                      "-1.5",
                                      "12345.6789",
                                      "0.000001",
                                      "1E-7",
                                      "0E+5",
                                      "1E+6",
                                      "1.23E+5",
                                      "9999999999999999999999999999999999",
                                      "1E-6176",
                                      "NaN",
                                      "Inf",
                                      "-Inf"}) {
    EXPECT_EQ(text_again(text), text);
  }
  EXPECT_EQ(text_again("1E+6144"), "1.000000000000000000000000000000000E+6144");
  EXPECT_EQ(text_again("+infinity"), "Inf");
}

TEST(Decimal128, RefusesWhatIsNoNumberOrNeedsRounding) {
  for (const std::string_view text : {"",
                                      "-",
                                      ".",
                                      "1.2.3",
                                      "1e",
                                      "1 ",
                                      "0x1",
                                      "-nan",
                                      "12345678901234567890123456789012345",
                                      "1E+6145",
                                      "1E-6177"}) {
    EXPECT_EQ(text_again(text), "refused") << text;
  }
}

TEST(Decimal128, HasTheBitsOfTheBinaryIntegerForm) {
  EXPECT_EQ(decimal("0"), Decimal128{});
  EXPECT_EQ(decimal("-1.5"), (Decimal128{.high = 0xB03E'0000'0000'0000, .low = 15}));
  EXPECT_EQ(decimal("NaN"), (Decimal128{.high = 0x7C00'0000'0000'0000, .low = 0}));
  EXPECT_EQ(decimal("-inf"), (Decimal128{.high = 0xF800'0000'0000'0000, .low = 0}));
}

TEST(Decimal128, ComparesNumbersAndNotBits) {
  EXPECT_TRUE(numerically_equal(decimal("1.0"), decimal("1")));
  EXPECT_TRUE(numerically_equal(decimal("0"), decimal("-0E+5")));
  EXPECT_NE(decimal("1.0"), decimal("1"));
  EXPECT_EQ(compare(decimal("-1"), decimal("1E-100")), std::partial_ordering::less);
  EXPECT_EQ(compare(decimal("Inf"), decimal("9E+6144")), std::partial_ordering::greater);
  EXPECT_EQ(compare(decimal("NaN"), decimal("NaN")), std::partial_ordering::unordered);
}

RC_GTEST_PROP(Decimal128, AnyFiniteNumberRoundTripsThroughItsText, ()) {
  const auto digits = *rc::gen::inRange<std::uint64_t>(0, 10'000'000'000'000'000'000U);
  const auto exponent = *rc::gen::inRange(-6100, 6080);
  const bool negative = *rc::gen::arbitrary<bool>();
  const std::string text =
      (negative ? "-" : "") + std::to_string(digits) + "E" + std::to_string(exponent);

  const Decimal128 value = decimal(text);

  RC_ASSERT(decimal(to_string(value)) == value);
}

}  // namespace
}  // namespace tombolo
