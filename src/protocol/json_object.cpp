#include "protocol/json_object.h"

#include <nlohmann/json.hpp>

namespace tombolo::protocol {

std::optional<nlohmann::json> parse_json_object(std::string_view text) {
  using nlohmann::json;
  bool too_deep = false;
  const json::parser_callback_t keep = [&](int depth, json::parse_event_t, json&) {
    too_deep |= depth > kJsonDepthMax;
    return !too_deep;
  };
  json object = json::parse(text, keep, /*allow_exceptions=*/false);
  if (too_deep || !object.is_object()) return std::nullopt;
  return object;
}

}  // namespace tombolo::protocol
