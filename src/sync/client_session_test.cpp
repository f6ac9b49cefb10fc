#include "sync/client_session.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/codec.h"
#include "protocol/limits.h"
#include "test/support/client_bench.h"

namespace tombolo::sync {
namespace {

using namespace std::chrono_literals;
using test::ClientBench;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kEmptyDownload = "download 1 0 0 0 0 0 0 0 0 0 0\n";

/// A message up to its line feed.
std::string head(const std::string& message) {
  return message.substr(0, message.find('\n'));
}
std::vector<std::string> heads(const std::vector<std::string>& messages) {
  std::vector<std::string> result;
  for (const std::string& message : messages) result.push_back(head(message));
  return result;
}

/// A DOWNLOAD whose head goes up to the downloadable bytes; the body is not compressed.
std::string download(std::string_view head, std::string_view body) {
  return "download " + std::string(head) + " 0 " + std::to_string(body.size()) + " 0\n" +
         std::string(body);
}

/// A DOWNLOAD with `count` entries of another client, whose server versions end the head's.
std::string other_download(std::string_view head, std::uint64_t count) {
  Bytes body;
  for (std::uint64_t version = 1; version <= count; ++version) {
    protocol::append_entry(body,
                           protocol::DownloadEntry{.server_version = ServerVersion(version),
                                                   .client_version = {},
                                                   .origin_file_ident = ClientFileIdent(9),
                                                   .original_changeset_bytes = 3,
                                                   .changeset = as_bytes("XYZ")});
  }
  return download(head, as_text(body));
}

std::string json_error(
    int code, int session, std::string_view action, bool try_again, std::string_view more = "") {
  const std::string body = R"({"action":")" + std::string(action) +
                           R"(","isRecoveryModeDisabled":false,"logURL":"","message":"text",)" +
                           R"("shouldClientReset":false,"tryAgain":)" +
                           (try_again ? "true" : "false") + std::string(more) + "}";
  return "json_error " + std::to_string(code) + " " + std::to_string(body.size()) + " " +
         std::to_string(session) + "\n" + body;
}

/// A session that has its ident and an empty first DOWNLOAD. The file is at version 3.
ClientSession& live_session(ClientBench& bench, SessionOptions options = {.partition = "\"p\""}) {
  ClientSession& session = bench.open(std::move(options));
  session.activate(bench.now());
  bench.run();
  bench.accept();
  bench.server_sends("ident 1 2 77\n");
  bench.server_sends(kEmptyDownload);
  static_cast<void>(bench.take_sent());
  static_cast<void>(bench.take_news());
  static_cast<void>(bench.take_attempt());
  return session;
}

// Setting up.

TEST(ClientSession, BindsAsksForAnIdentAndIdentifiesItself) {
  ClientBench bench;
  ClientSession& session = bench.open();

  session.activate(bench.now());
  bench.run();
  bench.accept();
  EXPECT_THAT(bench.take_sent(), ElementsAre("bind 1 3 0 1 0\n\"p\""));
  bench.server_sends("ident 1 42 7291038475610293\n");

  EXPECT_THAT(bench.take_sent(), ElementsAre("ident 1 42 7291038475610293 0 0 0 0\n"));
  EXPECT_THAT(bench.take_news(),
              ElementsAre("state 1 active", "connection 1 connecting", "connection 1 connected"));
}

TEST(ClientSession, AsksForNoIdentWhenTheFileHasOneAndStatesItsProgress) {
  ClientBench bench;
  ClientSession& session = bench.open();
  bench.replica(session).restore({ClientFileIdent(2), Salt(77)},
                                 {.download = {ServerVersion(118), ClientVersion(31)},
                                  .upload = {ClientVersion(33), ServerVersion(118)},
                                  .latest_server_version = {ServerVersion(120), Salt(5550123)}},
                                 ClientVersion(33));

  session.activate(bench.now());
  bench.run();
  bench.accept();

  EXPECT_THAT(bench.take_sent(),
              ElementsAre("bind 1 3 0 0 0\n\"p\"", "ident 1 2 77 118 31 120 5550123\n"));
}

TEST(ClientSession, WaitsWithIdentUntilTheIdentIsStored) {
  ClientBench bench;
  ClientSession& session = bench.open();
  session.activate(bench.now());
  bench.run();
  bench.accept();
  static_cast<void>(bench.take_sent());

  bench.hold_work(true);
  bench.server_sends("ident 1 2 77\n");
  EXPECT_THAT(bench.take_sent(), IsEmpty());

  bench.hold_work(false);
  EXPECT_THAT(bench.take_sent(), ElementsAre("ident 1 2 77 0 0 0 0\n"));
}

TEST(ClientSession, DoesNotAskForASecondIdentWhileTheFirstIsBeingStored) {
  ClientBench bench;
  ClientSession& session = bench.open();
  session.activate(bench.now());
  bench.run();
  bench.accept();
  bench.hold_work(true);
  bench.server_sends("ident 1 2 77\n");
  static_cast<void>(bench.take_sent());

  bench.server_closes(std::nullopt);
  bench.wait(2s);
  bench.accept();
  EXPECT_THAT(bench.take_sent(), IsEmpty());

  bench.hold_work(false);
  EXPECT_THAT(bench.take_sent(), ElementsAre("bind 1 3 0 0 0\n\"p\"", "ident 1 2 77 0 0 0 0\n"));
}

// Uploads.

TEST(ClientSession, UploadsAsSoonAsItIsIdentified) {
  ClientBench bench;
  ClientSession& session = bench.open();
  bench.write(session, "ABC");

  session.activate(bench.now());
  bench.run();
  bench.accept();
  bench.server_sends("ident 1 2 77\n");

  EXPECT_THAT(bench.take_sent(),
              ElementsAre("bind 1 3 0 1 0\n\"p\"",
                          "ident 1 2 77 0 0 0 0\n",
                          "upload 1 0 13 0 3 0 0\n2 0 0 0 3 ABC"));
}

TEST(ClientSession, HoldsUploadsBackForTheFirstDownloadWhenToldTo) {
  ClientBench bench;
  ClientSession& session =
      bench.open({.partition = "\"p\"", .delay_uploads_until_downloaded = true});
  bench.write(session, "ABC");

  session.activate(bench.now());
  bench.run();
  bench.accept();
  bench.server_sends("ident 1 2 77\n");
  bench.server_sends(kEmptyDownload);
  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("bind 1 3 0 1 0", "ident 1 2 77 0 0 0 0", "mark 1 1"));
  bench.server_sends("mark 1 1\n");

  EXPECT_THAT(heads(bench.take_sent()), ElementsAre("upload 1 0 13 0 4 0 0"));
}

TEST(ClientSession, DoesNotHoldUploadsBackAfterAFastReconnect) {
  ClientBench bench;
  ClientSession& session =
      live_session(bench, {.partition = "\"p\"", .delay_uploads_until_downloaded = true});
  bench.server_sends("mark 1 1\n");
  bench.server_closes(std::nullopt);
  bench.write(session, "ABC");
  bench.wait(2s);
  static_cast<void>(bench.take_sent());

  bench.accept();

  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("bind 1 3 0 0 0", "ident 1 2 77 0 0 0 0", "upload 1 0 13 0 4 0 0"));
}

TEST(ClientSession, AcknowledgesDownloadsWithAnEmptyUpload) {
  ClientBench bench;
  static_cast<void>(live_session(bench));

  bench.server_sends(download("1 8 0 8 55 0 0 0", "7 0 0 3 3 3 ABC8 0 0 4 1 1 D"));

  EXPECT_THAT(bench.take_sent(), ElementsAre("upload 1 0 0 0 4 8 8\n"));
}

TEST(ClientSession, UploadsLocalChangesAsTheyCome) {
  ClientBench bench;
  ClientSession& session = live_session(bench);

  bench.write(session, "ABC");
  bench.write(session, "DE");
  bench.server_sends("download 1 2 5 2 55 5 0 0 0 0 0\n");

  EXPECT_THAT(bench.take_sent(),
              ElementsAre("upload 1 0 13 0 4 0 0\n4 0 0 0 3 ABC",
                          "upload 1 0 12 0 5 0 0\n5 0 0 0 2 DE",
                          "upload 1 0 0 0 6 2 2\n"));
}

