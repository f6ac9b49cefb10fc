#include "protocol/codec.h"

#include <array>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "protocol/changeset_entry.h"
#include "protocol/limits.h"

namespace tombolo::protocol {
namespace {

using ::testing::HasSubstr;

constexpr SubProtocol kPartition{SyncMode::kPartition, kProtocolVersionMax};
constexpr SubProtocol kFlexible{SyncMode::kFlexible, kProtocolVersionMax};

constexpr SubProtocol flexible(std::uint32_t version) {
  return {SyncMode::kFlexible, ProtocolVersion(version)};
}

struct Example {
  SubProtocol subprotocol;
  std::string_view bytes;
};

/// A message of every kind, as docs/protocol.md shows them.
constexpr std::array kClientExamples{
    Example{kPartition, "bind 1 8 0 1 0\n\"team-7\""},
    Example{kFlexible, "bind 1 37 0 1 0\n{\"schemaVersion\":0,\"sessionReason\":0}"},
    Example{kFlexible,
            "bind 2 70 0 0 0\n"
            R"({"migratedPartition":"\"team-7\"","schemaVersion":2,"sessionReason":1})"},
    Example{kPartition, "ident 1 42 7291038475610293 0 0 0 0\n"},
    Example{kFlexible, "ident 1 42 7291038475610293 0 0 0 0 0 2\n{}"},
    Example{kFlexible,
            "ident 3 42 7291038475610293 118 31 120 5550123 4 72\n"
            R"json({"Item":"(TRUEPREDICATE)","Task":"(owner == \"ada\") OR (priority > 3)"})json"},
    Example{kFlexible,
            "query 1 4 72\n"
            R"json({"Item":"(TRUEPREDICATE)","Task":"(owner == \"ada\") OR (priority > 3)"})json"},
    Example{kPartition, "upload 1 0 25 0 12 5 5\n12 5 368000000123 0 3 ABC"},
    Example{kPartition, "upload 1 0 0 0 14 8 8\n"},
    Example{kPartition, "mark 1 1\n"},
    Example{kPartition, "unbind 1\n"},
    Example{kPartition, "json_error 212 40 1\n{\"message\":\"BadChangeset: cannot apply\"}"},
    Example{kPartition, "ping 81234567 23\n"},
    Example{kPartition,
            "test_command 1 1 49\n{\"command\":\"ECHO_ERROR\",\"args\":{\"errorCode\":201}}"},
};

constexpr std::array kServerExamples{
    Example{kPartition, "ident 1 42 7291038475610293\n"},
    Example{kFlexible, "query_error 226 45 1 5\n\"Task\": key \"secret\" is not a queryable field"},
    Example{kPartition,
            "download 1 8 12 8 5550123 12 5 0 0 56 0\n"
            "7 12 368000000500 3 3 3 ABC8 12 368000000650 4 5 5 ABCDE"},
    Example{kPartition, "download 1 9 14 9 8812345 14 8 0 0 0 0\n"},
    Example{kFlexible,
            "download 1 20 12 20 5550123 12 5 4 0 0.4 0 28 0\n20 12 368000000500 3 3 3 ABC"},
    Example{kFlexible,
            "download 1 20 12 20 5550123 12 5 4 1 1 0 28 0\n20 12 368000000650 3 3 3 DEF"},
    Example{kFlexible, "download 1 21 12 21 8812345 12 5 4 2 1 0 0 0\n"},
    Example{flexible(11), "download 1 21 12 21 8812345 12 5 4 2 0 0 0 0\n"},
    Example{kPartition, "mark 1 1\n"},
    Example{kPartition, "unbound 1\n"},
    Example{kPartition, "error 208 19 0 1\nunknown client file"},
    Example{kPartition,
            "json_error 208 168 1\n"
            R"({"action":"ClientReset","isRecoveryModeDisabled":false,)"
            R"("logURL":"https://example.test/logs/1","message":"unknown client file",)"
            R"("shouldClientReset":true,"tryAgain":false})"},
    Example{kPartition,
            "json_error 222 157 1\n"
            R"({"action":"ClientReset","integratedClientVersion":7,"isRecoveryModeDisabled":false,)"
            R"("logURL":"","message":"expired","shouldClientReset":true,"tryAgain":false})"},
    Example{kPartition,
            "json_error 229 194 1\n"
            R"({"action":"Transient","backoffIntervalSec":5,"backoffMaxDelaySec":300,)"
            R"("backoffMultiplier":2,"isRecoveryModeDisabled":false,"logURL":"","message":"busy",)"
            R"("shouldClientReset":false,"tryAgain":true})"},
    Example{kFlexible,
            "json_error 231 303 1\n"
            R"({"action":"Warning","compensatingWriteServerVersion":15,)"
            R"("isRecoveryModeDisabled":false,"logURL":"","message":"1 write was undone",)"
            R"("rejectedClientVersion":20,"rejectedUpdates":[{"pk":"AQU=",)"
            R"("reason":"object is outside of the current query view","table":"Item"}],)"
            R"("shouldClientReset":false,"tryAgain":true})"},
    Example{kPartition,
            "json_error 232 173 1\n"
            R"({"action":"MigrateToFLX","isRecoveryModeDisabled":false,"logURL":"",)"
            R"("message":"migrated","partitionQuery":"realm_id == \"team-7\"",)"
            R"("shouldClientReset":true,"tryAgain":false})"},
    Example{kFlexible,
            "json_error 236 164 1\n"
            R"({"action":"MigrateSchema","isRecoveryModeDisabled":false,"logURL":"",)"
            R"("message":"schema changed","previousSchemaVersion":1,"shouldClientReset":false,)"
            R"("tryAgain":true})"},
    Example{kPartition,
            "log_message 0 65\n"
            R"({"co_id":"65f0c0ffee65f0c0ffee0001","level":"info","msg":"hello"})"},
    Example{kPartition, "pong 81234567\n"},
    Example{kPartition, "test_command 1 1 2\n{}"},
};

