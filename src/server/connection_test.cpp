#include "server/connection.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/changeset_entry.h"
#include "protocol/codec.h"
#include "server/session_error.h"

namespace tombolo::server {
namespace {

using namespace std::chrono_literals;
using protocol::Action;
using protocol::SyncErrorCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr TimePoint kStart{1h};
constexpr ServerFileId kFile{9};
constexpr ClientFileIdent kClient{42};
constexpr Salt kSalt{4242};

ConnectionOptions options(std::uint32_t version = 14) {
  ConnectionOptions options;
  options.subprotocol.version = protocol::ProtocolVersion(version);
  options.user_id = "user";
  options.connection_id = "65f0c0ffee65f0c0ffee0001";
  return options;
}

/// A connection and the two sides that it talks to: texts for messages, so that a test reads like
/// a recording, and effects by type.
class Peers {
 public:
  explicit Peers(ConnectionOptions connection_options = options())
      : connection(std::move(connection_options), kStart) {
    static_cast<void>(sent());  // The greeting is of interest to one test only.
  }

  void receive(std::string_view message) {
    connection.receive(to_bytes(as_bytes(message)), kStart);
  }

  /// Everything that the connection sends now.
  std::vector<std::string> sent() {
    std::vector<std::string> messages;
    while (auto message = connection.take_message()) {
      std::string text(as_text(message->head));
      if (message->body) text += as_text(*message->body);
      messages.push_back(std::move(text));
    }
    return messages;
  }

  template <typename T>
  std::vector<T> effects() {
    collect();
    std::vector<T> found;
    std::erase_if(effects_, [&](Effect& effect) {
      T* const one = std::get_if<T>(&effect);
      if (one) found.push_back(std::move(*one));
      return one != nullptr;
    });
    return found;
  }
  /// The one effect of that type.
  template <typename T>
  T effect() {
    std::vector<T> found = effects<T>();
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? T{} : std::move(found.front());
  }
  std::size_t effect_count() {
    collect();
    return effects_.size();
  }

  /// Brings a session from BIND to Running, with the history at `history_end`.
  SessionKey run_session(SessionIdent ident = SessionIdent(1),
                         ServerVersion history_end = ServerVersion(0),
                         protocol::UploadCursor recorded = {}) {
    const std::string id = std::to_string(ident.value());
    receive("bind " + id + " 3 0 0 0\n\"p\"");
    receive("ident " + id + " 42 4242 0 0 0 0\n");
    const SessionKey key = effect<IdentifyClientFile>().session;
    connection.identified(key, IdentifiedFile{kFile, recorded, {}, history_end});
    return key;
  }

  /// Answers the one request for a download with an empty body up to `server_version`.
  void build_download(std::uint64_t server_version, protocol::UploadCursor upload = {}) {
    const auto build = effect<BuildDownload>();
    connection.download_built(build.session, empty_download(server_version, upload));
  }
  static DownloadAnswer empty_download(std::uint64_t server_version,
                                       protocol::UploadCursor upload = {}) {
    return {.cursor = {ServerVersion(server_version), upload.client_version},
            .latest_server_version = {ServerVersion(server_version), Salt(server_version ? 5 : 0)},
            .upload = upload,
            .body = std::make_shared<const protocol::EncodedBody>()};
  }
  static DownloadAnswer download_of(std::string_view body, std::uint64_t server_version) {
    DownloadAnswer download = empty_download(server_version);
    download.body = std::make_shared<const protocol::EncodedBody>(
        protocol::EncodedBody{to_bytes(as_bytes(body)), body.size()});
    return download;
  }
  /// The same from BIND to after the first, empty DOWNLOAD.
  SessionKey run_caught_up_session(std::uint64_t history_end = 0,
                                   protocol::UploadCursor recorded = {}) {
    const SessionKey key = run_session(SessionIdent(1), ServerVersion(history_end), recorded);
    build_download(history_end, recorded);
    EXPECT_EQ(sent().size(), 1U);
    return key;
  }

  Connection connection;

