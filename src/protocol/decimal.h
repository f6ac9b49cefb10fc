#pragma once

#include <charconv>
#include <cstdint>
#include <limits>

/// Decimal integers as the sync protocol writes them: digits without padding, nothing around them.
namespace tombolo::protocol {

/// Largest ident, version, timestamp or size: signed parsers on the other side never fail.
/// Source: docs/protocol.md, "Numbers".
inline constexpr std::uint64_t kNumberMax = std::numeric_limits<std::int64_t>::max();

/// Longest text of an integer: the sign and 19 digits.
inline constexpr int kNumberTextMax = 20;

/// Reads an integer up to `kNumberMax` at `first`. The end of its digits; null when there is none,
/// it has a leading zero, or it is too large.
[[nodiscard]] inline const char* parse_decimal(const char* first,
                                               const char* last,
                                               std::uint64_t& number) noexcept {
  const auto [end, error] = std::from_chars(first, last, number);
  const bool is_padded = end - first > 1 && *first == '0';
  return error == std::errc{} && !is_padded && number <= kNumberMax ? end : nullptr;
}

/// The same with an optional minus sign.
[[nodiscard]] inline const char* parse_signed_decimal(const char* first,
                                                      const char* last,
                                                      std::int64_t& number) noexcept {
  const auto [end, error] = std::from_chars(first, last, number);
  if (error != std::errc{}) return nullptr;
  const char* digits = *first == '-' ? first + 1 : first;
  const bool is_padded = *digits == '0' && (end - digits > 1 || digits != first);
  return is_padded ? nullptr : end;
}

}  // namespace tombolo::protocol
