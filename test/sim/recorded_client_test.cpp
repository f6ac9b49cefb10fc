#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changeset/changeset.h"
#include "protocol/changeset_entry.h"
#include "protocol/codec.h"
#include "test/sim/network.h"
#include "test/sim/scheduler.h"
#include "test/sim/simulated_server.h"
#include "test/support/memory_storage.h"
#include "test/support/recorded_traffic.h"

/// Recorded clients against our server: it is fed what they sent, and has to answer in a way that
/// they would have gone on with.

namespace tombolo::sim {
namespace {

using namespace std::chrono_literals;
using test::RecordedEvent;
using test::RecordedKind;
using test::RecordedSource;

/// One entry that a client was sent; the salts in between are left out, they are random.
using SentEntry = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, Bytes>;

/// What one session of a connection was told.
struct SessionTranscript {
  std::vector<protocol::SaltedFileIdent> idents;
  std::vector<SentEntry> entries;
  protocol::DownloadCursor download;
  protocol::UploadCursor upload;
  ServerVersion latest;
  std::vector<std::uint64_t> marks;
  std::size_t unbound_count = 0;
  std::vector<int> errors;
  std::string error_message;  ///< Of the last one, to tell it when a test fails.
};

struct ConnectionTranscript {
  std::map<SessionIdent, SessionTranscript> sessions;
  std::vector<std::int64_t> pongs;
};

/// The names of a changeset may stand in front or where they are first used; the recorded server
/// wrote every changeset anew, ours sends what came in.
Bytes canonical(BytesView bytes) {
  const auto changeset = changeset::parse_view(bytes);
  return changeset ? changeset::encode(*changeset) : to_bytes(bytes);
}

void append_entries(std::vector<SentEntry>& entries, const protocol::BodyView& body) {
  Bytes scratch;
  const auto parsed =
      protocol::parse_download_entries(protocol::decode_body(body, scratch).value());
  for (const protocol::DownloadEntry& entry : parsed.value()) {
    entries.emplace_back(entry.server_version.value(),
                         entry.client_version.value(),
                         entry.origin_timestamp.value(),
                         entry.origin_file_ident.value(),
                         canonical(entry.changeset));
  }
}

void append(ConnectionTranscript& transcript, const protocol::ServerMessage& message) {
  const auto session = [&](SessionIdent ident) -> SessionTranscript& {
    return transcript.sessions[ident];
  };
  if (const auto* ident = std::get_if<protocol::ServerIdent>(&message)) {
    session(ident->session).idents.push_back(ident->client_file);
  } else if (const auto* download = std::get_if<protocol::Download>(&message)) {
    SessionTranscript& one = session(download->session);
    append_entries(one.entries, download->body);
    one.download = download->download;
    one.upload = download->upload;
    one.latest = download->latest_server_version.version;
  } else if (const auto* mark = std::get_if<protocol::Mark>(&message)) {
    session(mark->session).marks.push_back(mark->request.value());
  } else if (const auto* unbound = std::get_if<protocol::Unbound>(&message)) {
    ++session(unbound->session).unbound_count;
  } else if (const auto* error = std::get_if<protocol::ServerError>(&message)) {
    session(error->session).errors.push_back(static_cast<int>(error->code));
    session(error->session).error_message = error->message;
  } else if (const auto* legacy = std::get_if<protocol::LegacyError>(&message)) {
    session(legacy->session).errors.push_back(static_cast<int>(legacy->code));
  } else if (const auto* pong = std::get_if<protocol::Pong>(&message)) {
    transcript.pongs.push_back(pong->timestamp.count());
  }
}

/// Plays the client's part of a recording to our server.
class Replay {
 public:
  explicit Replay(const std::string& name)
      : events_(test::read_recording(std::string(TOMBOLO_TEST_DATA) + "/wire/pbs/" + name)) {
    server_.connection_options.partition_syntax = server::PartitionSyntax::kPath;
    server_.start();
    for (const RecordedEvent& event : events_) {
      settle();
      play(event);
    }
    settle();
  }

