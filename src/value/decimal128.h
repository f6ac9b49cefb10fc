#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tombolo {

/// An IEEE 754-2008 decimal128 in binary-integer (BID) layout: sign in bit 63 of `high`, 14 bits of
/// biased exponent below it, then a 113-bit coefficient over the rest of `high` and `low`.
/// Values are kept as written and never normalised: 1.0 and 1 have different bits.
///
/// `==` compares bits. Numeric comparison is `numerically_equal`.
struct Decimal128 {
  std::uint64_t high = 0x3040'0000'0000'0000;  ///< Zero with exponent 0.
  std::uint64_t low = 0;

  friend constexpr bool operator==(const Decimal128&, const Decimal128&) noexcept = default;
};

/// The text of the value as IEEE 754 spells it: "12345.6789", "-1.5", "1E+6144", "NaN", "-Inf".
[[nodiscard]] std::string to_string(const Decimal128& value);
/// The value that a decimal number, "NaN" or "(+|-)Inf(inity)" spells; nullopt for anything else
/// and for numbers with more than 34 digits.
[[nodiscard]] std::optional<Decimal128> parse_decimal128(std::string_view text);
/// Whether the two are numerically equal: 1.0 equals 1, +0 equals -0, NaN equals nothing.
[[nodiscard]] bool numerically_equal(const Decimal128& left, const Decimal128& right);

}  // namespace tombolo
