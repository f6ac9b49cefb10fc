#include <array>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/codec.h"
#include "sync/client_connection.h"
#include "test/support/memory_replica.h"

namespace tombolo::sync {
namespace {

using namespace std::chrono_literals;

/// A server that keeps the protocol and counts versions, over as many connections as come. It
/// integrates nothing: what it is sent gets a version, and so does what "others" write.
class CountingServer {
 public:
  /// Forgets the connection, keeps the files.
  void disconnect() {
    bindings_.clear();
    outgoing_.clear();
  }

  void receive(const std::string& text) {
    const auto message = protocol::parse_client_message(as_bytes(text), {});
    ASSERT_TRUE(message) << message.error().describe() << ": " << text;
    std::visit([&](const auto& content) { handle(content); }, *message);
  }

  /// Others write to every file.
  void write() {
    ++version_;
    for (auto& [ident, binding] : bindings_) {
      if (binding.is_identified) send_download(ident, true);
    }
  }

  [[nodiscard]] std::vector<SessionIdent> sessions() const {
    std::vector<SessionIdent> idents;
    for (const auto& [ident, binding] : bindings_) idents.push_back(ident);
    return idents;
  }
  /// Ends a session with an error.
  void fail(SessionIdent ident, const std::string& action, int code, bool try_again) {
    send("json_error", code, ident.value(), action, try_again);
    bindings_.erase(ident);
    failed_.insert(ident);
  }
  void fail_connection(bool try_again) {
    outgoing_.clear();
    send("json_error", 100, 0, try_again ? "Transient" : "Warning", try_again);
  }

  /// The next message to a client; "" when there is none.
  [[nodiscard]] std::string take() {
    if (outgoing_.empty()) return {};
    std::string message = std::move(outgoing_.front());
    outgoing_.erase(outgoing_.begin());
    return message;
  }
  /// Newest client version of the file that is integrated here.
  [[nodiscard]] ClientVersion integrated(ClientFileIdent file) { return files_[file].uploaded; }
  [[nodiscard]] std::uint64_t version() const { return version_; }
  /// The entries that the file has sent, as they came, each once.
  [[nodiscard]] const std::vector<ClientVersion>& entries_of(ClientFileIdent file) {
    return files_[file].entries;
  }

 private:
  struct File {
    ClientVersion uploaded;
    ServerVersion base;
    std::vector<ClientVersion> entries;
  };
  struct Binding {
    ClientFileIdent file;
    std::uint64_t sent = 0;  ///< Server version that the client was brought to.
    ClientVersion sent_client_version;
    bool is_identified = false;
  };

  void handle(const protocol::Bind& bind) {
    // Only a session that was unbound may use its ident again.
    EXPECT_FALSE(bindings_.contains(bind.session)) << bind.session.value();
    failed_.erase(bind.session);
    bindings_[bind.session] = {};
    if (!bind.needs_client_file_ident) return;
    last_file_ = last_file_.next();
    outgoing_.push_back("ident " + std::to_string(bind.session.value()) + " " +
                        std::to_string(last_file_.value()) + " 77\n");
  }
  void handle(const protocol::ClientIdent& ident) {
    if (failed_.contains(ident.session)) return;
    Binding& binding = bindings_.at(ident.session);
    EXPECT_FALSE(binding.is_identified);
    EXPECT_LE(ident.download.server_version.value(), version_);
    binding = {.file = ident.client_file.ident,
               .sent = ident.download.server_version.value(),
               .sent_client_version = ident.download.client_version,
               .is_identified = true};
    send_download(ident.session, true);
  }
  void handle(const protocol::Upload& upload) {
    if (failed_.contains(upload.session)) return;
    Binding& binding = bindings_.at(upload.session);
    EXPECT_TRUE(binding.is_identified);
    EXPECT_LE(upload.progress.server_version.value(), binding.sent);
    Bytes scratch;
    const auto body = protocol::decode_body(upload.body, scratch);
    const auto entries = protocol::parse_upload_entries(*body);
    File& file = files_[binding.file];
    bool has_new_entry = false;
    for (const protocol::UploadEntry& entry : *entries) {
      EXPECT_LE(entry.client_version, upload.progress.client_version);
      if (entry.client_version <= file.uploaded) continue;
      has_new_entry = true;
      ++version_;
      file.entries.push_back(entry.client_version);
    }
    if (upload.progress.client_version > file.uploaded) {
      file.uploaded = upload.progress.client_version;
      file.base = upload.progress.server_version;
    }
    if (!has_new_entry) return;
    for (auto& [ident, other] : bindings_) {
      if (other.is_identified) send_download(ident, ident != upload.session);
    }
  }
  void handle(const protocol::Mark& mark) {
    if (failed_.contains(mark.session)) return;
    EXPECT_TRUE(bindings_.at(mark.session).is_identified);
    outgoing_.push_back("mark " + std::to_string(mark.session.value()) + " " +
                        std::to_string(mark.request.value()) + "\n");
  }
  void handle(const protocol::Unbind& unbind) {
    if (failed_.erase(unbind.session) > 0) return;
    EXPECT_EQ(bindings_.erase(unbind.session), 1U) << unbind.session.value();
    outgoing_.push_back("unbound " + std::to_string(unbind.session.value()) + "\n");
  }
  void handle(const protocol::Ping& ping) {
    outgoing_.push_back("pong " + std::to_string(ping.timestamp.count()) + "\n");
  }
  void handle(const protocol::ClientError& error) {
    if (failed_.contains(error.session)) return;
    fail(error.session, "Transient", 200, true);
  }
  void handle(const protocol::Query&) { FAIL(); }
  void handle(const protocol::TestCommand&) { FAIL(); }

