#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/logging.h"
#include "net/event_loop.h"
#include "net/http_message.h"
#include "net/tls.h"
#include "net/web_socket.h"

namespace tombolo::net {

/// Answers one request, once; a later answer is ignored. When the last copy goes without an answer,
/// the client gets status 500.
///
/// Thread:  callable from any thread.
class HttpResponder {
 public:
  class Target;
  explicit HttpResponder(std::shared_ptr<Target> target) noexcept : target_(std::move(target)) {}

  void respond(HttpResponse response) const;

 private:
  std::shared_ptr<Target> target_;
};

/// How a server accepts an upgrade to a WebSocket.
struct WebSocketAccept {
  std::string sub_protocol;  ///< The text of `Sec-WebSocket-Protocol`; empty: none is sent.
  HttpHeaders headers;       ///< Further headers of the 101 answer.
  /// Gets the connection, on its strand, and starts it. Not called when the client has gone.
  std::function<void(WebSocketConnection connection)> open;
};

/// Answers one upgrade request: the same rules as for `HttpResponder`.
class UpgradeResponder {
 public:
  explicit UpgradeResponder(std::shared_ptr<HttpResponder::Target> target) noexcept
      : target_(std::move(target)) {}

  void accept(WebSocketAccept accept) const;
  void refuse(HttpResponse response) const;  ///< Any status but 101.

 private:
  std::shared_ptr<HttpResponder::Target> target_;
};

/// What a server does with requests. Called on the connection's strand, so calls for different
/// connections overlap; the answer may come later and from any thread.
class HttpHandler {
 public:
  virtual void on_request(HttpRequest request, HttpResponder responder) = 0;
  /// A well-formed WebSocket upgrade of version 13; others are answered by the server itself.
  virtual void on_upgrade(HttpRequest request, UpgradeResponder responder) = 0;

 protected:
  ~HttpHandler() = default;
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";  ///< An address or a name that resolves to one of this machine.
  std::uint16_t port = 0;          ///< 0: any free port; `port()` tells which.
  std::shared_ptr<const TlsContext> tls;  ///< Null: plain HTTP.

  /// Request line and headers. Access tokens stand in the request line and can be 16 KiB and more.
  std::size_t header_bytes_max = std::size_t{64} << 10;
  std::size_t body_bytes_max = std::size_t{16} << 20;

  Duration header_timeout = std::chrono::seconds(20);  ///< TLS handshake; then each whole header.
  Duration body_timeout = std::chrono::minutes(5);     ///< From the header to the body's end.
  Duration idle_timeout = std::chrono::seconds(75);    ///< Between requests of one connection.
  Duration write_timeout = std::chrono::seconds(60);   ///< Without the client taking a byte.

  WebSocketOptions web_socket;
};

/// An HTTP/1.1 server on one address: keep-alive, chunked and sized bodies, `Expect: 100-continue`,
/// upgrades to WebSocket. Each connection lives on its own strand.
///
/// Thread:  callable from any thread.
class HttpServer {
 public:
  /// Listens at once. `loop`, `handler` and `logger` outlive the loop's last `run()`.
  ///
  /// Errors:  throws `Error{kNetwork}` when the address cannot be listened on.
  HttpServer(EventLoop& loop, HttpServerOptions options, HttpHandler& handler, Logger& logger);
  ~HttpServer();  ///< As `close()`.

  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Stops listening and drops connections that wait for a request, both soon after this returns.
  /// Requests being handled are still answered; WebSockets belong to whom they were given.
  void close();

  /// Connections that are open and have not become WebSockets.
  [[nodiscard]] std::size_t connection_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tombolo::net
