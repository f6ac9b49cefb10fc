#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/logging.h"
#include "base/random.h"
#include "protocol/message.h"
#include "protocol/version.h"
#include "sync/backoff.h"
#include "sync/binding.h"
#include "sync/client_session.h"
#include "sync/event.h"
#include "sync/heartbeat.h"
#include "sync/session_host.h"
#include "sync/session_stats.h"
#include "sync/transport.h"

namespace tombolo::sync {

/// Gives out session idents. One for each client process, over all its connections, so that no
/// ident is ever used by two sessions.
class SessionIdents {
 public:
  [[nodiscard]] SessionIdent next() noexcept { return last_ = last_.next(); }

 private:
  SessionIdent last_;
};

struct ConnectionOptions {
  protocol::SyncMode mode = protocol::SyncMode::kPartition;
  Route route;
  AccessToken access_token;
  BackoffParameters backoff;
  HeartbeatParameters heartbeat;
  Duration connect_timeout = std::chrono::minutes(2);
  /// How long a connection that no session uses is kept; 0 where each session has its own.
  Duration linger_time = std::chrono::seconds(30);
  /// A connection made within this time of the last one's loss counts as its continuation.
  Duration fast_reconnect_limit = std::chrono::minutes(1);
  /// When more than this is received and not yet integrated, `wants_input()` is false.
  std::size_t unintegrated_bytes_max = std::size_t{16} << 20;
  /// How long before its expiry a token is renewed while there is a connection, so that the next
  /// one need not wait for it; half of its remaining life if that is shorter.
  Duration token_renewal_ahead = std::chrono::minutes(5);
};

/// Why a connection ended, or did not come about. Delays grow while the reason stays the same.
enum class DisconnectReason : std::uint8_t {
  kConnectFailed,
  kConnectTimedOut,
  kTlsFailure,
  kRefused,         ///< By HTTP status or close code, in a way that the user has to hear of.
  kRefusedForNow,   ///< By HTTP status or close code; the server, token or route may recover.
  kBadNegotiation,  ///< A sub-protocol that was not offered.
  kStreamEnded,
  kTransportViolation,  ///< Close codes that say that frames or limits were not kept.
  kProtocolViolation,   ///< A message that breaks the sync protocol.
  kServerError,         ///< An error of the server's for the whole connection.
  kPongTimedOut,
  kVoluntary,
};

/// One connection to a server, shared by the sessions of one user, as a state machine with no
/// socket, clock or thread:
///
///     socket -- transport_opened(), receive() --> +------------------+ -- next_event()  --> driver
///     user   -- credentials_refreshed() --------> | ClientConnection | -- take_output() --> socket
///     time   -- advance() ----------------------> +------------------+ -- deadline()    --> timer
///                                                          |  owns
///                                                    ClientSession ...
///
/// After each call, on this or on a session, the driver drains `next_event()`, takes output while
/// its socket has room for it, and sets its one timer to `deadline()`. Output is made only when it
/// is taken, one message in turn from each session that has something to send, so nothing piles up
/// in front of a slow socket and no session starves another.
///
/// The same calls give the same events and bytes, so any failing run is replayed from its seed.
///
/// Thread:  one strand owns the connection and its sessions; no call blocks longer than a read of a
///          replica.
/// Errors:  peer input neither throws nor asserts.
/// Source:  docs/sync-client.md, "Connection".
class ClientConnection final : private SessionHost {
 public:
  /// `idents`, `random` and `logger` outlive the connection.
  ClientConnection(ConnectionOptions options,
                   SessionIdents& idents,
                   Random& random,
                   Logger& logger);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  /// A session for one client file, inactive at first. It lives until its `SessionClosed`. At most
  /// one session of a file may exist in the whole system.
  ClientSession& open_session(std::shared_ptr<const Replica> replica, SessionOptions options);
  /// Null once the session has closed: results of its last work find nobody.
  [[nodiscard]] ClientSession* find_session(SessionKey key) noexcept;
  [[nodiscard]] bool has_sessions() const noexcept { return !sessions_.empty(); }

  // The transport. `transport` is that of the `OpenTransport` event.

  /// `sub_protocol` is the answer's `Sec-WebSocket-Protocol`; nullopt when it has none.
  void transport_opened(TransportId transport,
                        std::optional<std::string_view> sub_protocol,
                        TimePoint now);
  void transport_failed(TransportId transport, const ConnectFailure& failure, TimePoint now);
  /// One whole binary WebSocket message.
  void receive(TransportId transport, Bytes message, TimePoint now);
  void transport_closed(TransportId transport, const TransportClosure& closure, TimePoint now);
  /// Bytes came in, whether or not they end a message.
  void bytes_received(TimePoint now);

