#include "server/history_trimming.h"

#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/error_code.h"
#include "server/download_builder.h"
#include "server/identification.h"
#include "server/integrator.h"
#include "server/storage_embedded.h"
#include "test/support/changesets.h"
#include "test/support/store_realm.h"
#include "test/support/temporary_directory.h"

namespace tombolo::server {
namespace {

using namespace std::chrono_literals;
using protocol::SyncErrorCode;
using test::create_item;
using test::insert_into_list;
using test::item_schema;
using test::set_count;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Stands where it is put.
class HandClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return TimePoint(wall.time_since_epoch()); }
  [[nodiscard]] WallTime wall_now() const override { return wall; }

  WallTime wall{std::chrono::milliseconds(1'700'000'000'000)};
};

/// A server whose clock is moved by hand, and a client that fills it.
class Trimming : public ::testing::Test {
 protected:
  static constexpr auto kMaxOffline = std::chrono::milliseconds(30 * 24h);

  Trimming() {
    store::EnvironmentOptions options;
    options.durability = store::Durability::kDeferred;
    storage_ = std::make_unique<EmbeddedStorage>(
        store::Environment::open(directory_.file("server"), options), clock_);
    ann_ = register_client();
    upload(ann_, item_schema());
    for (int key = 0; key < 50; ++key) upload(ann_, create_item(key));
    for (int round = 0; round < 20; ++round) {
      for (int key = 0; key < 50; ++key) upload(ann_, set_count(key, round * 100 + key));
    }
    upload(ann_, insert_into_list(7, {0, 0}, 5));
    upload(ann_, insert_into_list(7, {1, 1}, 6));
    upload(ann_, insert_into_list(7, {0, 2}, 4));
  }

  ClientFile register_client() {
    const auto transaction = storage_->begin();
    file_ = transaction->open_server_file("\"p\"");
    const ClientFile client = transaction->allocate_client_file(file_, "user", Salt(77));
    transaction->commit();
    return client;
  }

  [[nodiscard]] ServerVersion head() {
    return storage_->snapshot()->history_head(file_).server_version;
  }

  /// Uploads a change made on top of all there is, which confirms that.
  Result<IntegratedUpload> upload_at(ClientFile& client,
                                     ServerVersion base,
                                     const Bytes& changeset) {
    client.uploaded = client.uploaded.next();
    Upload upload{.file = file_,
                  .client_file = client.ident,
                  .progress = {client.uploaded, base},
                  .locked_server_version = {},
                  .entries = {},
                  .body = nullptr,
                  .stream = nullptr};
    upload.entries.push_back({.client_version = client.uploaded,
                              .server_version = base,
                              .origin_timestamp = OriginTimestamp(++timestamp_),
                              .origin_file_ident = {},
                              .changeset = changeset});
    const auto transaction = storage_->begin();
    auto result = integrate(*transaction, upload, random_, windows_);
    if (result) transaction->commit();
    result ? windows_.committed() : windows_.rolled_back();
    return result;
  }
  void upload(ClientFile& client, const Bytes& changeset) {
    const auto result = upload_at(client, head(), changeset);
    ASSERT_TRUE(result) << result.error().describe();
  }

  std::vector<TrimmedHistory> trim(const std::set<ClientFileIdent>& bound = {},
                                   std::uint64_t versions_min = 1) {
    std::vector<TrimmedHistory> trimmed;
    HistoryTrimmer(*storage_, directory_.path())
        .trim(
            {.max_offline = kMaxOffline, .versions_min = versions_min},
            clock_.wall,
            [&](ServerFileId) { return bound; },
            [&](const TrimmedHistory& one) { trimmed.push_back(one); });
    return trimmed;
  }

  Result<IdentifiedFile> come_back(const ClientFile& client, protocol::DownloadCursor cursor) {
    const auto snapshot = storage_->snapshot();
    const auto latest = snapshot->find_history_entry(file_, cursor.server_version);
    return identify(
        *snapshot,
        {.session = {},
         .partition = "\"p\"",
         .client_file = {client.ident, client.salt},
         .download = cursor,
         .latest_server_version = {cursor.server_version, latest ? latest->salt : Salt{}}},
        "user");
  }
  template <typename T>
  static SyncErrorCode code_of(const Result<T>& result) {
    EXPECT_FALSE(result);
    return result ? SyncErrorCode{} : protocol::sync_error_code(result.error()).value();
  }

  /// What a client has that downloads everything after `cursor`, on top of what it has.
  void download(const ClientFile& client,
                protocol::DownloadCursor& cursor,
                test::StoreRealm& realm,
                std::size_t body_bytes_target = kDownloadBytesTarget) {
    DownloadBuilder builder({.body_bytes_target = body_bytes_target});
    const auto answer = builder.build(*storage_->snapshot(), {file_, client.ident, cursor});
    ASSERT_TRUE(answer) << answer.error().describe();
    Bytes scratch;
    const auto body = protocol::decode_body(answer->body->view(), scratch);
    ASSERT_TRUE(body);
    const auto entries = protocol::parse_download_entries(*body);
    ASSERT_TRUE(entries);
    for (const auto& entry : *entries) ASSERT_TRUE(realm.apply(entry.changeset));
    cursor = answer->cursor;
  }
  nlohmann::json downloaded(const ClientFile& client) {
    test::StoreRealm realm;
    for (protocol::DownloadCursor cursor; cursor.server_version < head();) {
      const auto before = cursor;
      download(client, cursor, realm);
      if (cursor == before) break;
    }
    return realm.state();
  }

