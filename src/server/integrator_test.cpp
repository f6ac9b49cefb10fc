#include "server/integrator.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/error_code.h"
#include "test/support/changesets.h"
#include "test/support/memory_storage.h"

namespace tombolo::server {
namespace {

using protocol::SyncErrorCode;
using test::add_count;
using test::create_item;
using test::insert_into_list;
using test::item_schema;
using test::set_count;
using ::testing::SizeIs;

/// One commit of a client, as it uploads it.
struct Change {
  std::uint64_t client_version;
  std::uint64_t server_version;
  std::uint64_t timestamp;
  Bytes changeset;
};

class Integrator : public ::testing::Test {
 protected:
  Integrator() {
    const auto transaction = storage_.begin();
    file_ = transaction->open_server_file("\"p\"");
    ann_ = transaction->allocate_client_file(file_, "ann", random_.salt()).ident;
    bob_ = transaction->allocate_client_file(file_, "bob", random_.salt()).ident;
    transaction->commit();
  }

  /// Integrates and commits one UPLOAD.
  Result<IntegratedUpload> upload(ClientFileIdent client,
                                  std::uint64_t progress_client_version,
                                  std::uint64_t progress_server_version,
                                  const std::vector<Change>& changes) {
    Upload upload{.file = file_,
                  .client_file = client,
                  .progress = {ClientVersion(progress_client_version),
                               ServerVersion(progress_server_version)},
                  .locked_server_version = ServerVersion(0),
                  .entries = {},
                  .body = nullptr,
                  .stream = nullptr};
    for (const Change& change : changes) {
      upload.entries.push_back({.client_version = ClientVersion(change.client_version),
                                .server_version = ServerVersion(change.server_version),
                                .origin_timestamp = OriginTimestamp(change.timestamp),
                                .origin_file_ident = {},
                                .changeset = change.changeset});
    }
    const auto transaction = storage_.begin();
    auto result = integrate(*transaction, upload, random_, windows_);
    if (result) transaction->commit();
    result ? windows_.committed() : windows_.rolled_back();
    return result;
  }

  [[nodiscard]] const test::MemoryStorage::File& stored() {
    stored_ = storage_.find("\"p\"");
    return *stored_;
  }
  static SyncErrorCode code_of(const Result<IntegratedUpload>& result) {
    EXPECT_FALSE(result);
    return result ? SyncErrorCode{} : protocol::sync_error_code(result.error()).value();
  }