  // The user's account.

  /// Answers `RefreshCredentials`, and may come unasked. `route` is the URL that the server gave;
  /// nullopt leaves the present one. Live connections keep the token that they were made with.
  void credentials_refreshed(AccessToken access_token,
                             std::optional<std::string> route_url,
                             TimePoint now);
  void refresh_failed(const RefreshFailure& failure, TimePoint now);
  /// The log-in has ended: sessions become inactive, their waits end with `error`, and the token is
  /// forgotten. What the user ended is dropped at once. After `credentials_refreshed()` sessions
  /// may be activated.
  void end_log_in(const SyncError& error, LogOut by, TimePoint now);

  // Time and the outside.

  void advance(TimePoint now);
  /// Network became reachable, or the application asks for it: connects without delay, wakes
  /// suspended sessions, and tests a connection that seems to be alive.
  void reconnect(TimePoint now);
  /// The network may have gone: tests a connection that seems to be alive.
  void probe(TimePoint now);
  /// Closes every session and drops the connection.
  void close(TimePoint now);

  /// So much has come of a message that is not whole yet. Returns whether somebody is to hear of
  /// it.
  [[nodiscard]] bool receiving(TransportId transport, BytesView so_far);

  [[nodiscard]] std::optional<Event> next_event();
  /// The next WebSocket message to send; nullopt when there is none.
  [[nodiscard]] std::optional<OutgoingMessage> take_output(TimePoint now);
  /// So many bytes of the messages that were taken have not been sent yet. Returns whether somebody
  /// is to hear of it.
  [[nodiscard]] bool output_left(std::size_t bytes);
  /// When to call `advance()`; nullopt: nothing happens by itself.
  [[nodiscard]] std::optional<TimePoint> deadline() const;
  /// False: the driver should stop reading the socket until it is true again.
  [[nodiscard]] bool wants_input() const noexcept;

  [[nodiscard]] ConnectionState state() const noexcept { return state_; }
  /// When the next attempt to connect is made; nullopt when none is planned.
  [[nodiscard]] std::optional<TimePoint> next_attempt() const noexcept;
  [[nodiscard]] std::optional<DisconnectReason> last_disconnect_reason() const noexcept {
    return last_disconnect_reason_;
  }
  [[nodiscard]] ConnectionStats stats() const noexcept;
  /// The sessions whose `stats()` changed since the last call, each once.
  [[nodiscard]] std::vector<SessionKey> take_changed_stats();

 private:
  /// What an ident on this connection belongs to: a session, or what is left of its binding.
  using BindingOwner = std::variant<ClientSession*, Binding>;

  // SessionHost
  void emit(Event event) override;
  [[nodiscard]] Random& random() noexcept override { return random_; }
  [[nodiscard]] Logger& logger() noexcept override { return logger_; }
  [[nodiscard]] ConnectionState connection_state() const noexcept override { return state_; }
  [[nodiscard]] bool is_fast_reconnect() const noexcept override { return is_fast_reconnect_; }
  [[nodiscard]] bool needs_access_token(TimePoint now) const noexcept override;
  [[nodiscard]] SessionIdent begin_binding(ClientSession& session) override;
  void end_binding(const Binding& binding) override;
  void enlist(SessionIdent ident) override;
  void want_connection(bool wanted, TimePoint now) override;
  void skip_delay(TimePoint now) override;
  void shorten_delay(TimePoint now) override;
  void refresh_credentials(bool needs_location, TimePoint now) override;
  void session_works() noexcept override { refusals_in_row_ = 0; }
  void log_out(const SyncError& error, TimePoint now) override;
  void reschedule(SessionKey session,
                  std::optional<TimePoint> previous,
                  std::optional<TimePoint> deadline) override;
  void stats_changed(SessionKey session) override { changed_stats_.insert(session); }
  void unintegrated_bytes_changed(std::size_t previous, std::size_t current) override;

