#include "sync/download_inbox.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "protocol/codec.h"

namespace tombolo::sync {
namespace {

constexpr ClientFileIdent kOwnIdent{2};
constexpr ClientVersion kNewest{20};

/// What the file has when the session binds: server version 10, with our version 5 integrated
/// there.
constexpr SyncProgress kStored{.download = {ServerVersion(10), ClientVersion(5)},
                               .upload = {ClientVersion(6), ServerVersion(9)},
                               .latest_server_version = {ServerVersion(12), Salt(77)}};

std::string download(std::string_view head, std::string_view body = "") {
  return "download 1 " + std::string(head) + " 0 " + std::to_string(body.size()) + " 0\n" +
         std::string(body);
}

/// `message` as the inbox takes it after what is stored; the error's text, or "taken".
std::string outcome(DownloadInbox& inbox, const std::string& message) {
  Bytes storage = to_bytes(as_bytes(message));
  const auto parsed = protocol::parse_server_message(storage, {});
  if (!parsed) return parsed.error().describe();
  const auto& head = std::get<protocol::Download>(*parsed);
  const Result<void> pushed = inbox.push(head, std::move(storage), kNewest);
  return pushed ? "taken" : pushed.error().message();
}
std::string outcome(const std::string& message) {
  DownloadInbox inbox;
  inbox.open(kStored, kOwnIdent);
  return outcome(inbox, message);
}

TEST(DownloadInbox, TakesWhatContinuesTheStoredProgress) {
  EXPECT_EQ(outcome(download("10 5 12 77 6 9 0")), "taken") << "nothing new";
  EXPECT_EQ(outcome(download("12 6 13 78 20 12 0", "12 6 0 3 3 3 ABC")), "taken");
  EXPECT_EQ(outcome(download("12 5 13 1 6 0 900", "11 5 0 3 3 3 ABC12 5 0 1 9 1 D")), "taken");
}

TEST(DownloadInbox, RefusesEveryHeadThatContradictsIt) {
  EXPECT_EQ(outcome(download("10 5 11 77 6 9 0")), "download: latest server version goes back");
  EXPECT_EQ(outcome(download("10 5 12 77 5 9 0")), "download: upload client version goes back");
  EXPECT_EQ(outcome(download("10 5 12 77 21 9 0")),
            "download: upload client version was never made here");
  EXPECT_EQ(outcome(download("9 5 12 77 6 9 0")), "download: download server version goes back");
  EXPECT_EQ(outcome(download("13 5 12 77 6 9 0")),
            "download: download server version exceeds the latest");
  EXPECT_EQ(outcome(download("10 4 12 77 6 9 0")), "download: download client version goes back");
  EXPECT_EQ(outcome(download("10 7 12 77 6 9 0")),
            "download: download client version exceeds what was uploaded");
  EXPECT_EQ(outcome(download("10 5 12 77 6 11 0")),
            "download: upload server version exceeds what was downloaded");
}

TEST(DownloadInbox, RefusesEveryEntryOutOfPlace) {
  const auto entry = [](std::string_view text) {
    return outcome(download("12 6 13 78 6 9 0", text));
  };
  const std::string version = "download: an entry's server version is out of order";
  const std::string client = "download: an entry's client version is out of order";
  const std::string origin = "download: an entry's origin is no other file";

  EXPECT_EQ(entry("12 6 0 3 3 3 ABC"), "taken");
  EXPECT_EQ(entry("0 6 0 3 3 3 ABC"), version);
  EXPECT_EQ(entry("10 6 0 3 3 3 ABC"), version) << "has it already";
  EXPECT_EQ(entry("13 6 0 3 3 3 ABC"), version) << "above the head's";
  EXPECT_EQ(entry("12 6 0 3 1 1 A12 6 0 3 1 1 B"), version) << "twice";
  EXPECT_EQ(entry("12 4 0 3 3 3 ABC"), client) << "before the stored one";
  EXPECT_EQ(entry("12 7 0 3 3 3 ABC"), client) << "above the head's";
  EXPECT_EQ(entry("11 6 0 3 1 1 A12 5 0 3 1 1 B"), client) << "goes back";
  EXPECT_EQ(entry("12 6 0 0 3 3 ABC"), origin);
  EXPECT_EQ(entry("12 6 0 2 3 3 ABC"), origin) << "our own";
  EXPECT_EQ(entry("12 6 0 1 3 3 ABC"), "taken") << "the server's own";
}

TEST(DownloadInbox, RefusesBodiesThatAreNoEntries) {
  EXPECT_NE(outcome(download("12 6 13 78 6 9 0", "12 6 0 3 3 50 ABC")), "taken");
  EXPECT_NE(outcome(download("12 6 13 78 6 9 0", "nonsense")), "taken");
  EXPECT_NE(outcome("download 1 12 6 13 78 6 9 0 1 100 4\nABCD"), "taken") << "no zlib stream";
  EXPECT_NE(outcome("download 1 12 6 13 78 6 9 0 1 9000000000 4\nABCD"), "taken");
}

TEST(DownloadInbox, ChecksEachMessageAgainstTheOneBeforeIt) {
  DownloadInbox inbox;
  inbox.open(kStored, kOwnIdent);

  EXPECT_EQ(outcome(inbox, download("12 6 13 78 8 9 0", "12 6 0 3 3 3 ABC")), "taken");
  EXPECT_EQ(outcome(inbox, download("12 6 13 78 7 9 0")),
            "download: upload client version goes back");
  EXPECT_EQ(outcome(inbox, download("13 8 13 78 8 9 0", "12 8 0 3 3 3 ABC")),
            "download: an entry's server version is out of order");
  EXPECT_EQ(outcome(inbox, download("13 8 13 78 8 9 0", "13 8 0 3 3 3 ABC")), "taken");
}

TEST(DownloadInbox, HandsOutWhatWaitsTogetherAsOneBatch) {
  DownloadInbox inbox;
  inbox.open(kStored, kOwnIdent);
  ASSERT_EQ(outcome(inbox, download("11 5 13 78 6 9 50", "11 5 0 3 3 3 ABC")), "taken");
  ASSERT_EQ(outcome(inbox, download("12 6 13 78 7 0 40", "12 6 0 3 9 1 D")), "taken");
  inbox.push(RequestIdent(1));
  ASSERT_EQ(outcome(inbox, download("13 6 13 78 7 9 0", "13 6 0 3 1 1 E")), "taken");
  EXPECT_GT(inbox.bytes(), 0U);

  EXPECT_EQ(inbox.take_mark(), std::nullopt) << "what was sent before it comes first";
  const auto first = inbox.take_batch();
  EXPECT_EQ(inbox.take_batch(), nullptr);
  const auto mark = inbox.take_mark();
  const auto second = inbox.take_batch();

  ASSERT_NE(first, nullptr);
  ASSERT_EQ(first->entries.size(), 2U);
  EXPECT_EQ(as_text(first->entries[0].changeset), "ABC");
  EXPECT_EQ(as_text(first->entries[1].changeset), "D");
  EXPECT_EQ(first->progress,
            (SyncProgress{.download = {ServerVersion(12), ClientVersion(6)},
                          .upload = {ClientVersion(7), ServerVersion(9)},
                          .latest_server_version = {ServerVersion(13), Salt(78)}}));
  EXPECT_EQ(first->downloads_left, 40U);
  EXPECT_EQ(mark, RequestIdent(1));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->entries.size(), 1U);
  EXPECT_TRUE(inbox.empty());
  EXPECT_EQ(inbox.bytes(), 0U);
}

TEST(DownloadInbox, ProgressAloneTakesNoRoomHoweverMuchComes) {
  DownloadInbox inbox;
  inbox.open(kStored, kOwnIdent);
  ASSERT_EQ(outcome(inbox, download("11 5 13 78 6 9 0", "11 5 0 3 3 3 ABC")), "taken");
  const std::size_t bytes = inbox.bytes();

  for (int version = 13; version < 1'000; ++version) {
    const std::string text = std::to_string(version);
    ASSERT_EQ(outcome(inbox, download(text + " 5 " + text + " 78 6 9 7")), "taken");
  }

  EXPECT_EQ(inbox.bytes(), bytes);
  EXPECT_FALSE(inbox.has_only_progress()) << "a changeset is among it";
  const auto batch = inbox.take_batch();
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(batch->entries.size(), 1U);
  EXPECT_EQ(batch->progress.download.server_version, ServerVersion(999));
  EXPECT_EQ(batch->downloads_left, 7U);
  EXPECT_TRUE(inbox.empty());
}

TEST(DownloadInbox, ABatchHasABoundedSize) {
  DownloadInbox inbox;
  inbox.open(kStored, kOwnIdent);
  const std::string changeset(600 * 1024, 'x');
  for (int i = 11; i < 15; ++i) {
    const std::string version = std::to_string(i);
    const std::string bytes = std::to_string(changeset.size());
    ASSERT_EQ(outcome(inbox,
                      download(version + " 5 20 78 6 9 0",
                               version + " 5 0 3 " + bytes + " " + bytes + " " + changeset)),
              "taken");
  }

  EXPECT_EQ(inbox.take_batch()->entries.size(), 2U);
  EXPECT_EQ(inbox.take_batch()->entries.size(), 2U);
  EXPECT_EQ(inbox.take_batch(), nullptr);
}

}  // namespace
}  // namespace tombolo::sync
