#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/changeset_entry.h"
#include "protocol/codec.h"
#include "test/support/client_bench.h"
#include "test/support/recorded_traffic.h"

/// Recorded servers against our client: its machines are fed what the server sent, and have to send
/// what the recorded client did, message by message and byte by byte, except
/// - the body of an UPLOAD, which may be compressed in another way, and the text of an error,
/// - the times in PING and the moment of it,
/// - what is still to be sent when the recorded client hangs up.
///
/// What the recorded client's program did is read off its messages: its commits off the entries it
/// uploaded, its waits off its MARKs. A message of the server's is delivered when the next one of
/// the client's can be explained by it, and not before, so it does not matter how the two crossed.

namespace tombolo::sync {
namespace {

using test::RecordedEvent;
using test::RecordedKind;
using test::RecordedSource;

/// A client file, and the commits that the recorded program will have made in it.
struct RecordedFile {
  struct Commit {
    OriginTimestamp timestamp;
    Bytes changeset;
  };
  std::shared_ptr<test::MemoryReplica> replica = std::make_shared<test::MemoryReplica>();
  std::map<ClientVersion, Commit> commits;
};

/// One client program: it keeps its sessions when its connection is lost.
struct RecordedProgram {
  test::ClientBench bench;
  std::map<SessionIdent, SessionKey> sessions;
  std::map<SessionIdent, std::deque<std::string>> sent;  ///< By ours, not yet by theirs.
  std::map<SessionIdent, RequestIdent> marks;            ///< The last one that was sent.
  std::map<SessionIdent, std::map<RequestIdent, std::vector<WaitId>>> waits;
  bool has_reconnected = false;
};

struct RecordedConnection {
  std::shared_ptr<RecordedProgram> program;
  std::string sub_protocol;
  std::deque<Bytes> arriving;  ///< What the server has sent and our client not yet received.
  bool is_over = false;
  bool is_lost = false;  ///< It is over, and not because the client hung up.
  bool is_replaced = false;
};

/// An error as the application heard of it: "BadChangeset", "SyncClientResetRequired fatal".
using HeardError = std::string;

Bytes entries_of(const protocol::BodyView& body) {
  Bytes scratch;
  const auto entries = protocol::decode_body(body, scratch);
  return entries ? to_bytes(*entries) : Bytes{};
}

std::optional<SessionIdent> session_of(const protocol::ClientMessage& message) {
  return std::visit(
      [](const auto& content) -> std::optional<SessionIdent> {
        if constexpr (requires { content.session; }) return content.session;
        return std::nullopt;
      },
      message);
}

/// Plays the server's part of a recording to our client.
class Replay {
 public:
  explicit Replay(const std::string& name)
      : events_(test::read_recording(std::string(TOMBOLO_TEST_DATA) + "/wire/pbs/" + name)) {
    read_ahead();
    for (const RecordedEvent& event : events_) {
      SCOPED_TRACE("at " + std::to_string(event.time.count()) + " ms, connection " +
                   std::to_string(event.connection) + ": " + event.text.substr(0, 60));
      play(event);
      if (::testing::Test::HasFailure()) return;
    }
  }

  std::size_t messages_compared = 0;
  std::multiset<HeardError> recorded_errors;
  std::multiset<HeardError> our_errors;

 private:
  using SessionName = std::pair<std::uint32_t, SessionIdent>;  ///< Connection and ident.

  /// Finds out which file each session syncs and what will be committed there.
  void read_ahead() {
    for (const RecordedEvent& event : events_) {
      if (event.source != RecordedSource::kClientToServer || event.kind != RecordedKind::kBinary)
        continue;
      const auto message = protocol::parse_client_message(event.bytes, {});
      ASSERT_TRUE(message) << event.text;
      if (const auto* ident = std::get_if<protocol::ClientIdent>(&*message)) {
        auto& file = files_[{ident->client_file.ident, ident->client_file.salt}];
        if (!file) file = std::make_shared<RecordedFile>();
        file_of_[{event.connection, ident->session}] = file;
      } else if (const auto* upload = std::get_if<protocol::Upload>(&*message)) {
        const Bytes body = entries_of(upload->body);
        const auto entries = protocol::parse_upload_entries(body);
        ASSERT_TRUE(entries) << event.text;
        for (const protocol::UploadEntry& entry : *entries)
          file_of_.at({event.connection, upload->session})->commits[entry.client_version] = {
              entry.origin_timestamp, to_bytes(entry.changeset)};
      }
    }
  }