TEST(ClientSession, KnowsWhatWasCommittedWhileAnOlderResultWasOnItsWay) {
  // Given a DOWNLOAD that is integrated and whose result has not arrived,
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.hold_results(true);
  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 ABC"));

  // When a commit is told and sent before it does,
  bench.write(session, "DEF");
  bench.hold_results(false);
  EXPECT_THAT(heads(bench.take_sent()), ElementsAre("upload 1 0 13 0 5 1 1"));

  // Then the server may confirm it.
  bench.server_sends("download 1 2 5 2 5 5 1 0 0 0 0\n");
  EXPECT_THAT(bench.take_errors(), IsEmpty());
}

TEST(ClientSession, FillsUploadsToTheTargetAndSendsNoMoreThanIsTaken) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.block_socket(true);
  std::string big(50 * 1024, '\0');
  SeededRandom random(1);
  for (char& byte : big) byte = static_cast<char>(random.below(256));
  for (int i = 0; i < 7; ++i) bench.write(session, big);
  EXPECT_THAT(bench.take_sent(), IsEmpty());

  bench.block_socket(false);

  std::vector<std::size_t> entries;
  for (const std::string& message : bench.take_sent()) {
    const auto parsed = protocol::parse_client_message(as_bytes(message), {});
    ASSERT_TRUE(parsed) << parsed.error().describe();
    Bytes scratch;
    const auto body = protocol::decode_body(std::get<protocol::Upload>(*parsed).body, scratch);
    ASSERT_TRUE(body);
    entries.push_back(protocol::parse_upload_entries(*body)->size());
  }
  EXPECT_THAT(entries, ElementsAre(3, 3, 1)) << "each is complete once it has 128 KiB";
}

TEST(ClientSession, SendsOneHugeChangesetAlone) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.block_socket(true);
  bench.write(session, "small");
  bench.write(session, std::string(protocol::kUploadBytesMax, 'x'));
  bench.write(session, "small");

  bench.block_socket(false);

  const std::vector<std::string> sent = bench.take_sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(head(sent[0]), "upload 1 0 15 0 4 0 0");
  EXPECT_EQ(head(sent[1]).substr(0, 19), "upload 1 1 16777233");
  bench.server_sends("download 1 1 5 1 5 5 0 0 0 0 0\n");
  EXPECT_THAT(heads(bench.take_sent()), ElementsAre(StartsWith("upload 1 0 15 0 ")));
}

TEST(ClientSession, TellsHowFarALongTransactionIsSent) {
  // Given a transaction that cannot be confirmed step by step,
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(
      session.add_progress_notifier(Direction::kUpload, ProgressMode::kStreaming, bench.now()));
  bench.write(session, std::string(1'024'000, 'x'));
  const std::size_t bytes = bench.take_sent().back().size();
  static_cast<void>(bench.take_news());

  // When its message is sent bit by bit, then half of it counts by and by;
  EXPECT_FALSE(bench.connection().output_left(bytes));
  EXPECT_TRUE(bench.connection().output_left(bytes / 2));
  bench.run();
  EXPECT_THAT(bench.take_news(), ElementsAre("progress 1/1 256000/1024000"));
  EXPECT_TRUE(bench.connection().output_left(0));
  bench.run();
  EXPECT_THAT(bench.take_news(), ElementsAre("progress 1/1 512000/1024000"));

  // And the rest when the server has confirmed it.
  bench.server_sends("download 1 1 4 1 5 4 0 0 0 0 0\n");
  EXPECT_THAT(bench.take_news(), ElementsAre("progress 1/1 1024000/1024000"));
}

TEST(ClientSession, WhatWasSentOfALongTransactionStaysToldWhenTheConnectionIsLost) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(
      session.add_progress_notifier(Direction::kUpload, ProgressMode::kStreaming, bench.now()));
  bench.write(session, std::string(1'024'000, 'x'));
  static_cast<void>(bench.connection().output_left(bench.take_sent().back().size() / 2));
  bench.run();
  static_cast<void>(bench.take_news());

  bench.server_closes(std::nullopt);
  bench.wait(2s);
  bench.accept();
  EXPECT_THAT(bench.take_news(), Not(Contains(StartsWith("progress"))));
  bench.server_sends("download 1 1 4 1 5 4 0 0 0 0 0\n");

  EXPECT_THAT(bench.take_news(), Contains("progress 1/1 1024000/1024000"));
}

/// A DOWNLOAD of one changeset of 1,024,000 bytes, after which `left` bytes are to come.
std::string long_download(std::string_view left) {
  Bytes body;
  const std::string changeset(1'024'000, 'x');
  protocol::append_entry(body,
                         protocol::DownloadEntry{.server_version = ServerVersion(1),
                                                 .client_version = {},
                                                 .origin_file_ident = ClientFileIdent(9),
                                                 .original_changeset_bytes = changeset.size(),
                                                 .changeset = as_bytes(changeset)});
  return download("1 1 0 2 55 0 0 " + std::string(left), as_text(body));
}

TEST(ClientSession, TellsHowFarALongTransactionHasCome) {
  // Given a session that watches its downloads,
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(
      session.add_progress_notifier(Direction::kDownload, ProgressMode::kStreaming, bench.now()));
  bench.run();
  static_cast<void>(bench.take_news());

  // When one long transaction of many bytes more comes bit by bit, then half of it counts by and
  // by, of all that its head announces;
  const std::string message = long_download("1000000");
  bench.server_is_sending(message, 30);
  EXPECT_THAT(bench.take_news(), IsEmpty()) << "less than a step";
  bench.server_is_sending(message, message.size() / 2 + 40);
  EXPECT_THAT(bench.take_news(), ElementsAre("progress 1/1 256006/2024024"));
  bench.server_is_sending(message, message.size() / 2 + 50);
  EXPECT_THAT(bench.take_news(), IsEmpty()) << "the same step";

  // and the rest when it is applied.
  bench.server_sends(message);
  EXPECT_THAT(bench.take_news(), ElementsAre("progress 1/1 1024000/2024000"));
}

TEST(ClientSession, WhatCameOfALongTransactionStaysToldWhenTheConnectionIsLost) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(
      session.add_progress_notifier(Direction::kDownload, ProgressMode::kStreaming, bench.now()));
  const std::string message = long_download("0");
  bench.server_is_sending(message, message.size() - 1);
  static_cast<void>(bench.take_news());

  bench.server_closes(std::nullopt);
  bench.wait(2s);
  bench.accept();
  bench.server_is_sending(message, message.size() / 2);
  EXPECT_THAT(bench.take_news(), Not(Contains(StartsWith("progress"))));
  bench.server_sends(message);

  EXPECT_THAT(bench.take_news(), Contains("progress 1/1 1024000/1024000"));
}

TEST(ClientSession, WhatComesUnfinishedMayBeNonsense) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(
      session.add_progress_notifier(Direction::kDownload, ProgressMode::kStreaming, bench.now()));
  bench.run();
  static_cast<void>(bench.take_news());
  const std::string rest(40, 'x');

  for (const std::string& nonsense : {std::string("download 1 1 0 2 55"),
                                      "download 7 1 0 2 55 0 0 0 0 1024000 0\n" + rest,
                                      "download 1 1 0 2 55 0 0 0 0 99999999999 0\n" + rest,
                                      "mark 1 1\n" + rest,
                                      rest}) {
    bench.server_is_sending(nonsense, nonsense.size());
    EXPECT_THAT(bench.take_news(), IsEmpty()) << nonsense;
  }
}

