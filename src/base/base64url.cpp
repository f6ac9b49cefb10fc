#include "base/base64url.h"

#include <cstdint>

namespace tombolo {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The 6 bits that `digit` stands for; -1 for anything outside the alphabet.
int digit_value(char digit) noexcept {
  if (digit >= 'A' && digit <= 'Z') return digit - 'A';
  if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9') return digit - '0' + 52;
  if (digit == '-') return 62;
  if (digit == '_') return 63;
  return -1;
}

}  // namespace

std::string to_base64url(BytesView bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const std::byte byte : bytes) {
    bits = (bits << 8 | std::to_integer<std::uint32_t>(byte)) & 0xFFFF;
    for (bit_count += 8; bit_count >= 6; bit_count -= 6) {
      text += kAlphabet[bits >> (bit_count - 6) & 0x3F];
    }
  }
  if (bit_count > 0) text += kAlphabet[bits << (6 - bit_count) & 0x3F];
  return text;
}

std::optional<Bytes> parse_base64url(std::string_view text) {
  Bytes bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const char digit : text) {
    const int value = digit_value(digit);
    if (value < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xFFFF;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<std::byte>(bits >> bit_count & 0xFF));
    }
  }
  const bool bits_left_over = (bits & ((1U << bit_count) - 1)) != 0;
  if (bit_count == 6 || bits_left_over) return std::nullopt;
  return bytes;
}

}  // namespace tombolo
