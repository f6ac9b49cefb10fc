#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/logging.h"
#include "net/byte_stream.h"
#include "net/event_loop.h"
#include "net/http_codec.h"
#include "net/http_server.h"

namespace tombolo::net {

class HttpConnection;

/// What the connections of one server share.
///
/// Thread:  callable from any thread.
class HttpServerContext {
 public:
  HttpServerContext(HttpServerOptions given_options,
                    HttpHandler& given_handler,
                    Logger& given_logger)
      : options(std::move(given_options)),
        handler(given_handler),
        logger(given_logger) {}

  const HttpServerOptions options;
  HttpHandler& handler;
  Logger& logger;

  void add(const std::shared_ptr<HttpConnection>& connection);
  void remove(HttpConnection* connection);
  [[nodiscard]] std::size_t connection_count() const;
  [[nodiscard]] bool closing() const noexcept { return closing_; }
  void close();  ///< Connections that wait for a request end; the others after their answer.

 private:
  std::atomic<bool> closing_ = false;
  mutable std::mutex mutex_;
  std::unordered_map<HttpConnection*, std::weak_ptr<HttpConnection>> connections_;
};

/// One client of an HTTP server, until it leaves or becomes a WebSocket.
///
///     kHandshake -> kReading -> kHandling -> kWriting -> kReading ...
///                       |                       |
///                       +-- bad request --------+--> WebSocket, or kClosed
///
/// Thread:  its strand.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  /// An encoded answer, and what comes after it.
  struct Answer {
    std::string head;
    std::string body;
    bool keep_alive = false;
    std::function<void(WebSocketConnection)> open{};  ///< Set: the stream becomes a WebSocket.
  };

  HttpConnection(std::shared_ptr<HttpServerContext> server,
                 ByteStream stream,
                 const Strand& strand);
  ~HttpConnection();

  void start();
  void answer(Answer answer);  ///< Of the request being handled.
  void close_if_idle();
  [[nodiscard]] const Strand& strand() const noexcept { return strand_; }

 private:
  enum class Phase : unsigned char { kHandshake, kReading, kHandling, kWriting, kClosed };
  /// How far the request came; each step has its own deadline.
  enum class Progress : unsigned char { kNothing, kHeader, kBody };

  void handshake();
  void await_request();
  void read();
  [[nodiscard]] bool advance(Progress progress);
  void handle();
  void refuse(unsigned status);
  void write(Answer answer);
  void continue_writing();
  void finish_writing();
  void become_web_socket();
  void arm(Duration timeout);
  void time_out();
  void close();

  std::shared_ptr<HttpServerContext> server_;
  Strand strand_;
  std::optional<ByteStream> stream_;  ///< Empty once closed or given to a WebSocket.
  Timer timer_;
  Phase phase_ = Phase::kHandshake;
  Progress progress_ = Progress::kNothing;
  Bytes input_;                              ///< Read and not parsed.
  std::optional<HttpRequestParser> parser_;  ///< Exists from a request's first byte to its last.
  Answer answer_;
  std::size_t written_ = 0;  ///< Bytes of head and body together.
};

}  // namespace tombolo::net
