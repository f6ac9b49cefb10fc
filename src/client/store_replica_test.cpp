#include "client/store_replica.h"

#include <atomic>
#include <filesystem>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "changeset/changeset.h"
#include "test/support/changesets.h"
#include "test/support/child_process.h"
#include "test/support/store_realm.h"
#include "test/support/temporary_directory.h"

namespace tombolo::client {
namespace {

using protocol::DownloadEntry;
using store::ObjectKey;
using store::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr ClientFileIdent kOther{9};

/// One scanned entry: client version and causal base.
using Scanned = std::pair<std::uint64_t, std::uint64_t>;

class Replica : public ::testing::Test {
 protected:
  static store::EnvironmentOptions options() {
    store::EnvironmentOptions options;
    options.durability = store::Durability::kDeferred;
    return options;
  }

  template <typename Edit>
  ClientVersion write(Edit&& edit, std::uint64_t timestamp = 1) {
    store::WriteTransaction transaction = environment_->begin_write();
    transaction.realm().set_recording(store::Recording::kOn);
    edit(transaction.realm());
    transaction.commit({.origin_timestamp = OriginTimestamp(timestamp)});
    return replica_.state().newest_client_version;
  }
  ClientVersion write_schema() {
    return write([](store::RealmWriter& realm) {
      ClassSchema item{.name = "Item", .primary_key = "_id", .properties = {{.name = "_id"}}};
      item.properties.push_back({.name = "count"});
      item.properties.push_back({.name = "list", .collection = CollectionType::kList});
      realm.add_schema({{item}});
    });
  }
  ClientVersion write_item(std::int64_t key, std::int64_t count, std::uint64_t timestamp = 1) {
    return write(
        [&](store::RealmWriter& realm) {
          const auto& item = *realm.catalog().find_class("Item");
          const auto row = realm.create(item.id, ObjectKey::of_int(key)).row;
          realm.set({item.id, row}, item.find_property("count")->id, Value::of_int(count));
        },
        timestamp);
  }
  [[nodiscard]] std::optional<std::int64_t> count_of(std::int64_t key) const {
    const store::ReadTransaction snapshot = environment_->begin_read();
    const store::RealmReader& realm = snapshot.realm();
    const auto& item = *realm.catalog().find_class("Item");
    const auto row = realm.find(item.id, ObjectKey::of_int(key));
    if (!row) return std::nullopt;
    return realm.get({item.id, *row}, item.find_property("count")->id).as_int();
  }
  [[nodiscard]] std::size_t history_size() const {
    std::size_t count = 0;
    environment_->begin_read().realm().history().for_each_after(
        {}, [&](const store::HistoryEntry&) { return ++count > 0; });
    return count;
  }

  [[nodiscard]] std::vector<Scanned> scan(ClientVersion after, std::size_t take_max = 100) const {
    std::vector<Scanned> entries;
    reached_ = replica_.scan_local_changes(after, [&](const protocol::UploadEntry& entry) {
      if (entries.size() == take_max) return false;
      EXPECT_FALSE(entry.changeset.empty());
      entries.emplace_back(entry.client_version.value(), entry.server_version.value());
      return true;
    });
    return entries;
  }

  void store_ident() {
    static_cast<void>(replica_.store_file_ident({ClientFileIdent(7), Salt(77)}));
  }

  /// A batch of entries of another client, numbered from `first_server_version`, and the progress
  /// that goes with it.
  static sync::DownloadBatch batch(std::uint64_t first_server_version,
                                   std::uint64_t client_version,
                                   const std::vector<Bytes>& changesets,
                                   std::uint64_t timestamp = 1) {
    sync::DownloadBatch batch;
    std::uint64_t server_version = first_server_version;
    for (const Bytes& changeset : changesets) {
      batch.storage.push_back(changeset);
      batch.entries.push_back({.server_version = ServerVersion(server_version++),
                               .client_version = ClientVersion(client_version),
                               .origin_timestamp = OriginTimestamp(timestamp),
                               .origin_file_ident = kOther,
                               .original_changeset_bytes = changeset.size(),
                               .changeset = batch.storage.back()});
    }
    const ServerVersion end(server_version - 1);
    batch.progress = {.download = {end, ClientVersion(client_version)},
                      .upload = {ClientVersion(client_version), ServerVersion(0)},
                      .latest_server_version = {end, Salt(5)}};
    return batch;
  }

