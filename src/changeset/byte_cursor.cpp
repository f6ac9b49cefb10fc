#include "changeset/byte_cursor.h"

namespace tombolo::changeset {

ByteCursor::Magnitude ByteCursor::read_magnitude(std::uint64_t max,
                                                 std::size_t bytes_max) noexcept {
  const std::size_t start = offset();
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < bytes_max; ++i) {
    if (next_ == end_) {
      fail("the bytes end inside of an integer", start);
      return {};
    }
    const std::uint8_t byte = *next_++;
    const bool last = (byte & 0x80) == 0;
    const std::uint64_t group = byte & (last ? 0x3F : 0x7F);
    const unsigned shift = static_cast<unsigned>(7 * i);
    const std::uint64_t shifted = group << shift;
    if (shifted >> shift != group) break;
    bits |= shifted;
    if (!last) continue;
    if (bits > max) break;
    return {.bits = bits,
            .negative = (byte & 0x40) != 0,
            .code_bytes = static_cast<std::uint32_t>(i + 1)};
  }
  fail("an integer is too large for its type", start);
  return {};
}

std::uint64_t ByteCursor::read_long_unsigned(std::uint64_t max, std::size_t bytes_max) noexcept {
  const std::size_t start = offset();
  const Magnitude magnitude = read_magnitude(max, bytes_max);
  if (magnitude.negative) fail("an unsigned integer has a sign", start);
  return magnitude.bits;
}

std::int64_t ByteCursor::read_long_signed(std::uint64_t max, std::size_t bytes_max) noexcept {
  return read_magnitude(max, bytes_max).signed_value();
}

unsigned __int128 ByteCursor::read_coefficient() noexcept {
  constexpr std::size_t kCoefficientBytesMax = 17;
  const std::size_t start = offset();
  unsigned __int128 bits = 0;
  for (std::size_t i = 0; i < kCoefficientBytesMax; ++i) {
    if (next_ == end_) {
      fail("the bytes end inside of a decimal", start);
      return 0;
    }
    const std::uint8_t byte = *next_++;
    bits |= static_cast<unsigned __int128>(byte & 0x7F) << (7 * i);
    if ((byte & 0x80) == 0) return bits;
  }
  fail("a decimal has more than 113 bits", start);
  return 0;
}

}  // namespace tombolo::changeset