  void play(const RecordedEvent& event) {
    switch (event.source) {
      case RecordedSource::kTool: return play_step(event.text);
      case RecordedSource::kClient: return play_news(event.text);
      case RecordedSource::kServerToClient: return play_server(event);
      case RecordedSource::kClientToServer: return play_client(event);
    }
  }

  void play_step(const std::string& step) {
    if (step.starts_with("proxy: abrupt close")) {
      for (auto& [number, connection] : connections_) end(connection, true);
    }
    if (step.starts_with("Session::refresh")) {
      for (auto& [number, connection] : connections_) {
        if (connection.is_over) continue;
        test::ClientBench& bench = connection.program->bench;
        bench.connection().credentials_refreshed({"other token", {}}, std::nullopt, bench.now());
      }
    }
  }

  /// "A: connection state Connected error: code=1015 BadChangeset raw=0 fatal=0 msg=...".
  void play_news(const std::string& text) {
    const std::size_t begin = text.find("error: code=");
    if (begin == std::string::npos) return;
    const std::size_t name = text.find(' ', begin + 7) + 1;
    const std::size_t end = text.find(' ', name);
    const std::string status = text.substr(name, end - name);
    // That a stream ended is told by the state of the connection; ours makes no error of it.
    if (status == "ConnectionClosed") return;
    recorded_errors.insert(status +
                           (text.find(" fatal=1", end) == std::string::npos ? "" : " fatal"));
  }

  void play_server(const RecordedEvent& event) {
    RecordedConnection& connection = connections_[event.connection];
    if (event.kind == RecordedKind::kHttp) {
      connection.sub_protocol = event.header("Sec-WebSocket-Protocol").value_or("");
    } else if (event.kind == RecordedKind::kBinary) {
      connection.arriving.push_back(event.bytes);
    } else if (event.kind == RecordedKind::kConnection && event.text != "open") {
      end(connection, true);
    }
  }

  void play_client(const RecordedEvent& event) {
    RecordedConnection& connection = connections_[event.connection];
    if (event.kind == RecordedKind::kConnection && event.text != "open") {
      end(connection, false);
    } else if (event.kind == RecordedKind::kBinary) {
      const auto message = protocol::parse_client_message(event.bytes, {});
      std::visit([&](const auto& content) { expect(event, content); }, *message);
    }
  }

  /// The stream ends; what the server had sent before arrives.
  void end(RecordedConnection& connection, bool is_lost) {
    if (std::exchange(connection.is_over, true) || !connection.program) return;
    while (deliver(connection)) {
    }
    if (is_lost) {
      connection.is_lost = true;
      connection.program->bench.server_closes(std::nullopt);
    } else {
      expect_nothing_but_progress(connection);
    }
    collect_errors(*connection.program);
  }

  // What the recorded client sends next.

  void expect(const RecordedEvent& event, const protocol::Bind& bind) {
    RecordedConnection& connection = connections_[event.connection];
    if (!connection.program) connect(connection, {event.connection, bind.session});
    if (!connection.program->sessions.contains(bind.session))
      open_session(connection, {event.connection, bind.session}, bind);
    expect_bytes(event, bind.session);
  }

  void expect(const RecordedEvent& event, const protocol::ClientIdent& ident) {
    expect_bytes(event, ident.session);
  }

  void expect(const RecordedEvent& event, const protocol::Mark& mark) {
    RecordedProgram& program = *connections_[event.connection].program;
    RequestIdent& target = program.marks[mark.session];
    // The first MARK of a connection that continues none is the client's own.
    if (target == RequestIdent{} && !program.has_reconnected) target = target.next();
    for (; target < mark.request; target = target.next())
      program.waits[mark.session][mark.request].push_back(
          session(program, mark.session).wait_for_download());
    program.bench.run();
    expect_bytes(event, mark.session);
  }

