#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace tombolo::protocol {

/// Deeper nesting than any message of the peers' needs.
inline constexpr int kJsonDepthMax = 32;

/// The JSON object that `text` is, whole; nullopt for anything else, malformed UTF-8 and objects
/// nested deeper than `kJsonDepthMax` included. Of a key that stands twice the last value counts.
/// The caller bounds the size of `text`.
[[nodiscard]] std::optional<nlohmann::json> parse_json_object(std::string_view text);

}  // namespace tombolo::protocol
