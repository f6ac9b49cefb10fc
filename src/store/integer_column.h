#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

/// Integers in the narrowest of four widths that holds all of a column: what makes blocks of small
/// numbers, rows and counters short.
///
///     width      = log2 of the bytes of an element: 0, 1, 2 or 3
///     column     = (i8 | i16 | i32 | i64) *, little-endian, sign-extended when read

namespace tombolo::store {

using IntegerWidth = std::uint8_t;
inline constexpr IntegerWidth kWidestInteger = 3;

[[nodiscard]] constexpr std::size_t integer_bytes(IntegerWidth width) noexcept {
  return std::size_t{1} << width;
}

/// A number whose width is that of the widest of all numbers whose folds were or-ed into it.
[[nodiscard]] constexpr std::uint64_t fold_integer(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value ^ (value >> 63));
}
[[nodiscard]] constexpr IntegerWidth width_of_fold(std::uint64_t fold) noexcept {
  if (fold <= 0x7f) return 0;
  if (fold <= 0x7fff) return 1;
  return fold <= 0x7fff'ffff ? 2 : 3;
}

/// Calls `visit` with the elements as a span of their C++ type; `values` is aligned to it.
template <typename Visit>
decltype(auto) visit_integers(const std::byte* values,
                              std::size_t count,
                              IntegerWidth width,
                              Visit&& visit) {
  switch (width) {
    case 0: return visit(std::span(reinterpret_cast<const std::int8_t*>(values), count));
    case 1: return visit(std::span(reinterpret_cast<const std::int16_t*>(values), count));
    case 2: return visit(std::span(reinterpret_cast<const std::int32_t*>(values), count));
    default: return visit(std::span(reinterpret_cast<const std::int64_t*>(values), count));
  }
}

/// The element at `index`; `values` may stand at any address.
[[nodiscard]] inline std::int64_t load_integer(const std::byte* values,
                                               std::size_t index,
                                               IntegerWidth width) noexcept {
  const auto load = [&](auto number) {
    std::memcpy(&number, values + index * sizeof(number), sizeof(number));
    return std::int64_t{number};
  };
  switch (width) {
    case 0: return load(std::int8_t{});
    case 1: return load(std::int16_t{});
    case 2: return load(std::int32_t{});
    default: return load(std::int64_t{});
  }
}

/// Copies elements of `width` at any address to 8-byte elements.
void widen_integers(const std::byte* from,
                    IntegerWidth width,
                    std::size_t count,
                    std::byte* to) noexcept;
/// The width that holds the 8-byte elements of `values`.
[[nodiscard]] IntegerWidth width_of_integers(const std::byte* values, std::size_t count) noexcept;
/// Copies 8-byte elements to elements of `width`, which holds them.
void narrow_integers(const std::byte* from,
                     std::size_t count,
                     IntegerWidth width,
                     std::byte* to) noexcept;

}  // namespace tombolo::store
