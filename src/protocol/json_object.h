#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace tombolo::protocol {

/// The JSON object that `text` is, whole; nullopt for anything else, malformed UTF-8 and objects
/// nested deeper than `kJsonDepthMax` included. Of a key that stands twice the last value counts.
///
/// Cost:    time and memory grow with the size of `text` and no faster. The caller bounds it: a
///          tree takes up to some 40 bytes for each character.
[[nodiscard]] std::optional<nlohmann::json> parse_json_object(std::string_view text);

}  // namespace tombolo::protocol