 private:
  void collect() {
    while (auto effect = connection.next_effect()) effects_.push_back(std::move(*effect));
  }
  std::vector<Effect> effects_;
};

protocol::ServerError parse_error(std::string_view message) {
  const auto parsed = protocol::parse_server_message(as_bytes(message), {});
  const auto* error = parsed ? std::get_if<protocol::ServerError>(&*parsed) : nullptr;
  EXPECT_NE(error, nullptr) << message;
  return error ? *error : protocol::ServerError{};
}

/// The code of the one message, which is an error.
int error_code(const std::vector<std::string>& messages) {
  EXPECT_EQ(messages.size(), 1U);
  return messages.size() == 1 ? static_cast<int>(parse_error(messages.front()).code) : 0;
}

std::string upload(std::string_view entries,
                   std::string_view progress,
                   std::string_view session = "1") {
  return "upload " + std::string(session) + " 0 " + std::to_string(entries.size()) + " 0 " +
         std::string(progress) + "\n" + std::string(entries);
}

TEST(Connection, TellsItsIdFirst) {
  Connection connection(options(), kStart);

  const auto greeting = connection.take_message();

  ASSERT_TRUE(greeting);
  EXPECT_THAT(std::string(as_text(greeting->head)), HasSubstr("65f0c0ffee65f0c0ffee0001"));
  EXPECT_FALSE(connection.take_message());
}

TEST(Connection, SendsNoLogMessageToClientsThatKnowNone) {
  Connection connection(options(9), kStart);

  EXPECT_FALSE(connection.take_message());
}

TEST(Connection, SendsIdentOnceItIsAllocated) {
  Peers peers;

  peers.receive("bind 1 3 0 1 0\n\"p\"");
  const auto allocate = peers.effect<AllocateClientFile>();
  const auto before = peers.sent();
  peers.connection.client_file_allocated(allocate.session,
                                         protocol::SaltedFileIdent{kClient, kSalt});

  EXPECT_EQ(allocate.partition, "\"p\"");
  EXPECT_THAT(before, IsEmpty());
  EXPECT_THAT(peers.sent(), ElementsAre("ident 1 42 4242\n"));
}

TEST(Connection, NamesAPartitionByItsCanonicalText) {
  Peers peers;

  peers.receive("bind 1 5 0 1 0\n \"p\" ");

  EXPECT_EQ(peers.effect<AllocateClientFile>().partition, "\"p\"");
}

TEST(Connection, PassesOnWhatAClientSaysOfItsFile) {
  Peers peers;

  peers.receive("bind 1 3 0 0 0\n\"p\"");
  peers.receive("ident 1 42 4242 7 3 9 99\n");

  const auto claim = peers.effect<IdentifyClientFile>();
  EXPECT_EQ(claim.partition, "\"p\"");
  EXPECT_EQ(claim.client_file, (protocol::SaltedFileIdent{kClient, kSalt}));
  EXPECT_EQ(claim.download, (protocol::DownloadCursor{ServerVersion(7), ClientVersion(3)}));
  EXPECT_EQ(claim.latest_server_version,
            (protocol::SaltedServerVersion{ServerVersion(9), Salt(99)}));
}

TEST(Connection, SendsADownloadEvenWhenNothingIsNew) {
  Peers peers;

  peers.run_session();
  peers.build_download(0);

  EXPECT_THAT(peers.sent(), ElementsAre("download 1 0 0 0 0 0 0 0 0 0 0\n"));
  EXPECT_EQ(peers.effect_count(), 0U);
}

TEST(Connection, AnswersAMarkAfterWhatWasThereWhenItCame) {
  // Given a session that asks while the history stands at version 5,
  Peers peers;
  const SessionKey key = peers.run_caught_up_session(1);
  peers.receive("mark 1 7\n");
  auto build = peers.effect<BuildDownload>();
  DownloadAnswer half = Peers::download_of("A", 3);
  half.latest_server_version.version = ServerVersion(5);
  peers.connection.download_built(build.session, half);
  EXPECT_THAT(peers.sent(), ElementsAre(StartsWith("download 1 3 ")));

  // When the history grows on before the client has caught up,
  peers.connection.history_advanced(key, ServerVersion(9));
  build = peers.effect<BuildDownload>();
  DownloadAnswer rest = Peers::download_of("B", 5);
  rest.latest_server_version.version = ServerVersion(9);
  peers.connection.download_built(build.session, rest);

  // Then the answer does not wait for what came after the request.
  EXPECT_THAT(peers.sent(), ElementsAre(StartsWith("download 1 5 "), "mark 1 7\n"));
  EXPECT_EQ(peers.effects<BuildDownload>().size(), 1U);
}

TEST(Connection, AnswersAMarkAfterWhatTheSessionWasNotToldOfYet) {
  // Given a session that was told of version 1, and a history that has grown since,
  Peers peers;
  peers.run_caught_up_session(1);

  // When the client asks before the news is here,
  peers.receive("mark 1 1\n");
  EXPECT_THAT(peers.sent(), IsEmpty());
  peers.connection.download_built(peers.effect<BuildDownload>().session,
                                  Peers::download_of("A", 2));

  // Then what is new goes out before the answer.
  EXPECT_THAT(peers.sent(), ElementsAre(StartsWith("download 1 2 "), "mark 1 1\n"));
}

TEST(Connection, AnswersAMarkByNoOlderSnapshot) {
  // Given a download that was asked for before the client asked whether that is all,
  Peers peers;
  const SessionKey key = peers.run_caught_up_session(1);
  peers.connection.history_advanced(key, ServerVersion(2));
  const auto build = peers.effect<BuildDownload>();
  peers.receive("mark 1 1\n");

  // When it was built, then the answer waits for the next one, of which only the end is needed.
  peers.connection.download_built(build.session, Peers::download_of("A", 2));
  EXPECT_THAT(peers.sent(), ElementsAre(StartsWith("download 1 2 ")));
  peers.build_download(2);
  EXPECT_THAT(peers.sent(), ElementsAre("mark 1 1\n"));
}

TEST(Connection, AnswersTheOldestAndTheNewestOfManyMarks) {
  Peers peers;
  peers.run_session(SessionIdent(1), ServerVersion(5));

  for (const char* mark : {"mark 1 1\n", "mark 1 2\n", "mark 1 3\n"}) peers.receive(mark);
  peers.build_download(5);
  EXPECT_THAT(peers.sent(), ElementsAre(StartsWith("download")));
  peers.build_download(5);

  EXPECT_THAT(peers.sent(), ElementsAre("mark 1 1\n", "mark 1 3\n"));
}

TEST(Connection, PassesUploadsOnWithTheirEntries) {
  Peers peers;
  peers.run_caught_up_session(5);

  peers.receive(upload("3 4 100 0 3 ABC4 5 101 0 0 ", "6 5 5"));

  const auto integrate = peers.effect<IntegrateUpload>();
  EXPECT_EQ(integrate.upload.file, kFile);
  EXPECT_EQ(integrate.upload.client_file, kClient);
  EXPECT_EQ(integrate.upload.progress,
            (protocol::UploadCursor{ClientVersion(6), ServerVersion(5)}));
  ASSERT_EQ(integrate.upload.entries.size(), 2U);
  EXPECT_EQ(as_text(integrate.upload.entries[0].changeset), "ABC");
  EXPECT_EQ(integrate.upload.entries[1].client_version, ClientVersion(4));
}

TEST(Connection, PassesCompressedUploadsOnInflated) {
  Peers peers;
  peers.run_caught_up_session();
  const std::string changeset(2000, 'A');
  const protocol::EncodedBody body =
      protocol::encode_body(to_bytes(as_bytes("3 0 100 0 2000 " + changeset)));
  ASSERT_TRUE(body.is_compressed);

  peers.receive("upload 1 1 " + std::to_string(body.uncompressed_bytes) + " " +
                std::to_string(body.wire_bytes.size()) + " 3 0 0\n" +
                std::string(as_text(body.wire_bytes)));

  const auto integrate = peers.effect<IntegrateUpload>();
  ASSERT_EQ(integrate.upload.entries.size(), 1U);
  EXPECT_EQ(as_text(integrate.upload.entries[0].changeset), changeset);
}

TEST(Connection, AcknowledgesAnIntegratedUploadByADownload) {
  Peers peers;
  const SessionKey key = peers.run_caught_up_session();
  peers.receive(upload("3 0 100 0 3 ABC", "4 0 0"));
  const auto integrate = peers.effect<IntegrateUpload>();
  EXPECT_THAT(peers.sent(), IsEmpty());

  peers.connection.integrated(
      key,
      integrate.upload.bytes(),
      IntegratedUpload{
          .acknowledge = ClientVersion(4), .history_end = ServerVersion(1), .has_grown = true});
  peers.build_download(1, {ClientVersion(4), ServerVersion(0)});

  EXPECT_THAT(peers.sent(), ElementsAre("download 1 1 4 1 5 4 0 0 0 0 0\n"));
}

TEST(Connection, AcknowledgesDuplicatesToo) {
  Peers peers;
  const SessionKey key = peers.run_caught_up_session();
  peers.receive(upload("3 0 100 0 3 ABC", "4 0 0"));
  const auto integrate = peers.effect<IntegrateUpload>();

  peers.connection.integrated(
      key, integrate.upload.bytes(), IntegratedUpload{.acknowledge = ClientVersion(4)});

  EXPECT_EQ(peers.effects<BuildDownload>().size(), 1U);
}

TEST(Connection, DoesNotAnswerAnUploadWithoutEntries) {
  Peers peers;
  const SessionKey key = peers.run_caught_up_session(5);
  peers.receive(upload("", "6 5 5"));
  const auto integrate = peers.effect<IntegrateUpload>();

  peers.connection.integrated(
      key, integrate.upload.bytes(), IntegratedUpload{.history_end = ServerVersion(5)});

  EXPECT_EQ(peers.effect_count(), 0U);
  EXPECT_THAT(peers.sent(), IsEmpty());
}

TEST(Connection, EndsASessionWhoseUploadContradictsItself) {
  struct Case {
    std::string_view entries;
    std::string_view progress;
    SyncErrorCode code;
  };
  // The session has sent server versions up to 5; client version 2 at server version 1 is recorded.
  const Case cases[] = {
      {"3 5 1 0 1 A", "2 5 5", SyncErrorCode::kBadClientVersion},  // Entry beyond the progress.
      {"0 5 1 0 1 A", "3 5 5", SyncErrorCode::kBadClientVersion},  // Client version 0.
      {"3 5 1 0 1 A3 5 1 0 1 B", "4 5 5", SyncErrorCode::kBadClientVersion},  // Not increasing.
      {"3 6 1 0 1 A", "4 6 5", SyncErrorCode::kBadServerVersion},  // Ahead of what was sent.
      {"3 5 1 0 1 A", "4 5 6", SyncErrorCode::kBadServerVersion},  // Locked version ahead.
      {"3 4 1 0 1 A4 3 1 0 1 B", "4 5 5", SyncErrorCode::kBadServerVersion},  // Base goes back.
      {"3 5 1 0 1 A", "3 4 4", SyncErrorCode::kBadServerVersion},  // Base beyond the progress.
      {"3 0 1 0 1 A", "3 4 4", SyncErrorCode::kBadServerVersion},  // Base before the recorded one.
      {"", "0 5 5", SyncErrorCode::kBadServerVersion},             // (0, x) requires x = 0.
      {"3 5 1 7 1 A", "3 5 5", SyncErrorCode::kBadOriginFileIdent},
      {"3 5 1 42 1 A", "3 5 5", SyncErrorCode::kBadOriginFileIdent},
  };
  for (const Case& wrong : cases) {
    Peers peers;
    peers.run_caught_up_session(5, {ClientVersion(2), ServerVersion(1)});

    peers.receive(upload(wrong.entries, wrong.progress));

    const auto messages = peers.sent();
    EXPECT_EQ(error_code(messages), static_cast<int>(wrong.code)) << wrong.entries;
    EXPECT_EQ(parse_error(messages.front()).session, SessionIdent(1));
    EXPECT_THAT(peers.effects<IntegrateUpload>(), IsEmpty());
  }
}

TEST(Connection, ChecksUploadsAgainstTheOnesBefore) {
  Peers peers;
  peers.run_caught_up_session(5);
  peers.receive(upload("3 5 1 0 1 A", "4 5 5"));

  peers.receive(upload("4 5 1 0 1 B", "5 5 5"));

  EXPECT_EQ(error_code(peers.sent()), 210);
}

TEST(Connection, EndsTheConnectionWhenABodyIsBroken) {
  struct Case {
    std::string message;
    int code;
  };
  const Case cases[] = {
      {upload("3 5 x 0 1 A", "4 5 5"), 111},
      {upload("3 5 1 0 9 A", "4 5 5"), 112},
      {"upload 1 1 2000 4 4 5 5\nABCD", 110},
  };
  for (const Case& wrong : cases) {
    Peers peers;
    peers.run_caught_up_session(5);

    peers.receive(wrong.message);

    EXPECT_EQ(error_code(peers.sent()), wrong.code) << wrong.message;
    EXPECT_EQ(peers.effects<CloseConnection>().size(), 1U);
  }
}

TEST(Connection, ClosesOnABodyThatWouldInflateBeyondTheLimit) {
  Peers peers;
  peers.run_caught_up_session();

  peers.receive("upload 1 1 4294967295 4 4 0 0\nABCD");

  EXPECT_THAT(peers.sent(), IsEmpty());
  EXPECT_EQ(peers.effect<CloseConnection>().code, 1009);
}

TEST(Connection, EndsTheConnectionOnMessagesThatAreNotLegal) {
  struct Case {
    std::vector<std::string> messages;
    int code;
  };
  const std::string bind = "bind 1 3 0 0 0\n\"p\"";
  const std::string bind_for_ident = "bind 1 3 0 1 0\n\"p\"";
  const std::string ident = "ident 1 42 4242 0 0 0 0\n";
  const Case cases[] = {
      {{"nonsense 1\n"}, 102},
      {{"mark 1\n"}, 103},
      {{""}, 102},
      {{"mark 1 1\n"}, 106},
      {{ident}, 106},
      {{"unbind 1\n"}, 106},
      {{"bind 0 3 0 0 0\n\"p\""}, 106},
      {{bind, bind}, 107},
      {{bind, "mark 1 1\n"}, 109},
      {{bind, upload("", "0 0 0")}, 109},
      {{bind_for_ident, ident}, 109},
      {{bind, "unbind 1\n", "unbind 1\n"}, 109},
      {{bind, "unbind 1\n", "mark 1 1\n"}, 109},
  };
  for (const Case& wrong : cases) {
    Peers peers;

    for (const std::string& message : wrong.messages) peers.receive(message);

    const auto messages = peers.sent();
    EXPECT_EQ(error_code(messages), wrong.code) << wrong.messages.back();
    EXPECT_EQ(parse_error(messages.front()).session, SessionIdent(0));
    EXPECT_EQ(peers.effects<CloseConnection>().size(), 1U);
    EXPECT_FALSE(peers.connection.deadline());
  }
}

TEST(Connection, HoldsMessagesBackUntilTheClientFileIsIdentified) {
  // Given a client that sends on without waiting,
  Peers peers;
  peers.receive("bind 1 3 0 0 0\n\"p\"");
  peers.receive("ident 1 42 4242 0 0 0 0\n");
  peers.receive(upload("2 0 1 0 1 A", "2 0 0"));
  peers.receive("mark 1 1\n");
  EXPECT_THAT(peers.effects<IntegrateUpload>(), IsEmpty());

  // When its file is identified,
  const SessionKey key = peers.effect<IdentifyClientFile>().session;
  peers.connection.identified(key, IdentifiedFile{kFile, {}, {}, ServerVersion(0)});

  // Then they count in their order.
  EXPECT_EQ(peers.effects<IntegrateUpload>().size(), 1U);
  peers.build_download(0);
  EXPECT_THAT(peers.sent(), ElementsAre(StartsWith("download")));
  peers.build_download(0);
  EXPECT_THAT(peers.sent(), ElementsAre("mark 1 1\n"));
}

TEST(Connection, ReleasesAFileThatIsUnboundWhileItIsIdentifiedBeforeItIsBoundAgain) {
  // Given a client that binds, unbinds and binds again without waiting,
  Peers peers;
  peers.receive("bind 1 3 0 0 0\n\"p\"");
  peers.receive("ident 1 42 4242 0 0 0 0\n");
  peers.receive("unbind 1\n");
  peers.receive("bind 2 3 0 0 0\n\"p\"");
  peers.receive("ident 2 42 4242 0 0 0 0\n");

  // When its file is identified for the first session,
  const SessionKey key = peers.effect<IdentifyClientFile>().session;
  peers.connection.identified(key, IdentifiedFile{kFile, {}, {}, ServerVersion(0)});

  // Then it is released before the second one asks for it.
  std::vector<Effect> effects;
  while (auto effect = peers.connection.next_effect()) effects.push_back(std::move(*effect));
  std::erase_if(effects,
                [](const Effect& effect) { return std::holds_alternative<BuildDownload>(effect); });
  ASSERT_EQ(effects.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<ReleaseClientFile>(effects[0]));
  EXPECT_TRUE(std::holds_alternative<IdentifyClientFile>(effects[1]));
  EXPECT_THAT(peers.sent(), ElementsAre("unbound 1\n"));
}

TEST(Connection, RefusesASecondIdentThatWasHeldBack) {
  Peers peers;
  peers.receive("bind 1 3 0 0 0\n\"p\"");
  peers.receive("ident 1 42 4242 0 0 0 0\n");
  peers.receive("ident 1 42 4242 0 0 0 0\n");

  const SessionKey key = peers.effect<IdentifyClientFile>().session;
  peers.connection.identified(key, IdentifiedFile{kFile, {}, {}, ServerVersion(0)});

  EXPECT_EQ(error_code(peers.sent()), 109);
}

TEST(Connection, AnswersAFlexibleClientThatTheAppIsPartitionBased) {
  ConnectionOptions flexible = options();
  flexible.subprotocol.mode = protocol::SyncMode::kFlexible;
  Peers peers(flexible);

  peers.receive("bind 1 37 0 1 0\n{\"schemaVersion\":0,\"sessionReason\":0}");

  EXPECT_EQ(error_code(peers.sent()), 114);
}

TEST(Connection, EndsASessionWhosePartitionIsNone) {
  for (const char* bind : {"bind 1 5 0 1 0\n/path", "bind 1 2 0 1 0\n{}"}) {
    Peers peers;

    peers.receive(bind);

    EXPECT_EQ(error_code(peers.sent()), 204);
    EXPECT_THAT(peers.effects<AllocateClientFile>(), IsEmpty());
  }
}

TEST(Connection, TakesPathsWhenItIsToldTo) {
  ConnectionOptions with_paths = options();
  with_paths.partition_syntax = PartitionSyntax::kPath;
  const auto answer = [&](const std::string& path) {
    Peers peers(with_paths);
    peers.receive("bind 1 " + std::to_string(path.size()) + " 0 1 0\n" + path);
    return peers.effects<AllocateClientFile>().size();
  };

  for (const char* path : {"/a", "a", "/a/b c", "/x.realm"}) EXPECT_EQ(answer(path), 1U) << path;
  for (const char* path : {"/", "/a/../b", "/a//b", "/.hidden", "/a/"}) {
    EXPECT_EQ(answer(path), 0U) << path;
  }
}

TEST(Connection, TurnsSessionsAwayWhenItHasTooMany) {
  ConnectionOptions narrow = options();
  narrow.sessions_max = 1;
  Peers peers(narrow);
  peers.receive("bind 1 3 0 0 0\n\"p\"");

  peers.receive("bind 2 3 0 0 0\n\"p\"");

  const protocol::ServerError error = parse_error(peers.sent().at(0));
  EXPECT_EQ(error.session, SessionIdent(2));
  EXPECT_EQ(error.action, Action::kTransient);
}

TEST(Connection, ClosesOnAClientThatGoesOnBindingSessions) {
  ConnectionOptions narrow = options();
  narrow.sessions_max = 2;
  Peers peers(narrow);
  for (int i = 1; i <= 4; ++i) peers.receive("bind " + std::to_string(i) + " 3 0 0 0\n\"p\"");
  EXPECT_THAT(peers.effects<CloseConnection>(), IsEmpty());

  peers.receive("bind 5 3 0 0 0\n\"p\"");

  EXPECT_THAT(peers.effects<CloseConnection>(), SizeIs(1));
}

TEST(Connection, AnswersUnbindByUnbound) {
  Peers peers;
  peers.run_caught_up_session();

  peers.receive("unbind 1\n");

  EXPECT_THAT(peers.sent(), ElementsAre("unbound 1\n"));
  EXPECT_EQ(peers.effect<ReleaseClientFile>().client_file, kClient);
  EXPECT_EQ(peers.connection.session_count(), 0U);
}

TEST(Connection, SendsNothingOfASessionAfterItsUnbind) {
  // Given a download that is being built,
  Peers peers;
  const SessionKey key = peers.run_session(SessionIdent(1), ServerVersion(5));
  const auto build = peers.effect<BuildDownload>();

  // When the session is unbound before it arrives,
  peers.receive("unbind 1\n");
  peers.connection.download_built(build.session, Peers::empty_download(5));
  peers.connection.history_advanced(key, ServerVersion(6));

  // Then the answer to UNBIND is the last word.
  EXPECT_THAT(peers.sent(), ElementsAre("unbound 1\n"));
  EXPECT_THAT(peers.effects<BuildDownload>(), IsEmpty());
}

TEST(Connection, AnswersUnbindBeforeTheIdent) {
  Peers peers;
  peers.receive("bind 1 3 0 1 0\n\"p\"");
  const auto allocate = peers.effect<AllocateClientFile>();

  peers.receive("unbind 1\n");
  peers.connection.client_file_allocated(allocate.session,
                                         protocol::SaltedFileIdent{kClient, kSalt});

  EXPECT_THAT(peers.sent(), ElementsAre("unbound 1\n"));
}

TEST(Connection, SendsNoUnboundAfterAnError) {
  Peers peers;
  peers.run_caught_up_session();
  peers.receive(upload("3 9 1 0 1 A", "4 9 9"));
  EXPECT_EQ(error_code(peers.sent()), 209);

  // What else was under way is ignored, and the ident may be bound again.
  peers.receive(upload("5 0 1 0 1 A", "6 0 0"));
  peers.receive("mark 1 1\n");
  peers.receive("unbind 1\n");
  EXPECT_THAT(peers.sent(), IsEmpty());
  peers.receive("bind 1 3 0 1 0\n\"p\"");
  EXPECT_EQ(peers.effects<AllocateClientFile>().size(), 1U);
}

TEST(Connection, DropsAnErrorThatUnbindOvertakes) {
  Peers peers;
  peers.run_caught_up_session();
  peers.receive(upload("3 9 1 0 1 A", "4 9 9"));

  peers.receive("unbind 1\n");

  EXPECT_THAT(peers.sent(), ElementsAre("unbound 1\n"));
}

TEST(Connection, IgnoresAnswersForABindingThatIsOver) {
  // Given a session ident that was unbound and bound again while an upload was under way,
  Peers peers;
  const SessionKey old = peers.run_caught_up_session();
  peers.receive(upload("3 0 1 0 1 A", "3 0 0"));
  const auto integrate = peers.effect<IntegrateUpload>();
  peers.receive("unbind 1\n");
  EXPECT_EQ(peers.sent().size(), 1U);
  peers.run_session();
  static_cast<void>(peers.effects<BuildDownload>());

  // When the old one's upload fails,
  peers.connection.integrated(
      old, integrate.upload.bytes(), session_error(SyncErrorCode::kBadChangeset, "bad"));

  // Then the new one knows nothing of it.
  EXPECT_THAT(peers.sent(), IsEmpty());
}

TEST(Connection, EndsASessionWhoseUploadFailed) {
  Peers peers;
  const SessionKey key = peers.run_caught_up_session();
  peers.receive(upload("3 0 1 0 1 A", "3 0 0"));
  const auto integrate = peers.effect<IntegrateUpload>();

  peers.connection.integrated(
      key, integrate.upload.bytes(), client_reset_error(SyncErrorCode::kBadChangeset, "bad"));

  const protocol::ServerError error = parse_error(peers.sent().at(0));
  EXPECT_EQ(error.code, SyncErrorCode::kBadChangeset);
  EXPECT_EQ(error.action, Action::kClientReset);
  EXPECT_TRUE(error.should_client_reset);
  EXPECT_EQ(peers.effects<ReleaseClientFile>().size(), 1U);
}

TEST(Connection, AsksClientsToComeBackWhenTheServerItselfFails) {
  Peers peers;
  const SessionKey key = peers.run_caught_up_session();
  peers.receive(upload("3 0 1 0 1 A", "3 0 0"));
  const auto integrate = peers.effect<IntegrateUpload>();

  peers.connection.integrated(
      key, integrate.upload.bytes(), Error(ErrorCode::kDiskFull, "/srv/data is full"));

  const protocol::ServerError error = parse_error(peers.sent().at(0));
  EXPECT_EQ(error.action, Action::kTransient);
  EXPECT_TRUE(error.try_again);
  EXPECT_TRUE(error.retry_delay);
  EXPECT_THAT(error.message, ::testing::Not(HasSubstr("/srv")));
}

TEST(Connection, EndsAllSessionsWhenAClientFileIsBoundTwice) {
  Peers peers;
  peers.run_caught_up_session();
  peers.receive("bind 2 3 0 0 0\n\"p\"");
  peers.receive("ident 2 42 4242 0 0 0 0\n");

  peers.connection.identified(peers.effect<IdentifyClientFile>().session,
                              session_error(SyncErrorCode::kBoundInOtherSession, "bound twice"));

  EXPECT_EQ(error_code(peers.sent()), 108);
  EXPECT_EQ(peers.effects<ReleaseClientFile>().size(), 1U);
}

TEST(Connection, ResetsAClientThatCannotIntegrate) {
  struct Case {
    int reported;
    int answered;
  };
  for (const Case& one : {Case{212, 217}, Case{233, 217}, Case{112, 217}, Case{201, 200}}) {
    Peers peers;
    peers.run_caught_up_session();

    peers.receive("json_error " + std::to_string(one.reported) + " 15 1\n{\"message\":\"x\"}");

    EXPECT_EQ(error_code(peers.sent()), one.answered) << one.reported;
  }
}

TEST(Connection, ResetsAClientThatFailsAgainForNoKnownReason) {
  Peers peers;
  peers.run_caught_up_session();
  peers.receive("json_error 201 15 1\n{\"message\":\"x\"}");
  EXPECT_EQ(error_code(peers.sent()), 200);
  peers.receive("unbind 1\n");
  peers.run_caught_up_session();

  peers.receive("json_error 201 15 1\n{\"message\":\"x\"}");

  EXPECT_EQ(error_code(peers.sent()), 217);
}

TEST(Connection, SendsPongBeforeEverythingElse) {
  Peers peers;
  peers.run_session();
  peers.build_download(0);

  peers.receive("ping 123 4\n");

  EXPECT_THAT(peers.sent(), ElementsAre("pong 123\n", StartsWith("download")));
}

TEST(Connection, KeepsToItselfThatNothingConcernsTheClient) {
  // Given a client that is caught up,
  Peers peers;
  const SessionKey key = peers.run_caught_up_session(5);

  // When the history grows by what is nothing to it,
  peers.connection.history_advanced(key, ServerVersion(7));
  peers.build_download(7);
  EXPECT_THAT(peers.sent(), IsEmpty());

  // Then the search goes on from there,
  peers.connection.history_advanced(key, ServerVersion(8));
  const auto build = peers.effect<BuildDownload>();
  EXPECT_EQ(build.request.cursor.server_version, ServerVersion(7));
  peers.connection.download_built(build.session, Peers::empty_download(8));
  EXPECT_THAT(peers.sent(), IsEmpty());
  EXPECT_THAT(peers.effects<BuildDownload>(), IsEmpty());

  // and whoever asks is told where it stands.
  peers.receive("mark 1 1\n");
  peers.build_download(8);
  EXPECT_THAT(peers.sent(), ElementsAre("download 1 8 0 8 5 0 0 0 0 0 0\n", "mark 1 1\n"));
}

TEST(Connection, DoesNotLetAClientFallFarBehind) {
  Peers peers;
  const SessionKey key = peers.run_caught_up_session(5);

  peers.connection.history_advanced(key, ServerVersion(104));
  peers.build_download(104);
  EXPECT_THAT(peers.sent(), IsEmpty());
  peers.connection.history_advanced(key, ServerVersion(105));
  peers.build_download(105);

  EXPECT_THAT(peers.sent(), ElementsAre(StartsWith("download 1 105 ")));
}

TEST(Connection, GivesSessionsTheirTurns) {
  // Given two sessions that both have much to send,
  Peers peers;
  const SessionKey first = peers.run_session(SessionIdent(1), ServerVersion(9));
  const SessionKey second = peers.run_session(SessionIdent(2), ServerVersion(9));
  std::vector<std::string> order;

  // When the socket takes one message at a time,
  for (std::uint64_t version = 1; version <= 3; ++version) {
    for (const BuildDownload& build : peers.effects<BuildDownload>()) {
      peers.connection.download_built(build.session, Peers::download_of("A", version));
    }
    for (int i = 0; i < 2; ++i) {
      const auto message = peers.connection.take_message();
      ASSERT_TRUE(message);
      order.push_back(std::string(as_text(message->head)).substr(0, 12));
    }
  }

  // Then neither waits for the other.
  EXPECT_THAT(order,
              ElementsAre("download 1 1",
                          "download 2 1",
                          "download 1 2",
                          "download 2 2",
                          "download 1 3",
                          "download 2 3"));
  EXPECT_NE(first, second);
}

TEST(Connection, BuildsOnlyAFewDownloadsAheadOfTheSocket) {
  ConnectionOptions narrow = options();
  narrow.downloads_ahead_max = 2;
  Peers peers(narrow);
  for (std::uint64_t ident = 1; ident <= 5; ++ident) peers.run_session(SessionIdent(ident));

  std::vector<BuildDownload> asked = peers.effects<BuildDownload>();
  EXPECT_EQ(asked.size(), 2U);
  std::size_t sent = 0;
  while (!asked.empty()) {
    for (const BuildDownload& build : asked) {
      peers.connection.download_built(build.session, Peers::empty_download(0));
    }
    EXPECT_THAT(peers.effects<BuildDownload>(), IsEmpty()) << "before the socket took one";
    ASSERT_TRUE(peers.connection.take_message());
    ++sent;
    asked = peers.effects<BuildDownload>();
    EXPECT_LE(asked.size(), 1U);
  }

  EXPECT_EQ(sent + peers.sent().size(), 5U);
}

TEST(Connection, FreesTheTurnOfASessionThatEndsWhileItsDownloadIsBuilt) {
  ConnectionOptions narrow = options();
  narrow.downloads_ahead_max = 1;
  Peers peers(narrow);
  peers.run_session(SessionIdent(1));
  peers.run_session(SessionIdent(2));
  const auto build = peers.effect<BuildDownload>();

  peers.receive("unbind 1\n");
  EXPECT_THAT(peers.sent(), ElementsAre("unbound 1\n"));
  peers.connection.download_built(build.session, Peers::empty_download(0));

  EXPECT_EQ(peers.effect<BuildDownload>().session.ident, SessionIdent(2));
}

TEST(Connection, StopsReadingWhileTooMuchWaitsForIntegration) {
  ConnectionOptions narrow = options();
  narrow.waiting_bytes_max = 100;
  Peers peers(narrow);
  const SessionKey key = peers.run_caught_up_session();
  EXPECT_TRUE(peers.connection.wants_input());

  peers.receive(upload("3 0 1 0 100 " + std::string(100, 'A'), "3 0 0"));
  const auto integrate = peers.effect<IntegrateUpload>();
  EXPECT_FALSE(peers.connection.wants_input());

  peers.connection.integrated(
      key, integrate.upload.bytes(), IntegratedUpload{.acknowledge = ClientVersion(3)});
  EXPECT_TRUE(peers.connection.wants_input());
}

TEST(Connection, SharesTheBodyOfADownload) {
  Peers peers;
  const SessionKey key = peers.run_session();
  const DownloadAnswer download = Peers::download_of("3 0 1 2 1 1 A", 0);

  peers.connection.download_built(key, download);
  const auto message = peers.connection.take_message();

  ASSERT_TRUE(message);
  EXPECT_EQ(message->body.get(), &download.body->wire_bytes);
}

TEST(Connection, ClosesWhenTheClientFallsSilent) {
  Peers peers;
  peers.connection.receive(to_bytes(as_bytes("ping 1 0\n")), kStart + 1min);

  peers.connection.advance(kStart + 5min);
  EXPECT_THAT(peers.effects<CloseConnection>(), IsEmpty());
  peers.connection.advance(*peers.connection.deadline());

  EXPECT_EQ(peers.effects<CloseConnection>().size(), 1U);
  EXPECT_EQ(peers.connection.deadline(), std::nullopt);
}

TEST(Connection, ClosesWhenTheTokenRunsOut) {
  ConnectionOptions expiring = options();
  expiring.token_expires = kStart + 2min;
  Peers peers(expiring);

  EXPECT_EQ(peers.connection.deadline(), kStart + 2min);
  peers.connection.advance(kStart + 2min);

  EXPECT_EQ(peers.effect<CloseConnection>().code, 4001);
}

TEST(Connection, LetsARefusedClientInOnlyToSendItAwayLater) {
  ConnectionOptions refused = options();
  refused.refusal = ConnectionRefusal{4001, "expired", kStart + 8s};
  Peers peers(refused);

  peers.receive("bind 1 3 0 1 0\n\"p\"");
  EXPECT_EQ(peers.effect_count(), 0U);
  EXPECT_THAT(peers.sent(), IsEmpty());
  peers.connection.advance(kStart + 7s);
  EXPECT_EQ(peers.effect_count(), 0U);
  peers.connection.advance(*peers.connection.deadline());

  const auto close = peers.effect<CloseConnection>();
  EXPECT_EQ(close.code, 4001);
  EXPECT_EQ(close.reason, "expired");
}

TEST(Connection, TellsClientsToComeBackWhenTheServerStops) {
  Peers peers;
  peers.run_caught_up_session();

  peers.connection.shut_down();

  const protocol::ServerError error = parse_error(peers.sent().at(0));
  EXPECT_EQ(error.code, SyncErrorCode::kConnectionClosed);
  EXPECT_EQ(error.action, Action::kTransient);
  EXPECT_TRUE(error.try_again);
  EXPECT_EQ(peers.effects<ReleaseClientFile>().size(), 1U);
  EXPECT_EQ(peers.effects<CloseConnection>().size(), 1U);
}

TEST(Connection, ReleasesItsClientFilesWhenTheStreamEnds) {
  Peers peers;
  peers.run_caught_up_session();

  peers.connection.disconnected();
  peers.receive("mark 1 1\n");

  EXPECT_EQ(peers.effects<ReleaseClientFile>().size(), 1U);
  EXPECT_THAT(peers.sent(), IsEmpty());
}

}  // namespace
}  // namespace tombolo::server