TEST(ClientSession, ALongUploadIsConfirmedStepByStep) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.block_socket(true);
  constexpr std::uint64_t kCommits = 40;
  for (std::uint64_t i = 0; i < kCommits; ++i) bench.write(session, std::string(200 * 1024, 'x'));
  static_cast<void>(
      session.add_progress_notifier(Direction::kUpload, ProgressMode::kStreaming, bench.now()));
  bench.block_socket(false);
  static_cast<void>(bench.take_estimates());

  // Each answer confirms all that is on its way, and lets the next part go.
  std::uint64_t confirmed = 3;  // The file was at this version.
  std::size_t steps = 0;
  for (std::vector<std::string> sent = bench.take_sent(); !sent.empty(); sent = bench.take_sent()) {
    ASSERT_LE(sent.size(), 3U) << "512 KiB and a message that takes it over";
    confirmed += sent.size();
    const std::string version = std::to_string(confirmed);
    bench.server_sends("download 1 1 " + version + " 1 5 " + version + " 0 0 0 0 0\n");
    ++steps;
  }

  EXPECT_EQ(confirmed, 3 + kCommits);
  EXPECT_GE(steps, kCommits / 3);
  EXPECT_EQ(bench.take_estimates().size(), steps);
}

TEST(ClientSession, ALongUploadGoesOnWithAWholeWindowAfterALostConnection) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  for (int i = 0; i < 10; ++i) bench.write(session, std::string(200 * 1024, 'x'));
  const std::size_t on_its_way = bench.take_sent().size();
  EXPECT_EQ(on_its_way, 3U);

  bench.server_closes(std::nullopt);
  bench.wait(2s);
  bench.accept();

  EXPECT_EQ(std::ranges::count_if(bench.take_sent(),
                                  [](const std::string& m) { return m.starts_with("upload "); }),
            3);
}

TEST(ClientSession, SendsAgainWhatWasNotAcknowledgedAfterALostConnection) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.write(session, "ABC");
  static_cast<void>(bench.take_sent());

  bench.server_closes(std::nullopt);
  bench.wait(2s);
  bench.accept();

  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("bind 1 3 0 0 0", "ident 1 2 77 0 0 0 0", "upload 1 0 13 0 4 0 0"));
}

// Downloads.

TEST(ClientSession, CollectsDownloadsWhileOneIsBeingIntegrated) {
  ClientBench bench;
  ClientSession& session = live_session(bench);

  bench.hold_work(true);
  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 AB1"));
  bench.server_sends(download("1 2 0 2 5 0 0 0", "2 0 0 3 3 3 AB2"));
  bench.server_sends(download("1 3 0 3 5 0 0 0", "3 0 0 3 3 3 AB3"));
  EXPECT_EQ(bench.held_work(), 1U);
  bench.hold_work(false);

  EXPECT_EQ(bench.replica(session).newest(), ClientVersion(5)) << "two commits for three messages";
  EXPECT_EQ(bench.replica(session).entries_integrated(), 3U);
  EXPECT_THAT(bench.take_sent(), ElementsAre("upload 1 0 0 0 5 3 3\n"));
}

TEST(ClientSession, ConfirmationsWaitForEachOtherAndAreStoredTogether) {
  // Given a session that may keep progress back,
  ClientBench bench;
  ClientSession& session = live_session(bench, {.partition = "\"p\"", .progress_delay = 50ms});
  bench.wait(50ms);

  // When two changes are confirmed,
  bench.write(session, "ABC");
  bench.server_sends("download 1 1 4 1 5 4 0 0 0 0 0\n");
  bench.write(session, "DEF");
  bench.server_sends("download 1 2 5 2 5 5 0 0 0 0 0\n");

  // Then nothing is written for a while, and both are one commit.
  EXPECT_EQ(bench.replica(session).newest(), ClientVersion(5));
  bench.wait(50ms);
  EXPECT_EQ(bench.replica(session).newest(), ClientVersion(6));
  EXPECT_EQ(bench.replica(session).state().progress.upload.client_version, ClientVersion(5));
}

TEST(ClientSession, ProgressThatConfirmsNothingWaitsLonger) {
  // Given a session whose changes are all confirmed,
  ClientBench bench;
  ClientSession& session = live_session(
      bench, {.partition = "\"p\"", .progress_delay = 50ms, .idle_progress_delay = 1s});
  bench.wait(1s);
  const ClientVersion newest = bench.replica(session).newest();

  // When others' changes come to nothing here,
  bench.server_sends("download 1 2 0 2 5 0 0 0 0 0 0\n");
  bench.wait(999ms);
  EXPECT_EQ(bench.replica(session).newest(), newest);
  bench.server_sends("download 1 3 0 3 5 0 0 0 0 0 0\n");
  bench.wait(1ms);

  // Then one commit keeps it in mind, in the end.
  EXPECT_EQ(bench.replica(session).newest(), newest.next());
  EXPECT_EQ(session.replica_state().progress.download.server_version, ServerVersion(3));

  // And a change that is confirmed meanwhile does not wait that long.
  bench.server_sends("download 1 4 0 4 5 0 0 0 0 0 0\n");
  bench.write(session, "ABC");
  bench.server_sends("download 1 5 5 5 5 5 0 0 0 0 0\n");
  bench.wait(50ms);
  EXPECT_EQ(session.replica_state().progress.download.server_version, ServerVersion(5));
}

TEST(ClientSession, ConfirmationsThatSomebodyWaitsForAreStoredAtOnce) {
  ClientBench bench;
  ClientSession& session = live_session(bench, {.partition = "\"p\"", .progress_delay = 50ms});
  bench.wait(50ms);
  bench.write(session, "ABC");
  bench.server_sends("download 1 1 4 1 5 4 0 0 0 0 0\n");

  static_cast<void>(session.wait_for_upload(bench.now()));
  bench.run();
  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/1 done"));

  bench.write(session, "DEF");
  static_cast<void>(session.wait_for_upload(bench.now()));
  bench.server_sends("download 1 2 6 2 5 6 0 0 0 0 0\n");
  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/2 done"));
}

TEST(ClientSession, ConfirmationsAreToldAtOnceToWhoWatchesProgress) {
  ClientBench bench;
  ClientSession& session = live_session(bench, {.partition = "\"p\"", .progress_delay = 50ms});
  bench.wait(50ms);
  static_cast<void>(
      session.add_progress_notifier(Direction::kUpload, ProgressMode::kStreaming, bench.now()));
  bench.write(session, "ABC");
  static_cast<void>(bench.take_news());

  bench.server_sends("download 1 1 4 1 5 4 0 0 0 0 0\n");

  EXPECT_THAT(bench.take_news(), ElementsAre("progress 1/1 3/3"));
}

TEST(ClientSession, ConfirmationsThatWaitDoNotDelayTheNextConnection) {
  ClientBench bench;
  ClientSession& session =
      live_session(bench, {.partition = "\"p\"", .progress_delay = 1h, .idle_progress_delay = 1h});
  bench.write(session, "ABC");
  bench.server_sends("download 1 1 3 1 5 3 0 0 0 0 0\n");
  static_cast<void>(bench.take_sent());

  bench.server_closes(std::nullopt);
  bench.wait(2s);
  bench.accept();

  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("bind 1 3 0 0 0", "ident 1 2 77 1 3 1 5", "upload 1 0 0 0 4 1 1"));
}

TEST(ClientSession, GoesOnWhereASliceOfABatchEnded) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.replica(session).commit_in_slices_of(1);
  static_cast<void>(
      session.add_progress_notifier(Direction::kDownload, ProgressMode::kStreaming, bench.now()));

  bench.server_sends(download("1 3 0 3 5 0 0 0", "1 0 0 3 3 3 AB12 0 0 3 3 3 AB23 0 0 3 3 3 AB3"));

  EXPECT_EQ(bench.replica(session).newest(), ClientVersion(6));
  EXPECT_EQ(session.replica_state().progress.download.server_version, ServerVersion(3));
  EXPECT_THAT(
      bench.take_news(),
      ElementsAre("progress 1/1 0/0", "progress 1/1 3/9", "progress 1/1 6/9", "progress 1/1 9/9"));
}

TEST(ClientSession, IntegratesWhatItHasBeforeItAsksForMoreOnTheNextConnection) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.hold_work(true);
  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 AB1"));
  bench.server_sends(download("1 2 0 2 5 0 0 0", "2 0 0 3 3 3 AB2"));

  bench.server_closes(std::nullopt);
  bench.wait(2s);
  bench.accept();
  EXPECT_THAT(bench.take_sent(), ElementsAre("bind 1 3 0 0 0\n\"p\""));
  bench.hold_work(false);

  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("ident 1 2 77 2 0 2 5", "upload 1 0 0 0 5 2 2"));
  EXPECT_EQ(bench.replica(session).entries_integrated(), 2U);
}

