#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

/// The one integer code of changesets. Every byte but the last has its top bit set and carries
/// seven bits, least significant first; the last carries the sign in bit 6 and six bits:
///
///   integer := (1 b6..b0)* (0 sign b5..b0)      negative v is stored as -(v + 1)
///
/// Source: docs/changeset-format.md, "Integers".

namespace tombolo::changeset {

/// The most bytes that the code of a `T` may take; longer ones are refused when reading.
template <std::integral T>
inline constexpr std::size_t kVarintBytesMax = (std::numeric_limits<T>::digits + 1 + 6) / 7;

static_assert(kVarintBytesMax<std::uint8_t> == 2);
static_assert(kVarintBytesMax<std::uint32_t> == 5);
static_assert(kVarintBytesMax<std::int32_t> == 5);
static_assert(kVarintBytesMax<std::uint64_t> == 10);
static_assert(kVarintBytesMax<std::int64_t> == 10);

/// Writes the code of `value` at `out`, which has room for `kVarintBytesMax` of its type; returns
/// the byte after it.
[[nodiscard]] inline std::uint8_t* write_varint(std::uint8_t* out, std::uint64_t value) noexcept {
  while (value >= 0x40) {
    *out++ = static_cast<std::uint8_t>(0x80 | (value & 0x7F));
    value >>= 7;
  }
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}

[[nodiscard]] inline std::uint8_t* write_signed_varint(std::uint8_t* out,
                                                       std::int64_t value) noexcept {
  if (value >= 0) return write_varint(out, static_cast<std::uint64_t>(value));
  out = write_varint(out, static_cast<std::uint64_t>(-(value + 1)));
  out[-1] |= 0x40;
  return out;
}

}  // namespace tombolo::changeset
