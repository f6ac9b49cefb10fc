#include "client/connection_driver.h"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "net/retry_after.h"
#include "net/web_socket_client.h"

namespace tombolo::client {
namespace {

/// Output is taken from the sessions while less than this waits in front of the socket: enough to
/// keep it busy, little enough that no session has to wait long for its turn.
constexpr std::size_t kQueuedBytesMax = 512 << 10;

/// One counter for the process: no session ident is used twice on any connection.
sync::SessionIdents& session_idents() {
  static sync::SessionIdents idents;
  return idents;
}

std::vector<std::string> split_sub_protocols(std::string_view value) {
  std::vector<std::string> tokens;
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    std::string_view token = value.substr(0, comma);
    while (token.starts_with(' ')) token.remove_prefix(1);
    tokens.emplace_back(token);
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
  }
  return tokens;
}

sync::ConnectFailure to_sync(const net::ConnectFailure& failure) {
  using Kind = sync::ConnectFailure::Kind;
  Kind kind = Kind::kUnreachable;
  if (failure.stage == net::ConnectStage::kTls) kind = Kind::kTls;
  if (failure.stage == net::ConnectStage::kStatus) kind = Kind::kRefused;
  std::optional<Duration> retry_after;
  if (const std::string* value = net::find_header(failure.headers, "Retry-After"))
    retry_after = net::parse_retry_after(*value, system_clock().wall_now());
  return {kind, failure.status, failure.error.describe(), retry_after};
}

}  // namespace

std::shared_ptr<ConnectionDriver> ConnectionDriver::make(
    std::shared_ptr<Runtime> runtime,
    ConnectionDriverOptions options,
    std::weak_ptr<CredentialSource> credentials) {
  return std::shared_ptr<ConnectionDriver>(
      new ConnectionDriver(std::move(runtime), std::move(options), std::move(credentials)),
      [](ConnectionDriver* driver) {
        // Sockets and timers are destroyed on their strand.
        const net::Strand strand = driver->strand_;
        const auto keep = driver->runtime_;
        strand.dispatch([driver, keep] { delete driver; });
      });
}

ConnectionDriver::ConnectionDriver(std::shared_ptr<Runtime> runtime,
                                   ConnectionDriverOptions options,
                                   std::weak_ptr<CredentialSource> credentials)
    : runtime_(std::move(runtime)),
      options_(std::move(options)),
      credentials_(std::move(credentials)),
      strand_(runtime_->io().make_strand()),
      connection_(options_.connection,
                  session_idents(),
                  system_random(),
                  options_.logger ? *options_.logger : null_logger()),
      timer_(strand_),
      look_timer_(strand_) {}

ConnectionDriver::~ConnectionDriver() = default;

void ConnectionDriver::post(
    std::function<void(sync::ClientConnection& connection, TimePoint now)> work) {
  strand_.post([self = shared_from_this(), work = std::move(work)] {
    work(self->connection_, self->now());
    self->drain();
  });
}

sync::ClientSession& ConnectionDriver::open_session(std::shared_ptr<sync::Replica> replica,
                                                    sync::SessionOptions options,
                                                    std::shared_ptr<SessionObserver> observer) {
  sync::ClientSession& session = connection_.open_session(replica, std::move(options));
  if (sessions_.empty())
    look_timer_.arm_after(kForeignCommitInterval, [this] { look_for_commits(); });
  sessions_.emplace(session.key(), OpenSession{std::move(replica), std::move(observer)});
  return session;
}

void ConnectionDriver::look_for_commits() {
  for (const auto& [key, session] : sessions_) session.observer->on_look();
  if (!sessions_.empty())
    look_timer_.arm_after(kForeignCommitInterval, [this] { look_for_commits(); });
}

// Driving the machine.

void ConnectionDriver::drain() {
  if (std::exchange(is_draining_, true)) return;  // The call further up the stack goes on.
  auto event = connection_.next_event();
  do {
    for (; event; event = connection_.next_event()) {
      publish_stats();  // Whoever is told of the event may ask for them.
      std::visit([this](const auto& what) { handle(what); }, *event);
    }
    send_output(now());
    event = connection_.next_event();  // Making output may ask for more.
  } while (event);
  is_draining_ = false;
  hold_input();
  arm_timer();
  publish_stats();
}