  void send_download(SessionIdent ident, bool has_content) {
    Binding& binding = bindings_.at(ident);
    const File& file = files_[binding.file];
    Bytes body;
    if (has_content && binding.sent < version_) {
      protocol::append_entry(body,
                             protocol::DownloadEntry{.server_version = ServerVersion(version_),
                                                     .client_version = file.uploaded,
                                                     .origin_file_ident = kServerFileIdent,
                                                     .original_changeset_bytes = 3,
                                                     .changeset = as_bytes("ABC")});
    }
    binding.sent = version_;
    binding.sent_client_version = file.uploaded;
    const std::string version = std::to_string(version_);
    const std::string uploaded = std::to_string(file.uploaded.value());
    outgoing_.push_back("download " + std::to_string(ident.value()) + " " + version + " " +
                        uploaded + " " + version + " 5 " + uploaded + " " +
                        std::to_string(file.base.value()) + " 0 0 " + std::to_string(body.size()) +
                        " 0\n" + std::string(as_text(body)));
  }
  void send(const std::string& name,
            int code,
            std::uint64_t session,
            const std::string& action,
            bool try_again) {
    const std::string body = R"({"action":")" + action +
                             R"(","isRecoveryModeDisabled":false,"logURL":"","message":"m",)" +
                             R"("shouldClientReset":false,"tryAgain":)" +
                             (try_again ? "true}" : "false}");
    outgoing_.push_back(name + " " + std::to_string(code) + " " + std::to_string(body.size()) +
                        " " + std::to_string(session) + "\n" + body);
  }

  std::uint64_t version_ = 0;
  ClientFileIdent last_file_{1};
  std::map<ClientFileIdent, File> files_;
  std::map<SessionIdent, Binding> bindings_;
  std::set<SessionIdent> failed_;  ///< Their UNBIND is to come and gets no answer.
  std::vector<std::string> outgoing_;
};

