#include "value/decimal128.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

// The library's functions, in the form in which arguments are passed by value and the rounding mode
// and the flags are arguments (variant 000).
#define DECIMAL_CALL_BY_REFERENCE 0
#define DECIMAL_GLOBAL_ROUNDING 0
#define DECIMAL_GLOBAL_EXCEPTION_FLAGS 0
#include <bid_conf.h>
#include <bid_functions.h>

namespace tombolo {
namespace {

BID_UINT128 to_bid(const Decimal128& value) noexcept {
  return {{value.low, value.high}};
}

Decimal128 from_bid(const BID_UINT128& value) noexcept {
  return {.high = value.w[1], .low = value.w[0]};
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  return std::ranges::equal(text, lower, {}, to_lower);
}

/// Whether `text` is digits, at least one, with at most one point, and an optional exponent.
bool is_number(std::string_view text) noexcept {
  const std::size_t exponent = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, exponent);
  const auto digits = std::ranges::count_if(mantissa, is_digit);
  const auto points = std::ranges::count(mantissa, '.');
  if (digits == 0 || points > 1 || digits + points != std::ssize(mantissa)) return false;
  if (exponent == text.size()) return true;
  text.remove_prefix(exponent + 1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

/// Lays out a coefficient and an exponent as IEEE 754 and the General Decimal Arithmetic
/// specification ("to-scientific-string") do.
std::string lay_out(std::string digits, int exponent) {
  const int digit_count = static_cast<int>(digits.size());
  const int adjusted = exponent + digit_count - 1;
  constexpr int kPlainAdjustedMin = -6;
  if (exponent <= 0 && adjusted >= kPlainAdjustedMin) {
    if (exponent == 0) return digits;
    const int whole = digit_count + exponent;
    if (whole <= 0) return "0." + std::string(static_cast<std::size_t>(-whole), '0') + digits;
    return digits.insert(static_cast<std::size_t>(whole), 1, '.');
  }
  if (digit_count > 1) digits.insert(1, 1, '.');
  return digits + "E" + (adjusted < 0 ? "" : "+") + std::to_string(adjusted);
}

}  // namespace

std::string to_string(const Decimal128& value) {
  // The library writes a sign and then a coefficient, "E" and a signed exponent, or a name.
  std::array<char, 64> buffer{};
  _IDEC_flags flags = 0;
  bid128_to_string(buffer.data(), to_bid(value), &flags);
  std::string_view text = buffer.data();
  const std::string sign = text.starts_with('-') ? "-" : "";
  text.remove_prefix(1);
  if (text.ends_with("NaN")) return "NaN";
  const std::size_t e = text.find('E');
  if (e == text.npos) return sign + "Inf";

  int exponent = 0;
  const char* first = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(first, text.data() + text.size(), exponent);
  return sign + lay_out(std::string(text.substr(0, e)), exponent);
}

namespace {

/// What a text spells, and what the library had to say about it.
struct Read {
  Decimal128 value;
  bool is_exact = true;
};

std::optional<Read> read_decimal(std::string_view text) {
  constexpr Decimal128 kNan{.high = 0x7C00'0000'0000'0000, .low = 0};
  constexpr Decimal128 kInfinity{.high = 0x7800'0000'0000'0000, .low = 0};
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

  if (equal_ignoring_case(text, "nan")) return Read{kNan};
  std::string_view unsigned_text = text;
  if (text.starts_with('+') || text.starts_with('-')) unsigned_text.remove_prefix(1);
  if (equal_ignoring_case(unsigned_text, "inf") || equal_ignoring_case(unsigned_text, "infinity")) {
    return Read{{.high = kInfinity.high | (text.starts_with('-') ? kSign : 0), .low = 0}};
  }
  if (!is_number(unsigned_text)) return std::nullopt;

  std::string terminated(text);
  _IDEC_flags flags = 0;
  const BID_UINT128 read = bid128_from_string(terminated.data(), BID_ROUNDING_TO_NEAREST, &flags);
  // The flags: inexact, overflow or underflow.
  return Read{from_bid(read), flags == 0};
}

template <typename Operation>
Decimal128 apply(Operation operation, const Decimal128& left, const Decimal128& right) {
  _IDEC_flags flags = 0;
  return from_bid(operation(to_bid(left), to_bid(right), BID_ROUNDING_TO_NEAREST, &flags));
}

}  // namespace

std::optional<Decimal128> parse_decimal128(std::string_view text) {
  const auto read = read_decimal(text);
  if (!read || !read->is_exact) return std::nullopt;
  return read->value;
}

std::optional<Decimal128> round_to_decimal128(std::string_view text) {
  const auto read = read_decimal(text);
  if (!read) return std::nullopt;
  return read->value;
}

Decimal128 round_to_decimal128(double value, int digits) {
  std::array<char, 64> buffer{};
  const auto written = std::to_chars(
      buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, digits);
  std::string_view text(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
  if (std::isnan(value)) text = "nan";
  return read_decimal(text).value().value;
}

Decimal128 make_decimal128(std::int64_t value) {
  return from_bid(bid128_from_int64(value));
}

Decimal128 add(const Decimal128& left, const Decimal128& right) {
  return apply(bid128_add, left, right);
}
Decimal128 subtract(const Decimal128& left, const Decimal128& right) {
  return apply(bid128_sub, left, right);
}
Decimal128 multiply(const Decimal128& left, const Decimal128& right) {
  return apply(bid128_mul, left, right);
}
Decimal128 divide(const Decimal128& left, const Decimal128& right) {
  return apply(bid128_div, left, right);
}

bool is_nan(const Decimal128& value) noexcept {
  constexpr std::uint64_t kNanBits = 0x7C00'0000'0000'0000;
  return (value.high & kNanBits) == kNanBits;
}

std::partial_ordering compare(const Decimal128& left, const Decimal128& right) {
  const BID_UINT128 a = to_bid(left);
  const BID_UINT128 b = to_bid(right);
  _IDEC_flags flags = 0;
  if (bid128_quiet_equal(a, b, &flags)) return std::partial_ordering::equivalent;
  if (bid128_quiet_less(a, b, &flags)) return std::partial_ordering::less;
  if (bid128_quiet_greater(a, b, &flags)) return std::partial_ordering::greater;
  return std::partial_ordering::unordered;
}

}  // namespace tombolo
