#include <chrono>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changeset/changeset.h"
#include "net/loopback_fixture.h"
#include "protocol/changeset_entry.h"
#include "protocol/codec.h"
#include "test/e2e/api_calls.h"
#include "test/e2e/running_server.h"
#include "test/e2e/web_socket_test_client.h"
#include "test/support/recorded_traffic.h"

/// Recorded clients against a running server: it is sent what they sent, and has to answer in a way
/// that they would have gone on with.

namespace tombolo::test {
namespace {

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
  const std::string frames =
      "frames are tested with the network layer; this client makes right ones";
  const std::string raw = "pbs/raw_messages.jsonl";
  static const std::vector<Deviation> table = {
      {"pbs/err_bad_changeset.jsonl",
       "B has the same class with another primary key type",
       {{1, 217}},
       client_reset},
      {"pbs/err_bad_changeset.jsonl", "C: property with another type", {{1, 217}}, client_reset},
      {"pbs/err_diverged.jsonl", "server started", {{2, 208}}, "an unknown ident; a reset as well"},
      {"pbs/err_path.jsonl", "realm path ''", {{1, 204}}, precise},
      {"pbs/err_path.jsonl", "realm path '/ok/sub dir'", {}, paths},
      {"pbs/err_path.jsonl", "realm path '/x.realm'", {}, paths},
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

/// Whether all marks that `theirs` was told of are reached: a server may answer several by the
/// last.
bool has_reached_marks(const SessionTranscript& ours, const SessionTranscript& theirs) {
  if (theirs.marks.empty()) return true;
  const std::uint64_t last = theirs.marks.back();
  return std::ranges::count(ours.marks, last) >= std::ranges::count(theirs.marks, last);
}

/// Whether `ours` was told all that `theirs` had been.
bool has_caught_up(const SessionTranscript& ours, const SessionTranscript& theirs) {
  return ours.idents.size() >= theirs.idents.size() && ours.errors.size() >= theirs.errors.size() &&
         ours.unbound_count >= theirs.unbound_count && has_reached_marks(ours, theirs) &&
         ours.entries.size() >= theirs.entries.size() &&
         ours.download.server_version >= theirs.download.server_version &&
         ours.upload.client_version >= theirs.upload.client_version;
}

bool has_caught_up(ConnectionTranscript& ours, const ConnectionTranscript& theirs) {
  return ours.pongs.size() >= theirs.pongs.size() &&
         std::ranges::all_of(theirs.sessions, [&](const auto& session) {
           return has_caught_up(ours.sessions[session.first], session.second);
         });
}

/// Plays the client's part of a recording to a running server. Each step of the client waits until
/// the server has told all that the recorded one had told by then.
class Replay {
 public:
  explicit Replay(const std::string& name)
      : name_(name),
        events_(read_recording(std::string(TOMBOLO_TEST_DATA) + "/wire/" + name)) {
    try {
      for (const RecordedEvent& event : events_) play(event);
      for (const auto& [connection, client] : clients_) finish(connection);
    } catch (const std::runtime_error& error) {
      ADD_FAILURE() << "during step '" << step_ << "': " << error.what();
    }
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
    settle();
    step_ = step.starts_with("case: ") ? step.substr(6) : step;
    if (step.starts_with("server loses its file")) loses_file_ = true;
    if (step.starts_with("server stopped")) server_.kill();
    if (step.starts_with("server started")) {
      if (std::exchange(loses_file_, false)) server_.lose_data();
      server_.start();
    }
    if (step.starts_with("proxy: abrupt close")) clients_.clear();
  }

  void play_client(const RecordedEvent& event) {
    const std::uint32_t connection = event.connection;
    if (event.kind == RecordedKind::kHttp && connection != 0) {
      settle();
      open(connection, event);
    } else if (event.kind == RecordedKind::kBinary && clients_.contains(connection)) {
      settle();
      await_turn(connection, event.bytes);
      clients_[connection]->send(translate(connection, event.bytes));
    } else if (event.kind == RecordedKind::kConnection && clients_.contains(connection) &&
               event.text != "open") {
      finish(connection);
      clients_.erase(connection);
    }
  }

  void open(std::uint32_t connection, const RecordedEvent& event) {
    steps[connection] = step_;
    auto client = std::make_unique<WebSocketTestClient>(
        *loop_, "ws" + server_.url().substr(4) + target_of(event), offer_of(event));
    subprotocols[connection].second = client->sub_protocol();
    if (client->is_open()) clients_[connection] = std::move(client);
  }

  /// What the recorded client asked for; of the app that ours serves, with a token of ours.
  std::string target_of(const RecordedEvent& event) {
    std::string target = event.text.substr(event.text.find(' ') + 1);
    target.resize(target.find(' '));
    if (!target.starts_with("/api/")) return target;
    return "/api/client/v2.0/app/dev/realm-sync?baas_at=" +
           log_in_anonymously(*loop_, server_.url());
  }

  static std::vector<std::string> offer_of(const RecordedEvent& event) {
    std::vector<std::string> offer;
    std::istringstream list(std::string(event.header("Sec-WebSocket-Protocol").value_or("")));
    for (std::string token; std::getline(list >> std::ws, token, ',');) offer.push_back(token);
    return offer;
  }

  void play_server(const RecordedEvent& event) {
    if (event.kind == RecordedKind::kHttp) {
      subprotocols[event.connection].first = event.header("Sec-WebSocket-Protocol").value_or("");
    }
    if (event.kind != RecordedKind::kBinary) return;
    const auto message = protocol::parse_server_message(event.bytes, {});
    if (!message) return;
    const auto* download = std::get_if<protocol::Download>(&*message);
    if (download) {
      ConnectionTranscript& theirs = recorded[event.connection];
      const protocol::UploadCursor before = theirs.sessions[download->session].upload;
      append(theirs, *message);
      // How far a client has got without writing is stored late, for nobody waits for that.
      const protocol::UploadCursor cursor = download->upload;
      if (cursor.client_version > content_[file_of_[{event.connection, download->session}]]) {
        theirs.sessions[download->session].upload = before;
      }
    } else {
      append(recorded[event.connection], *message);
    }
    learn(event.connection, *message);
  }

  /// Random numbers that the recorded server made stand for those that ours made in their place.
  void learn(std::uint32_t connection, const protocol::ServerMessage& message) {
    const auto* ident = std::get_if<protocol::ServerIdent>(&message);
    if (!ident) return;
    settle();
    file_of_[{connection, ident->session}] = ident->client_file.salt;
    const SessionTranscript& mine = ours[connection].sessions[ident->session];
    if (mine.idents.empty()) return;
    files_[ident->client_file.salt] = {ident->client_file.ident, mine.idents.back()};
  }

  Bytes translate(std::uint32_t connection, const Bytes& bytes) {
    auto message = protocol::parse_client_message(bytes, {});
    if (const auto* bind = message ? std::get_if<protocol::Bind>(&*message) : nullptr) {
      partitions_[{connection, bind->session}] =
          std::get<protocol::PartitionBind>(bind->target).partition;
    }
    if (const auto* upload = message ? std::get_if<protocol::Upload>(&*message) : nullptr;
        upload && !upload->body.wire_bytes.empty()) {
      content_[file_of_[{connection, upload->session}]] = upload->progress.client_version;
      sent_[{connection, upload->session}] = upload->progress.client_version;
    }
    auto* ident = message ? std::get_if<protocol::ClientIdent>(&*message) : nullptr;
    if (!ident) return bytes;
    file_of_[{connection, ident->session}] = ident->client_file.salt;
    // A hand-made client may claim another ident than the salt was given with; so does ours then.
    if (const auto file = files_.find(ident->client_file.salt); file != files_.end()) {
      const bool is_right = file->second.first == ident->client_file.ident;
      ident->client_file = {is_right ? file->second.second.ident : ident->client_file.ident,
                            file->second.second.salt};
    }
    protocol::SaltedServerVersion& latest = ident->latest_server_version;
    const auto& told = salts_[partitions_[{connection, ident->session}]];
    if (const auto salt = told.find(latest.version); salt != told.end()) {
      latest.salt = salt->second;
    }
    return protocol::encode_client_message(*message);
  }

  /// Takes what the server says on each connection until it has said enough.
  void settle() {
    for (const auto& [connection, client] : clients_) {
      while (!has_said_enough(connection) && receive(connection)) {
      }
    }
  }

  [[nodiscard]] bool has_said_enough(std::uint32_t connection) {
    ConnectionTranscript& mine = ours[connection];
    const ConnectionTranscript& theirs = recorded[connection];
    if (!find_deviation(name_, steps[connection])) return has_caught_up(mine, theirs);
    // Where answers differ, clients still wait for their idents, unless there was an error.
    return !errors_of(mine).empty() || std::ranges::all_of(theirs.sessions, [&](const auto& one) {
      return mine.sessions[one.first].idents.size() >= one.second.idents.size();
    });
  }

  /// Messages that must not overtake what the server does with earlier ones: an UNBIND, and an
  /// UPLOAD, for the recorded server took them in the order in which they were recorded.
  void await_turn(std::uint32_t connection, const Bytes& bytes) {
    const auto message = protocol::parse_client_message(bytes, {});
    if (!message) return;
    if (std::holds_alternative<protocol::Unbind>(*message)) await_deviation(connection);
    if (!std::holds_alternative<protocol::Upload>(*message)) return;
    for (const auto& [session, version] : sent_) {
      if (!clients_.contains(session.first) || find_deviation(name_, steps[session.first]))
        continue;
      while (ours[session.first].sessions[session.second].upload.client_version < version &&
             receive(session.first)) {
      }
    }
  }

  /// The errors that a deviation announces may come from a commit, after other answers.
  void await_deviation(std::uint32_t connection) {
    const Deviation* deviation = find_deviation(name_, steps[connection]);
    if (!deviation || deviation->errors.empty()) return;
    while (errors_of(ours[connection]) != deviation->errors && receive(connection)) {
    }
  }

  /// Takes all that the server says before the client leaves: what comes before a PONG.
  void finish(std::uint32_t connection) {
    settle();
    await_deviation(connection);
    clients_[connection]->send(protocol::encode_client_message(protocol::Ping{kLastPing, {}}));
    while (receive(connection)) {
    }
  }

  /// Takes one message. False when there is none any more, or it is the answer to the last PING.
  [[nodiscard]] bool receive(std::uint32_t connection) {
    const std::string bytes = clients_[connection]->receive();
    if (bytes.empty()) return false;
    const auto message = protocol::parse_server_message(as_bytes(bytes), {});
    if (!message) throw message.error();
    const auto* pong = std::get_if<protocol::Pong>(&*message);
    if (pong && pong->timestamp == kLastPing) return false;
    append(ours[connection], *message);
    if (const auto* download = std::get_if<protocol::Download>(&*message)) {
      salts_[partitions_[{connection, download->session}]]
            [download->latest_server_version.version] = download->latest_server_version.salt;
    }
    return true;
  }

  static constexpr std::chrono::milliseconds kLastPing{987'654'321};

  const std::string name_;
  const std::vector<RecordedEvent> events_;
  RunningServer server_;
  net::LoopThreads loop_{1};
  std::map<std::uint32_t, std::unique_ptr<WebSocketTestClient>> clients_;
  std::map<std::pair<std::uint32_t, SessionIdent>, std::string> partitions_;
  /// From the salt of a recorded client file to its ident there and to the file here.
  std::map<Salt, std::pair<ClientFileIdent, protocol::SaltedFileIdent>> files_;
  /// The recorded salt of the client file of a session.
  std::map<std::pair<std::uint32_t, SessionIdent>, Salt> file_of_;
  /// By that salt: the newest client version that was uploaded with content.
  std::map<Salt, ClientVersion> content_;
  /// The same by session of a connection.
  std::map<std::pair<std::uint32_t, SessionIdent>, ClientVersion> sent_;
  /// By partition, what our server said of its versions.
  std::map<std::string, std::map<ServerVersion, Salt>> salts_;
  std::string step_;
  bool loses_file_ = false;
};

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

INSTANTIATE_TEST_SUITE_P(Wire,
                         RecordedClient,
                         ::testing::Values("pbs/all_types.jsonl",
                                           "pbs/conflict.jsonl",
                                           "pbs/conflict_live.jsonl",
                                           "pbs/download_many_messages.jsonl",
                                           "pbs/err_bad_changeset.jsonl",
                                           "pbs/err_diverged.jsonl",
                                           "pbs/err_diverged2.jsonl",
                                           "pbs/err_path.jsonl",
                                           "pbs/err_same_file_twice.jsonl",
                                           "pbs/err_token.jsonl",
                                           "pbs/first_bind.jsonl",
                                           "pbs/linger.jsonl",
                                           "pbs/mark_wait.jsonl",
                                           "pbs/multiplex.jsonl",
                                           "pbs/multiplex_same_path.jsonl",
                                           "pbs/ping.jsonl",
                                           "pbs/raw_messages.jsonl",
                                           "pbs/restart.jsonl",
                                           "pbs/resume.jsonl",
                                           "pbs/token_refresh.jsonl",
                                           "pbs/two_clients.jsonl",
                                           "pbs/unbind.jsonl",
                                           "pbs/upload_compressed.jsonl",
                                           "pbs/upload_small.jsonl",
                                           "app/sync_connect_pbs_partitions.jsonl"),
                         [](const auto& test) {
                           const std::size_t begin = test.param.find('/') + 1;
                           return test.param.substr(begin, test.param.find('.') - begin);
                         });

}  // namespace
}  // namespace tombolo::test
