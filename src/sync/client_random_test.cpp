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

#include "sync/client_connection.h"
#include "sync/client_reset.h"
#include "test/support/counting_server.h"
#include "test/support/memory_replica.h"

namespace tombolo::sync {
namespace {

using namespace std::chrono_literals;

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
    for (int i = 0; i < 3; ++i) files_[session.key()].replica->commit("local");
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

  [[nodiscard]] std::size_t reset_count() const noexcept { return reset_count_; }

 private:
  struct WaitRecord {
    Direction direction;
    ClientVersion target;
    std::uint64_t server_version = 0;  ///< Of the server when the wait began.
    bool is_settled = false;
    bool has_succeeded = false;
    std::string failure = {};
  };
  /// A file, and what a client reset keeps of it and for it.
  struct File {
    std::shared_ptr<test::MemoryReplica> replica;
    SessionOptions options;
    protocol::Action action = protocol::Action::kClientReset;
    std::optional<ResetAttempt> attempt;
    std::set<WaitId> attempt_waits;
    std::shared_ptr<test::MemoryReplica> copy;
    std::optional<SessionKey> copy_session;
  };
  struct Copy {
    SessionKey of;
    std::shared_ptr<test::MemoryReplica> replica;
    std::optional<Result<void>> outcome;  ///< Of its download.
  };
  struct NotifierRecord {
    ProgressMode mode;
    std::optional<ProgressNotification> last;
  };

  static constexpr std::uint16_t kMessageTooBig = 1009;

  [[nodiscard]] test::MemoryReplica& replica_of(SessionKey key) {
    const auto copy = copies_.find(key);
    return copy == copies_.end() ? *files_.at(key).replica : *copy->second.replica;
  }

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
    options.client_reset = static_cast<ClientResetMode>(random_.below(4));
    if (random_.below(2) == 0) {
      options.progress_delay = 50ms;
      options.idle_progress_delay = 400ms;
    }
    ClientSession& session = connection_.open_session(replica, options);
    files_[session.key()] = {.replica = replica, .options = options};
    session.activate(now_);
    drain();
  }

