#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/logging.h"
#include "net/event_loop.h"
#include "net/web_socket.h"
#include "server/connection_port.h"
#include "server/sync_service.h"

namespace tombolo::server {

/// Output that a socket holds before the connection makes more. Source: docs/server.md, "Memory".
inline constexpr std::size_t kSocketBytesTarget = std::size_t{256} << 10;

/// One connection at work: moves messages between its socket and its state machine and hands the
/// machine's effects to the service. It keeps itself alive until the stream has ended.
///
/// Thread:  the socket's strand, but for `post`.
class ConnectionDriver final : public ConnectionPort,
                               private net::WebSocketEvents,
                               public std::enable_shared_from_this<ConnectionDriver> {
 public:
  /// Told on the strand when the stream has ended.
  using Ended = std::function<void(const ConnectionDriver&)>;

  /// `service`, `clock` and `logger` outlive the event loop's last run.
  ConnectionDriver(net::WebSocketConnection socket,
                   ConnectionOptions options,
                   SyncService& service,
                   const Clock& clock,
                   Logger& logger,
                   Ended ended);

  /// Starts reading; to be called once, on the strand.
  void start();

  void post(std::function<void(Connection&)> task) override;

  /// Drops the stream; to be called once the event loop has stopped.
  void abandon();

 private:
  void on_message(Bytes message) override;
  void on_drained() override;
  void on_closed(const net::WebSocketClosure& closure) override;

  /// Does `work`, and keeps a bug that it brings to light to this one connection.
  template <typename Work>
  void guarded(const Work& work);
  void pump();
  void perform(Effect effect);
  void arm_timer();
  void let_go();

  const net::Strand strand_;
  net::WebSocketConnection socket_;
  const std::string user_id_;
  SyncService& service_;
  const Clock& clock_;
  Logger& logger_;
  const Ended ended_;
  Connection connection_;
  std::optional<net::Timer> timer_;  ///< Set while the stream is open.
  bool is_reading_paused_ = false;
  std::shared_ptr<ConnectionDriver> self_;  ///< Until the stream has ended.
};

}  // namespace tombolo::server
