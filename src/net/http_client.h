#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "net/connect_failure.h"
#include "net/event_loop.h"
#include "net/http_message.h"
#include "net/pending_operation.h"
#include "net/tls.h"

namespace tombolo::net {

struct HttpCall {
  std::string method = "GET";
  std::string url;      ///< "http://..." or "https://..."
  HttpHeaders headers;  ///< `Host`, `Content-Length` and `Connection` are added.
  std::string body;
  std::optional<HttpProxy> proxy;
  std::shared_ptr<const TlsContext> tls;  ///< For "https"; null: verified by the system's store.
  Duration timeout = std::chrono::seconds(60);         ///< For the whole call.
  std::size_t body_bytes_max = std::size_t{16} << 20;  ///< Of the answer.
};

/// Sends one request on a connection of its own. Any status is an answer; redirects are not
/// followed. `done` runs on `strand`, never inside this call.
///
/// Errors:  throws `Error{kInvalidArgument}` for a URL of another form; all else goes to `done`.
/// Thread:  `strand`.
PendingOperation send_http(const Strand& strand,
                           HttpCall call,
                           std::function<void(std::variant<HttpResponse, ConnectFailure>)> done);

}  // namespace tombolo::net