  ClientSession* any_session() {
    if (files_.empty()) return nullptr;
    auto position = files_.begin();
    std::advance(position, random_.below(files_.size()));
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
        files_[session->key()].replica->commit("local");
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
      case 16: random_.below(8) == 0 ? cut(kMessageTooBig) : cut(); break;
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
          files_[session->key()].replica->refuse_next_integration(
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
    // What was on its way already may end a session, and what it finds then the next one.
    for (int round = 0; round < 3; ++round) {
      resume_all();
      come_to_rest();
    }
    resume_all();
    std::vector<std::pair<SessionKey, WaitId>> last_waits;
    for (const auto& [key, file] : std::map(files_)) {
      ClientSession& session = *connection_.find_session(key);
      last_waits.emplace_back(key, begin_wait(session, Direction::kUpload));
      last_waits.emplace_back(key, begin_wait(session, Direction::kDownload));
    }
    come_to_rest();
    for (const auto& wait : last_waits) {
      EXPECT_TRUE(waits_.at(wait).has_succeeded) << waits_.at(wait).failure;
    }
  }
  void resume_all() {
    for (const auto& [key, file] : std::map(files_)) {
      if (ClientSession* const session = connection_.find_session(key)) session->resume(now_);
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
    for (const auto& [key, file] : files_) {
      const ReplicaState state = file.replica->state();
      ASSERT_TRUE(state.file_ident);
      std::vector<ClientVersion> written;
      static_cast<void>(
          file.replica->scan_local_changes({}, [&](const protocol::UploadEntry& entry) {
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
    const ClientVersion newest = files_[session.key()].replica->newest();
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
    ClientSession* const session = connection_.find_session(event.session);
    session->file_ident_stored(replica_of(event.session).store_file_ident(event.file_ident), now_);
  }
  void work(const IntegrateDownload& event) {
    ClientSession* const session = connection_.find_session(event.session);
    session->integrated(replica_of(event.session).integrate(*event.batch, event.first_entry), now_);
  }
  void work(const ResetFile& event) {
    connection_.find_session(event.session)->file_reset(reset(files_.at(event.session)), now_);
  }

  // Client reset: what the client layer does with real files.

  /// Makes the file what its fresh copy is. Returns why that is not possible.
  std::optional<SyncError> reset(File& file) {
    const auto copy = std::exchange(file.copy, nullptr);
    const auto method = choose_reset_method(file.options.client_reset, file.action, file.attempt);
    if (!method) return SyncError{.error = method.error(), .is_fatal = true};
    file.attempt = ResetAttempt{*method, file.action};
    const ReplicaState state = copy->state();
    file.replica->reset(*state.file_ident,
                        state.progress.download.server_version,
                        *method == ResetMethod::kRecover);
    ++reset_count_;
    return std::nullopt;
  }
  /// The attempt is forgotten when all was uploaded and downloaded after it.
  void watch_attempt(SessionKey key) {
    File& file = files_.at(key);
    if (!file.attempt || !file.attempt_waits.empty()) return;
    ClientSession& session = *connection_.find_session(key);
    file.attempt_waits.insert(begin_wait(session, Direction::kUpload));
    file.attempt_waits.insert(begin_wait(session, Direction::kDownload));
  }
  void download_copy(SessionKey key) {
    File& file = files_.at(key);
    if (!file.copy) file.copy = std::make_shared<test::MemoryReplica>();
    ClientSession& copy = connection_.open_session(
        file.copy, {.partition = file.options.partition, .is_fresh_copy = true});
    file.copy_session = copy.key();
    copies_[copy.key()] = {.of = key, .replica = file.copy, .outcome = std::nullopt};
    copy.activate(now_);
    static_cast<void>(copy.wait_for_download());
  }
  void copy_settled(SessionKey copy, const Result<void>& outcome) {
    copies_.at(copy).outcome = outcome;
    connection_.find_session(copy)->close(now_);
  }
  void copy_closed(SessionKey copy) {
    const auto [key, replica, outcome] = copies_.extract(copy).mapped();
    const auto found = files_.find(key);
    if (found == files_.end()) return;
    File& file = found->second;
    file.copy_session.reset();
    ClientSession* const session = connection_.find_session(key);
    const bool is_wanted = session != nullptr && session->state() == SessionState::kResetting;
    if (outcome && !*outcome && outcome->error().code() != ErrorCode::kClosed) file.copy.reset();
    if (!is_wanted) return;
    if (outcome && *outcome) {
      session->reset_file(now_);
    } else if (outcome && !file.copy) {
      session->reset_failed({.error = outcome->error(), .is_fatal = true}, now_);
    } else {
      download_copy(key);  // It was given up, and then wanted again.
    }
  }
  /// What the application does when a reset is left to it: the file is put aside and begun anew.
  void put_aside_what_ended() {
    for (const SessionKey key : std::exchange(ended_, {})) {
      ClientSession* const session = connection_.find_session(key);
      if (session == nullptr) continue;
      session->close(now_);
      open();
    }
  }

  void cut(std::optional<std::uint16_t> close_code = std::nullopt) {
    if (!is_connected_) return;
    lose_connection();
    connection_.transport_closed(
        transport_, {.close_code = close_code, .reason = std::string()}, now_);
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
    if (random_.below(3) == 0) {
      const SessionIdent forgotten = sessions[random_.below(sessions.size())];
      server_.forget(forgotten, random_.below(3) > 0);
      return;
    }
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
      if (!ended_.empty()) {
        put_aside_what_ended();
        goes_on = true;
      }
    }
    // No delay is ever longer than the longest.
    if (const auto next = connection_.next_attempt()) {
      EXPECT_LE(*next - now_, BackoffParameters().delay_max);
    }
    for (const auto& [key, file] : files_) {
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
  void handle(const DownloadFreshCopy& event) {
    File& file = files_.at(event.session);
    file.action = *event.cause.action;
    // One that was given up is still on its way out: it is begun again when that has closed.
    if (!file.copy_session) download_copy(event.session);
  }
  void handle(const ResetFile& event) { work_.emplace_back(event); }
  void handle(const SessionStateChanged& event) {
    EXPECT_NE(event.previous, event.current);
    const auto found = files_.find(event.session);
    if (found == files_.end()) return;
    const File& file = found->second;
    if (file.copy_session && event.current != SessionState::kResetting) {
      connection_.find_session(*file.copy_session)->close(now_);
    }
    if (event.current == SessionState::kActive) watch_attempt(event.session);
  }
  void handle(const ConnectionStateChanged& event) {
    EXPECT_NE(event.previous, event.current);
    if (event.current == ConnectionState::kConnected) {
      EXPECT_EQ(event.previous, ConnectionState::kConnecting);
    }
  }
  void handle(const SessionFailed& event) {
    const bool is_reset = event.error.error.code() == ErrorCode::kClientReset;
    if (files_.contains(event.session) && is_reset) {
      EXPECT_TRUE(event.error.is_fatal);
      ended_.insert(event.session);
    }
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
    if (copies_.contains(event.session)) return copy_closed(event.session);
    if (const auto copy = files_.at(event.session).copy_session) {
      connection_.find_session(*copy)->close(now_);
    }
    files_.erase(event.session);
    std::erase_if(notifiers_,
                  [&](const auto& entry) { return entry.first.first == event.session; });
  }
  void handle(const WaitSettled& event) {
    if (copies_.contains(event.session)) return copy_settled(event.session, event.outcome);
    const auto key = std::pair(event.session, event.wait);
    File& file = files_.at(event.session);
    if (file.attempt_waits.erase(event.wait) > 0) {
      if (!event.outcome) file.attempt_waits.clear();
      if (event.outcome && file.attempt_waits.empty()) file.attempt.reset();
    }
    WaitRecord& record = waits_.at(key);
    EXPECT_FALSE(record.is_settled) << "twice";
    record.is_settled = true;
    if (!event.outcome) {
      record.failure = event.outcome.error().describe();
      return;
    }
    record.has_succeeded = true;
    const test::MemoryReplica& replica = *file.replica;
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
  test::CountingServer server_;
  TransportId transport_;
  bool is_connected_ = false;
  bool is_socket_full_ = false;
  bool is_healing_ = false;
  bool may_break_protocol_ = false;  ///< The server did.
  std::deque<std::string> to_server_;
  std::size_t message_count_ = 0;
  std::map<std::pair<SessionKey, NotifierId>, NotifierRecord> notifiers_;
  std::map<SessionKey, File> files_;
  std::map<SessionKey, Copy> copies_;  ///< By the sessions that download them.
  std::set<SessionKey> ended_;         ///< Their reset is left to the application.
  std::size_t reset_count_ = 0;
  std::vector<std::variant<StoreFileIdent, IntegrateDownload, ResetFile>> work_;
  std::map<std::pair<SessionKey, WaitId>, WaitRecord> waits_;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Pauses, resumes, closes, errors, client resets in every mode, cuts, delays, repeated and broken
/// messages, sleep and refused work in any order: every wait settles once and with the truth,
/// progress is monotone and ends, no change is lost or comes twice, no delay is longer than it may
/// be, no session ident is used twice, nothing that was sent breaks the protocol, and after the
/// last fault all converge. TOMBOLO_RANDOM_SEED says with which seed to begin, TOMBOLO_RANDOM_RUNS
/// how many runs to make.
TEST(ClientRandom, SettlesEveryWaitWithTheTruthWhateverHappens) {
  const std::uint64_t first = number_from("TOMBOLO_RANDOM_SEED", 1);
  const std::uint64_t runs = number_from("TOMBOLO_RANDOM_RUNS", first == 1 ? 500 : 1);
  std::size_t resets = 0;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    SCOPED_TRACE("repeat with TOMBOLO_RANDOM_SEED=" + std::to_string(seed));
    RandomRun run(seed);
    run.run(300);
    resets += run.reset_count();
    if (HasFailure()) break;
  }
  EXPECT_GT(resets, runs / 10) << "too few to tell anything";
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