  /// The end of a connection or attempt, and how the sessions are to take it.
  struct Disconnect {
    DisconnectReason reason;
    std::optional<SyncError> error;  ///< For the sessions; nullopt: nothing to tell them.
    bool suspends_sessions = false;  ///< The server will not have them until the user acts.
    bool retries_at_once = false;    ///< As soon as the credentials are refreshed.
    std::optional<BackoffParameters> backoff;
  };
  void connect_if_wanted(TimePoint now);
  void disconnect(const Disconnect& disconnect, TimePoint now);
  void close_transport(const Disconnect& disconnect, TimePoint now);
  void plan_next_attempt(const Disconnect& disconnect, TimePoint now);
  /// Does what `error` asks for beyond the sessions: refreshes credentials or logs the user out.
  void obey(const SyncError& error, bool holds_attempts, TimePoint now);
  void react(DisconnectReason reason,
             const protocol::TransportReaction& reaction,
             const std::string& description,
             TimePoint now);
  void violate(const Error& error, TimePoint now);
  void begin_refresh(bool needs_location, bool holds_attempts);
  void plan_renewal(TimePoint now);
  void renew_token();
  void forget_token();
  void cancel_delay(TimePoint now);
  /// Notes whether `session` awaits an answer on its `ident`.
  void update_expectation(SessionIdent ident, const ClientSession& session, TimePoint now);
  void expect_answer(TimePoint now);

  [[nodiscard]] Result<void> handle(const protocol::ServerMessage& message,
                                    Bytes& storage,
                                    TimePoint now);
  template <typename Message>
  [[nodiscard]] Result<void> handle_error(const Message& message,
                                          const std::optional<protocol::RetryDelay>& retry_delay,
                                          TimePoint now);
  /// Hands a message to the session it names; `take(session)` is that session's part.
  template <typename Take>
  [[nodiscard]] Result<void> deliver(SessionIdent ident, BindStep step, Take&& take);
  void log_server_line(const protocol::LogMessage& message);
  [[nodiscard]] bool is_token_expired(TimePoint now) const noexcept;

  ConnectionOptions options_;
  SessionIdents& idents_;
  Random& random_;
  Logger& logger_;

  std::deque<Event> events_;
  std::map<SessionKey, std::unique_ptr<ClientSession>> sessions_;
  SessionKey last_key_;
  std::size_t wanting_connection_ = 0;  ///< Sessions that do.
  std::set<std::pair<TimePoint, SessionKey>> session_deadlines_;
  std::size_t unintegrated_bytes_ = 0;
  std::set<SessionKey> changed_stats_;
  std::size_t message_bytes_ = 0;  ///< Of the message that is being received.
  std::optional<TimePoint> last_message_;

  std::unordered_map<SessionIdent, BindingOwner> owners_;
  SessionIdent newest_bound_;            ///< On the present connection.
  std::deque<SessionIdent> send_queue_;  ///< Who may have something to send, each once.
  std::unordered_set<SessionIdent> queued_;
  /// Messages that were taken and, as far as is known, not sent: whose, and how large.
  std::deque<std::pair<SessionKey, std::size_t>> unsent_;
  std::size_t unsent_bytes_ = 0;

  ConnectionState state_ = ConnectionState::kDisconnected;
  TransportId transport_;
  protocol::SubProtocol sub_protocol_;
  Heartbeat heartbeat_;
  std::unordered_set<SessionIdent> awaiting_answer_;
  /// While something awaits an answer: when to ask whether the link is dead.
  std::optional<TimePoint> probe_at_;
  bool input_was_held_ = false;  ///< Since the PING that is outstanding got its time.
  bool is_fast_reconnect_ = false;
  std::optional<TimePoint> connect_deadline_;
  std::optional<TimePoint> linger_deadline_;
  std::optional<TimePoint> disconnected_at_;
  std::optional<TimePoint> renewal_at_;  ///< Of the token, ahead of its expiry.

  Backoff<DisconnectReason> backoff_;
  TimePoint earliest_attempt_ = TimePoint::min();
  TimePoint failed_at_ = TimePoint::min();
  TimePoint held_until_ = TimePoint::min();  ///< By the server; only the user passes over it.
  std::optional<DisconnectReason> last_disconnect_reason_;
  bool resets_delay_if_lost_ = false;  ///< `reconnect()` was called and no PONG came since.

  /// The refresh of credentials that is under way.
  struct Refresh {
    bool with_location = false;
    bool holds_attempts = false;  ///< No connect before it has ended.
    bool is_ahead = false;        ///< Of need: should it fail, nobody misses it yet.
  };
  std::optional<Refresh> refresh_;
  bool needs_location_too_ = false;  ///< Which the refresh under way leaves out.
  bool token_was_refreshed_ =
      false;                 ///< Since the last attempt: even if it is expired, it is used.
  int refusals_in_row_ = 0;  ///< Of token or route, without a working session in between.
};

}  // namespace tombolo::sync