void ConnectionDriver::publish_stats() {
  // Who sees that the connection waits to try again sees the error for which it does.
  for (const sync::SessionKey key : connection_.take_changed_stats()) {
    const sync::ClientSession* session = connection_.find_session(key);
    SessionObserver* observer = find_observer(key);
    if (session != nullptr && observer != nullptr) observer->on_stats(session->stats());
  }
  const std::lock_guard lock(stats_mutex_);
  stats_ = connection_.stats();
}

sync::ConnectionStats ConnectionDriver::stats() const {
  const std::lock_guard lock(stats_mutex_);
  return stats_;
}

void ConnectionDriver::send_output(TimePoint now) {
  while (socket_ && socket_.queued_bytes() < kQueuedBytesMax) {
    auto message = connection_.take_output(now);
    if (!message) return;
    net::SharedBytes body;
    if (!message->body.empty()) {
      body = std::make_shared<const Bytes>(std::move(message->body));
    }
    socket_.send(std::move(message->head), std::move(body));
  }
}

void ConnectionDriver::hold_input() {
  if (!socket_ || connection_.wants_input() == !is_input_held_) return;
  is_input_held_ = !is_input_held_;
  if (is_input_held_) {
    socket_.pause_reading();
  } else {
    socket_.resume_reading();
  }
}

void ConnectionDriver::arm_timer() {
  const auto deadline = connection_.deadline();
  if (!deadline) {
    timer_.cancel();
    return;
  }
  timer_.arm_after(*deadline - now(), [this] {
    connection_.advance(now());
    drain();
  });
}

// The socket.

void ConnectionDriver::handle(const sync::OpenTransport& event) {
  transport_ = event.transport;
  is_input_held_ = false;
  net::WebSocketConnectOptions options{.url = event.url,
                                       .sub_protocols = split_sub_protocols(event.sub_protocols),
                                       .headers = options_.headers,
                                       .tls = options_.tls};
  try {
    connecting_ = net::connect_web_socket(
        strand_,
        std::move(options),
        [this, transport = event.transport](
            std::variant<net::WebSocketConnected, net::ConnectFailure> outcome) {
          connected(transport, std::move(outcome));
        });
  } catch (const Error& error) {
    // What a server named as the place of its sync need not be a URL.
    connected(event.transport, net::ConnectFailure{net::ConnectStage::kResolve, error, 0, {}});
  }
}

void ConnectionDriver::connected(
    sync::TransportId transport,
    std::variant<net::WebSocketConnected, net::ConnectFailure> outcome) {
  const TimePoint now = this->now();
  if (auto* opened = std::get_if<net::WebSocketConnected>(&outcome)) {
    socket_ = std::move(opened->connection);
    socket_.start(*this);
    std::optional<std::string_view> sub_protocol;
    if (!opened->sub_protocol.empty()) sub_protocol = opened->sub_protocol;
    connection_.transport_opened(transport, sub_protocol, now);
  } else {
    const auto& failure = std::get<net::ConnectFailure>(outcome);
    if (failure.stage == net::ConnectStage::kSubProtocol) {
      const std::string* token = net::find_header(failure.headers, "Sec-WebSocket-Protocol");
      connection_.transport_opened(
          transport, token ? std::optional<std::string_view>(*token) : std::nullopt, now);
    } else {
      connection_.transport_failed(transport, to_sync(failure), now);
    }
  }
  drain();
}

void ConnectionDriver::handle(const sync::CloseTransport& event) {
  if (event.transport != transport_) return;
  connecting_.cancel();
  socket_ = {};
}

void ConnectionDriver::on_message(Bytes message) {
  connection_.receive(transport_, std::move(message), now());
  drain();
}

void ConnectionDriver::on_unfinished(BytesView so_far) {
  if (connection_.receiving(transport_, so_far)) drain();
}

void ConnectionDriver::on_received(std::size_t) {
  // It only puts deadlines off: the timer finds that out when it fires.
  connection_.bytes_received(now());
}

void ConnectionDriver::on_written(std::size_t) {
  if (connection_.output_left(socket_.queued_bytes())) drain();
}

void ConnectionDriver::on_drained() {
  drain();
}

void ConnectionDriver::on_closed(const net::WebSocketClosure& closure) {
  sync::TransportClosure end{std::nullopt, closure.reason};
  if (closure.cause == net::WebSocketClosure::Cause::kPeerClosed) end.close_code = closure.code;
  socket_ = {};
  connection_.transport_closed(transport_, end, now());
  drain();
}

// The account.

