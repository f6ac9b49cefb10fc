#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/connect_failure.h"
#include "net/event_loop.h"
#include "net/http_message.h"
#include "net/pending_operation.h"
#include "net/tls.h"
#include "net/web_socket.h"

namespace tombolo::net {

struct WebSocketConnectOptions {
  std::string url;                         ///< "ws://..." or "wss://...", sent on as it stands.
  std::vector<std::string> sub_protocols;  ///< Offered in this order.
  HttpHeaders headers;                     ///< `User-Agent` and the application's own.
  std::optional<HttpProxy> proxy;
  std::shared_ptr<const TlsContext> tls;  ///< For "wss"; null: verified by the system's store.
  Duration timeout = std::chrono::seconds(120);  ///< For everything up to the answer.
  WebSocketOptions web_socket;
};

struct WebSocketConnected {
  WebSocketConnection connection;  ///< On the strand given; not started yet.
  std::string sub_protocol;        ///< One of those offered; empty if none was.
  HttpHeaders headers;             ///< Of the 101 answer.
};

/// Opens a WebSocket. `done` runs on `strand`, never inside this call. Redirects are not followed.
///
/// Errors:  throws `Error{kInvalidArgument}` for a URL of another form; all else goes to `done`.
/// Thread:  `strand`.
/// Source:  docs/protocol.md, "Transport".
PendingOperation connect_web_socket(
    const Strand& strand,
    WebSocketConnectOptions options,
    std::function<void(std::variant<WebSocketConnected, ConnectFailure>)> done);

}  // namespace tombolo::net