  std::map<std::uint32_t, ConnectionTranscript> recorded;
  std::map<std::uint32_t, ConnectionTranscript> ours;
  /// Of each connection: the sub-protocol chosen by the recorded server and by ours.
  std::map<std::uint32_t, std::pair<std::string, std::string>> subprotocols;
  /// The step of the recording that each connection belongs to.
  std::map<std::uint32_t, std::string> steps;

 private:
  void play(const RecordedEvent& event) {
    switch (event.source) {
      case RecordedSource::kTool: return play_step(event.text);
      case RecordedSource::kClientToServer: return play_client(event);
      case RecordedSource::kServerToClient: return play_server(event);
      case RecordedSource::kClient: return;
    }
  }

  void play_step(const std::string& step) {
    step_ = step.starts_with("case: ") ? step.substr(6) : step;
    if (step.starts_with("server loses its file")) loses_file_ = true;
    if (step.starts_with("server stopped")) server_.crash();
    if (step.starts_with("server started")) {
      if (std::exchange(loses_file_, false)) *storage_ = std::make_shared<test::MemoryStorage>();
      server_.start();
    }
    if (step.starts_with("proxy: abrupt close")) {
      for (auto& [connection, link] : links_) link->cut();
    }
  }

  void play_client(const RecordedEvent& event) {
    const std::uint32_t connection = event.connection;
    if (event.kind == RecordedKind::kHttp) {
      open(connection, std::string(event.header("Sec-WebSocket-Protocol").value_or("")));
    } else if (event.kind == RecordedKind::kBinary && links_.contains(connection)) {
      links_[connection]->send(Link::Side::kClient, translate(connection, event.bytes));
    } else if (event.kind == RecordedKind::kConnection && links_.contains(connection) &&
               event.text != "open") {
      links_[connection]->close(Link::Side::kClient, std::nullopt);
    }
  }

  void open(std::uint32_t connection, const std::string& offer) {
    steps[connection] = step_;
    auto link = std::make_shared<Link>(scheduler_, random_, faults_);
    link->attach(Link::Side::kClient,
                 {[this, connection](Bytes message) {
                    const auto parsed = protocol::parse_server_message(message, {});
                    ASSERT_TRUE(parsed) << parsed.error().describe();
                    append(ours[connection], *parsed);
                  },
                  [](StreamEnd) {},
                  [] {}});
    if (const auto chosen = server_.accept(link, offer)) {
      subprotocols[connection].second = *chosen;
      links_[connection] = link;
    }
  }

  void play_server(const RecordedEvent& event) {
    if (event.kind == RecordedKind::kHttp) {
      subprotocols[event.connection].first = event.header("Sec-WebSocket-Protocol").value_or("");
    }
    if (event.kind != RecordedKind::kBinary) return;
    const auto message = protocol::parse_server_message(event.bytes, {});
    if (!message) return;
    append(recorded[event.connection], *message);
    learn_salts(event.connection, *message);
  }

  /// Random numbers that the recorded server made stand for those that ours made in their place.
  void learn_salts(std::uint32_t connection, const protocol::ServerMessage& message) {
    if (const auto* ident = std::get_if<protocol::ServerIdent>(&message)) {
      const SessionTranscript& mine = ours[connection].sessions[ident->session];
      if (!mine.idents.empty()) {
        files_[ident->client_file.salt] = {ident->client_file.ident, mine.idents.back()};
      }
    } else if (const auto* download = std::get_if<protocol::Download>(&message)) {
      const auto file = (*storage_)->find(partitions_[{connection, download->session}]);
      const auto latest = download->latest_server_version;
      if (file && file->history.contains(latest.version)) {
        salts_[{latest.version, latest.salt}] = file->history.at(latest.version).salt;
      }
    }
  }