  void expect(const RecordedEvent& event, const protocol::Upload& theirs) {
    RecordedConnection& connection = connections_[event.connection];
    const RecordedFile& file = *file_of_.at({event.connection, theirs.session});
    while (file.replica->newest() < theirs.progress.client_version) {
      if (commit_if_next(event.connection) || deliver(connection)) continue;
      // A commit without content is seen by nothing but its version.
      commit(*connection.program, theirs.session, file, {});
    }

    const std::optional<std::string> text = take(connection, theirs.session);
    ASSERT_TRUE(text) << "nothing is sent";
    const auto message = protocol::parse_client_message(as_bytes(*text), {});
    const auto* const ours = std::get_if<protocol::Upload>(&*message);
    ASSERT_NE(ours, nullptr) << *text;
    EXPECT_EQ(ours->progress.client_version, theirs.progress.client_version);
    EXPECT_EQ(ours->progress.server_version, theirs.progress.server_version);
    EXPECT_EQ(ours->locked_server_version, theirs.locked_server_version);
    EXPECT_EQ(entries_of(ours->body), entries_of(theirs.body));
  }

  void expect(const RecordedEvent& event, const protocol::Unbind& unbind) {
    RecordedConnection& connection = connections_[event.connection];
    RecordedProgram& program = *connection.program;
    // An answer that the program waited for has come, and so has an error; of a DOWNLOAD that came
    // as the program ended nobody knows.
    while (has_answer(connection)) static_cast<void>(deliver(connection));
    ClientSession& leaving = session(program, unbind.session);
    if (leaving.state() == SessionState::kActive) leaving.close(program.bench.now());
    program.bench.run();
    expect_bytes(event, unbind.session);
  }

  void expect(const RecordedEvent& event, const protocol::ClientError& theirs) {
    RecordedConnection& connection = connections_[event.connection];
    file_of_.at({event.connection, theirs.session})
        ->replica->refuse_next_integration(Error(ErrorCode::kBadChangeset, "as recorded"));
    const std::optional<std::string> text = take(connection, theirs.session);
    ASSERT_TRUE(text) << "nothing is sent";
    const auto message = protocol::parse_client_message(as_bytes(*text), {});
    const auto* const ours = std::get_if<protocol::ClientError>(&*message);
    ASSERT_NE(ours, nullptr) << *text;
    EXPECT_EQ(ours->code, theirs.code);
  }

  /// The bench answers a PING when it is sent; the recorded answer is not delivered.
  void expect(const RecordedEvent& event, const protocol::Ping&) {
    RecordedConnection& connection = connections_[event.connection];
    test::ClientBench& bench = connection.program->bench;
    const std::size_t before = pings_;
    take_all(connection);
    if (pings_ == before) {
      bench.wait(bench.connection().deadline().value_or(bench.now()) - bench.now());
      take_all(connection);
    }
    EXPECT_GT(pings_, before) << "no PING is due";
    ++messages_compared;
  }

  void expect(const RecordedEvent&, const protocol::Query&) { FAIL(); }
  void expect(const RecordedEvent&, const protocol::TestCommand&) { FAIL(); }

  void expect_bytes(const RecordedEvent& event, SessionIdent ident) {
    const std::optional<std::string> text = take(connections_[event.connection], ident);
    ASSERT_TRUE(text) << "nothing is sent";
    EXPECT_EQ(*text, as_text(event.bytes));
  }

  /// Whatever ours would have sent besides tells the server of nothing new.
  void expect_nothing_but_progress(RecordedConnection& connection) {
    take_all(connection);
    for (const auto& [ident, messages] : connection.program->sent) {
      for (const std::string& text : messages) {
        const auto message = protocol::parse_client_message(as_bytes(text), {});
        const auto* const upload = std::get_if<protocol::Upload>(&*message);
        EXPECT_TRUE(upload && entries_of(upload->body).empty()) << text;
      }
    }
  }

