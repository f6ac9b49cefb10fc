#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "net/event_loop.h"

namespace tombolo::net {

/// Close codes of RFC 6455 that net/ itself uses; the protocol's own are the caller's.
enum class WebSocketCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kNoStatus = 1005,  ///< Never sent: stands for a close frame without a code.
  kAbnormal = 1006,  ///< Never sent: stands for a stream that ended without a close frame.
  kMessageTooBig = 1009,
  kInternalError = 1011,
};

/// How a connection ended.
struct WebSocketClosure {
  enum class Cause : std::uint8_t {
    kPeerClosed,   ///< The peer sent a close frame: its `code` and `reason`.
    kStreamEnded,  ///< The stream ended or broke without one, as native clients leave: `kAbnormal`.
    kClosedHere,   ///< `close()`, and the close frame is on its way: the `code` given there.
    kPeerBroke,    ///< The peer broke the rules of frames or limits; `code` is what it was sent.
  };
  Cause cause = Cause::kStreamEnded;
  std::uint16_t code = 1006;
  std::string reason;  ///< Of the peer, as sent, or ours for people: what was wrong.
};

/// What a connection tells its owner, on the connection's strand and never inside a call that the
/// owner makes on the connection. The owner may destroy the connection inside any of these.
class WebSocketEvents {
 public:
  virtual void on_message(Bytes message) = 0;  ///< One whole binary message.
  /// More has come of a message whose end has not: all of it so far.
  virtual void on_unfinished(BytesView so_far) { static_cast<void>(so_far); }
  /// Bytes came in, of whatever frame: what a liveness deadline is pushed back by.
  virtual void on_received(std::size_t bytes) { static_cast<void>(bytes); }
  /// So many bytes of what was queued have been handed to the operating system.
  virtual void on_written(std::size_t bytes) { static_cast<void>(bytes); }
  /// All that was queued has been handed to the operating system.
  virtual void on_drained() {}
  /// The last call. `send()` is without effect from here on.
  virtual void on_closed(const WebSocketClosure& closure) = 0;

 protected:
  ~WebSocketEvents() = default;
};

struct WebSocketOptions {
  /// A larger message ends the connection with 1009. 64 MiB of upload and room for its head.
  std::size_t message_bytes_max = (std::size_t{64} << 20) + 4096;
  /// How long a peer may take to accept what was queued before `close()`.
  Duration close_timeout = std::chrono::seconds(5);
};

using SharedBytes = std::shared_ptr<const Bytes>;

/// An open WebSocket, at either end. Binary messages only: text is read and dropped. Messages are
/// sent unfragmented, without extensions; pings are answered and never sent. TCP_NODELAY is on.
///
/// The owner holds it by value; destroying it drops the stream without a close frame.
///
/// Thread:  its strand, destruction included.
/// Errors:  none thrown by calls; all ends arrive as `WebSocketEvents::on_closed()`.
/// Source:  RFC 6455; docs/protocol.md, "Transport".
class WebSocketConnection {
 public:
  class Impl;
  explicit WebSocketConnection(std::shared_ptr<Impl> impl) noexcept;  ///< For net/ alone.
  WebSocketConnection() noexcept;  ///< Not connected; assign one.
  ~WebSocketConnection();
  WebSocketConnection(WebSocketConnection&&) noexcept;
  WebSocketConnection& operator=(WebSocketConnection&&) noexcept;

  /// Starts reading. To be called once; `events` outlives this object.
  void start(WebSocketEvents& events);

  /// Queues one message made of `head` and then `body`. `body` is not copied at the server's end,
  /// so one encoded body serves any number of connections.
  void send(Bytes head, SharedBytes body = nullptr);

  /// What `send()` took and the operating system has not taken yet, frame headers included.
  [[nodiscard]] std::size_t queued_bytes() const noexcept;

  /// No `on_message()` between these two; the peer is held back by TCP. Neither is an end noticed.
  void pause_reading();
  void resume_reading();

  /// Sends what is queued, then a close frame, then ends the stream without waiting for an echo.
  /// `reason` is UTF-8 and cut to 123 bytes.
  void close(std::uint16_t code, std::string_view reason);

  [[nodiscard]] const Strand& strand() const noexcept;
  [[nodiscard]] const std::string& remote() const noexcept;  ///< "192.0.2.7:50312"
  explicit operator bool() const noexcept { return impl_ != nullptr; }

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace tombolo::net
