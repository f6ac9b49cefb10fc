#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/byte_stream.h"
#include "net/event_loop.h"
#include "net/web_socket.h"
#include "net/web_socket_frame.h"

namespace tombolo::net {

/// A WebSocket over a stream whose handshake is done.
///
///     kOpen -- close(), peer's close frame, violation --> kClosing -- queue sent --> kClosed
///       |                                                    |                         ^
///       +-- end of stream, owner gone -----------------------+-- time out -------------+
///
/// In `kClosing` the queue, with the close frame last, is still written and input is dropped.
/// Between turns an open connection holds no buffer: what is read lies on the stack, and only an
/// unfinished message, or input that came before a pause, is kept.
///
/// Thread:  `strand`.
class WebSocketConnection::Impl : public std::enable_shared_from_this<Impl> {
 public:
  enum class Role : unsigned char { kServer, kClient };

  /// `early` came behind the handshake.
  Impl(ByteStream stream,
       const Strand& strand,
       Role role,
       const WebSocketOptions& options,
       Bytes early);

  void start(WebSocketEvents& events);
  void send(Bytes head, SharedBytes body);
  void pause_reading();
  void resume_reading();
  void close(std::uint16_t code, std::string_view reason);
  void abandon();  ///< The owner is gone: no events any more, and no stream unless it is closing.

  [[nodiscard]] std::size_t queued_bytes() const noexcept { return queued_bytes_; }
  [[nodiscard]] const Strand& strand() const noexcept { return strand_; }
  [[nodiscard]] const std::string& remote() const noexcept { return remote_; }

 private:
  enum class Phase : unsigned char { kOpen, kClosing, kClosed };

  /// One frame to write.
  struct Outgoing {
    FrameHeader header;
    Bytes head;
    SharedBytes body;

    [[nodiscard]] std::size_t size() const noexcept {
      return header.size + head.size() + (body ? body->size() : 0);
    }
  };

  void schedule_read();
  void read();
  void wait_to_read(const IoResult& result);
  void take_input(BytesView input);
  void take_event(WebSocketInput event);

  void queue(WebSocketOpcode opcode, Bytes head, SharedBytes body);
  void schedule_flush();
  void flush();
  void forget_written(std::size_t bytes);

  void begin_closing(std::uint16_t code, std::string_view reason);
  void end_stream();
  void drop_stream();
  void report_closed(WebSocketClosure closure);

  Strand strand_;
  std::optional<ByteStream> stream_;  ///< Empty in `kClosed`.
  std::string remote_;
  WebSocketEvents* events_ =
      nullptr;  ///< Null before `start()`, after the last event, without owner.
  FrameReader reader_;
  Role role_;
  Phase phase_ = Phase::kOpen;
  bool paused_ = false;
  bool read_pending_ = false;   ///< A read is scheduled or waits for the stream.
  bool flush_pending_ = false;  ///< A flush is scheduled or waits for the stream.
  bool pong_queued_ = false;    ///< One answer at a time, or a flood of pings would fill memory.
  std::uint16_t close_code_ = 0;
  Bytes kept_input_;
  std::vector<Outgoing> queue_;
  std::size_t queue_front_ = 0;    ///< Frames before it are written.
  std::size_t front_written_ = 0;  ///< Bytes of the frame at the front that are written.
  std::size_t queued_bytes_ = 0;
  Duration close_timeout_;
  std::optional<Timer> close_timer_;
};

}  // namespace tombolo::net