void ConnectionDriver::handle(const sync::RefreshCredentials& event) {
  const auto credentials = credentials_.lock();
  if (!credentials) {
    connection_.refresh_failed(
        {sync::RefreshFailure::Kind::kRejected,
         Error(ErrorCode::kAuthentication, "the user of the session is gone")},
        now());
    return;
  }
  credentials->refresh(
      event.needs_location,
      [weak = weak_from_this()](std::variant<FreshCredentials, sync::RefreshFailure> outcome) {
        const auto self = weak.lock();
        if (!self) return;
        self->post(
            [outcome = std::move(outcome)](sync::ClientConnection& connection, TimePoint now) {
              if (const auto* fresh = std::get_if<FreshCredentials>(&outcome)) {
                connection.credentials_refreshed(fresh->access_token, fresh->route_url, now);
              } else {
                connection.refresh_failed(std::get<sync::RefreshFailure>(outcome), now);
              }
            });
      });
}

void ConnectionDriver::handle(const sync::UserLoggedOut& event) {
  if (const auto credentials = credentials_.lock()) credentials->logged_out(event.error);
}

// The files.

template <typename T>
void ConnectionDriver::on_worker(std::function<T()> work, std::function<void(T, TimePoint)> then) {
  runtime_->workers().post(
      [self = shared_from_this(), work = std::move(work), then = std::move(then)] {
        auto result = std::make_shared<T>(work());
        self->post([result, then](sync::ClientConnection&, TimePoint now) {
          then(std::move(*result), now);
        });
      });
}

void ConnectionDriver::handle(const sync::StoreFileIdent& event) {
  const auto replica = sessions_.at(event.session).replica;
  on_worker<Result<sync::ReplicaState>>(
      [replica, ident = event.file_ident]() -> Result<sync::ReplicaState> {
        try {
          return replica->store_file_ident(ident);
        } catch (const Error& error) {
          return error;
        }
      },
      [this, session = event.session](Result<sync::ReplicaState> result, TimePoint now) {
        if (auto* found = connection_.find_session(session)) {
          found->file_ident_stored(std::move(result), now);
        }
      });
}

void ConnectionDriver::handle(const sync::IntegrateDownload& event) {
  const auto replica = sessions_.at(event.session).replica;
  on_worker<Result<sync::IntegrationResult>>(
      [replica,
       batch = event.batch,
       first = event.first_entry]() -> Result<sync::IntegrationResult> {
        try {
          return replica->integrate(*batch, first);
        } catch (const Error& error) {
          return error;
        }
      },
      [this, session = event.session](Result<sync::IntegrationResult> result, TimePoint now) {
        if (auto* found = connection_.find_session(session)) {
          found->integrated(std::move(result), now);
        }
      });
}

void ConnectionDriver::handle(const sync::DownloadFreshCopy& event) {
  if (auto* observer = find_observer(event.session)) observer->on_fresh_copy_wanted(event.cause);
}
void ConnectionDriver::handle(const sync::ResetFile& event) {
  if (auto* observer = find_observer(event.session)) observer->on_file_reset_wanted();
}

// News for the application.

SessionObserver* ConnectionDriver::find_observer(sync::SessionKey session) {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : found->second.observer.get();
}

void ConnectionDriver::handle(const sync::SessionStateChanged& event) {
  if (auto* observer = find_observer(event.session)) observer->on_state(event.current);
}
void ConnectionDriver::handle(const sync::ConnectionStateChanged& event) {
  if (auto* observer = find_observer(event.session)) {
    observer->on_connection_state(event.previous, event.current);
  }
}
void ConnectionDriver::handle(const sync::SessionFailed& event) {
  if (auto* observer = find_observer(event.session)) observer->on_error(event.error);
}
void ConnectionDriver::handle(const sync::WaitSettled& event) {
  if (auto* observer = find_observer(event.session)) {
    observer->on_wait_settled(event.wait, event.outcome);
  }
}
void ConnectionDriver::handle(const sync::ProgressNotified& event) {
  if (auto* observer = find_observer(event.session)) {
    observer->on_progress(event.notifier, event.progress);
  }
}
void ConnectionDriver::handle(const sync::SessionClosed& event) {
  const auto found = sessions_.find(event.session);
  if (found == sessions_.end()) return;
  const auto observer = std::move(found->second.observer);
  sessions_.erase(found);  // With its replica: the file may be closed.
  observer->on_closed();
}

}  // namespace tombolo::client