  SeededRandom random_{1};
  UploadWindows windows_;
  test::MemoryStorage storage_;
  std::shared_ptr<const test::MemoryStorage::File> stored_;
  ServerFileId file_;
  ClientFileIdent ann_;
  ClientFileIdent bob_;
};

TEST_F(Integrator, AppendsEachChangesetAndRecordsTheProgress) {
  const auto result = upload(ann_, 4, 0, {{2, 0, 100, item_schema()}, {3, 0, 101, create_item(1)}});

  ASSERT_TRUE(result);
  EXPECT_EQ(result->acknowledge, ClientVersion(4));
  EXPECT_EQ(result->history_end, ServerVersion(2));
  EXPECT_TRUE(result->has_grown);
  EXPECT_TRUE(result->has_content);
  ASSERT_THAT(stored().history, SizeIs(2));
  const auto& entry = stored().history.at(ServerVersion(2));
  EXPECT_EQ(entry.origin, ann_);
  EXPECT_EQ(entry.client_version, ClientVersion(3));
  EXPECT_EQ(entry.origin_timestamp, OriginTimestamp(101));
  EXPECT_EQ(entry.changeset, create_item(1));
  EXPECT_NE(entry.salt, stored().history.at(ServerVersion(1)).salt);
  EXPECT_EQ(stored().clients.at(ann_).uploaded, ClientVersion(4));
}

TEST_F(Integrator, SkipsWhatItHasIntegratedBefore) {
  ASSERT_TRUE(upload(ann_, 3, 0, {{2, 0, 100, item_schema()}, {3, 0, 101, create_item(1)}}));

  const auto again =
      upload(ann_, 4, 0, {{3, 0, 101, create_item(1)}, {4, 0, 102, add_count(1, 5)}});
  const auto once_more = upload(ann_, 4, 0, {{4, 0, 102, add_count(1, 5)}});

  ASSERT_TRUE(again && once_more);
  EXPECT_THAT(stored().history, SizeIs(3));
  EXPECT_EQ(once_more->acknowledge, ClientVersion(4));
  EXPECT_FALSE(once_more->has_grown);
}

TEST_F(Integrator, DoesNotTakeProgressBack) {
  ASSERT_TRUE(upload(ann_, 9, 0, {{2, 0, 100, item_schema()}}));

  const auto older = upload(ann_, 5, 0, {{2, 0, 100, item_schema()}});

  ASSERT_TRUE(older);
  EXPECT_EQ(older->acknowledge, ClientVersion(9));
  EXPECT_EQ(stored().clients.at(ann_).uploaded, ClientVersion(9));
}

TEST_F(Integrator, TransformsAgainstWhatTheClientHadNotSeen) {
  // Given a list that both see empty,
  ASSERT_TRUE(upload(ann_, 3, 0, {{2, 0, 1, item_schema()}, {3, 0, 2, create_item(1)}}));

  // When both put something in without knowing of each other,
  ASSERT_TRUE(upload(ann_, 4, 2, {{4, 2, 10, insert_into_list(1, {0, 0}, 111)}}));
  ASSERT_TRUE(upload(bob_, 2, 2, {{2, 2, 20, insert_into_list(1, {0, 0}, 222)}}));

  // Then the later one comes second, in the history too.
  EXPECT_EQ(stored().history.at(ServerVersion(4)).changeset, insert_into_list(1, {1, 1}, 222));
}

TEST_F(Integrator, MergesLaterChangesWithTheReciprocalOfThatClient) {
  // Given an entry that was transformed against Bob's first change,
  ASSERT_TRUE(upload(ann_, 3, 0, {{2, 0, 1, item_schema()}, {3, 0, 2, create_item(1)}}));
  ASSERT_TRUE(upload(ann_, 4, 2, {{4, 2, 30, insert_into_list(1, {0, 0}, 111)}}));
  ASSERT_TRUE(upload(bob_, 2, 2, {{2, 2, 20, insert_into_list(1, {0, 0}, 222)}}));
  EXPECT_TRUE(stored().reciprocals.contains({bob_, ServerVersion(3)}));

  // When his second one comes, which knows the first one but not Ann's,
  const auto result = upload(bob_, 3, 2, {{3, 2, 21, insert_into_list(1, {1, 1}, 333)}});

  // Then its position is right behind his first one.
  ASSERT_TRUE(result) << result.error().describe();
  EXPECT_EQ(stored().history.at(ServerVersion(5)).changeset, insert_into_list(1, {1, 2}, 333));
}

TEST_F(Integrator, DropsReciprocalsOnceTheClientHasSeenTheirVersions) {
  ASSERT_TRUE(upload(ann_, 3, 0, {{2, 0, 1, item_schema()}, {3, 0, 2, create_item(1)}}));
  ASSERT_TRUE(upload(ann_, 4, 2, {{4, 2, 30, insert_into_list(1, {0, 0}, 111)}}));
  ASSERT_TRUE(upload(bob_, 2, 2, {{2, 2, 20, insert_into_list(1, {0, 0}, 222)}}));

  const auto result = upload(bob_, 3, 4, {});

  ASSERT_TRUE(result);
  EXPECT_EQ(result->acknowledge, ClientVersion(0));
  EXPECT_FALSE(result->has_grown);
  EXPECT_TRUE(stored().reciprocals.empty());
  EXPECT_EQ(stored().clients.at(bob_).reciprocal_base, ServerVersion(4));
}

TEST_F(Integrator, KeepsAnEntryWithoutEffectInTheHistory) {
  ASSERT_TRUE(upload(ann_, 3, 0, {{2, 0, 1, item_schema()}, {3, 0, 2, create_item(1)}}));
  ASSERT_TRUE(upload(ann_, 4, 2, {{4, 2, 30, set_count(1, 7)}}));

  // An earlier write of the same property loses, and nothing is left of it.
  const auto result = upload(bob_, 2, 2, {{2, 2, 20, set_count(1, 8)}});

  ASSERT_TRUE(result);
  EXPECT_TRUE(result->has_grown);
  EXPECT_FALSE(result->has_content);
  EXPECT_TRUE(stored().history.at(ServerVersion(4)).changeset.empty());
  EXPECT_EQ(stored().history.at(ServerVersion(4)).client_version, ClientVersion(2));
}

TEST_F(Integrator, ResetsAClientWhoseChangesetDoesNotFit) {
  const auto unfit = upload(ann_, 2, 0, {{2, 0, 1, create_item(1)}});
  const auto garbage = upload(ann_, 2, 0, {{2, 0, 1, to_bytes(as_bytes("garbage"))}});

  EXPECT_EQ(code_of(unfit), SyncErrorCode::kBadChangeset);
  EXPECT_EQ(unfit.error().code(), ErrorCode::kClientReset);
  EXPECT_EQ(code_of(garbage), SyncErrorCode::kBadChangeset);
  EXPECT_TRUE(stored().history.empty());
}

TEST_F(Integrator, RefusesABaseThatTheServerHasNotOrNoLonger) {
  ASSERT_TRUE(upload(ann_, 3, 0, {{2, 0, 1, item_schema()}, {3, 0, 2, create_item(1)}}));
  ASSERT_TRUE(upload(bob_, 2, 2, {}));

  EXPECT_EQ(code_of(upload(bob_, 3, 9, {{3, 9, 1, add_count(1, 1)}})),
            SyncErrorCode::kBadServerVersion);
  EXPECT_EQ(code_of(upload(bob_, 3, 2, {{3, 1, 1, add_count(1, 1)}})),
            SyncErrorCode::kBadServerVersion);
}

TEST_F(Integrator, KnowsNoClientFileOfAnotherServerFile) {
  EXPECT_EQ(code_of(upload(ClientFileIdent(99), 2, 0, {})), SyncErrorCode::kBadClientFileIdent);
}

}  // namespace
}  // namespace tombolo::server