  // The program.

  void connect(RecordedConnection& connection, SessionName name) {
    for (auto& [number, earlier] : connections_) {
      // The same program goes on if its session lost its connection.
      if (!earlier.is_lost || earlier.is_replaced || !earlier.program) continue;
      if (!file_of_.contains(name) || !file_of_.contains({number, name.second}) ||
          file_of_.at(name) != file_of_.at({number, name.second}))
        continue;
      earlier.is_replaced = true;
      connection.program = earlier.program;
      connection.program->has_reconnected = true;
    }
    if (connection.program) {
      test::ClientBench& bench = connection.program->bench;
      const auto attempt = bench.connection().next_attempt();
      ASSERT_TRUE(attempt) << "the client does not mean to connect again";
      bench.wait(*attempt - bench.now());
      bench.accept(connection.sub_protocol);
      return;
    }
    connection.program = std::make_shared<RecordedProgram>();
    connection.program->bench.block_socket(true);
    // A program that had sessions before, on connections that it has given up.
    if (name.second > SessionIdent(1))
      connection.program->bench.use_up_idents(SessionIdent(name.second.value() - 1));
  }

  void open_session(RecordedConnection& connection, SessionName name, const protocol::Bind& bind) {
    test::ClientBench& bench = connection.program->bench;
    auto& file = file_of_[name];
    if (!file) file = std::make_shared<RecordedFile>();
    SessionOptions options;
    options.partition = std::get<protocol::PartitionBind>(bind.target).partition;
    options.delay_uploads_until_downloaded = true;
    ClientSession& session = bench.open(file->replica, options);
    connection.program->sessions[name.second] = session.key();
    session.activate(bench.now());
    bench.run();
    if (bench.connection().state() == ConnectionState::kConnecting)
      bench.accept(connection.sub_protocol);
  }

  static ClientSession& session(RecordedProgram& program, SessionIdent ident) {
    return *program.bench.connection().find_session(program.sessions.at(ident));
  }

  static void commit(RecordedProgram& program,
                     SessionIdent ident,
                     const RecordedFile& file,
                     const RecordedFile::Commit& commit) {
    file.replica->commit(commit.changeset, commit.timestamp);
    session(program, ident).local_change(program.bench.now());
    program.bench.run();
  }

  /// Makes the next version of a file where that is a commit of the program's.
  bool commit_if_next(std::uint32_t number) {
    RecordedProgram& program = *connections_[number].program;
    for (const auto& [ident, key] : program.sessions) {
      if (program.bench.connection().find_session(key) == nullptr) continue;
      const RecordedFile& file = *file_of_.at({number, ident});
      const auto next = file.commits.find(file.replica->newest().next());
      if (next == file.commits.end()) continue;
      commit(program, ident, file, next->second);
      return true;
    }
    return false;
  }

  // The wire.

  /// Delivers the next message of the server's; false when there is none.
  bool deliver(RecordedConnection& connection) {
    if (connection.arriving.empty()) return false;
    const Bytes bytes = std::move(connection.arriving.front());
    connection.arriving.pop_front();
    const auto message = protocol::parse_server_message(bytes, {});
    if (!message || std::holds_alternative<protocol::Pong>(*message)) return true;
    if (makes_version(*message)) {
      while (commit_if_next(number_of(connection))) {
      }
    }
    RecordedProgram& program = *connection.program;
    program.bench.server_sends(as_text(bytes));
    if (const auto* mark = std::get_if<protocol::Mark>(&*message)) expect_settled(program, *mark);
    return true;
  }

  /// Whether a MARK or an error is still to arrive.
  static bool has_answer(const RecordedConnection& connection) {
    return std::ranges::any_of(connection.arriving, [](const Bytes& bytes) {
      const auto message = protocol::parse_server_message(bytes, {});
      return message && (std::holds_alternative<protocol::Mark>(*message) ||
                         std::holds_alternative<protocol::LegacyError>(*message));
    });
  }

  static bool makes_version(const protocol::ServerMessage& message) {
    return std::holds_alternative<protocol::ServerIdent>(message) ||
           std::holds_alternative<protocol::Download>(message);
  }