  Bytes translate(std::uint32_t connection, const Bytes& bytes) {
    auto message = protocol::parse_client_message(bytes, {});
    if (const auto* bind = message ? std::get_if<protocol::Bind>(&*message) : nullptr) {
      partitions_[{connection, bind->session}] =
          std::get<protocol::PartitionBind>(bind->target).partition;
    }
    auto* ident = message ? std::get_if<protocol::ClientIdent>(&*message) : nullptr;
    if (!ident) return bytes;
    // A hand-made client may claim another ident than the salt was given with; so does ours then.
    if (const auto file = files_.find(ident->client_file.salt); file != files_.end()) {
      const bool is_right = file->second.first == ident->client_file.ident;
      ident->client_file = {is_right ? file->second.second.ident : ident->client_file.ident,
                            file->second.second.salt};
    }
    protocol::SaltedServerVersion& latest = ident->latest_server_version;
    const auto salt = salts_.find({latest.version, latest.salt});
    if (salt != salts_.end()) latest.salt = salt->second;
    return protocol::encode_client_message(*message);
  }

  /// Lets the server finish what it is doing.
  void settle() { scheduler_.run_until(scheduler_.now() + 100ms); }

  const std::vector<RecordedEvent> events_;
  Scheduler scheduler_;
  SeededRandom random_{1};
  const NetworkFaults faults_{.delay_min = 10us, .delay_max = 20us};
  std::shared_ptr<std::shared_ptr<test::MemoryStorage>> storage_ =
      std::make_shared<std::shared_ptr<test::MemoryStorage>>(
          std::make_shared<test::MemoryStorage>());
  SimulatedServer server_{scheduler_, random_, [storage = storage_] { return *storage; }};
  std::map<std::uint32_t, std::shared_ptr<Link>> links_;
  std::map<std::pair<std::uint32_t, SessionIdent>, std::string> partitions_;
  /// From the salt of a recorded client file to its ident there and to the file here.
  std::map<Salt, std::pair<ClientFileIdent, protocol::SaltedFileIdent>> files_;
  /// By version too: the recorded server gave all its versions one salt.
  std::map<std::pair<ServerVersion, Salt>, Salt> salts_;
  std::string step_;
  bool loses_file_ = false;
};

/// Where our server means to answer otherwise: the errors that it sends on the connections of that
/// step instead, by session, 0 for the connection.
struct Deviation {
  std::string recording;
  std::string step;
  std::map<std::uint64_t, int> errors;
  std::string reason;
};

const std::vector<Deviation>& deviations() {
  const std::string client_reset = "a client that cannot integrate is reset, not left stuck";
  const std::string paths = "paths are for development; fewer are illegal";
  const std::string precise = "the code that says what is wrong";
  const std::string frames = "frames are the network layer's, which this test has not";
  const std::string raw = "raw_messages.jsonl";
  static const std::vector<Deviation> table = {
      {"err_bad_changeset.jsonl",
       "B has the same class with another primary key type",
       {{1, 217}},
       client_reset},
      {"err_bad_changeset.jsonl", "C: property with another type", {{1, 217}}, client_reset},
      {"err_diverged.jsonl", "server started", {{2, 208}}, "an unknown ident; a reset as well"},
      {"err_path.jsonl", "realm path ''", {{1, 204}}, precise},
      {"err_path.jsonl", "realm path '/ok/sub dir'", {}, paths},
      {"err_path.jsonl", "realm path '/x.realm'", {}, paths},
      {raw, "unknown message type", {{0, 102}}, precise},
      {raw, "empty message", {{0, 102}}, precise},
      {raw, "bind: bytes after token", {{0, 103}}, "nothing may follow a body"},
      {raw, "bind: session ident 0", {{0, 106}}, "0 names the connection; clients start at 1"},
      {raw, "bind: path size 0", {{1, 204}}, precise},
      {raw, "bind: path of 2000 bytes", {}, "partition values may be longer"},
      {raw, "bind: is_subserver 1", {{1, 201}}, "there are no subservers"},
      {raw, "query message on PBS", {{0, 102}}, precise},
      {raw, "test_command on PBS server", {{0, 106}}, "the message exists, the session does not"},
      {raw, "json_error for unknown session", {{0, 103}}, "a body without message"},
      {raw, "unbind right after bind, before server's ident", {}, "ours was quicker than UNBIND"},
      {raw, "ident with file ident 1 (server's own)", {{1, 208}}, "no client file has that ident"},
      {raw, "upload: body size mismatch (announces more)", {{0, 103}}, "sizes must match"},
      {raw, "upload: changeset size greater than body", {{0, 112}}, precise},
      {raw, "upload: bad compressed data", {{0, 110}}, precise},
      {raw, "upload: raw deflate without zlib header", {{0, 110}}, precise},
      {raw, "upload: bad changeset header", {{0, 111}}, precise},
      {raw, "websocket ping frame", {}, frames},
      {raw, "unmasked client frame", {}, frames},
  };
  return table;
}

const Deviation* find_deviation(const std::string& recording, const std::string& step) {
  const auto found = std::ranges::find_if(deviations(), [&](const Deviation& one) {
    return one.recording == recording && one.step == step;
  });
  return found == deviations().end() ? nullptr : &*found;
}

/// All errors that a connection was sent, by session.
std::map<std::uint64_t, int> errors_of(const ConnectionTranscript& transcript) {
  std::map<std::uint64_t, int> errors;
  for (const auto& [ident, session] : transcript.sessions) {
    if (!session.errors.empty()) errors[ident.value()] = session.errors.back();
  }
  return errors;
}

/// Whether a client that went on after `theirs` would have gone on after `ours`.
void expect_equivalent(const SessionTranscript& ours, const SessionTranscript& theirs) {
  EXPECT_EQ(ours.idents.size(), theirs.idents.size());
  EXPECT_EQ(ours.errors, theirs.errors) << ours.error_message;
  // A recorded client may have hung up before the answer to its UNBIND was on the way.
  EXPECT_GE(ours.unbound_count, theirs.unbound_count);
  EXPECT_EQ(ours.marks.empty() ? 0 : ours.marks.back(),
            theirs.marks.empty() ? 0 : theirs.marks.back());

  // Ours may have sent more than theirs did before the recording ended.
  ASSERT_GE(ours.entries.size(), theirs.entries.size());
  for (std::size_t i = 0; i < theirs.entries.size(); ++i) {
    EXPECT_EQ(ours.entries[i], theirs.entries[i]) << "entry " << i;
  }
  EXPECT_GE(ours.download.server_version, theirs.download.server_version);
  EXPECT_GE(ours.download.client_version, theirs.download.client_version);
  EXPECT_GE(ours.upload.client_version, theirs.upload.client_version);
  EXPECT_GE(ours.upload.server_version, theirs.upload.server_version);
}

class RecordedClient : public ::testing::TestWithParam<std::string> {};

TEST_P(RecordedClient, GoesOnWithOurServer) {
  Replay replay(GetParam());

  for (const auto& [connection, theirs] : replay.recorded) {
    ConnectionTranscript& ours = replay.ours[connection];
    SCOPED_TRACE("connection " + std::to_string(connection) + ": " + replay.steps.at(connection));
    const auto& chosen = replay.subprotocols.at(connection);
    EXPECT_EQ(chosen.first, chosen.second);
    if (const Deviation* deviation = find_deviation(GetParam(), replay.steps.at(connection))) {
      EXPECT_EQ(errors_of(ours), deviation->errors) << deviation->reason;
      continue;
    }
    EXPECT_EQ(ours.pongs, theirs.pongs);
    for (const auto& [ident, session] : theirs.sessions) {
      SCOPED_TRACE("session " + std::to_string(ident.value()));
      expect_equivalent(ours.sessions[ident], session);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Pbs,
                         RecordedClient,
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
                                           "raw_messages.jsonl",
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
}  // namespace tombolo::sim