  const test::TemporaryDirectory directory_;
  std::shared_ptr<store::Environment> environment_ =
      store::Environment::open(directory_.file("realm"), options());
  StoreReplica::HoldsUploads holds_uploads_;  ///< Null: no.
  StoreReplica replica_{[this] { return environment_; },
                        [this] { return holds_uploads_ && holds_uploads_(); }};
  mutable protocol::UploadCursor reached_;  ///< Of the last scan.
};

TEST_F(Replica, OfANewFileHasNothing) {
  const sync::ReplicaState state = replica_.state();

  EXPECT_FALSE(state.file_ident);
  EXPECT_EQ(state.progress, sync::SyncProgress{});
  EXPECT_EQ(state.bytes, sync::ByteCounters{});
  EXPECT_THAT(scan(ClientVersion(0)), IsEmpty());
}

TEST_F(Replica, ShowsLocalChangesInOrder) {
  const auto schema = write_schema();
  const auto item = write_item(1, 5);

  EXPECT_THAT(scan(ClientVersion(0)),
              ElementsAre(Scanned(schema.value(), 0), Scanned(item.value(), 0)));
  EXPECT_EQ(reached_, (protocol::UploadCursor{item, ServerVersion(0)}));
  EXPECT_THAT(scan(schema), ElementsAre(Scanned(item.value(), 0)));
  EXPECT_GT(replica_.state().bytes.uploadable, 0U);
}

TEST_F(Replica, StopsBeforeAnEntryThatIsNotTaken) {
  const auto schema = write_schema();
  write_item(1, 5);

  EXPECT_THAT(scan(ClientVersion(0), 1), SizeIs(1));

  EXPECT_EQ(reached_.client_version, schema);
}

TEST_F(Replica, ShowsNoChangesWhileUploadsAreHeld) {
  write_schema();
  const auto item = write_item(1, 5);
  holds_uploads_ = [] { return true; };

  EXPECT_THAT(scan(ClientVersion(0)), IsEmpty());
  EXPECT_EQ(reached_, protocol::UploadCursor{});

  holds_uploads_ = nullptr;
  EXPECT_THAT(scan(ClientVersion(0)), SizeIs(2));
  EXPECT_EQ(reached_.client_version, item);
}

TEST_F(Replica, ShowsNothingThatIsCommittedOnceUploadsAreHeld) {
  const auto schema = write_schema();
  ClientVersion item;
  // Between this answer and what the scan makes of it, uploads are held and a change is committed.
  holds_uploads_ = [&] {
    item = write_item(1, 5);
    return false;
  };

  EXPECT_THAT(scan(ClientVersion(0)), ElementsAre(Scanned(schema.value(), 0)));
  EXPECT_GT(item, schema);
}

TEST_F(Replica, StoresItsIdentInACommitOfItsOwn) {
  const auto before = write_schema();

  const auto state = replica_.store_file_ident({ClientFileIdent(7), Salt(77)});

  EXPECT_EQ(state.file_ident, (protocol::SaltedFileIdent{ClientFileIdent(7), Salt(77)}));
  EXPECT_EQ(state.newest_client_version, before.next());
  EXPECT_EQ(replica_.state().file_ident, state.file_ident);
  EXPECT_THAT(scan(before), IsEmpty());
  EXPECT_EQ(reached_.client_version, before.next());
}

TEST_F(Replica, GivesGlobalKeysTheIdent) {
  write([](store::RealmWriter& realm) {
    realm.add_schema({{ClassSchema{.name = "Dog", .properties = {{.name = "age"}}}}});
    static_cast<void>(realm.create_keyless(realm.catalog().find_class("Dog")->id));
  });

  store_ident();

  std::vector<std::uint64_t> idents;
  static_cast<void>(
      replica_.scan_local_changes(ClientVersion(0), [&](const protocol::UploadEntry& entry) {
        const auto changeset = changeset::parse(entry.changeset);
        for (const auto& instruction : changeset->instructions) {
          if (instruction.opcode == changeset::Opcode::kCreateObject) {
            idents.push_back(instruction.object.global_key.high);
          }
        }
        return true;
      }));
  EXPECT_THAT(idents, ElementsAre(7));
}

TEST_F(Replica, IntegratesADownloadAndItsProgressInOneCommit) {
  store_ident();
  const auto before = replica_.state().newest_client_version;
  const auto download = batch(1, 0, {test::item_schema(), test::create_item(3)});

  const auto result = replica_.integrate(download, 0);

  ASSERT_TRUE(result) << result.error().describe();
  EXPECT_EQ(result->entries_done, 2U);
  EXPECT_EQ(result->state.progress, download.progress);
  EXPECT_EQ(result->state.newest_client_version, before.next());
  EXPECT_EQ(result->state.bytes.downloaded,
            test::item_schema().size() + test::create_item(3).size());
  EXPECT_EQ(count_of(3), 0);
  EXPECT_EQ(replica_.state().progress, download.progress);
}

TEST_F(Replica, CommitsProgressAloneForAnEmptyDownload) {
  store_ident();
  const auto before = replica_.state().newest_client_version;
  auto download = batch(1, 0, {});
  download.progress.download.server_version = ServerVersion(4);
  download.progress.latest_server_version.version = ServerVersion(4);
  download.downloads_left = 123;

  const auto result = replica_.integrate(download, 0);

  ASSERT_TRUE(result);
  EXPECT_EQ(result->state.newest_client_version, before.next());
  EXPECT_EQ(replica_.state().progress.download.server_version, ServerVersion(4));
  EXPECT_EQ(replica_.state().bytes.downloads_left, 123U);
}

TEST_F(Replica, BasesLaterChangesOnWhatItHasIntegrated) {
  write_schema();
  store_ident();
  ASSERT_TRUE(replica_.integrate(batch(1, 0, {test::item_schema(), test::create_item(3)}), 0));
  const auto item = write_item(1, 5);

  EXPECT_THAT(scan(ClientVersion(1)), ElementsAre(Scanned(item.value(), 2)));
  EXPECT_EQ(reached_, (protocol::UploadCursor{item, ServerVersion(2)}));

  // Also for one who has not looked before.
  const StoreReplica fresh(environment_);
  std::uint64_t base = 0;
  static_cast<void>(fresh.scan_local_changes(item, [](const auto&) { return true; }));
  static_cast<void>(
      fresh.scan_local_changes(ClientVersion(1), [&](const protocol::UploadEntry& entry) {
        base = entry.server_version.value();
        return true;
      }));
  EXPECT_EQ(base, 2U);
}

TEST_F(Replica, MergesDownloadsWithLocalChanges) {
  // Given a local write at time 10 that the server has not seen,
  write_schema();
  write_item(1, 5, 10);
  store_ident();

  // When others' writes of the same property come, made before and after it,
  ASSERT_TRUE(replica_.integrate(
      batch(1, 0, {test::item_schema(), test::create_item(1), test::set_count(1, 6)}, 8), 0));
  EXPECT_EQ(count_of(1), 5) << "the local write is the later one";
  ASSERT_TRUE(replica_.integrate(batch(4, 0, {test::set_count(1, 7)}, 12), 0));

  // Then the later one stands.
  EXPECT_EQ(count_of(1), 7);
}

TEST_F(Replica, RemembersHowLocalChangesLookAfterAMerge) {
  // Given a local insertion at the front,
  write_schema();
  write_item(1, 0);
  write(
      [](store::RealmWriter& realm) {
        const auto& item = *realm.catalog().find_class("Item");
        const auto row = *realm.find(item.id, ObjectKey::of_int(1));
        realm.list_insert({item.id, row, item.find_property("list")->id}, 0, Value::of_int(100));
      },
      10);
  store_ident();
  ASSERT_TRUE(replica_.integrate(batch(1, 0, {test::item_schema(), test::create_item(1)}, 5), 0));

  // When two of another client's come, the second made after its first,
  ASSERT_TRUE(replica_.integrate(batch(3, 0, {test::insert_into_list(1, {0, 0}, 200)}, 6), 0));
  const auto result =
      replica_.integrate(batch(4, 0, {test::insert_into_list(1, {1, 1}, 300)}, 7), 0);

  // Then they stay together, in front of the later local one.
  ASSERT_TRUE(result) << result.error().describe();
  const store::ReadTransaction snapshot = environment_->begin_read();
  const auto& item = *snapshot.realm().catalog().find_class("Item");
  const auto row = *snapshot.realm().find(item.id, ObjectKey::of_int(1));
  const auto list = snapshot.realm().list({item.id, row, item.find_property("list")->id});
  std::vector<std::int64_t> values;
  for (std::uint32_t i = 0; i < list.size(); ++i) values.push_back(list.get(i).as_int());
  EXPECT_THAT(values, ElementsAre(200, 300, 100));
}

TEST_F(Replica, CommitsALargeBatchInParts) {
  store_ident();
  std::vector<Bytes> changesets = {test::item_schema()};
  std::int64_t key = 0;
  for (std::size_t bytes = 0; bytes < (std::size_t{600} << 10); bytes += changesets.back().size()) {
    changesets.push_back(test::create_item(key++));
  }
  const auto download = batch(1, 0, changesets);

  const auto first = replica_.integrate(download, 0);
  ASSERT_TRUE(first);
  ASSERT_LT(first->entries_done, changesets.size());
  EXPECT_EQ(first->state.progress.download.server_version, ServerVersion(first->entries_done));
  EXPECT_GT(first->state.bytes.downloads_left, 0U);
  std::size_t done = first->entries_done;
  while (done < changesets.size()) {
    const auto next = replica_.integrate(download, done);
    ASSERT_TRUE(next);
    ASSERT_GT(next->entries_done, done);
    done = next->entries_done;
  }

  EXPECT_EQ(replica_.state().progress, download.progress);
  EXPECT_EQ(replica_.state().bytes.downloads_left, 0U);
  EXPECT_EQ(count_of(key - 1), 0);
}

TEST_F(Replica, ChangesNothingForAChangesetThatDoesNotFit) {
  store_ident();
  const auto before = replica_.state();

  const auto result = replica_.integrate(batch(1, 0, {test::create_item(1)}), 0);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kBadChangeset);
  EXPECT_EQ(replica_.state().progress, before.progress);
  EXPECT_EQ(replica_.state().newest_client_version, before.newest_client_version);
}

TEST_F(Replica, RefusesProgressThatGoesBack) {
  store_ident();
  ASSERT_TRUE(replica_.integrate(batch(5, 0, {test::item_schema()}), 0));

  const auto result = replica_.integrate(batch(4, 0, {test::item_schema()}), 0);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kProtocolViolation);
}