/// One run: a connection with a few sessions, a server, and a seed that decides what happens next.
/// Messages are on their way until they are delivered, in both directions, and lost when the
/// connection is cut.
class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed)
      : random_(seed),
        machine_random_(seed + 1),
        connection_(options(), idents_, machine_random_, null_logger()) {}

  void run(int steps) {
    for (int i = 0; i < 3; ++i) open();
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
    heal();
    for (const auto& [wait, record] : waits_)
      EXPECT_TRUE(record.is_settled)
          << (record.direction == Direction::kUpload ? "upload" : "download") << " wait "
          << wait.second.value() << " of session " << wait.first.value() << ", which is in state "
          << static_cast<int>(connection_.find_session(wait.first)->state());
    check_convergence();
  }

  /// A new file with local changes at a server with others' changes, and a wait each way. The
  /// connection is cut before each message whose number, counted over both directions, is in
  /// `cuts`. Returns how many messages there were.
  std::size_t run_with_cuts(const std::set<std::size_t>& cuts) {
    is_healing_ = true;
    open();
    ClientSession& session = *any_session();
    for (int i = 0; i < 3; ++i) replicas_[session.key()]->commit("local");
    session.local_change(now_);
    server_.write();
    server_.write();
    begin_wait(session, Direction::kUpload);
    begin_wait(session, Direction::kDownload);
    drain();
    for (int i = 0; i < 200; ++i) {
      while (deliver_one(cuts)) {
      }
      do_work();
      pass(1s);
    }
    for (const auto& [wait, record] : waits_) EXPECT_TRUE(record.has_succeeded);
    check_convergence();
    return message_count_;
  }

 private:
  struct WaitRecord {
    Direction direction;
    ClientVersion target;
    std::uint64_t server_version = 0;  ///< Of the server when the wait began.
    bool is_settled = false;
    bool has_succeeded = false;
  };
  struct NotifierRecord {
    ProgressMode mode;
    std::optional<ProgressNotification> last;
  };

  static ConnectionOptions options() {
    ConnectionOptions options;
    options.route = {.url = "ws://sync.test/", .state = protocol::RouteState::kVerified};
    options.unintegrated_bytes_max = 200;
    return options;
  }

  void open() {
    const auto replica = std::make_shared<test::MemoryReplica>();
    if (random_.below(2) == 0) replica->commit_in_slices_of(1);
    SessionOptions options{.partition = "1"};
    options.delay_uploads_until_downloaded = random_.below(2) == 0;
    if (random_.below(2) == 0) {
      options.progress_delay = 50ms;
      options.idle_progress_delay = 400ms;
    }
    ClientSession& session = connection_.open_session(replica, options);
    replicas_[session.key()] = replica;
    session.activate(now_);
    drain();
  }

  ClientSession* any_session() {
    if (replicas_.empty()) return nullptr;
    auto position = replicas_.begin();
    std::advance(position, random_.below(replicas_.size()));
    return connection_.find_session(position->first);
  }

  void step() {
    ClientSession* const session = any_session();
    switch (random_.below(30)) {
      case 0:
      case 1:
      case 2:
      case 3: serve(1 + random_.below(5)); break;
      case 4:
      case 5:
      case 6: do_work(); break;
      case 7:
      case 8:
        if (session == nullptr) break;
        replicas_[session->key()]->commit("local");
        session->local_change(now_);
        break;
      case 9:
      case 10:
        if (session != nullptr) begin_wait(*session, Direction::kUpload);
        break;
      case 11:
      case 12:
        if (session != nullptr) begin_wait(*session, Direction::kDownload);
        break;
      case 13:
        if (session != nullptr) session->pause(now_);
        break;
      case 14:
      case 15:
        if (session != nullptr) session->resume(now_);
        break;
      case 16: cut(); break;
      case 17: pass(Duration(std::chrono::milliseconds(random_.below(4000)))); break;
      case 18: server_.write(); break;
      case 19: fail_something(); break;
      case 20:
        if (session != nullptr && random_.below(3) == 0) {
          random_.below(2) == 0 ? session->close(now_) : session->release(now_);
          open();
        }
        break;
      case 21:
        if (session != nullptr && random_.below(4) == 0)
          replicas_[session->key()]->refuse_next_integration(
              Error(random_.below(2) == 0 ? ErrorCode::kDiskFull : ErrorCode::kBadChangeset, "no"));
        break;
      case 22: connection_.reconnect(now_); break;
      case 23: is_socket_full_ = !is_socket_full_; break;
      case 26: corrupt_one(); break;
      case 27:  // The device slept.
        now_ += std::chrono::hours(1 + random_.below(72));
        connection_.advance(now_);
        break;
      case 28:
      case 29: {
        if (session == nullptr) break;
        const auto direction = random_.below(2) == 0 ? Direction::kUpload : Direction::kDownload;
        const auto mode = random_.below(2) == 0 ? ProgressMode::kCurrent : ProgressMode::kStreaming;
        const NotifierId notifier = session->add_progress_notifier(direction, mode, now_);
        notifiers_.emplace(std::pair(session->key(), notifier), NotifierRecord{mode, {}});
        break;
      }
      case 24:
      case 25: {
        const auto direction = random_.below(2) == 0 ? Direction::kUpload : Direction::kDownload;
        if (session == nullptr) break;
        random_.below(2) == 0 ? session->pause(direction, now_) : session->resume(direction, now_);
        break;
      }
    }
    drain();
  }

  /// No more faults: everything has to come to rest, with every wait settled.
  void heal() {
    is_healing_ = true;
    is_socket_full_ = false;
    resume_all();
    come_to_rest();  // After what was on its way already.
    resume_all();
    std::vector<std::pair<SessionKey, WaitId>> last_waits;
    for (const auto& [key, replica] : std::map(replicas_)) {
      ClientSession& session = *connection_.find_session(key);
      last_waits.emplace_back(key, begin_wait(session, Direction::kUpload));
      last_waits.emplace_back(key, begin_wait(session, Direction::kDownload));
    }
    come_to_rest();
    for (const auto& wait : last_waits) EXPECT_TRUE(waits_.at(wait).has_succeeded);
  }
  void resume_all() {
    for (const auto& [key, replica] : std::map(replicas_)) {
      connection_.find_session(key)->resume(now_);
      drain();
    }
  }
  void come_to_rest() {
    for (int i = 0; i < 200 && !::testing::Test::HasFailure(); ++i) {
      serve(100);
      do_work();
      pass(1s);
    }
  }

  /// What holds once nothing fails any more.
  void check_convergence() {
    for (const auto& [key, replica] : replicas_) {
      const ReplicaState state = replica->state();
      ASSERT_TRUE(state.file_ident);
      std::vector<ClientVersion> written;
      static_cast<void>(replica->scan_local_changes({}, [&](const protocol::UploadEntry& entry) {
        written.push_back(entry.client_version);
        return true;
      }));
      EXPECT_EQ(server_.entries_of(state.file_ident->ident), written) << "each, once, in order";
      EXPECT_EQ(state.progress.download.server_version.value(), server_.version());
    }
    for (const auto& [name, record] : notifiers_) {
      ASSERT_TRUE(record.last) << "nothing was ever told";
      EXPECT_EQ(record.last->transferred, record.last->transferable);
      EXPECT_EQ(record.last->is_last, record.mode == ProgressMode::kCurrent);
    }
  }

  WaitId begin_wait(ClientSession& session, Direction direction) {
    const ClientVersion newest = replicas_[session.key()]->newest();
    const WaitId wait = direction == Direction::kUpload ? session.wait_for_upload(now_)
                                                        : session.wait_for_download();
    const bool is_new = waits_
                            .emplace(std::pair(session.key(), wait),
                                     WaitRecord{direction, newest, server_.version()})
                            .second;
    EXPECT_TRUE(is_new);
    return wait;
  }

  /// Delivers the next message of either side, or cuts the connection before it.
  bool deliver_one(const std::set<std::size_t>& cuts) {
    if (!is_connected_) return false;
    const bool is_ours = !to_server_.empty();
    const std::string message = is_ours ? take_ours() : server_.take();
    if (message.empty()) return false;
    if (cuts.contains(++message_count_)) {
      cut();
    } else if (is_ours) {
      server_.receive(message);
    } else {
      connection_.receive(transport_, to_bytes(as_bytes(message)), now_);
    }
    drain();
    return true;
  }
  std::string take_ours() {
    std::string message = std::move(to_server_.front());
    to_server_.pop_front();
    return message;
  }

  /// The server's next message comes twice, or not whole.
  void corrupt_one() {
    if (!is_connected_ || random_.below(8) != 0) return;
    std::string message = server_.take();
    if (message.empty()) return;
    may_break_protocol_ = true;
    if (random_.below(2) == 0) {
      message.resize(random_.below(message.size()));
    } else {
      connection_.receive(transport_, to_bytes(as_bytes(message)), now_);
      drain();
    }
    connection_.receive(transport_, to_bytes(as_bytes(message)), now_);
  }

  /// Delivers up to `count` messages each way.
  void serve(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count && !to_server_.empty(); ++i) server_.receive(take_ours());
    for (; count > 0 && is_connected_ && connection_.wants_input(); --count) {
      const std::string message = server_.take();
      if (message.empty()) return;
      connection_.receive(transport_, to_bytes(as_bytes(message)), now_);
      drain();
    }
  }

  void do_work() {
    for (auto& event : std::exchange(work_, {})) {
      std::visit([&](const auto& content) { work(content); }, event);
      drain();
    }
  }
  void work(const StoreFileIdent& event) {
    connection_.find_session(event.session)
        ->file_ident_stored(replicas_.at(event.session)->store_file_ident(event.file_ident), now_);
  }
  void work(const IntegrateDownload& event) {
    connection_.find_session(event.session)
        ->integrated(replicas_.at(event.session)->integrate(*event.batch, event.first_entry), now_);
  }

  void cut() {
    if (!is_connected_) return;
    lose_connection();
    connection_.transport_closed(transport_, {}, now_);
  }

  void lose_connection() {
    is_connected_ = false;
    to_server_.clear();
    server_.disconnect();
  }

  void pass(Duration duration) {
    const TimePoint end = now_ + duration;
    for (int i = 0; i < 1000; ++i) {
      const auto deadline = connection_.deadline();
      if (!deadline || *deadline > end) break;
      now_ = std::max(now_, *deadline);
      connection_.advance(now_);
      drain();
      ASSERT_LT(i, 999) << "time stands still";
    }
    now_ = end;
    connection_.advance(now_);
    drain();
  }

  void fail_something() {
    if (!is_connected_) return;
    if (random_.below(5) == 0) {
      server_.fail_connection(random_.below(2) == 0);
      return;
    }
    const std::vector<SessionIdent> sessions = server_.sessions();
    if (sessions.empty()) return;
    static constexpr std::array kActions{"Transient", "Warning", "ApplicationBug", "RefreshUser"};
    // Drawn one after the other: compilers order the arguments of a call as they like.
    const SessionIdent session = sessions[random_.below(sessions.size())];
    const char* const action = kActions[random_.below(kActions.size())];
    const int code = random_.below(2) == 0 ? 200 : 201;
    const bool tries_again = random_.below(2) == 0;
    server_.fail(session, action, code, tries_again);
  }

  void drain() {
    bool goes_on = true;
    while (goes_on) {
      goes_on = false;
      while (std::optional<Event> event = connection_.next_event()) {
        std::visit([&](auto& content) { handle(content); }, *event);
        goes_on = true;
      }
      while (!is_socket_full_) {
        std::optional<OutgoingMessage> message = connection_.take_output(now_);
        if (!message) break;
        EXPECT_TRUE(is_connected_) << "output without a connection";
        message->head.insert(message->head.end(), message->body.begin(), message->body.end());
        to_server_.emplace_back(as_text(message->head));
        goes_on = true;
      }
    }
    // No delay is ever longer than the longest.
    if (const auto next = connection_.next_attempt()) {
      EXPECT_LE(*next - now_, BackoffParameters().delay_max);
    }
    for (const auto& [key, replica] : replicas_) {
      const ClientSession* const session = connection_.find_session(key);
      if (session != nullptr && session->next_resumption()) {
        EXPECT_LE(*session->next_resumption() - now_, BackoffParameters().delay_max);
      }
    }
  }

  void handle(const OpenTransport& event) {
    EXPECT_FALSE(is_connected_);
    transport_ = event.transport;
    server_.disconnect();
    if (!is_healing_ && random_.below(4) == 0) {
      connection_.transport_failed(transport_, {}, now_);
      return;
    }
    is_connected_ = true;
    connection_.transport_opened(transport_, "com.mongodb.realm-sync#14", now_);
  }
  void handle(const CloseTransport& event) {
    EXPECT_EQ(event.transport, transport_);
    lose_connection();
  }
  void handle(const RefreshCredentials&) {
    if (random_.below(3) == 0) {
      connection_.refresh_failed({.error = Error(ErrorCode::kNetwork, "no")}, now_);
    } else {
      connection_.credentials_refreshed({"token", {}}, std::nullopt, now_);
    }
  }
  void handle(const UserLoggedOut&) {}
  void handle(const StoreFileIdent& event) { work_.emplace_back(event); }
  void handle(const IntegrateDownload& event) { work_.emplace_back(event); }
  // Client resets have runs of their own, with real files: test/sim.
  void handle(const DownloadFreshCopy&) { ADD_FAILURE(); }
  void handle(const ResetFile&) { ADD_FAILURE(); }
  void handle(const SessionStateChanged& event) { EXPECT_NE(event.previous, event.current); }
  void handle(const ConnectionStateChanged& event) {
    EXPECT_NE(event.previous, event.current);
    if (event.current == ConnectionState::kConnected) {
      EXPECT_EQ(event.previous, ConnectionState::kConnecting);
    }
  }
  void handle(const SessionFailed& event) {
    if (may_break_protocol_) return;
    EXPECT_NE(event.error.status, protocol::SdkStatus::kSyncProtocolInvariantFailed)
        << event.error.error.describe();
  }
  void handle(const ProgressNotified& event) {
    NotifierRecord& record = notifiers_.at({event.session, event.notifier});
    const ProgressNotification& progress = event.progress;
    if (record.last) {
      EXPECT_FALSE(record.last->is_last);
      EXPECT_GE(progress.transferred, record.last->transferred);
      const bool is_same_transfer = record.last->transferred < record.last->transferable;
      if (is_same_transfer) {
        EXPECT_GE(progress.estimate, record.last->estimate);
      }
    }
    EXPECT_LE(progress.transferred, progress.transferable);
    EXPECT_GE(progress.estimate, 0);
    EXPECT_LE(progress.estimate, 1);
    if (progress.transferred == progress.transferable) {
      EXPECT_EQ(progress.estimate, 1);
    }
    record.last = progress;
  }
  void handle(const SessionClosed& event) {
    replicas_.erase(event.session);
    std::erase_if(notifiers_,
                  [&](const auto& entry) { return entry.first.first == event.session; });
  }
  void handle(const WaitSettled& event) {
    const auto key = std::pair(event.session, event.wait);
    WaitRecord& record = waits_.at(key);
    EXPECT_FALSE(record.is_settled) << "twice";
    record.is_settled = true;
    if (!event.outcome) return;
    record.has_succeeded = true;
    test::MemoryReplica& replica = *replicas_.at(event.session);
    const auto state = replica.state();
    if (record.direction == Direction::kDownload) {
      EXPECT_GE(state.progress.download.server_version.value(), record.server_version) << "early";
      return;
    }
    // Everything up to the target that has content is at the server.
    const ClientVersion at_server =
        state.file_ident ? server_.integrated(state.file_ident->ident) : ClientVersion{};
    const auto reached =
        replica.scan_local_changes(at_server, [](const protocol::UploadEntry&) { return false; });
    EXPECT_GE(reached.client_version, record.target) << "early";
  }

  TimePoint now_{1000h};
  SessionIdents idents_;
  SeededRandom random_;
  SeededRandom machine_random_;
  ClientConnection connection_;
  CountingServer server_;
  TransportId transport_;
  bool is_connected_ = false;
  bool is_socket_full_ = false;
  bool is_healing_ = false;
  bool may_break_protocol_ = false;  ///< The server did.
  std::deque<std::string> to_server_;
  std::size_t message_count_ = 0;
  std::map<std::pair<SessionKey, NotifierId>, NotifierRecord> notifiers_;
  std::map<SessionKey, std::shared_ptr<test::MemoryReplica>> replicas_;
  std::vector<std::variant<StoreFileIdent, IntegrateDownload>> work_;
  std::map<std::pair<SessionKey, WaitId>, WaitRecord> waits_;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Pauses, resumes, closes, errors, cuts, delays, repeated and broken messages, sleep and refused
