#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>

#include "base/clock.h"
#include "base/logging.h"
#include "client/credential_source.h"
#include "client/runtime.h"
#include "net/http_message.h"
#include "net/pending_operation.h"
#include "net/tls.h"
#include "net/web_socket.h"
#include "net/web_socket_client.h"
#include "sync/client_connection.h"

namespace tombolo::client {

/// How often files are looked at for commits of other processes, which nothing else tells of. A
/// look reads one number from the file's mapped memory.
inline constexpr Duration kForeignCommitInterval = std::chrono::milliseconds(100);

/// What a session tells whoever opened it.
///
/// Thread:  called on the connection's strand, with no lock held.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  virtual void on_state(sync::SessionState current) = 0;
  virtual void on_connection_state(sync::ConnectionState previous,
                                   sync::ConnectionState current) = 0;
  virtual void on_error(const sync::SyncError& error) = 0;
  /// See `sync::DownloadFreshCopy`.
  virtual void on_fresh_copy_wanted(const sync::SyncError& cause) = 0;
  /// See `sync::ResetFile`.
  virtual void on_file_reset_wanted() = 0;
  virtual void on_wait_settled(sync::WaitId wait, const Result<void>& outcome) = 0;
  virtual void on_progress(sync::NotifierId notifier,
                           const sync::ProgressNotification& progress) = 0;
  virtual void on_stats(const sync::SessionStats& stats) = 0;
  /// It is time to see whether another process has written to the file: every
  /// `kForeignCommitInterval` while the session exists.
  virtual void on_look() = 0;
  /// The session exists no more; nothing else is called.
  virtual void on_closed() = 0;
};

struct ConnectionDriverOptions {
  sync::ConnectionOptions connection;
  net::HttpHeaders headers;  ///< Of the upgrade request.
  std::shared_ptr<const net::TlsContext> tls;
  std::shared_ptr<Logger> logger;  ///< Null: no lines.
  const Clock& clock = system_clock();
};

/// Drives one `sync::ClientConnection` over a real socket: does what its events ask for and tells
/// it what happened. Work on files goes to the runtime's workers; this strand never writes.
///
/// Thread:  `post` and `stats` from any thread; the rest on its own strand.
/// Source:  docs/threads.md.
class ConnectionDriver final : public std::enable_shared_from_this<ConnectionDriver>,
                               private net::WebSocketEvents {
 public:
  /// `credentials` outlives nothing: it is asked only while it exists.
  [[nodiscard]] static std::shared_ptr<ConnectionDriver> make(
      std::shared_ptr<Runtime> runtime,
      ConnectionDriverOptions options,
      std::weak_ptr<CredentialSource> credentials);
  ~ConnectionDriver();
  ConnectionDriver(const ConnectionDriver&) = delete;
  ConnectionDriver& operator=(const ConnectionDriver&) = delete;

  /// Runs `work` on the strand and then does what came of it.
  void post(std::function<void(sync::ClientConnection& connection, TimePoint now)> work);

  /// Opens a session; on the strand, inside `post`. `replica` is written to on workers.
  sync::ClientSession& open_session(std::shared_ptr<sync::Replica> replica,
                                    sync::SessionOptions options,
                                    std::shared_ptr<SessionObserver> observer);

  /// As of the end of the last work on the strand.
  [[nodiscard]] sync::ConnectionStats stats() const;

  [[nodiscard]] Runtime& runtime() const noexcept { return *runtime_; }
  [[nodiscard]] TimePoint now() const { return options_.clock.now(); }

 private:
  struct OpenSession {
    std::shared_ptr<sync::Replica> replica;
    std::shared_ptr<SessionObserver> observer;
  };

  ConnectionDriver(std::shared_ptr<Runtime> runtime,
                   ConnectionDriverOptions options,
                   std::weak_ptr<CredentialSource> credentials);

  void on_message(Bytes message) override;
  void on_unfinished(BytesView so_far) override;
  void on_received(std::size_t bytes) override;
  void on_written(std::size_t bytes) override;
  void on_drained() override;
  void on_closed(const net::WebSocketClosure& closure) override;

  void drain();
  void publish_stats();
  void send_output(TimePoint now);
  void hold_input();
  void arm_timer();
  void look_for_commits();

  void handle(const sync::OpenTransport& event);
  void handle(const sync::CloseTransport& event);
  void handle(const sync::RefreshCredentials& event);
  void handle(const sync::UserLoggedOut& event);
  void handle(const sync::StoreFileIdent& event);
  void handle(const sync::IntegrateDownload& event);
  void handle(const sync::DownloadFreshCopy& event);
  void handle(const sync::ResetFile& event);
  void handle(const sync::SessionStateChanged& event);
  void handle(const sync::ConnectionStateChanged& event);
  void handle(const sync::SessionFailed& event);
  void handle(const sync::WaitSettled& event);
  void handle(const sync::ProgressNotified& event);
  void handle(const sync::SessionClosed& event);

  void connected(sync::TransportId transport,
                 std::variant<net::WebSocketConnected, net::ConnectFailure> outcome);
  /// Runs `work` on a worker and `then` with its result on the strand.
  template <typename T>
  void on_worker(std::function<T()> work, std::function<void(T, TimePoint)> then);
  [[nodiscard]] SessionObserver* find_observer(sync::SessionKey session);

  const std::shared_ptr<Runtime> runtime_;
  const ConnectionDriverOptions options_;
  const std::weak_ptr<CredentialSource> credentials_;
  const net::Strand strand_;

  sync::ClientConnection connection_;
  std::map<sync::SessionKey, OpenSession> sessions_;
  net::Timer timer_;
  net::Timer look_timer_;  ///< Armed while there are sessions.
  net::PendingOperation connecting_;
  net::WebSocketConnection socket_;
  sync::TransportId transport_;  ///< Of `socket_` or `connecting_`.
  bool is_draining_ = false;
  bool is_input_held_ = false;

  mutable std::mutex stats_mutex_;
  sync::ConnectionStats stats_;  ///< Guarded by `stats_mutex_`.
};

}  // namespace tombolo::client
