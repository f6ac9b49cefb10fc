#include <array>
#include <cstdlib>
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

 private:
  struct File {
    ClientVersion uploaded;
    ServerVersion base;
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
    }
    if (upload.progress.client_version > file.uploaded)
      file = {upload.progress.client_version, upload.progress.server_version};
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
    EXPECT_GT(settled_by_success_, 0U);
  }

 private:
  struct WaitRecord {
    Direction direction;
    ClientVersion target;
    std::uint64_t server_version = 0;  ///< Of the server when the wait began.
    bool is_settled = false;
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
    switch (random_.below(26)) {
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
    for (const auto& [key, replica] : std::map(replicas_)) {
      if (ClientSession* const session = connection_.find_session(key)) session->resume(now_);
    }
    drain();
    for (int i = 0; i < 400 && !::testing::Test::HasFailure(); ++i) {
      serve(100);
      do_work();
      pass(1s);
    }
  }

  void begin_wait(ClientSession& session, Direction direction) {
    const ClientVersion newest = replicas_[session.key()]->newest();
    const WaitId wait = direction == Direction::kUpload ? session.wait_for_upload(now_)
                                                        : session.wait_for_download();
    const bool is_new = waits_
                            .emplace(std::pair(session.key(), wait),
                                     WaitRecord{direction, newest, server_.version(), false})
                            .second;
    EXPECT_TRUE(is_new);
  }

  /// Delivers up to `count` messages of the server's.
  void serve(std::uint64_t count) {
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
    is_connected_ = false;
    server_.disconnect();
    connection_.transport_closed(transport_, {}, now_);
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
        server_.receive(std::string(as_text(message->head)));
        goes_on = true;
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
    is_connected_ = false;
    server_.disconnect();
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
  void handle(const SessionStateChanged& event) { EXPECT_NE(event.previous, event.current); }
  void handle(const ConnectionStateChanged& event) {
    EXPECT_NE(event.previous, event.current);
    if (event.current == ConnectionState::kConnected) {
      EXPECT_EQ(event.previous, ConnectionState::kConnecting);
    }
  }
  void handle(const SessionFailed& event) {
    EXPECT_NE(event.error.status, protocol::SdkStatus::kSyncProtocolInvariantFailed)
        << event.error.error.describe();
  }
  void handle(const ProgressNotified&) {}
  void handle(const SessionClosed& event) { replicas_.erase(event.session); }
  void handle(const WaitSettled& event) {
    const auto key = std::pair(event.session, event.wait);
    WaitRecord& record = waits_.at(key);
    EXPECT_FALSE(record.is_settled) << "twice";
    record.is_settled = true;
    if (!event.outcome) return;
    ++settled_by_success_;
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
  std::map<SessionKey, std::shared_ptr<test::MemoryReplica>> replicas_;
  std::vector<std::variant<StoreFileIdent, IntegrateDownload>> work_;
  std::map<std::pair<SessionKey, WaitId>, WaitRecord> waits_;
  std::size_t settled_by_success_ = 0;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Pauses, resumes, closes, errors, cuts and refused work in any order: every wait settles once and
/// with the truth, no session ident is used twice, and nothing that was sent breaks the protocol.
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

}  // namespace
}  // namespace tombolo::sync
