#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http_message.h"

/// The opening handshake of RFC 6455, section 4, as functions of messages.
namespace tombolo::net {

/// Whether the client asks for a WebSocket; the request may still be a bad one.
[[nodiscard]] bool asks_for_web_socket(const HttpRequest& request);

/// What to answer to an upgrade request that breaks the rules; nullopt when it keeps them.
[[nodiscard]] std::optional<HttpResponse> refuse_upgrade(const HttpRequest& request);

/// A new `Sec-WebSocket-Key`.
[[nodiscard]] std::string make_web_socket_key();

/// The `Sec-WebSocket-Accept` that answers `key`.
[[nodiscard]] std::string accept_value(std::string_view key);

}  // namespace tombolo::net