TEST(ClientSession, TellsTheServerOnceThatAChangesetIsBadAndThenNothing) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.replica(session).refuse_next_integration(Error(ErrorCode::kBadChangeset, "no such table"));

  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 AB1"));
  bench.write(session, "ABC");
  static_cast<void>(session.wait_for_download());
  bench.server_sends(download("1 2 0 2 5 0 0 0", "2 0 0 3 3 3 AB2"));
  bench.run();

  EXPECT_THAT(bench.take_sent(),
              ElementsAre("json_error 212 27 1\n{\"message\":\"no such table\"}"));
  EXPECT_THAT(bench.take_news(), ElementsAre("error 1 BadChangeset"));
  EXPECT_EQ(session.state(), SessionState::kActive);

  // The server ends the session for it, and takes it back.
  bench.server_sends(json_error(200, 1, "Transient", true));
  bench.wait(1s);
  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("unbind 1",
                          "bind 1 3 0 0 0",
                          "ident 1 2 77 0 0 0 0",
                          "mark 1 1",
                          "upload 1 0 13 0 4 0 0"));
}

TEST(ClientSession, ProgressThatGoesBackwardsIsReportedAsSuch) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.replica(session).refuse_next_integration(Error(ErrorCode::kProtocolViolation, "back"));

  bench.server_sends("download 1 1 0 1 5 0 0 0 0 0 0\n");

  EXPECT_THAT(heads(bench.take_sent()), ElementsAre("json_error 233 18 1"));
}

TEST(ClientSession, AFullDiskIsNotTheServersFault) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.replica(session).refuse_next_integration(Error(ErrorCode::kDiskFull, "no space"));

  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 AB1"));

  EXPECT_THAT(bench.take_sent(), ElementsAre("unbind 1\n"));
  EXPECT_THAT(bench.take_news(), ElementsAre("connection 1 disconnected", "error 1 RuntimeError"));
  EXPECT_EQ(bench.take_errors().at(0).error.error.code(), ErrorCode::kDiskFull);
  bench.server_sends("unbound 1\n");
  bench.wait(1s);
  EXPECT_THAT(heads(bench.take_sent()), ElementsAre("bind 1 3 0 0 0", "ident 1 2 77 0 0 0 0"));
}

// Waits.

TEST(ClientSession, AnUploadWaitWithNothingToUploadSettlesAtOnceOfflineToo) {
  ClientBench bench;
  ClientSession& session = bench.open();

  static_cast<void>(session.wait_for_upload(bench.now()));
  bench.run();

  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/1 done"));
}

TEST(ClientSession, AnUploadWaitSettlesWithTheAcknowledgementAndNotBefore) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.write(session, "ABC");
  static_cast<void>(session.wait_for_upload(bench.now()));
  bench.write(session, "later");
  bench.server_sends("download 1 1 0 1 5 3 0 0 0 0 0\n");
  EXPECT_THAT(bench.take_news(), IsEmpty());

  bench.hold_work(true);
  bench.server_sends("download 1 2 4 2 5 4 0 0 0 0 0\n");
  EXPECT_THAT(bench.take_news(), IsEmpty()) << "not stored yet";
  bench.hold_work(false);

  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/1 done"));
}

TEST(ClientSession, AnAcknowledgementSettlesUploadWaitsForCommitsWithoutContentBehindIt) {
  // Given a wait for a change, and one for the commit after it, which a DOWNLOAD made,
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.write(session, "ABC");
  static_cast<void>(session.wait_for_upload(bench.now()));
  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 DEF"));
  static_cast<void>(session.wait_for_upload(bench.now()));
  static_cast<void>(bench.take_news());

  // When the server confirms the change and will not speak of the other,
  bench.server_sends("download 1 2 4 2 5 4 0 0 0 0 0\n");

  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/1 done", "wait 1/2 done"));
}

TEST(ClientSession, ADownloadWaitSettlesWhenWhatItsMarkFollowsIsIntegrated) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(session.wait_for_download());
  bench.run();
  EXPECT_THAT(bench.take_sent(), ElementsAre("mark 1 1\n"));

  bench.hold_work(true);
  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 AB1"));
  bench.server_sends("mark 1 1\n");
  EXPECT_THAT(bench.take_news(), IsEmpty());
  bench.hold_work(false);

  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/1 done"));
}

TEST(ClientSession, OneAnswerSettlesAllOlderDownloadWaitsAndNoNewerOne) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(session.wait_for_download());
  bench.run();
  static_cast<void>(session.wait_for_download());
  bench.run();
  static_cast<void>(session.wait_for_download());
  bench.run();

  bench.server_sends("mark 1 2\n");
  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/1 done", "wait 1/2 done"));

  bench.server_sends("mark 1 3\n");
  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/3 done"));
}

TEST(ClientSession, DownloadWaitsSurviveALostConnection) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(session.wait_for_download());
  bench.run();

  bench.server_closes(std::nullopt);
  bench.wait(2s);
  bench.accept();
  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("mark 1 1", "bind 1 3 0 0 0", "ident 1 2 77 0 0 0 0", "mark 1 1"));
  bench.server_sends("mark 1 1\n");

  EXPECT_THAT(bench.take_news(),
              ElementsAre("connection 1 disconnected",
                          "connection 1 connecting",
                          "connection 1 connected",
                          "wait 1/1 done"));
}

TEST(ClientSession, WaitsEndWithAPauseAndNewOnesGoOnAfterIt) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.write(session, "ABC");
  static_cast<void>(session.wait_for_upload(bench.now()));
  static_cast<void>(session.wait_for_download());
  session.pause(bench.now());
  static_cast<void>(session.wait_for_upload(bench.now()));
  static_cast<void>(session.wait_for_download());
  bench.run();
  EXPECT_THAT(bench.take_news(),
              ElementsAre("connection 1 disconnected",
                          "state 1 paused",
                          "wait 1/1 Cancelled",
                          "wait 1/2 Cancelled"));

  session.resume(bench.now());
  bench.run();
  bench.server_sends("unbound 1\n");
  bench.server_sends("download 2 1 4 1 5 4 0 0 0 0 0\n");
  bench.server_sends("mark 2 1\n");

  EXPECT_THAT(bench.take_news(),
              ElementsAre("state 1 active",
                          "connection 1 connecting",
                          "connection 1 connected",
                          "wait 1/3 done",
                          "wait 1/4 done"));
}

TEST(ClientSession, WaitsEndWithTheSession) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(session.wait_for_download());

  session.close(bench.now());
  static_cast<void>(session.wait_for_download());
  static_cast<void>(session.wait_for_upload(bench.now()));
  bench.run();

  EXPECT_THAT(bench.take_news(),
              ElementsAre("connection 1 disconnected",
                          "state 1 closed",
                          "wait 1/1 Closed",
                          "closed 1",
                          "wait 1/2 Closed",
                          "wait 1/3 Closed"));
  EXPECT_EQ(bench.connection().find_session(SessionKey(1)), nullptr);
}

TEST(ClientSession, AWaitCanBeGivenATimeAndCancelled) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(session.wait_for_download(bench.now() + 5s));
  const WaitId cancelled = session.wait_for_download();
  session.cancel_wait(cancelled);
  session.cancel_wait(cancelled);
  bench.run();
  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/2 Cancelled"));

  bench.wait(4999ms);
  EXPECT_THAT(bench.take_news(), IsEmpty());
  bench.wait(1ms);
  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/1 TimedOut"));
}

