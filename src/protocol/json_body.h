#pragma once

#include <string>
#include <string_view>

#include "protocol/message.h"

/// The JSON texts inside messages. Readers ignore keys they do not know and fill the members that
/// the JSON carries. They answer the key that is missing or has a wrong value, "json" when the text
/// is no JSON object, and an empty text when all is well.
///
/// Source:  docs/protocol.md, "JSON bodies".
namespace tombolo::protocol {

[[nodiscard]] std::string_view read_json(std::string_view json, FlexibleBind& bind);
[[nodiscard]] std::string_view read_json(std::string_view json, ClientError& error);
[[nodiscard]] std::string_view read_json(std::string_view json, ServerError& error);
[[nodiscard]] std::string_view read_json(std::string_view json, LogMessage& message);

/// Compact, keys in alphabetical order; bytes that are no UTF-8 are replaced by U+FFFD.
[[nodiscard]] std::string write_json(const FlexibleBind& bind);
[[nodiscard]] std::string write_json(const ClientError& error);
[[nodiscard]] std::string write_json(const ServerError& error);
[[nodiscard]] std::string write_json(const LogMessage& message);

}  // namespace tombolo::protocol
