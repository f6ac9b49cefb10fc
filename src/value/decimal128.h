#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tombolo {

/// An IEEE 754-2008 decimal128 in binary-integer (BID) layout: sign in bit 63 of `high`, 14 bits of
/// biased exponent below it, then a 113-bit coefficient over the rest of `high` and `low`.
/// Values are kept as written and never normalised: 1.0 and 1 have different bits.
///
/// `==` compares bits; `compare` compares numbers.
struct Decimal128 {
  std::uint64_t high = 0x3040'0000'0000'0000;  ///< Zero with exponent 0.
  std::uint64_t low = 0;

  friend constexpr bool operator==(const Decimal128&, const Decimal128&) noexcept = default;
};

/// The text of the value as IEEE 754 spells it: "12345.6789", "-1.5", "1E+6144", "NaN", "-Inf".
/// Reading it back gives the same bits, except that a NaN has no sign or payload.
[[nodiscard]] std::string to_string(const Decimal128& value);
/// The value that a decimal number, "NaN" or "(+|-)Inf(inity)" spells, in any case of letters;
/// nullopt for anything else and for numbers that need rounding or are out of range.
[[nodiscard]] std::optional<Decimal128> parse_decimal128(std::string_view text);

/// The number that is nearest to the one that `text` spells, in the form that `parse_decimal128`
/// takes; nullopt for any other text.
[[nodiscard]] std::optional<Decimal128> round_to_decimal128(std::string_view text);
/// The number nearest to `value` of those with `digits` significant decimal digits.
[[nodiscard]] Decimal128 round_to_decimal128(double value, int digits);
[[nodiscard]] Decimal128 make_decimal128(std::int64_t value);

// Rounded to 34 digits, to the nearest even.
[[nodiscard]] Decimal128 add(const Decimal128& left, const Decimal128& right);
[[nodiscard]] Decimal128 subtract(const Decimal128& left, const Decimal128& right);
[[nodiscard]] Decimal128 multiply(const Decimal128& left, const Decimal128& right);
[[nodiscard]] Decimal128 divide(const Decimal128& left, const Decimal128& right);

[[nodiscard]] bool is_nan(const Decimal128& value) noexcept;

/// The order of the numbers: 1.0 equals 1 and +0 equals -0; NaN is unordered with everything.
[[nodiscard]] std::partial_ordering compare(const Decimal128& left, const Decimal128& right);
/// Whether the two are numerically equal.
[[nodiscard]] inline bool numerically_equal(const Decimal128& left, const Decimal128& right) {
  return compare(left, right) == std::partial_ordering::equivalent;
}

}  // namespace tombolo