TEST(ClientSession, NonFatalErrorsLeaveWaitsAloneUnlessToldOtherwise) {
  for (const bool cancels : {false, true}) {
    ClientBench bench;
    ClientSession& session =
        live_session(bench, {.partition = "\"p\"", .cancel_waits_on_nonfatal_error = cancels});
    static_cast<void>(session.wait_for_download());
    bench.run();

    bench.server_sends(json_error(201, 1, "Warning", true));

    const std::vector<std::string> news = bench.take_news();
    if (cancels) {
      EXPECT_THAT(
          news,
          ElementsAre("connection 1 disconnected", "wait 1/1 SyncFailed", "error 1 RuntimeError"));
    } else {
      EXPECT_THAT(news, ElementsAre("connection 1 disconnected", "error 1 RuntimeError"));
    }
  }
}

TEST(ClientSession, AWaitThatNothingCouldSettleFailsAtOnce) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.server_sends(json_error(201, 1, "Warning", false));
  static_cast<void>(bench.take_news());

  static_cast<void>(session.wait_for_download());
  bench.run();

  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/1 SyncFailed"));
}

TEST(ClientSession, AWaitAfterAFatalErrorFailsWithIt) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.write(session, "ABC");
  bench.server_sends(json_error(206, 1, "ApplicationBug", false));
  static_cast<void>(bench.take_news());

  static_cast<void>(session.wait_for_download());
  static_cast<void>(session.wait_for_upload(bench.now()));
  bench.run();
  EXPECT_THAT(bench.take_news(),
              ElementsAre("wait 1/1 PermissionDenied", "wait 1/2 PermissionDenied"));

  // When the application tries again, its waits go on.
  session.resume(bench.now());
  static_cast<void>(session.wait_for_download());
  bench.run();
  EXPECT_THAT(bench.take_news(), Not(Contains(StartsWith("wait"))));
}

TEST(ClientSession, AReceiptOutlivesPausesAndComesWithTheAcknowledgement) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.write(session, "ABC");
  static_cast<void>(session.wait_for_receipt(bench.now()));

  session.pause(bench.now());
  bench.run();
  EXPECT_THAT(bench.take_news(), Not(Contains(StartsWith("wait"))));
  session.resume(bench.now());
  bench.run();
  bench.server_sends("unbound 1\n");
  bench.server_sends("download 2 1 4 1 5 4 0 0 0 0 0\n");

  EXPECT_THAT(bench.take_news(), Contains("wait 1/1 done"));
}

TEST(ClientSession, CountsItsMessagesAndKeepsItsLastError) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  const SessionStats before = session.stats();
  static_cast<void>(bench.connection().take_changed_stats());
  EXPECT_EQ(before.last_error, std::nullopt);

  bench.write(session, "ABC");
  const std::string download = "download 1 1 4 1 5 4 0 0 0 0 0\n";
  bench.server_sends(download);

  std::size_t bytes_sent = 0;
  const std::vector<std::string> sent = bench.take_sent();
  for (const std::string& message : sent) bytes_sent += message.size();
  EXPECT_EQ(session.stats().messages_sent, before.messages_sent + sent.size());
  EXPECT_EQ(session.stats().bytes_sent, before.bytes_sent + bytes_sent);
  EXPECT_EQ(session.stats().messages_received, before.messages_received + 1);
  EXPECT_EQ(session.stats().bytes_received, before.bytes_received + download.size());
  EXPECT_EQ(bench.connection().stats().last_message, bench.now());
  EXPECT_THAT(bench.connection().take_changed_stats(), ElementsAre(session.key()));
  EXPECT_THAT(bench.connection().take_changed_stats(), IsEmpty());

  // An error that is not worth telling is there as well, and when the session tries again.
  bench.server_sends(json_error(201, 1, "Transient", true));
  ASSERT_TRUE(session.stats().last_error);
  EXPECT_EQ(session.stats().last_error->code(), ErrorCode::kSyncFailed);
  EXPECT_EQ(session.stats().next_resumption, session.next_resumption());
}

TEST(ClientSession, AWaitOnAFileThatCannotBeReadFails) {
  ClientBench bench;
  ClientSession& session = bench.open();
  bench.replica(session).break_storage(Error(ErrorCode::kStorage, "gone"));

  static_cast<void>(session.wait_for_upload(bench.now()));
  bench.run();

  EXPECT_THAT(bench.take_news(), ElementsAre("error 1 RuntimeError fatal", "wait 1/1 Storage"));
}

// Progress.

TEST(ClientSession, TheLastProgressComesBeforeTheWait) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(
      session.add_progress_notifier(Direction::kUpload, ProgressMode::kStreaming, bench.now()));
  bench.write(session, "ABC");
  static_cast<void>(session.wait_for_upload(bench.now()));

  bench.server_sends("download 1 1 4 1 5 4 0 0 0 0 0\n");

  EXPECT_THAT(
      bench.take_news(),
      ElementsAre("progress 1/1 0/0", "progress 1/1 0/3", "progress 1/1 3/3", "wait 1/1 done"));
  EXPECT_THAT(bench.take_estimates(), ElementsAre(1, 0, 1));
}

// Pause, resume, release, close.

TEST(ClientSession, APauseUnbindsAndAResumeBindsAnewOnTheSameConnection) {
  ClientBench bench;
  ClientSession& session = live_session(bench);

  session.pause(bench.now());
  bench.run();
  EXPECT_THAT(bench.take_sent(), ElementsAre("unbind 1\n"));
  bench.write(session, "ABC");
  EXPECT_THAT(bench.take_sent(), IsEmpty());
  session.resume(bench.now());
  bench.run();

  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("bind 2 3 0 0 0", "ident 2 2 77 0 0 0 0", "upload 2 0 13 0 4 0 0"));
  EXPECT_EQ(bench.take_attempt(), std::nullopt);
  // What the server says of the old session on its way is taken and dropped.
  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 AB1"));
  bench.server_sends("unbound 1\n");
  bench.server_sends(download("2 1 0 1 5 0 0 0", "1 0 0 3 3 3 AB1"));
  EXPECT_FALSE(bench.is_closing_transport());
  EXPECT_EQ(bench.replica(session).entries_integrated(), 1U);
}

TEST(ClientSession, PausedUploadsStayAndDownloadsGoOn) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.write(session, "ABC");
  bench.server_sends("download 1 1 4 1 5 4 0 0 0 0 0\n");
  static_cast<void>(bench.take_sent());
  bench.write(session, "DEF");
  static_cast<void>(session.wait_for_upload(bench.now()));
  static_cast<void>(session.wait_for_receipt(bench.now()));
  static_cast<void>(bench.take_sent());

  session.pause(Direction::kUpload, bench.now());
  bench.write(session, "GHI");
  static_cast<void>(session.wait_for_upload(bench.now()));
  static_cast<void>(session.wait_for_download());
  bench.run();
  EXPECT_THAT(bench.take_sent(), ElementsAre("mark 1 1\n"));
  bench.server_sends("mark 1 1\n");
  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/1 Cancelled", "wait 1/4 done"));
  EXPECT_EQ(session.state(), SessionState::kActive);
  EXPECT_EQ(session.connection_state(), ConnectionState::kConnected);

  session.resume(Direction::kUpload, bench.now());
  bench.run();
  EXPECT_THAT(bench.take_sent(), ElementsAre(StartsWith("upload 1 ")));
  const std::string newest = std::to_string(bench.replica(session).newest().value());
  bench.server_sends("download 1 1 4 1 5 " + newest + " 0 0 0 0 0\n");
  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/2 done", "wait 1/3 done"));
}

TEST(ClientSession, PausedDownloadsAreMissedAndComeAgainWhileUploadsGoOn) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(session.wait_for_download());
  bench.run();
  static_cast<void>(bench.take_sent());

  // While downloads are paused, only what the server confirms is stored.
  session.pause(Direction::kDownload, bench.now());
  static_cast<void>(session.wait_for_download());
  bench.write(session, "ABC");
  static_cast<void>(session.wait_for_upload(bench.now()));
  bench.run();
  EXPECT_THAT(heads(bench.take_sent()), ElementsAre(StartsWith("upload 1 ")));
  bench.server_sends(other_download("1 1 0 1 5 4 0 0", 1));
  bench.server_sends("mark 1 1\n");
  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/1 Cancelled", "wait 1/3 done"));
  EXPECT_EQ(bench.replica(session).entries_integrated(), 0U);
  EXPECT_EQ(session.replica_state().progress.download.server_version, ServerVersion(0));
  EXPECT_EQ(session.connection_state(), ConnectionState::kConnected);
  EXPECT_THAT(bench.take_sent(), IsEmpty());

  // Once they go on, the same connection begins where the file stands.
  session.resume(Direction::kDownload, bench.now());
  bench.run();
  EXPECT_THAT(bench.take_sent(), ElementsAre("unbind 1\n"));
  bench.server_sends("unbound 1\n");
  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre(StartsWith("bind 1 "), "ident 1 2 77 0 0 0 0", "mark 1 2"));
  bench.server_sends(other_download("1 1 0 1 5 4 0 0", 1));
  bench.server_sends("mark 1 2\n");
  EXPECT_EQ(bench.replica(session).entries_integrated(), 1U);
  EXPECT_THAT(bench.take_news(), ElementsAre("wait 1/2 done"));
}