template <typename Message>
Message parsed(Result<Message> (*parse)(BytesView, SubProtocol), const Example& example) {
  return parse(as_bytes(example.bytes), example.subprotocol).value();
}

TEST(Codec, EveryExampleOfTheClientReadsAndWritesTheSame) {
  for (const Example& example : kClientExamples) {
    const ClientMessage message = parsed(parse_client_message, example);

    EXPECT_EQ(as_text(encode_client_message(message)), example.bytes);
    EXPECT_THAT(std::string(example.bytes),
                ::testing::StartsWith(std::string(message_name(message)) + " "));
  }
}

TEST(Codec, EveryExampleOfTheServerReadsAndWritesTheSame) {
  for (const Example& example : kServerExamples) {
    const ServerMessage message = parsed(parse_server_message, example);

    EXPECT_EQ(as_text(encode_server_message(message, example.subprotocol.version)), example.bytes);
    EXPECT_THAT(std::string(example.bytes),
                ::testing::StartsWith(std::string(message_name(message)) + " "));
  }
}

TEST(Codec, FieldsOfTheClientGoToTheirPlaces) {
  const auto ident = std::get<ClientIdent>(
      parse_client_message(as_bytes("ident 1 2 -3 4 5 6 7 8 2\n{}"), kFlexible).value());
  const auto upload = std::get<Upload>(
      parse_client_message(as_bytes("upload 1 1 9 3 5 6 7\nzip"), kPartition).value());
  const auto bind =
      std::get<Bind>(parse_client_message(as_bytes("bind 1 2 3 1 0\nAAttt"), kPartition).value());

  EXPECT_EQ(ident.session, SessionIdent(1));
  EXPECT_EQ(ident.client_file, (SaltedFileIdent{ClientFileIdent(2), Salt(-3)}));
  EXPECT_EQ(ident.download, (DownloadCursor{ServerVersion(4), ClientVersion(5)}));
  EXPECT_EQ(ident.latest_server_version, (SaltedServerVersion{ServerVersion(6), Salt(7)}));
  EXPECT_EQ(ident.active_queries->version, QueryVersion(8));
  EXPECT_EQ(ident.active_queries->queries, "{}");
  EXPECT_EQ(upload.session, SessionIdent(1));
  EXPECT_TRUE(upload.body.is_compressed);
  EXPECT_EQ(upload.body.uncompressed_bytes, 9U);
  EXPECT_EQ(as_text(upload.body.wire_bytes), "zip");
  EXPECT_EQ(upload.progress, (UploadCursor{ClientVersion(5), ServerVersion(6)}));
  EXPECT_EQ(upload.locked_server_version, ServerVersion(7));
  EXPECT_TRUE(bind.needs_client_file_ident);
  EXPECT_FALSE(bind.is_subserver);
  EXPECT_EQ(std::get<PartitionBind>(bind.target).partition, "AA");
  EXPECT_EQ(bind.token, "ttt");
}