/// work in any order: every wait settles once and with the truth, progress is monotone and ends, no
/// change is lost or comes twice, no delay is longer than it may be, no session ident is used
/// twice, nothing that was sent breaks the protocol, and after the last fault all converge.
/// TOMBOLO_RANDOM_SEED says with which seed to begin, TOMBOLO_RANDOM_RUNS how many runs to make.
TEST(ClientRandom, SettlesEveryWaitWithTheTruthWhateverHappens) {
  const std::uint64_t first = number_from("TOMBOLO_RANDOM_SEED", 1);
  const std::uint64_t runs = number_from("TOMBOLO_RANDOM_RUNS", first == 1 ? 500 : 1);
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    SCOPED_TRACE("repeat with TOMBOLO_RANDOM_SEED=" + std::to_string(seed));
    RandomRun(seed).run(300);
    if (HasFailure()) break;
  }
}

TEST(ClientRandom, LosesNothingWhereverTheConnectionIsCut) {
  const std::size_t messages = RandomRun(1).run_with_cuts({});
  ASSERT_GE(messages, 8U);
  for (std::size_t first = 1; first <= messages; ++first) {
    for (std::size_t second = first + 1; second <= first + messages + 1; ++second) {
      SCOPED_TRACE("cut before messages " + std::to_string(first) + " and " +
                   std::to_string(second));
      RandomRun(1).run_with_cuts({first, second});
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace tombolo::sync
