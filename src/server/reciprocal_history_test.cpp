#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/integrator.h"
#include "server/storage_embedded.h"
#include "test/support/changesets.h"
#include "test/support/temporary_directory.h"

/// What a server keeps of its history for each client: the forms that merging gave it for that
/// client. They are stored with what they belong to, so a restart changes nothing, and go when the
/// client has seen their versions.

namespace tombolo::server {
namespace {

using test::add_count;
using test::create_item;
using test::insert_into_list;
using test::item_schema;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A commit of a client, and the server version that it had integrated before.
struct Change {
  ServerVersion base;
  std::uint64_t timestamp;
  Bytes changeset;
};

/// A server in a file and two clients that have seen item 1 with an empty list at `kBase`.
class ReciprocalHistory : public ::testing::Test {
 protected:
  static constexpr ServerVersion kBase{2};

  ReciprocalHistory() {
    start();
    const auto transaction = storage_->begin();
    file_ = transaction->open_server_file("\"p\"");
    ann_ = transaction->allocate_client_file(file_, "ann", random_.salt()).ident;
    bob_ = transaction->allocate_client_file(file_, "bob", random_.salt()).ident;
    transaction->commit();
    upload(ann_, {{ServerVersion(0), 1, item_schema()}, {ServerVersion(0), 2, create_item(1)}});
  }

  void start() {
    store::EnvironmentOptions options;
    options.durability = store::Durability::kDeferred;
    storage_ = std::make_unique<EmbeddedStorage>(
        store::Environment::open(directory_.file("server"), options));
  }
  void restart() {
    storage_.reset();
    windows_ = UploadWindows();
    start();
  }

  /// Integrates and commits one UPLOAD.
  void upload(ClientFileIdent client, const std::vector<Change>& changes) {
    const auto transaction = storage_->begin();
    ClientVersion version = transaction->find_client_file(file_, client)->uploaded;
    Upload upload{.file = file_,
                  .client_file = client,
                  .progress = {},
                  .locked_server_version = ServerVersion(0),
                  .entries = {},
                  .body = nullptr,
                  .stream = nullptr};
    for (const Change& change : changes) {
      version = version.next();
      upload.entries.push_back({.client_version = version,
                                .server_version = change.base,
                                .origin_timestamp = OriginTimestamp(change.timestamp),
                                .origin_file_ident = {},
                                .changeset = change.changeset});
      upload.progress = {version, change.base};
    }
    const auto result = integrate(*transaction, upload, random_, windows_);
    ASSERT_TRUE(result) << result.error().describe();
    transaction->commit();
    windows_.committed();
  }

  [[nodiscard]] ServerVersion head() const {
    return storage_->snapshot()->history_head(file_).server_version;
  }
  [[nodiscard]] Bytes newest_changeset() const {
    Bytes newest;
    storage_->snapshot()->read_history(file_, {}, [&](const HistoryEntry& entry) {
      newest = to_bytes(entry.changeset);
      return true;
    });
    return newest;
  }
  /// The versions of which a form for `client` is kept.
  [[nodiscard]] std::vector<ServerVersion> reciprocals(ClientFileIdent client) const {
    std::vector<ServerVersion> versions;
    const auto transaction = storage_->begin();
    for (ServerVersion version(1); version <= head(); version = version.next()) {
      if (transaction->find_reciprocal(file_, client, version)) versions.push_back(version);
    }
    return versions;
  }

  const test::TemporaryDirectory directory_;
  SeededRandom random_{1};
  UploadWindows windows_;
  std::unique_ptr<EmbeddedStorage> storage_;
  ServerFileId file_;
  ClientFileIdent ann_;
  ClientFileIdent bob_;
};

TEST_F(ReciprocalHistory, IsTheSameAfterARestart) {
  // Given Ann's insertion in its form behind Bob's earlier one,
  upload(ann_, {{kBase, 30, insert_into_list(1, {0, 0}, 111)}});
  upload(bob_, {{kBase, 20, insert_into_list(1, {0, 0}, 222)}});
  ASSERT_THAT(reciprocals(bob_), ElementsAre(ServerVersion(3)));

  // When the server was restarted before Bob's second one comes, which knows his first alone,
  restart();
  upload(bob_, {{kBase, 21, insert_into_list(1, {1, 1}, 333)}});

  // Then it goes between the two, as it would have without a restart.
  EXPECT_EQ(newest_changeset(), insert_into_list(1, {1, 2}, 333));
}

TEST_F(ReciprocalHistory, HoldsNoMoreThanWhatTheClientHasNotSeen) {
  std::uint32_t size = 0;
  for (std::uint64_t round = 0; round < 50; ++round) {
    // When both insert without knowing of each other, again and again,
    const ServerVersion seen = head();
    upload(ann_, {{seen, 2 * round, insert_into_list(1, {0, size}, 1)}});
    upload(bob_, {{seen, 2 * round + 1, insert_into_list(1, {0, size}, 2)}});
    size += 2;

    // Then nothing is left of what either had seen before.
    EXPECT_THAT(reciprocals(ann_), IsEmpty());
    EXPECT_THAT(reciprocals(bob_), ElementsAre(seen.next()));
  }
}

TEST_F(ReciprocalHistory, HasNothingForAClientThatIsAway) {
  for (std::uint64_t time = 10; time < 60; ++time) {
    upload(ann_,
           {{kBase, time, insert_into_list(1, {0, static_cast<std::uint32_t>(time - 10)}, 1)}});
  }

  EXPECT_THAT(reciprocals(bob_), IsEmpty());
}

TEST_F(ReciprocalHistory, HasNothingForChangesThatDoNotMeet) {
  upload(ann_, {{kBase, 10, insert_into_list(1, {0, 0}, 1)}});
  upload(bob_, {{kBase, 11, add_count(1, 5)}});

  EXPECT_THAT(reciprocals(bob_), IsEmpty());
}

}  // namespace
}  // namespace tombolo::server
