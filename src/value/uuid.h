#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"

namespace tombolo {

/// A 16-byte universally unique identifier (RFC 4122), in display order.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  friend constexpr auto operator<=>(const Uuid&, const Uuid&) noexcept = default;
};

/// "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" in lower case.
[[nodiscard]] std::string to_string(const Uuid& uuid);
/// The UUID that the 36-character form spells, in either case; nullopt for anything else.
[[nodiscard]] std::optional<Uuid> parse_uuid(std::string_view text);
/// A random UUID (version 4).
[[nodiscard]] Uuid make_uuid(Random& random);

}  // namespace tombolo