  /// Every wait that asked for this MARK, or one before it, is over.
  void expect_settled(RecordedProgram& program, const protocol::Mark& mark) {
    const std::vector<std::string> news = program.bench.take_news();
    auto& waits = program.waits[mark.session];
    const auto end = waits.upper_bound(mark.request);
    for (auto wait = waits.begin(); wait != end; wait = waits.erase(wait)) {
      for (const WaitId id : wait->second)
        EXPECT_THAT(news,
                    ::testing::Contains("wait " +
                                        std::to_string(program.sessions.at(mark.session).value()) +
                                        "/" + std::to_string(id.value()) + " done"));
    }
  }

  /// What our client sends next in that session; nullopt when even the server's last word does not
  /// make it send anything.
  std::optional<std::string> take(RecordedConnection& connection, SessionIdent ident) {
    ++messages_compared;
    std::deque<std::string>& sent = connection.program->sent[ident];
    while (sent.empty()) {
      if (!take_one(connection) && !deliver(connection)) return std::nullopt;
    }
    std::string text = std::move(sent.front());
    sent.pop_front();
    return text;
  }
  void take_all(RecordedConnection& connection) {
    while (take_one(connection)) {
    }
  }
  bool take_one(RecordedConnection& connection) {
    std::optional<std::string> text = connection.program->bench.take_message();
    if (!text) return false;
    const auto message = protocol::parse_client_message(as_bytes(*text), {});
    const std::optional<SessionIdent> ident = session_of(*message);
    if (ident) {
      connection.program->sent[*ident].push_back(std::move(*text));
    } else {
      ++pings_;
    }
    return true;
  }

  [[nodiscard]] std::uint32_t number_of(const RecordedConnection& wanted) const {
    for (const auto& [number, connection] : connections_) {
      if (&connection == &wanted) return number;
    }
    return 0;
  }

  void collect_errors(RecordedProgram& program) {
    for (const SessionFailed& failed : program.bench.take_errors())
      our_errors.insert(std::string(protocol::status_name(failed.error.status)) +
                        (failed.error.is_fatal ? " fatal" : ""));
  }

  const std::vector<RecordedEvent> events_;
  std::map<std::pair<ClientFileIdent, Salt>, std::shared_ptr<RecordedFile>> files_;
  std::map<SessionName, std::shared_ptr<RecordedFile>> file_of_;
  std::map<std::uint32_t, RecordedConnection> connections_;
  std::size_t pings_ = 0;
};

class RecordedServer : public ::testing::TestWithParam<std::string> {};

TEST_P(RecordedServer, GetsFromOurClientWhatTheRecordedOneSent) {
  const Replay replay(GetParam());

  EXPECT_GT(replay.messages_compared, 0U);
  EXPECT_EQ(replay.our_errors, replay.recorded_errors);
}

// raw_messages and raw_http are left out: no client, but a person, wrote what they send.
INSTANTIATE_TEST_SUITE_P(Pbs,
                         RecordedServer,
                         ::testing::Values("all_types.jsonl",
                                           "conflict.jsonl",
                                           "conflict_live.jsonl",
                                           "download_many_messages.jsonl",
                                           "err_bad_changeset.jsonl",
                                           "err_diverged.jsonl",
                                           "err_diverged2.jsonl",
                                           "err_path.jsonl",
                                           "err_same_file_twice.jsonl",
                                           "err_token.jsonl",
                                           "first_bind.jsonl",
                                           "linger.jsonl",
                                           "mark_wait.jsonl",
                                           "multiplex.jsonl",
                                           "multiplex_same_path.jsonl",
                                           "ping.jsonl",
                                           "restart.jsonl",
                                           "resume.jsonl",
                                           "token_refresh.jsonl",
                                           "two_clients.jsonl",
                                           "unbind.jsonl",
                                           "upload_compressed.jsonl",
                                           "upload_small.jsonl"),
                         [](const auto& test) {
                           return test.param.substr(0, test.param.find('.'));
                         });

}  // namespace
}  // namespace tombolo::sync
