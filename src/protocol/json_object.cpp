#include "protocol/json_object.h"

#include <nlohmann/json.hpp>

#include "protocol/limits.h"

namespace tombolo::protocol {
namespace {

/// Whether arrays and objects stand inside each other deeper than `kJsonDepthMax`. Each level costs
/// the tree many times its one character, so this is asked before one is built. (The parser could
/// ask it with a callback; its time then grows with the square of the number of members.)
[[nodiscard]] bool is_too_deep(std::string_view text) noexcept {
  std::size_t depth = 0;
  bool is_inside_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char character = text[i];
    if (character == '"') is_inside_string = !is_inside_string;
    if (is_inside_string) {
      if (character == '\\') ++i;
    } else if (character == '[' || character == '{') {
      if (++depth > kJsonDepthMax) return true;
    } else if ((character == ']' || character == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::optional<nlohmann::json> parse_json_object(std::string_view text) {
  using nlohmann::json;
  if (is_too_deep(text)) return std::nullopt;
  json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  return object;
}

}  // namespace tombolo::protocol