TEST(ClientSession, APauseOfDownloadsEndsABatchAfterTheSliceThatIsUnderWay) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.replica(session).commit_in_slices_of(1);
  bench.hold_work(true);
  bench.server_sends(other_download("1 3 0 3 5 0 0 0", 3));

  session.pause(Direction::kDownload, bench.now());
  bench.hold_work(false);
  EXPECT_EQ(bench.replica(session).entries_integrated(), 1U);

  session.resume(bench.now());
  bench.run();
  bench.server_sends("unbound 1\n");
  EXPECT_THAT(heads(bench.take_sent()), Contains("ident 1 2 77 1 0 3 5"));
}

TEST(ClientSession, AReleasedSessionWhoseUploadsArePausedEndsAtOnce) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  session.pause(Direction::kUpload, bench.now());
  bench.write(session, "ABC");

  session.release(bench.now());

  EXPECT_EQ(session.state(), SessionState::kInactive);
}

TEST(ClientSession, ALostConnectionEndsWaitsOnlyWhenTold) {
  for (const bool cancels : {false, true}) {
    ClientBench bench;
    ClientSession& session =
        live_session(bench, {.partition = "\"p\"", .cancel_waits_on_nonfatal_error = cancels});
    static_cast<void>(session.wait_for_download());

    bench.server_closes(std::nullopt);

    const std::vector<std::string> news = bench.take_news();
    EXPECT_EQ(std::ranges::count(news, "wait 1/1 Network"), cancels ? 1 : 0);
  }
}

TEST(ClientSession, AResumedSessionWaitsForTheWorkOfThePausedOne) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.hold_work(true);
  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 AB1"));

  session.pause(bench.now());
  session.resume(bench.now());
  bench.run();
  EXPECT_THAT(heads(bench.take_sent()), ElementsAre("unbind 1", "bind 2 3 0 0 0"));
  bench.hold_work(false);

  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("ident 2 2 77 1 0 1 5", "upload 2 0 0 0 4 1 1"));
}

TEST(ClientSession, AClosedSessionIsGoneOnlyWhenItsWorkIsDone) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.hold_work(true);
  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 AB1"));

  session.close(bench.now());
  bench.run();
  EXPECT_THAT(bench.take_news(), ElementsAre("connection 1 disconnected", "state 1 closed"));
  bench.hold_work(false);

  EXPECT_THAT(bench.take_news(), ElementsAre("closed 1"));
  EXPECT_FALSE(bench.connection().has_sessions());
}

TEST(ClientSession, AReleasedSessionGoesOnUntilItsChangesAreUploaded) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.write(session, "ABC");
  static_cast<void>(bench.take_sent());

  session.release(bench.now());
  bench.run();
  EXPECT_EQ(session.state(), SessionState::kDying);
  bench.server_sends("download 1 1 4 1 5 4 0 0 0 0 0\n");

  EXPECT_EQ(session.state(), SessionState::kInactive);
  EXPECT_THAT(heads(bench.take_sent()), ElementsAre("unbind 1"));
}

TEST(ClientSession, AReleasedSessionCanBeTakenIntoUseAgain) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.write(session, "ABC");
  session.release(bench.now());

  session.activate(bench.now());
  bench.server_sends("download 1 1 4 1 5 4 0 0 0 0 0\n");

  EXPECT_EQ(session.state(), SessionState::kActive);
}

TEST(ClientSession, TheStopPolicyDecidesWhatAReleaseDoes) {
  const auto state_after = [](StopPolicy policy, bool has_changes) {
    ClientBench bench;
    ClientSession& session = live_session(bench, {.partition = "\"p\"", .stop_policy = policy});
    if (has_changes) bench.write(session, "ABC");
    session.release(bench.now());
    return session.state();
  };

  EXPECT_EQ(state_after(StopPolicy::kAfterChangesUploaded, false), SessionState::kInactive);
  EXPECT_EQ(state_after(StopPolicy::kAfterChangesUploaded, true), SessionState::kDying);
  EXPECT_EQ(state_after(StopPolicy::kImmediately, true), SessionState::kInactive);
  EXPECT_EQ(state_after(StopPolicy::kLiveIndefinitely, true), SessionState::kActive);
}

TEST(ClientSession, ADyingSessionEndsSilentlyOnAFatalError) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.write(session, "ABC");
  session.release(bench.now());
  bench.run();
  static_cast<void>(bench.take_news());

  bench.server_sends(json_error(206, 1, "ApplicationBug", false));

  EXPECT_THAT(bench.take_news(), ElementsAre("connection 1 disconnected", "state 1 inactive"));
}

// Errors of the server's.

struct ActionCase {
  std::string action;
  int code;
  bool try_again;
  SessionState state;  ///< After it.
  bool settles_waits;
  bool is_reported;
};

TEST(ClientSession, TakesEachActionAsTheTableSays) {
  using enum SessionState;
  const std::vector<ActionCase> cases{
      {"ProtocolViolation", 201, false, kInactive, true, true},
      {"ApplicationBug", 201, false, kInactive, true, true},
      {"ApplicationBug", 201, true, kInactive, true, true},
      {"NoAction", 201, false, kInactive, true, true},
      {"", 201, false, kInactive, true, true},
      {"Warning", 201, false, kActive, true, true},
      {"Warning", 201, true, kActive, false, true},
      {"Transient", 201, true, kActive, false, false},
      {"Transient", 201, false, kActive, true, true},
      {"DeleteRealm", 201, false, kInactive, true, true},
      {"ClientReset", 208, false, kInactive, true, true},
      {"ClientResetNoRecovery", 217, false, kInactive, true, true},
      {"RefreshUser", 201, true, kActive, false, false},
      {"RefreshLocation", 201, true, kActive, false, false},
      {"LogOutUser", 201, false, kInactive, true, true},
      {"Warning", 299, false, kActive, true, true},
      {"Warning", 999, true, kActive, false, true},
  };
  for (const ActionCase& row : cases) {
    ClientBench bench;
    ClientSession& session = live_session(bench);
    static_cast<void>(session.wait_for_download());
    bench.run();
    static_cast<void>(bench.take_sent());

    bench.server_sends(json_error(row.code, 1, row.action, row.try_again));

    const std::string what = row.action + (row.try_again ? " try again" : "");
    EXPECT_EQ(session.state(), row.state) << what;
    const std::vector<std::string> news = bench.take_news();
    const bool has_settled =
        std::ranges::any_of(news, [](const std::string& line) { return line.starts_with("wait"); });
    const bool was_reported = !bench.take_errors().empty();
    EXPECT_EQ(has_settled, row.settles_waits) << what;
    EXPECT_EQ(was_reported, row.is_reported) << what;
    EXPECT_THAT(bench.take_sent(), ElementsAre("unbind 1\n")) << what;
    EXPECT_FALSE(bench.is_closing_transport()) << what;
  }
}

TEST(ClientSession, ComesBackByItselfAfterAnErrorThatAllowsIt) {
  ClientBench bench;
  ClientSession& session = live_session(bench);

  bench.server_sends(json_error(229, 1, "Transient", true));
  ASSERT_TRUE(session.next_resumption());
  EXPECT_GE(*session.next_resumption() - bench.now(), 750ms);
  EXPECT_LE(*session.next_resumption() - bench.now(), 1000ms);
  bench.wait(1s);

  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("unbind 1", "bind 1 3 0 0 0", "ident 1 2 77 0 0 0 0"));
  EXPECT_THAT(
      bench.take_news(),
      ElementsAre(
          "connection 1 disconnected", "connection 1 connecting", "connection 1 connected"));
}

