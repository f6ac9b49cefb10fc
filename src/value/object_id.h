#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace tombolo {

/// A 12-byte identifier, in display order. Source: BSON, "ObjectId".
struct ObjectId {
  std::array<std::uint8_t, 12> bytes{};

  friend constexpr auto operator<=>(const ObjectId&, const ObjectId&) noexcept = default;
};

/// 24 lower-case hexadecimal digits.
[[nodiscard]] std::string to_string(const ObjectId& id);
/// The id that 24 hexadecimal digits spell; nullopt for anything else.
[[nodiscard]] std::optional<ObjectId> parse_object_id(std::string_view text);
/// A new id: 4 bytes of seconds since 1970, then 8 random bytes.
[[nodiscard]] ObjectId make_object_id(WallTime now, Random& random);

}  // namespace tombolo