  const test::TemporaryDirectory directory_;
  HandClock clock_;
  SeededRandom random_{1};
  UploadWindows windows_;
  std::unique_ptr<EmbeddedStorage> storage_;
  ServerFileId file_;
  ClientFile ann_;
  std::uint64_t timestamp_ = 100;
};

TEST_F(Trimming, ANewClientGetsTheSameFromTheStateAsFromTheHistory) {
  // Given what a client gets from the whole history,
  const nlohmann::json before = downloaded(register_client());
  const ServerVersion end = head();

  // When everybody is gone for too long and the history is replaced,
  clock_.wall += kMaxOffline;
  const auto trimmed = trim();

  // Then a new client gets the same, with less to read,
  ASSERT_THAT(trimmed, SizeIs(1));
  EXPECT_EQ(trimmed.front().partition, "\"p\"");
  EXPECT_EQ(trimmed.front().up_to, end);
  EXPECT_EQ(trimmed.front().entries_before, end.value());
  EXPECT_EQ(trimmed.front().entries_after, 1U);
  EXPECT_LT(trimmed.front().bytes_after, trimmed.front().bytes_before / 4);
  EXPECT_EQ(downloaded(register_client()), before);
  // and there is nothing more to be done.
  EXPECT_THAT(trim(), IsEmpty());
}

TEST_F(Trimming, KeepsWhatAClientNeedsThatWasSeenLately) {
  // Given a client that has confirmed version 400 and was seen a day ago,
  ClientFile bob = register_client();
  ASSERT_TRUE(upload_at(bob, ServerVersion(400), set_count(1, -1)));
  clock_.wall += kMaxOffline - 24h;
  upload(ann_, set_count(2, -2));
  clock_.wall += 23h;

  const auto trimmed = trim();

  // Then the history goes only up to there, and it goes on as if nothing had happened.
  ASSERT_THAT(trimmed, SizeIs(1));
  EXPECT_EQ(trimmed.front().up_to, ServerVersion(400));
  EXPECT_TRUE(come_back(bob, {ServerVersion(400), {}}));
  EXPECT_TRUE(upload_at(bob, ServerVersion(400), set_count(3, -3)));
}

TEST_F(Trimming, ExpiresWhoWasAwayForTooLong) {
  ClientFile bob = register_client();
  ASSERT_TRUE(upload_at(bob, ServerVersion(400), set_count(1, -1)));
  clock_.wall += kMaxOffline;

  ASSERT_THAT(trim(), SizeIs(1));

  EXPECT_EQ(code_of(come_back(bob, {ServerVersion(400), {}})), SyncErrorCode::kClientFileExpired);
  EXPECT_EQ(code_of(upload_at(bob, ServerVersion(400), set_count(3, -3))),
            SyncErrorCode::kClientFileExpired);
}

TEST_F(Trimming, LeavesAloneWhoIsConnected) {
  const ClientFile bob = register_client();
  clock_.wall += kMaxOffline;

  EXPECT_THAT(trim({bob.ident}), IsEmpty()) << "it has not confirmed anything yet";
  EXPECT_THAT(trim(), SizeIs(1));
}

TEST_F(Trimming, WhoNeverConfirmedAnythingIsWaitedForADay) {
  register_client();
  clock_.wall += 23h;
  EXPECT_THAT(trim(), IsEmpty());

  clock_.wall += 1h;
  upload(ann_, set_count(1, 1));

  EXPECT_THAT(trim(), SizeIs(1));
}

TEST_F(Trimming, AFirstDownloadOfTheStateIsGoneOnWithAfterAnInterruption) {
  // Given a state in several pieces: texts of 40 KiB would do, lists do as well,
  for (std::uint32_t i = 0; i < 40'000; ++i) {
    // One changeset of many, to be quick.
    if (i % 1'000 != 0) continue;
    changeset::ChangesetWriter writer;
    const auto item = writer.intern("Item");
    const auto list = writer.intern("list");
    for (std::uint32_t at = 0; at < 1'000; ++at) {
      const changeset::PathElement path[] = {changeset::PathElement::index(i + at)};
      writer.array_insert({item, test::int_key(1), list, path}, test::int_value(1 << 30), i + at);
    }
    upload(ann_, to_bytes(writer.bytes()));
  }
  const nlohmann::json before = downloaded(register_client());
  clock_.wall += kMaxOffline;
  const auto trimmed = trim();
  ASSERT_THAT(trimmed, SizeIs(1));
  ASSERT_GT(trimmed.front().entries_after, 2U);

  // When a client comes back after each piece,
  ClientFile bob = register_client();
  test::StoreRealm realm;
  protocol::DownloadCursor cursor;
  std::uint64_t pieces = 0;
  while (cursor.server_version < head()) {
    ASSERT_TRUE(come_back(bob, cursor)) << cursor.server_version.value();
    download(bob, cursor, realm, 1);
    ++pieces;
  }

  // Then it has it all in the end, and what it makes of it is merged with what came since.
  EXPECT_EQ(pieces, trimmed.front().entries_after);
  EXPECT_EQ(realm.state(), before);
  EXPECT_TRUE(upload_at(bob, ServerVersion(1), set_count(3, -3)));
}

TEST_F(Trimming, DoesNotBotherForAFewVersions) {
  clock_.wall += kMaxOffline;

  EXPECT_THAT(trim({}, head().value() + 1), IsEmpty());
  EXPECT_THAT(trim({}, head().value()), SizeIs(1));
}

}  // namespace
}  // namespace tombolo::server