TEST(ClientSession, WaitsLongerEachTimeAsTheServerWishesUntilADownloadComes) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  const std::string busy =
      json_error(229,
                 1,
                 "Transient",
                 true,
                 R"(,"backoffIntervalSec":5,"backoffMaxDelaySec":12,"backoffMultiplier":2)");
  const auto delay = [&] {
    bench.server_sends(busy);
    const Duration result = *session.next_resumption() - bench.now();
    bench.wait(20s);
    return result;
  };

  const auto within = [](Duration value, Duration maximum) {
    return value <= maximum && value >= maximum - maximum / 4;
  };
  EXPECT_TRUE(within(delay(), 5s));
  EXPECT_TRUE(within(delay(), 10s));
  EXPECT_TRUE(within(delay(), 12s));
  EXPECT_TRUE(within(delay(), 12s));
  bench.server_sends(kEmptyDownload);
  EXPECT_TRUE(within(delay(), 5s));
}

TEST(ClientSession, ComesBackAfterExactlyOneSecondWhenItWasClosedWithoutFault) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  for (int i = 0; i < 4; ++i) {
    bench.server_sends(json_error(200, 1, "Transient", true));
    EXPECT_EQ(*session.next_resumption() - bench.now(), 1s);
    bench.wait(1s);
  }
}

TEST(ClientSession, AnAppThatResumesASuspendedSessionNeedNotWait) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.server_sends(json_error(201, 1, "Warning", false));
  EXPECT_EQ(session.next_resumption(), std::nullopt);
  static_cast<void>(bench.take_sent());

  session.resume(bench.now());
  bench.run();

  EXPECT_THAT(heads(bench.take_sent()), ElementsAre("bind 1 3 0 0 0", "ident 1 2 77 0 0 0 0"));
}

TEST(ClientSession, BindsAgainOnlyAfterTheUnbindingWhenTheErrorCrossedIt) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.block_socket(true);
  bench.server_sends(json_error(201, 1, "Warning", true));
  session.resume(bench.now());

  bench.block_socket(false);

  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("unbind 1", "bind 1 3 0 0 0", "ident 1 2 77 0 0 0 0"));
}

TEST(ClientSession, RefreshesTheTokenAndBindsAgainOnTheLiveConnection) {
  ClientBench bench;
  static_cast<void>(live_session(bench));

  bench.server_sends(json_error(201, 1, "RefreshUser", true));
  ASSERT_TRUE(bench.take_refresh());
  EXPECT_THAT(bench.take_sent(), ElementsAre("unbind 1\n"));
  bench.connection().credentials_refreshed(
      {.text = "new", .expires = {}}, std::nullopt, bench.now());
  bench.run();

  const std::vector<std::string> sent = heads(bench.take_sent());
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[0].substr(0, 4), "ping");
  EXPECT_EQ(sent[1], "bind 1 3 0 0 0");
  EXPECT_EQ(bench.take_attempt(), std::nullopt);
}

TEST(ClientSession, StartsAnewAfterTheLocationWasReadAgainAndKeepsItsWaits) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(session.wait_for_download());
  bench.run();
  static_cast<void>(bench.take_sent());

  bench.server_sends(json_error(201, 1, "RefreshLocation", true));
  const auto refresh = bench.take_refresh();
  ASSERT_TRUE(refresh && refresh->needs_location);
  bench.connection().credentials_refreshed(
      {.text = "new", .expires = {}}, "ws://sync.test/realm-sync", bench.now());
  bench.run();

  EXPECT_THAT(heads(bench.take_sent()),
              ::testing::IsSupersetOf({"unbind 1", "bind 2 3 0 0 0", "mark 2 1"}));
  bench.server_sends("mark 2 1\n");
  EXPECT_THAT(bench.take_news(), ::testing::Contains("wait 1/1 done"));
}

TEST(ClientSession, DoesNotFloodAServerThatRefusesEveryFreshToken) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  int refreshes = 0;

  for (int i = 0; i < 10; ++i) {
    bench.server_sends(json_error(201, 1, "RefreshUser", true));
    if (bench.take_refresh()) {
      ++refreshes;
      bench.connection().credentials_refreshed(
          {.text = "new", .expires = {}}, std::nullopt, bench.now());
      bench.run();
    }
    if (i > 0) {
      ASSERT_TRUE(session.next_resumption()) << i;
      EXPECT_GE(*session.next_resumption() - bench.now(), 750ms) << i;
    }
    bench.wait(31s);
  }
  EXPECT_EQ(refreshes, 10);
}

TEST(ClientSession, ACompensatingWriteIsToldOnceItsDownloadIsIntegrated) {
  ClientBench bench;
  ClientSession& session = live_session(bench);

  bench.server_sends(json_error(
      231,
      1,
      "Warning",
      true,
      R"(,"compensatingWriteServerVersion":2,"rejectedClientVersion":2,"rejectedUpdates":[{"pk":"AQU=","reason":"why","table":"Item"}])"));
  EXPECT_THAT(bench.take_news(), IsEmpty());
  bench.server_sends(download("1 1 0 2 5 0 0 0", "1 0 0 3 3 3 AB1"));
  EXPECT_THAT(bench.take_news(), IsEmpty());
  bench.server_sends(download("1 2 0 2 5 0 0 0", "2 0 0 1 3 3 AB2"));

  EXPECT_THAT(bench.take_news(), ElementsAre("error 1 SyncCompensatingWrite"));
  const auto errors = bench.take_errors();
  EXPECT_EQ(errors.at(0).error.server_error->rejected_updates.at(0).table, "Item");
  EXPECT_EQ(session.state(), SessionState::kActive);
  EXPECT_EQ(session.connection_state(), ConnectionState::kConnected);
}

TEST(ClientSession, ASchemaVersionNoticeChangesNothing) {
  ClientBench bench;
  ClientSession& session = live_session(bench);

  bench.server_sends(json_error(236, 1, "MigrateSchema", true, R"(,"previousSchemaVersion":1)"));

  EXPECT_THAT(bench.take_news(), IsEmpty());
  EXPECT_EQ(session.connection_state(), ConnectionState::kConnected);
}

TEST(ClientSession, TheHistoricErrorCarriesNoAction) {
  ClientBench bench;
  ClientSession& session = live_session(bench);

  bench.server_sends("error 208 7 0 1\nunknown");

  EXPECT_EQ(session.state(), SessionState::kActive);
  EXPECT_THAT(bench.take_news(),
              ElementsAre("connection 1 disconnected", "error 1 SyncClientResetRequired fatal"));
  EXPECT_EQ(bench.take_errors().at(0).error.action, std::nullopt);
  EXPECT_EQ(session.next_resumption(), std::nullopt);
}

TEST(ClientSession, AMessageWithALogUrlShowsIt) {
  protocol::ServerError message{.session = SessionIdent(1),
                                .code = protocol::SyncErrorCode::kBadClientFileIdent,
                                .message = "unknown client file",
                                .log_url = "https://example.test/logs/1",
                                .action = protocol::Action::kClientReset};

  const SyncError error = make_sync_error(message);

  EXPECT_EQ(error.error.message(), "unknown client file Logs: https://example.test/logs/1");
  EXPECT_EQ(error.error.code(), ErrorCode::kClientReset);
  ASSERT_TRUE(error.error.foreign());
  EXPECT_EQ(error.error.foreign()->domain, "realm-sync");
  EXPECT_EQ(error.error.foreign()->number, 208);
}

// Storage.

TEST(ClientSession, AFileThatCannotBeReadDoesNotBecomeActive) {
  ClientBench bench;
  ClientSession& session = bench.open();
  bench.replica(session).break_storage(Error(ErrorCode::kStorage, "gone"));

  session.activate(bench.now());
  bench.run();

  EXPECT_EQ(session.state(), SessionState::kInactive);
  EXPECT_THAT(bench.take_news(), ElementsAre("error 1 RuntimeError fatal"));
}

