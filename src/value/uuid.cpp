#include "value/uuid.h"

#include <algorithm>
#include <span>

#include "base/hex.h"

namespace tombolo {
namespace {

/// Where the dashes stand in the 36-character form.
constexpr std::size_t kDashes[] = {8, 13, 18, 23};

}  // namespace

std::string to_string(const Uuid& uuid) {
  std::string text = to_hex(std::as_bytes(std::span(uuid.bytes)));
  for (const std::size_t position : kDashes) text.insert(position, 1, '-');
  return text;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::ranges::find(kDashes, i) == std::end(kDashes)) {
      digits.push_back(text[i]);
    } else if (text[i] != '-') {
      return std::nullopt;
    }
  }
  const auto bytes = parse_hex(digits);
  if (!bytes) return std::nullopt;
  Uuid uuid;
  std::ranges::transform(*bytes, uuid.bytes.begin(), std::to_integer<std::uint8_t>);
  return uuid;
}

Uuid make_uuid(Random& random) {
  Uuid uuid;
  for (unsigned half = 0; half < 2; ++half) {
    const std::uint64_t bits = random.next();
    for (unsigned i = 0; i < 8; ++i) {
      uuid.bytes[8 * half + i] = static_cast<std::uint8_t>(bits >> (8 * i));
    }
  }
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);  // version 4
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);  // RFC 4122 variant
  return uuid;
}

}  // namespace tombolo