TEST_F(Replica, ForgetsHistoryThatTheServerHasConfirmed) {
  // Given a file whose changes are all acknowledged and behind every later download,
  write_schema();
  const auto item = write_item(1, 5);
  store_ident();
  const auto newest = replica_.state().newest_client_version;
  auto acknowledged = batch(2, item.value(), {});
  acknowledged.progress.download.server_version = ServerVersion(2);
  acknowledged.progress.latest_server_version.version = ServerVersion(2);
  acknowledged.progress.upload.client_version = newest;

  // When that is integrated,
  ASSERT_TRUE(replica_.integrate(acknowledged, 0));

  // Then only the marker of this commit is left, and nothing is counted anew.
  EXPECT_EQ(history_size(), 1U);
  const auto bytes = replica_.state().bytes;
  EXPECT_GT(bytes.uploaded, 0U);
  EXPECT_EQ(bytes.uploaded, bytes.uploadable);
  const auto next = write_item(2, 6);
  EXPECT_THAT(scan(newest), ElementsAre(Scanned(next.value(), 2)));
}

TEST_F(Replica, KeepsWhatIsNotAcknowledged) {
  write_schema();
  const auto item = write_item(1, 5);
  store_ident();
  ASSERT_TRUE(replica_.integrate(batch(1, 0, {test::item_schema()}), 0));

  EXPECT_THAT(scan(ClientVersion(0)), ElementsAre(Scanned(1, 0), Scanned(item.value(), 0)));
}