TEST(ClientSession, AFileThatCannotBeReadForAWhileIsTriedAgain) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.replica(session).break_storage(Error(ErrorCode::kStorage, "gone"));
  session.local_change(bench.now());
  bench.run();
  EXPECT_THAT(bench.take_news(), ElementsAre("connection 1 disconnected", "error 1 RuntimeError"));
  bench.server_sends("unbound 1\n");

  bench.replica(session).break_storage(std::nullopt);
  bench.wait(1s);

  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("unbind 1", "bind 1 3 0 0 0", "ident 1 2 77 0 0 0 0"));
}

TEST(ClientSession, AnIdentThatCannotBeStoredIsAskedForAgain) {
  ClientBench bench;
  ClientSession& session = bench.open();
  session.activate(bench.now());
  bench.run();
  bench.accept();
  bench.hold_work(true);
  bench.server_sends("ident 1 2 77\n");
  bench.replica(session).break_storage(Error(ErrorCode::kDiskFull, "no space"));
  bench.hold_work(false);
  bench.replica(session).break_storage(std::nullopt);
  bench.server_sends("unbound 1\n");
  bench.wait(1s);

  EXPECT_THAT(heads(bench.take_sent()),
              ElementsAre("bind 1 3 0 1 0", "unbind 1", "bind 1 3 0 1 0"));
}

// Client reset.

const SessionOptions kResets{.partition = "\"p\"", .client_reset = ClientResetMode::kRecover};

TEST(ClientSession, EndsWithAClientResetThatItIsNotToCarryOut) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(session.wait_for_download());
  bench.run();

  bench.server_sends(json_error(208, 1, "ClientReset", false));

  EXPECT_THAT(bench.take_news(),
              ElementsAre("connection 1 disconnected",
                          "state 1 inactive",
                          "wait 1/1 ClientReset",
                          "error 1 SyncClientResetRequired fatal"));
}

TEST(ClientSession, KeepsItsWaitsOverAClientReset) {
  // Given a session with a change that the server has not got, and waits for both directions,
  ClientBench bench;
  ClientSession& session = live_session(bench, kResets);
  bench.block_socket(true);
  bench.write(session, "change");
  static_cast<void>(session.wait_for_upload(bench.now()));
  static_cast<void>(session.wait_for_download());

  // When the server asks for a client reset,
  bench.server_sends(json_error(208, 1, "ClientReset", false));
  bench.block_socket(false);

  // Then a fresh copy is asked for, while the application goes on writing,
  EXPECT_THAT(bench.take_sent(), ElementsAre("unbind 1\n"));
  EXPECT_THAT(bench.take_news(),
              ElementsAre("connection 1 disconnected", "state 1 resetting", "wants copy 1"));
  bench.write(session, "later change");
  session.activate(bench.now());
  session.reset_file(bench.now());
  bench.run();
  EXPECT_THAT(bench.take_news(), ElementsAre("wants reset 1"));
  EXPECT_THAT(bench.take_sent(), IsEmpty());

  // and once the file is as the copy, the session goes on with its identity, and sends both again.
  bench.replica(session).reset({ClientFileIdent(9), Salt(99)}, ServerVersion(20), true);
  session.file_reset(std::nullopt, bench.now());
  bench.run();
  const auto sent = bench.take_sent();
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[0], "bind 2 3 0 0 0\n\"p\"");
  EXPECT_EQ(sent[1], "ident 2 9 99 20 0 20 5\n");
  EXPECT_EQ(sent[2], "mark 2 1\n");
  EXPECT_THAT(sent[3], ::testing::StartsWith("upload 2 "));
  EXPECT_THAT(sent[3], ::testing::HasSubstr("later change"));
  bench.server_sends("download 2 20 6 20 5 6 20 0 0 0 0\n");
  bench.server_sends("mark 2 1\n");
  EXPECT_THAT(bench.take_news(),
              ElementsAre("state 1 active",
                          "connection 1 connecting",
                          "connection 1 connected",
                          "wait 1/1 done",
                          "wait 1/2 done"));
}

TEST(ClientSession, SettlesUploadsThatAClientResetHasDiscarded) {
  ClientBench bench;
  ClientSession& session = live_session(bench, kResets);
  bench.block_socket(true);
  bench.write(session, "change");
  static_cast<void>(session.wait_for_upload(bench.now()));
  bench.server_sends(json_error(208, 1, "ClientReset", false));
  session.reset_file(bench.now());
  bench.run();
  static_cast<void>(bench.take_news());

  bench.replica(session).reset({ClientFileIdent(9), Salt(99)}, ServerVersion(20), false);
  session.file_reset(std::nullopt, bench.now());
  bench.run();

  EXPECT_THAT(bench.take_news(), ::testing::Contains("wait 1/1 done"));
}

TEST(ClientSession, LetsWorkUnderWayEndBeforeAClientReset) {
  ClientBench bench;
  ClientSession& session = live_session(bench, kResets);
  bench.hold_results(true);
  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 ABC"));

  bench.server_sends(json_error(208, 1, "ClientReset", false));
  EXPECT_THAT(bench.take_news(), ::testing::Not(::testing::Contains("wants copy 1")));
  bench.hold_results(false);

  EXPECT_THAT(bench.take_news(), ::testing::Contains("wants copy 1"));
  static_cast<void>(session);
}

TEST(ClientSession, GivesUpAClientResetWhenPaused) {
  ClientBench bench;
  ClientSession& session = live_session(bench, kResets);
  static_cast<void>(session.wait_for_download());
  bench.server_sends(json_error(208, 1, "ClientReset", false));
  static_cast<void>(bench.take_news());

  session.pause(bench.now());
  session.reset_file(bench.now());
  session.reset_failed({.error = Error(ErrorCode::kClientReset, "no")}, bench.now());
  bench.run();

  EXPECT_THAT(bench.take_news(), ElementsAre("state 1 paused", "wait 1/1 Cancelled"));
}

TEST(ClientSession, TakesTheIdentityOfAFileThatWasResetDuringAPause) {
  // Given a file that is being reset while its session is paused and resumed,
  ClientBench bench;
  ClientSession& session = live_session(bench, kResets);
  bench.write(session, "change");
  bench.server_sends(json_error(208, 1, "ClientReset", false));
  session.reset_file(bench.now());
  bench.run();
  session.pause(bench.now());
  session.resume(bench.now());
  bench.run();
  static_cast<void>(bench.take_sent());

  // When that is done,
  bench.replica(session).reset({ClientFileIdent(9), Salt(99)}, ServerVersion(20), true);
  session.file_reset(std::nullopt, bench.now());
  bench.run();

  // Then nothing of the old identity is said.
  const auto sent = bench.take_sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0], "ident 2 9 99 20 0 20 5\n");
  EXPECT_THAT(sent[1], ::testing::HasSubstr("change"));
}

TEST(ClientSession, EndsWhenAClientResetFails) {
  ClientBench bench;
  ClientSession& session = live_session(bench, kResets);
  bench.server_sends(json_error(208, 1, "ClientReset", false));
  session.reset_file(bench.now());
  static_cast<void>(session.wait_for_download());
  bench.run();
  static_cast<void>(bench.take_news());

  session.file_reset(
      make_local_error(
          protocol::SdkStatus::kAutoClientResetFailed, std::nullopt, true, "it does not fit"),
      bench.now());
  bench.run();

  EXPECT_THAT(
      bench.take_news(),
      ElementsAre(
          "state 1 inactive", "wait 1/1 ClientReset", "error 1 AutoClientResetFailed fatal"));
}

TEST(ClientSession, OfAFreshCopyUploadsNothing) {
  ClientBench bench;
  ClientSession& session = live_session(bench, {.partition = "\"p\"", .is_fresh_copy = true});

  bench.server_sends(download("1 1 0 1 5 0 0 0", "1 0 0 3 3 3 ABC"));
  bench.write(session, "change");

  EXPECT_THAT(bench.take_sent(), IsEmpty());
}

}  // namespace
}  // namespace tombolo::sync