TEST(Codec, FieldsOfTheServerGoToTheirPlaces) {
  const auto download = std::get<Download>(
      parse_server_message(as_bytes("download 1 2 3 4 -5 6 7 8 1 0.25 0 2 0\nAB"), kFlexible)
          .value());
  const auto partial = std::get<Download>(
      parse_server_message(as_bytes("download 1 2 3 4 5 6 7 8 0 0 0\n"), kPartition).value());
  const auto error = std::get<LegacyError>(
      parse_server_message(as_bytes("error 201 2 1 3\nAB"), kPartition).value());
  const auto rejection = std::get<QueryError>(
      parse_server_message(as_bytes("query_error 300 2 3 4\nAB"), kFlexible).value());

  EXPECT_EQ(download.download, (DownloadCursor{ServerVersion(2), ClientVersion(3)}));
  EXPECT_EQ(download.latest_server_version, (SaltedServerVersion{ServerVersion(4), Salt(-5)}));
  EXPECT_EQ(download.upload, (UploadCursor{ClientVersion(6), ServerVersion(7)}));
  const auto& flexible_part = std::get<FlexibleDownload>(download.remainder);
  EXPECT_EQ(flexible_part.query_version, QueryVersion(8));
  EXPECT_EQ(flexible_part.batch_state, BatchState::kLastInBatch);
  EXPECT_EQ(flexible_part.estimate, ProgressEstimate(2'500));
  EXPECT_EQ(as_text(download.body.wire_bytes), "AB");
  EXPECT_EQ(std::get<PartitionDownload>(partial.remainder).downloadable_bytes, 8U);
  EXPECT_EQ(error.code, SyncErrorCode::kOtherSessionError);
  EXPECT_TRUE(error.try_again);
  EXPECT_EQ(error.session, SessionIdent(3));
  EXPECT_EQ(error.message, "AB");
  EXPECT_EQ(rejection.code, static_cast<SyncErrorCode>(300));
  EXPECT_EQ(rejection.session, SessionIdent(3));
  EXPECT_EQ(rejection.query_version, QueryVersion(4));
}

/// Ids, numbers and texts at random in their domains.
struct Arbitrary {
  template <typename Id>
  static Id id(std::uint64_t min = 0) {
    const auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return Id(static_cast<typename Id::rep>(*rc::gen::inRange<std::uint64_t>(min, max)));
  }
  static Salt salt() { return Salt(*rc::gen::nonZero<std::int64_t>()); }
  static std::chrono::milliseconds time() {
    return std::chrono::milliseconds(*rc::gen::arbitrary<std::int64_t>());
  }
  static std::string text() {
    return *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
  }
  static bool flag() { return *rc::gen::arbitrary<bool>(); }
};

void check_round_trip(const ClientMessage& message, SubProtocol subprotocol) {
  const Bytes bytes = encode_client_message(message);
  const ClientMessage again = parse_client_message(bytes, subprotocol).value();
  RC_ASSERT(again.index() == message.index());
  RC_ASSERT(as_text(encode_client_message(again)) == as_text(bytes));
}

void check_round_trip(const ServerMessage& message, SubProtocol subprotocol) {
  const Bytes bytes = encode_server_message(message, subprotocol.version);
  const ServerMessage again = parse_server_message(bytes, subprotocol).value();
  RC_ASSERT(again.index() == message.index());
  RC_ASSERT(as_text(encode_server_message(again, subprotocol.version)) == as_text(bytes));
}

RC_GTEST_PROP(Codec, EveryMessageOfTheClientSurvivesTheWire, ()) {
  const auto session = Arbitrary::id<SessionIdent>();
  const std::string text = Arbitrary::text();
  const QuerySet queries{Arbitrary::id<QueryVersion>(), text};
  const BodyView body{as_bytes(text), text.size(), false};
  ClientIdent ident{session,
                    {Arbitrary::id<ClientFileIdent>(), Arbitrary::salt()},
                    {Arbitrary::id<ServerVersion>(), Arbitrary::id<ClientVersion>()},
                    {Arbitrary::id<ServerVersion>(), Arbitrary::salt()},
                    std::nullopt};
  const FlexibleBind flexible_bind{
      Arbitrary::id<ServerVersion>().value(),
      Arbitrary::flag() ? SessionReason::kSync : SessionReason::kClientReset,
      Arbitrary::flag() ? std::optional(text) : std::nullopt};

  check_round_trip(Bind{session, Arbitrary::flag(), Arbitrary::flag(), text, PartitionBind{text}},
                   kPartition);
  check_round_trip(Bind{session, Arbitrary::flag(), false, {}, flexible_bind}, kFlexible);
  check_round_trip(ident, kPartition);
  ident.active_queries = queries;
  check_round_trip(ident, kFlexible);
  check_round_trip(Query{session, queries}, kFlexible);
  check_round_trip(Upload{session,
                          {Arbitrary::id<ClientVersion>(), Arbitrary::id<ServerVersion>()},
                          Arbitrary::id<ServerVersion>(),
                          body},
                   kPartition);
  check_round_trip(ClientMessage(Mark{session, Arbitrary::id<RequestIdent>(1)}), kPartition);
  check_round_trip(Unbind{session}, kPartition);
  check_round_trip(ClientError{session, SyncErrorCode::kBadChangeset, text}, kPartition);
  check_round_trip(Ping{Arbitrary::time(), Arbitrary::time()}, kPartition);
  check_round_trip(ClientMessage(TestCommand{session, Arbitrary::id<RequestIdent>(1), text}),
                   kPartition);
}

RC_GTEST_PROP(Codec, EveryMessageOfTheServerSurvivesTheWire, ()) {
  const auto session = Arbitrary::id<SessionIdent>(1);
  const std::string text = Arbitrary::text();
  Download download{session,
                    {Arbitrary::id<ServerVersion>(), Arbitrary::id<ClientVersion>()},
                    {Arbitrary::id<ServerVersion>(), Arbitrary::salt()},
                    {Arbitrary::id<ClientVersion>(), Arbitrary::id<ServerVersion>()},
                    PartitionDownload{Arbitrary::id<ServerVersion>().value()},
                    {as_bytes(text), text.size(), false}};
  ServerError error = make_server_error(SyncErrorCode::kCompensatingWrite, session, text);
  error.retry_delay = RetryDelay{std::chrono::seconds(1), std::chrono::seconds(300), 2};
  error.partition_query = text;
  error.previous_schema_version = Arbitrary::id<ServerVersion>().value();
  error.rejected_updates = {{text, "AQU=", text}};
  error.rejected_client_version = Arbitrary::id<ClientVersion>();
  error.compensating_write_server_version = Arbitrary::id<ServerVersion>();

  check_round_trip(ServerIdent{session, {Arbitrary::id<ClientFileIdent>(1), Arbitrary::salt()}},
                   kPartition);
  check_round_trip(download, kPartition);
  download.remainder =
      FlexibleDownload{Arbitrary::id<QueryVersion>(),
                       static_cast<BatchState>(*rc::gen::inRange(0, 3)),
                       ProgressEstimate(*rc::gen::inRange<std::uint16_t>(0, 10'001))};
  for (auto version = kProtocolVersionMin; version <= kProtocolVersionMax; version = version.next())
    check_round_trip(download, {SyncMode::kFlexible, version});
  check_round_trip(ServerMessage(Mark{session, Arbitrary::id<RequestIdent>(1)}), kPartition);
  check_round_trip(Unbound{session}, kPartition);
  check_round_trip(LegacyError{SyncErrorCode::kBadClientFile, Arbitrary::flag(), session, text},
                   kPartition);
  check_round_trip(error, kFlexible);
  check_round_trip(
      QueryError{SyncErrorCode::kBadQuery, session, Arbitrary::id<QueryVersion>(), text},
      kFlexible);
  check_round_trip(
      LogMessage{session, text, static_cast<LogMessageLevel>(*rc::gen::inRange(0, 7)), text},
      kPartition);
  check_round_trip(Pong{Arbitrary::time()}, kPartition);
  check_round_trip(ServerMessage(TestCommand{session, Arbitrary::id<RequestIdent>(1), text}),
                   kPartition);
}

/// What a server answers to `bytes`; nullopt when it takes them.
std::optional<SyncErrorCode> server_answer(std::string_view bytes, SubProtocol subprotocol) {
  const auto message = parse_client_message(as_bytes(bytes), subprotocol);
  if (message) return std::nullopt;
  EXPECT_EQ(message.error().code(), ErrorCode::kBadMessage) << bytes;
  return sync_error_code(message.error());
}

TEST(Codec, EveryTruncationIsRefused) {
  for (const Example& example : kClientExamples)
    for (std::size_t size = 0; size < example.bytes.size(); ++size)
      EXPECT_TRUE(server_answer(example.bytes.substr(0, size), example.subprotocol))
          << example.bytes.substr(0, size);
  for (const Example& example : kServerExamples)
    for (std::size_t size = 0; size < example.bytes.size(); ++size)
      EXPECT_FALSE(
          parse_server_message(as_bytes(example.bytes.substr(0, size)), example.subprotocol))
          << example.bytes.substr(0, size);
}

/// One byte of each kind that a parser tells apart.
constexpr std::string_view kTellingBytes("\0\t\n\r \"+,-./0129:AE[\\]_aez{}\x7f\x80\xc3\xff", 31);

/// Calls `visit` with every string that has one byte of `text` changed to a telling one.
template <typename Visit>
void for_each_change(std::string_view text, Visit visit) {
  std::string changed(text);
  for (char& byte : changed) {
    const char original = byte;
    for (const char telling : kTellingBytes) {
      byte = telling;
      visit(std::string_view(changed));
    }
    byte = original;
  }
}

TEST(Codec, WhatParsesAfterAChangedByteWritesWhatParsesToTheSame) {
  for (const Example& example : kClientExamples) {
    for_each_change(example.bytes, [&](std::string_view changed) {
      const auto message = parse_client_message(as_bytes(changed), example.subprotocol);
      if (!message) return;
      const Bytes once = encode_client_message(*message);
      const auto again = parse_client_message(once, example.subprotocol);
      ASSERT_TRUE(again) << changed;
      EXPECT_EQ(as_text(encode_client_message(*again)), as_text(once)) << changed;
    });
  }
  for (const Example& example : kServerExamples) {
    for_each_change(example.bytes, [&](std::string_view changed) {
      const auto message = parse_server_message(as_bytes(changed), example.subprotocol);
      if (!message) return;
      const Bytes once = encode_server_message(*message, example.subprotocol.version);
      const auto again = parse_server_message(once, example.subprotocol);
      ASSERT_TRUE(again) << changed;
      EXPECT_EQ(as_text(encode_server_message(*again, example.subprotocol.version)), as_text(once))
          << changed;
    });
  }
}

TEST(Codec, HeadsHaveSingleSpacesAndOneLineFeed) {
  EXPECT_EQ(server_answer("mark 1  1\n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("mark  1 1\n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("mark 1 1\r\n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("mark 1 1 \n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("mark 1 1\n\n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("mark\t1 1\n", kPartition), SyncErrorCode::kBadSyntax);
}

TEST(Codec, NumbersHaveNoPaddingNoSignAndStayBelowTwoToThe63) {
  EXPECT_EQ(server_answer("mark 9223372036854775807 1\n", kPartition), std::nullopt);
  EXPECT_EQ(server_answer("mark 9223372036854775808 1\n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("mark 18446744073709551616 1\n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("mark 01 1\n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("mark +1 1\n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("mark -1 1\n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("mark 0x1 1\n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("ping -9223372036854775808 9223372036854775807\n", kPartition),
            std::nullopt);
  EXPECT_EQ(server_answer("ping -0 0\n", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("ping 00 0\n", kPartition), SyncErrorCode::kBadSyntax);
}

TEST(Codec, UnknownNamesAndTrailingBytesAreRefused) {
  EXPECT_EQ(server_answer("", kPartition), SyncErrorCode::kUnknownMessage);
  EXPECT_EQ(server_answer("foo 1\n", kPartition), SyncErrorCode::kUnknownMessage);
  EXPECT_EQ(server_answer("marks 1 1\n", kPartition), SyncErrorCode::kUnknownMessage);
  EXPECT_EQ(server_answer("MARK 1 1\n", kPartition), SyncErrorCode::kUnknownMessage);
  EXPECT_EQ(server_answer("download 1 9 14 9 8812345 14 8 0 0 0 0\n", kPartition),
            SyncErrorCode::kUnknownMessage);
  EXPECT_EQ(server_answer("query 1 1 2\n{}", kPartition), SyncErrorCode::kUnknownMessage);
  EXPECT_EQ(server_answer("mark 1 1\nx", kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer("unbind 1\n ", kPartition), SyncErrorCode::kBadSyntax);
}

TEST(Codec, AnErrorNamesMessageFieldAndPlace) {
  const auto message = parse_client_message(as_bytes("upload 1 0 25 0 12 x 5\n"), kPartition);

  ASSERT_FALSE(message);
  EXPECT_THAT(message.error().message(), HasSubstr("upload: progress server version"));
  EXPECT_THAT(message.error().message(), HasSubstr("(byte 19)"));
  ASSERT_TRUE(message.error().foreign());
  EXPECT_EQ(message.error().foreign()->call, "upload");
}

TEST(Codec, BindOfOldFlexibleClientsHasNoData) {
  const auto message = parse_client_message(as_bytes("bind 1 0 0 1 0\n"), flexible(9)).value();

  const auto& target = std::get<FlexibleBind>(std::get<Bind>(message).target);
  EXPECT_EQ(target.schema_version, 0U);
  EXPECT_EQ(target.session_reason, SessionReason::kSync);
  EXPECT_EQ(target.migrated_partition, std::nullopt);
}

TEST(Codec, BindIgnoresKeysItDoesNotKnowAndTheToken) {
  const std::string json = R"({"news":[1,{}],"schemaVersion":7})";
  const std::string bytes = "bind 1 " + std::to_string(json.size()) + " 5 0 0\n" + json + "token";

  const auto message = parse_client_message(as_bytes(bytes), kFlexible).value();

  const Bind& bind = std::get<Bind>(message);
  EXPECT_EQ(std::get<FlexibleBind>(bind.target).schema_version, 7U);
  EXPECT_EQ(bind.token, "token");
  EXPECT_FALSE(bind.needs_client_file_ident);
}

TEST(Codec, BindRefusesWrongValuesOfItsKeys) {
  for (const std::string json : {R"({"schemaVersion":-1})",
                                 R"({"schemaVersion":"1"})",
                                 R"({"schemaVersion":1.5})",
                                 R"({"sessionReason":2})",
                                 R"({"migratedPartition":7})",
                                 "[]",
                                 "{",
                                 "{}x"}) {
    const std::string bytes = "bind 1 " + std::to_string(json.size()) + " 0 1 0\n" + json;
    EXPECT_EQ(server_answer(bytes, kFlexible), SyncErrorCode::kBadSyntax) << json;
  }
}

TEST(Codec, TooLongPartitionsAndTokensAreBadSyntax) {
  const auto bind = [](std::size_t partition, std::size_t token) {
    return "bind 1 " + std::to_string(partition) + " " + std::to_string(token) + " 1 0\n" +
           std::string(partition + token, 'x');
  };

  EXPECT_EQ(server_answer(bind(kPartitionBytesMax, kBindTokenBytesMax), kPartition), std::nullopt);
  EXPECT_EQ(server_answer(bind(kPartitionBytesMax + 1, 0), kPartition), SyncErrorCode::kBadSyntax);
  EXPECT_EQ(server_answer(bind(8, kBindTokenBytesMax + 1), kPartition), SyncErrorCode::kBadSyntax);
}

TEST(Codec, ABodyOverTheLimitIsALimitAndNoSyntaxError) {
  const auto message = parse_client_message(as_bytes("upload 1 1 67108865 10 0 0 0\n"), kPartition);

  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code(), ErrorCode::kLimitExceeded);
  EXPECT_EQ(sync_error_code(message.error()), std::nullopt);
}

TEST(Codec, AnUncompressedBodyHasNoCompressedSize) {
  EXPECT_EQ(server_answer("upload 1 0 25 25 12 5 5\n12 5 368000000123 0 3 ABC", kPartition),
            SyncErrorCode::kBadSyntax);
}

TEST(Codec, JsonIsRefusedWhenNestedDeeperThanItsLimit) {
  const auto error = [](std::size_t depth) {
    const std::string json = R"({"message":"\\\"[[[[[[[[[[[[[[[[[","news":)" +
                             std::string(depth, '[') + std::string(depth, ']') + "}";
    return "json_error 212 " + std::to_string(json.size()) + " 1\n" + json;
  };

  EXPECT_EQ(server_answer(error(kJsonDepthMax - 1), kPartition), std::nullopt);
  EXPECT_EQ(server_answer(error(kJsonDepthMax), kPartition), SyncErrorCode::kBadSyntax);
}

/// Whether a client of that sub-protocol takes `bytes`.
bool client_takes(std::string_view bytes, SubProtocol subprotocol) {
  return parse_server_message(as_bytes(bytes), subprotocol).has_value();
}

TEST(Codec, LogMessagesAreSpokenFromVersionTen) {
  constexpr std::string_view kMessage = "log_message 0 11\n{\"msg\":\"x\"}";

  EXPECT_TRUE(client_takes(kMessage, flexible(10)));
  EXPECT_FALSE(client_takes(kMessage, flexible(9)));
  EXPECT_THROW(static_cast<void>(encode_server_message(LogMessage{}, ProtocolVersion(9))), Error);
}

TEST(Codec, TheLevelOfALogMessageCountsOnlyWithAText) {
  EXPECT_FALSE(client_takes("log_message 0 26\n{\"level\":\"loud\",\"msg\":\"x\"}", kPartition));
  EXPECT_TRUE(client_takes("log_message 0 16\n{\"level\":\"loud\"}", kPartition));
}

TEST(Codec, QueryErrorsAreSpokenInFlexibleSyncOnly) {
  EXPECT_TRUE(client_takes("query_error 226 1 1 5\nx", kFlexible));
  EXPECT_FALSE(client_takes("query_error 226 1 1 5\nx", kPartition));
}

std::string flexible_download(std::string_view estimate) {
  return "download 1 21 12 21 8812345 12 5 4 2 " + std::string(estimate) + " 0 0 0\n";
}

TEST(Codec, TheProgressEstimateIsAFractionFromVersionTwelve) {
  EXPECT_TRUE(client_takes(flexible_download("0.5"), flexible(12)));
  EXPECT_FALSE(client_takes(flexible_download("0.5"), flexible(11)));
  EXPECT_TRUE(client_takes(flexible_download("12345"), flexible(11)));

  Download download;
  download.remainder =
      FlexibleDownload{QueryVersion(4), BatchState::kSteadyState, ProgressEstimate(5'000)};
  EXPECT_THAT(std::string(as_text(encode_server_message(download, ProtocolVersion(12)))),
              HasSubstr(" 4 2 0.5 0 0 0\n"));
  EXPECT_THAT(std::string(as_text(encode_server_message(download, ProtocolVersion(11)))),
              HasSubstr(" 4 2 0 0 0 0\n"));
}

TEST(Codec, EveryTenThousandthIsWrittenAndReadExactly) {
  for (std::uint16_t value = 0; value <= kProgressEstimateMax.value(); ++value) {
    Download download;
    download.remainder =
        FlexibleDownload{QueryVersion(1), BatchState::kMoreToCome, ProgressEstimate(value)};
    const Bytes bytes = encode_server_message(download, kProtocolVersionMax);

    const ServerMessage again = parse_server_message(bytes, kFlexible).value();

    ASSERT_EQ(std::get<FlexibleDownload>(std::get<Download>(again).remainder).estimate.value(),
              value)
        << as_text(bytes);
  }
}

TEST(Codec, EstimatesOutsideTheUnitIntervalAreRefused) {
  for (const std::string_view wrong : {"1.0001", "-0.1", "nan", "inf", "1e1", "1e999", "", "x"})
    EXPECT_FALSE(client_takes(flexible_download(wrong), kFlexible)) << wrong;
  for (const std::string_view odd : {"1.0", "1e0", "0.00001", "0.99999"})
    EXPECT_TRUE(client_takes(flexible_download(odd), kFlexible)) << odd;
}

TEST(Codec, ErrorsOfTheConnectionAndOfSessionsAreKeptApart) {
  EXPECT_TRUE(client_takes("error 101 1 0 0\nx", kPartition));
  EXPECT_FALSE(client_takes("error 101 1 0 1\nx", kPartition));
  EXPECT_TRUE(client_takes("error 201 1 0 1\nx", kPartition));
  EXPECT_FALSE(client_takes("error 201 1 0 0\nx", kPartition));
  EXPECT_TRUE(client_takes("error 999 1 0 1\nx", kPartition));
  EXPECT_FALSE(client_takes("error 150 1 0 0\nx", kPartition));
}

TEST(Codec, UnknownActionsReadAsApplicationBug) {
  const std::string json =
      R"({"action":"DanceWithMe","isRecoveryModeDisabled":false,"logURL":"","message":"m",)"
      R"("shouldClientReset":false,"tryAgain":false})";
  const std::string bytes = "json_error 201 " + std::to_string(json.size()) + " 1\n" + json;

  const ServerMessage message = parse_server_message(as_bytes(bytes), kPartition).value();

  EXPECT_EQ(std::get<ServerError>(message).action, Action::kApplicationBug);
}

TEST(Codec, ErrorTextsThatAreNoUtf8AreMendedOnTheWay) {
  const ServerError error =
      make_server_error(SyncErrorCode::kBadChangeset, SessionIdent(1), "key \xff is odd");

  const Bytes bytes = encode_server_message(error, kProtocolVersionMax);

  const ServerMessage message = parse_server_message(bytes, kPartition).value();
  EXPECT_EQ(std::get<ServerError>(message).message, "key \xef\xbf\xbd is odd");
}

TEST(Codec, HeadAndBodyTogetherAreTheMessage) {
  const EncodedBody body{to_bytes(as_bytes("12 5 368000000123 0 3 ABC")), 25, false};
  Upload upload;
  upload.session = SessionIdent(1);
  upload.progress = {ClientVersion(12), ServerVersion(5)};
  upload.locked_server_version = ServerVersion(5);
  upload.body = body.view();

  Bytes joined = encode_head(upload);
  joined.insert(joined.end(), body.wire_bytes.begin(), body.wire_bytes.end());

  EXPECT_EQ(as_text(joined), as_text(encode_client_message(upload)));
}

TEST(Codec, TheHeadOfADownloadIsFoundAsSoonAsItIsWhole) {
  const std::string head = "download 3 8 0 9 55 0 0 1000 1 500 20\n";

  for (std::size_t bytes = 0; bytes < head.size(); ++bytes) {
    EXPECT_FALSE(find_download_head(as_bytes(head).first(bytes), kPartition)) << bytes;
  }
  for (const std::string& so_far : {head, head + "some of it"}) {
    const auto found = find_download_head(as_bytes(so_far), kPartition);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->session, SessionIdent(3));
    EXPECT_EQ(found->downloadable_bytes, 1000U);
    EXPECT_EQ(found->body_bytes, 500U);
    EXPECT_EQ(found->message_bytes, head.size() + 20);
  }
  EXPECT_FALSE(find_download_head(as_bytes("mark 3 8\n"), kPartition));
}

TEST(Codec, TheLargestHeadFits) {
  constexpr std::uint64_t kMax = 0x7fff'ffff'ffff'ffff;
  Download download;
  download.session = SessionIdent(kMax);
  download.download = {ServerVersion(kMax), ClientVersion(kMax)};
  download.latest_server_version = {ServerVersion(kMax), Salt(-0x7fff'ffff'ffff'ffff - 1)};
  download.upload = {ClientVersion(kMax), ServerVersion(kMax)};
  download.remainder = FlexibleDownload{
      QueryVersion(0x7fff'ffff'ffff'ffff), BatchState::kSteadyState, ProgressEstimate(9'999)};

  const Bytes bytes = encode_head(download, kProtocolVersionMax);

  EXPECT_TRUE(parse_server_message(bytes, kFlexible));
}

}  // namespace
}  // namespace tombolo::protocol
