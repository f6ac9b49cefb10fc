#include "value/object_id.h"

#include <algorithm>
#include <span>

#include "base/hex.h"

namespace tombolo {

std::string to_string(const ObjectId& id) {
  return to_hex(std::as_bytes(std::span(id.bytes)));
}

std::optional<ObjectId> parse_object_id(std::string_view text) {
  const auto bytes = parse_hex(text);
  ObjectId id;
  if (!bytes || bytes->size() != id.bytes.size()) return std::nullopt;
  std::ranges::transform(*bytes, id.bytes.begin(), std::to_integer<std::uint8_t>);
  return id;
}

ObjectId make_object_id(WallTime now, Random& random) {
  ObjectId id;
  const auto seconds = static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
  for (unsigned i = 0; i < 4; ++i) id.bytes[i] = static_cast<std::uint8_t>(seconds >> (24 - 8 * i));
  const std::uint64_t bits = random.next();
  for (unsigned i = 0; i < 8; ++i) id.bytes[4 + i] = static_cast<std::uint8_t>(bits >> (8 * i));
  return id;
}

}  // namespace tombolo
