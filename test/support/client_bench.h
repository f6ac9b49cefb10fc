#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/logging.h"
#include "base/random.h"
#include "sync/client_connection.h"
#include "test/support/memory_replica.h"

namespace tombolo::test {

/// A `ClientConnection` on the bench: a driver in virtual time that does the work the machine asks
/// for, notes what it says, and lets a test play the server in the protocol's own text.
class ClientBench {
 public:
  explicit ClientBench(sync::ConnectionOptions options = default_options(), std::uint64_t seed = 1)
      : random_(seed),
        connection_(std::move(options), idents_, random_, null_logger()) {}

  [[nodiscard]] static sync::ConnectionOptions default_options() {
    sync::ConnectionOptions options;
    options.route = {.url = "ws://sync.test/realm-sync", .state = protocol::RouteState::kVerified};
    options.access_token.text = "token";
    return options;
  }

  /// A session on an empty file, not yet activated.
  sync::ClientSession& open(sync::SessionOptions options = {.partition = "\"p\""}) {
    return open(std::make_shared<MemoryReplica>(), std::move(options));
  }
  /// The same on a file that may have synced before.
  sync::ClientSession& open(std::shared_ptr<MemoryReplica> replica, sync::SessionOptions options) {
    sync::ClientSession& session = connection_.open_session(replica, std::move(options));
    replicas_[session.key()] = replica;
    return session;
  }
  [[nodiscard]] MemoryReplica& replica(const sync::ClientSession& session) {
    return *replicas_.at(session.key());
  }
  /// A local commit, and the news of it.
  void write(sync::ClientSession& session, std::string_view changeset) {
    replica(session).commit(changeset);
    session.local_change(now_);
    run();
  }

  // The server's side.

  /// Answers the pending attempt with 101.
  void accept(std::string_view sub_protocol = "com.mongodb.realm-sync#14") {
    connection_.transport_opened(transport_, sub_protocol, now_);
    run();
  }
  void refuse(const sync::ConnectFailure& failure) {
    connection_.transport_failed(transport_, failure, now_);
    run();
  }
  void refuse(std::uint32_t http_status) {
    refuse({.kind = sync::ConnectFailure::Kind::kRefused,
            .http_status = http_status,
            .description = {}});
  }
  void server_sends(std::string_view message) {
    connection_.receive(transport_, to_bytes(as_bytes(message)), now_);
    run();
  }
  /// `message` is on its way, and so much of it has come.
  void server_is_sending(std::string_view message, std::size_t bytes) {
    static_cast<void>(connection_.receiving(transport_, as_bytes(message.substr(0, bytes))));
    run();
  }
  void server_closes(std::optional<std::uint16_t> code) {
    connection_.transport_closed(transport_, {.close_code = code, .reason = "because"}, now_);
    run();
  }

  // Time.

  [[nodiscard]] TimePoint now() const { return now_; }
  void wait(Duration duration) {
    const TimePoint end = now_ + duration;
    for (auto deadline = connection_.deadline(); deadline && *deadline <= end;
         deadline = connection_.deadline()) {
      now_ = std::max(now_, *deadline);
      connection_.advance(now_);
      run();
    }
    now_ = end;
    connection_.advance(now_);
    run();
  }

  /// Does the work that is asked for and takes what there is to send.
  void run() {
    bool goes_on = true;
    while (goes_on) {
      goes_on = false;
      while (std::optional<sync::Event> event = connection_.next_event()) {
        std::visit([&](auto& content) { handle(content); }, *event);
        goes_on = true;
      }
      while (!is_socket_full_) {
        std::optional<sync::OutgoingMessage> message = connection_.take_output(now_);
        if (!message) break;
        message->head.insert(message->head.end(), message->body.begin(), message->body.end());
        sent_.emplace_back(as_text(message->head));
        answer_if_ping(sent_.back());
        goes_on = true;
      }
    }
  }
  /// Whether the server answers PING at once, as it does unless told otherwise.
  void answer_pings(bool answers) { answers_pings_ = answers; }
  /// Nothing more is taken for sending, but by `take_message()`.
  void block_socket(bool is_full) {
    is_socket_full_ = is_full;
    run();
  }
  /// Takes a single message, and leaves the others to be made when they are taken.
  [[nodiscard]] std::optional<std::string> take_message() {
    const std::optional<sync::OutgoingMessage> message = connection_.take_output(now_);
    if (!message) return std::nullopt;
    std::string text(as_text(message->head));
    text += as_text(message->body);
    answer_if_ping(text);
    run();
    return text;
  }
  /// Session idents up to `last` are taken already, by sessions of another connection.
  void use_up_idents(SessionIdent last) {
    while (idents_.next() < last) {
    }
  }
  /// Work for replicas is kept until it is told to go on.
  void hold_work(bool is_held) {
    is_work_held_ = is_held;
    if (is_held) return;
    for (auto& work : std::exchange(held_work_, {}))
      std::visit([&](auto& content) { handle(content); }, work);
    run();
  }
  /// Work is done when it is asked for, but its results are kept until it is told to go on.
  void hold_results(bool is_held) {
    are_results_held_ = is_held;
    if (is_held) return;
    for (const auto& tell : std::exchange(held_results_, {})) tell();
    run();
  }
  [[nodiscard]] std::size_t held_work() const { return held_work_.size(); }

  // What was said since the last call.

