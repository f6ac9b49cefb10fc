#include "base/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tombolo {
namespace {

/// Bytes of ASCII that can be skipped at `text`, looked at eight at a time.
std::size_t ascii_prefix(const unsigned char* text, std::size_t count) noexcept {
  constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080;
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    std::uint64_t block;
    std::memcpy(&block, text + i, sizeof block);
    if (block & kHighBits) break;
  }
  while (i < count && text[i] < 0x80) ++i;
  return i;
}

/// Bytes of the well-formed sequence that starts with the non-ASCII byte at `text`; 0 if there is
/// none. Only the second byte has limits of its own; they depend on the first.
std::size_t sequence_bytes(const unsigned char* text, std::size_t count) noexcept {
  const unsigned lead = text[0];
  std::size_t bytes = 0;
  unsigned second_min = 0x80;
  unsigned second_max = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    bytes = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    bytes = 3;
    if (lead == 0xE0) second_min = 0xA0;  // shorter forms exist below
    if (lead == 0xED) second_max = 0x9F;  // surrogates above
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    bytes = 4;
    if (lead == 0xF0) second_min = 0x90;
    if (lead == 0xF4) second_max = 0x8F;  // U+10FFFF is the last
  }
  if (bytes == 0 || bytes > count) return 0;
  if (text[1] < second_min || text[1] > second_max) return 0;
  for (std::size_t i = 2; i < bytes; ++i) {
    if ((text[i] & 0xC0) != 0x80) return 0;
  }
  return bytes;
}

}  // namespace

bool is_valid_utf8(std::string_view text) noexcept {
  const auto* next = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  while (true) {
    const std::size_t ascii = ascii_prefix(next, left);
    next += ascii;
    left -= ascii;
    if (left == 0) return true;
    const std::size_t bytes = sequence_bytes(next, left);
    if (bytes == 0) return false;
    next += bytes;
    left -= bytes;
  }
}

}  // namespace tombolo