TEST_F(Replica, GoesOnAfterCompactionsThatAreKilledAnywhere) {
  SeededRandom random(20150101);
  for (const bool is_encrypted : {false, true}) {
    SCOPED_TRACE(is_encrypted);
    // Given a file that the server knows, with changes of others and some that are not uploaded,
    const auto path = directory_.file(is_encrypted ? "encrypted" : "plain");
    store::EnvironmentOptions wanted = options();
    if (is_encrypted) wanted.encryption_key = test::encryption_key(1);
    environment_ = store::Environment::open(path, wanted);
    write_schema();
    store_ident();
    for (std::int64_t key = 100; key < 500; ++key) write_item(key, key);
    ASSERT_TRUE(replica_.integrate(batch(1, 2, {test::create_item(3), test::set_count(3, 8)}), 0));
    write_item(1, 5);
    const sync::ReplicaState state = replica_.state();
    const std::vector<Scanned> unsent = scan(ClientVersion(2), 1000);
    const std::size_t entries = history_size();
    ASSERT_GT(unsent.size(), 400U);

    for (int round = 0; round < 20; ++round) {
      SCOPED_TRACE(round);
      // when somebody else compacts it and is killed at any moment, the last one after the end,
      environment_.reset();
      test::ChildProcess child([&](const test::Pipe& parent) {
        parent.send(1);
        EXPECT_TRUE(store::Environment::compact(path, wanted));
        parent.send(2);
        (void)parent.receive();
      });
      ASSERT_EQ(child.receive(), 1U);
      const std::uint64_t steps = random.below(3'000'000);
      for (std::atomic<std::uint64_t> step = 0; step < steps; ++step) {
      }
      if (round == 19) {
        EXPECT_EQ(child.receive(), 2U);
      }
      child.kill();

      // then it is the same to the server, and opens with its key alone.
      if (is_encrypted) {
        EXPECT_THROW((void)store::Environment::open(path, options()), Error);
      }
      environment_ = store::Environment::open(path, wanted);
      const sync::ReplicaState found = replica_.state();
      ASSERT_EQ(found.file_ident, state.file_ident);
      ASSERT_EQ(found.progress, state.progress);
      ASSERT_EQ(found.newest_client_version, state.newest_client_version);
      ASSERT_EQ(found.bytes, state.bytes);
      ASSERT_EQ(history_size(), entries);
      ASSERT_EQ(scan(ClientVersion(2), 1000), unsent);
      ASSERT_EQ(count_of(1), 5);
      ASSERT_EQ(count_of(3), 8);
    }

    // And it goes on where it was.
    EXPECT_TRUE(replica_.integrate(batch(3, 2, {test::set_count(3, 9)}, 2), 0));
    EXPECT_EQ(count_of(3), 9);
    EXPECT_EQ(write_item(2, 6).value(), state.newest_client_version.value() + 2);
    EXPECT_EQ(scan(ClientVersion(2), 1000).size(), unsent.size() + 1);
  }
}

}  // namespace
}  // namespace tombolo::client