  [[nodiscard]] std::vector<std::string> take_sent() { return std::exchange(sent_, {}); }
  /// News for the application in short words: "state 1 active", "wait 1/2 done".
  [[nodiscard]] std::vector<std::string> take_news() { return std::exchange(news_, {}); }
  [[nodiscard]] std::vector<sync::SessionFailed> take_errors() {
    return std::exchange(errors_, {});
  }
  [[nodiscard]] std::vector<double> take_estimates() { return std::exchange(estimates_, {}); }
  [[nodiscard]] bool is_closing_transport() { return std::exchange(closes_transport_, false); }
  [[nodiscard]] std::optional<sync::OpenTransport> take_attempt() {
    return std::exchange(attempt_, std::nullopt);
  }
  [[nodiscard]] std::optional<sync::RefreshCredentials> take_refresh() {
    return std::exchange(refresh_, std::nullopt);
  }

  [[nodiscard]] sync::ClientConnection& connection() { return connection_; }

 private:
  static std::string name(sync::SessionState state) {
    switch (state) {
      case sync::SessionState::kInactive: return "inactive";
      case sync::SessionState::kWaitingForAccessToken: return "waiting-for-token";
      case sync::SessionState::kActive: return "active";
      case sync::SessionState::kDying: return "dying";
      case sync::SessionState::kPaused: return "paused";
      case sync::SessionState::kResetting: return "resetting";
      case sync::SessionState::kClosed: return "closed";
    }
    return "?";
  }
  static std::string name(sync::ConnectionState state) {
    switch (state) {
      case sync::ConnectionState::kDisconnected: return "disconnected";
      case sync::ConnectionState::kConnecting: return "connecting";
      case sync::ConnectionState::kConnected: return "connected";
    }
    return "?";
  }
  void note(const std::string& what, sync::SessionKey session, const std::string& rest) {
    news_.push_back(what + " " + std::to_string(session.value()) + rest);
  }

  void answer_if_ping(const std::string& message) {
    if (!answers_pings_ || !message.starts_with("ping ")) return;
    const std::string pong = "pong " + message.substr(5, message.find(' ', 5) - 5) + "\n";
    connection_.receive(transport_, to_bytes(as_bytes(pong)), now_);
  }

  void handle(sync::OpenTransport& event) {
    transport_ = event.transport;
    attempt_ = std::move(event);
  }
  void handle(const sync::CloseTransport&) { closes_transport_ = true; }
  void handle(const sync::RefreshCredentials& event) { refresh_ = event; }
  void handle(const sync::UserLoggedOut&) { news_.emplace_back("logged out"); }
  void handle(const sync::StoreFileIdent& event) {
    if (is_work_held_) {
      held_work_.emplace_back(event);
      return;
    }
    sync::ClientSession* const session = connection_.find_session(event.session);
    try {
      session->file_ident_stored(replicas_.at(event.session)->store_file_ident(event.file_ident),
                                 now_);
    } catch (const Error& error) {
      session->file_ident_stored(error, now_);
    }
  }
  void handle(const sync::IntegrateDownload& event) {
    if (is_work_held_) {
      held_work_.emplace_back(event);
      return;
    }
    Result<sync::IntegrationResult> result = integrate(event);
    if (are_results_held_) {
      held_results_.emplace_back([this, key = event.session, result = std::move(result)] {
        connection_.find_session(key)->integrated(result, now_);
      });
      return;
    }
    connection_.find_session(event.session)->integrated(std::move(result), now_);
  }
  Result<sync::IntegrationResult> integrate(const sync::IntegrateDownload& event) {
    try {
      return replicas_.at(event.session)->integrate(*event.batch, event.first_entry);
    } catch (const Error& error) {
      return error;
    }
  }
  void handle(const sync::DownloadFreshCopy& event) { note("wants copy", event.session, ""); }
  void handle(const sync::ResetFile& event) { note("wants reset", event.session, ""); }
  void handle(const sync::SessionStateChanged& event) {
    note("state", event.session, " " + name(event.current));
  }
  void handle(const sync::ConnectionStateChanged& event) {
    note("connection", event.session, " " + name(event.current));
  }
  void handle(sync::SessionFailed& event) {
    note("error",
         event.session,
         " " + std::string(protocol::status_name(event.error.status)) +
             (event.error.is_fatal ? " fatal" : ""));
    errors_.push_back(std::move(event));
  }
  void handle(const sync::WaitSettled& event) {
    note("wait",
         event.session,
         "/" + std::to_string(event.wait.value()) + " " +
             (event.outcome ? "done" : std::string(error_code_name(event.outcome.error().code()))));
  }
  void handle(const sync::ProgressNotified& event) {
    note("progress",
         event.session,
         "/" + std::to_string(event.notifier.value()) + " " +
             std::to_string(event.progress.transferred) + "/" +
             std::to_string(event.progress.transferable) + (event.progress.is_last ? " last" : ""));
    estimates_.push_back(event.progress.estimate);
  }
  void handle(const sync::SessionClosed& event) {
    note("closed", event.session, "");
    replicas_.erase(event.session);
  }

  TimePoint now_{std::chrono::hours(1000)};
  sync::SessionIdents idents_;
  SeededRandom random_;
  sync::ClientConnection connection_;
  std::map<sync::SessionKey, std::shared_ptr<MemoryReplica>> replicas_;
  sync::TransportId transport_;
  bool answers_pings_ = true;
  bool is_socket_full_ = false;
  bool is_work_held_ = false;
  bool are_results_held_ = false;
  std::vector<std::function<void()>> held_results_;
  std::vector<std::variant<sync::StoreFileIdent, sync::IntegrateDownload>> held_work_;

  std::vector<std::string> sent_;
  std::vector<std::string> news_;
  std::vector<double> estimates_;
  std::vector<sync::SessionFailed> errors_;
  std::optional<sync::OpenTransport> attempt_;
  std::optional<sync::RefreshCredentials> refresh_;
  bool closes_transport_ = false;
};

}  // namespace tombolo::test
