#include "client/file_reset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "client/store_replica.h"
#include "client/sync_metadata.h"
#include "store/applier.h"
#include "test/support/child_process.h"
#include "test/support/item_file.h"

namespace tombolo::client {
namespace {

using protocol::Action;
using store::RealmWriter;
using store::Value;
using sync::ClientResetMode;
using sync::ResetAttempt;
using sync::ResetMethod;
using test::ItemFile;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// One scanned entry: client version and causal base.
using Scanned = std::pair<std::uint64_t, std::uint64_t>;

/// A file of ident 7 at server version 10, and a fresh copy of ident 9 at server version 20. Both
/// have an item 1 with the list [10, 20, 30].
class FileReset : public ::testing::Test {
 protected:
  FileReset() {
    for (ItemFile* one : {&file_, &copy_}) {
      auto transaction = one->environment().begin_write();
      ItemFile::create(transaction.realm(), 1);
      ItemFile::set_list(transaction.realm(), 1, {10, 20, 30});
      transaction.commit();
    }
    // What was uploaded before is acknowledged.
    file_.write([](RealmWriter& realm) { ItemFile::create(realm, 100); });
    give_identity(file_, 7, 10, newest(file_));
    give_identity(copy_, 9, 20, 0);
  }

  static void give_identity(ItemFile& file,
                            std::uint64_t ident,
                            std::uint64_t server_version,
                            std::uint64_t uploaded) {
    auto transaction = file.environment().begin_write();
    SyncMetadata metadata{.file_ident = {ClientFileIdent(ident), Salt(static_cast<int>(ident))}};
    metadata.progress = {.download = {ServerVersion(server_version), ClientVersion(uploaded)},
                         .upload = {ClientVersion(uploaded), ServerVersion(server_version)},
                         .latest_server_version = {ServerVersion(server_version + 1), Salt(5)}};
    metadata.uploaded_bytes = 77;
    write_sync_metadata(transaction.realm().metadata(), metadata);
    transaction.realm().set_file_ident(ClientFileIdent(ident));
    transaction.commit();
  }
  static std::uint64_t newest(const ItemFile& file) {
    return file.environment().begin_read().realm().history().bounds().newest.value();
  }
  Result<FileResetOutcome> reset(ClientResetMode mode, Action action = Action::kClientReset) {
    return reset_file(file_.environment(), copy_.environment(), {mode, action});
  }
  [[nodiscard]] std::vector<Scanned> pending() {
    std::vector<Scanned> entries;
    const StoreReplica replica(environment());
    (void)replica.scan_local_changes(
        replica.state().progress.upload.client_version, [&](const protocol::UploadEntry& entry) {
          entries.emplace_back(entry.client_version.value(), entry.server_version.value());
          return true;
        });
    return entries;
  }
  [[nodiscard]] std::shared_ptr<store::Environment> environment() {
    return file_.environment().shared_from_this();
  }
  [[nodiscard]] std::optional<ResetAttempt> attempt() {
    return read_reset_attempt(file_.environment().begin_read().realm().metadata());
  }

  ItemFile file_;
  ItemFile copy_;
};

TEST_F(FileReset, DiscardsWhatWasNotUploaded) {
  copy_.write([](RealmWriter& realm) { ItemFile::create(realm, 2); });
  file_.write([](RealmWriter& realm) { ItemFile::create(realm, 3); });
  const auto before = newest(file_);

  const auto outcome = reset(ClientResetMode::kDiscardLocal);

  ASSERT_TRUE(outcome) << outcome.error().describe();
  EXPECT_EQ(outcome->method, ResetMethod::kDiscardLocal);
  EXPECT_EQ(file_.state(), copy_.state());
  EXPECT_THAT(pending(), IsEmpty());
  const sync::ReplicaState state = StoreReplica(environment()).state();
  EXPECT_EQ(state.file_ident, (protocol::SaltedFileIdent{ClientFileIdent(9), Salt(9)}));
  EXPECT_EQ(state.progress,
            (sync::SyncProgress{.download = {ServerVersion(20), ClientVersion(0)},
                                .upload = {ClientVersion(0), ServerVersion(20)},
                                .latest_server_version = {ServerVersion(21), Salt(5)}}));
  EXPECT_EQ(state.newest_client_version, ClientVersion(before + 1));
  EXPECT_EQ(state.bytes, sync::ByteCounters{});
  EXPECT_EQ(attempt(), (ResetAttempt{ResetMethod::kDiscardLocal, Action::kClientReset}));
}

TEST_F(FileReset, RepeatsWhatWasNotUploadedUnderItsVersions) {
  copy_.write([](RealmWriter& realm) {
    ItemFile::create(realm, 2);
    realm.set(ItemFile::object(realm, 1), ItemFile::property(realm, "count"), Value::of_int(5));
  });
  file_.write([](RealmWriter& realm) { ItemFile::create(realm, 3); });
  file_.write([](RealmWriter& realm) {
    realm.add_int(ItemFile::object(realm, 1), ItemFile::property(realm, "count"), 2);
  });
  const auto last = newest(file_);

  const auto outcome = reset(ClientResetMode::kRecover);

  ASSERT_TRUE(outcome) << outcome.error().describe();
  EXPECT_EQ(outcome->method, ResetMethod::kRecover);
  EXPECT_EQ(outcome->recovered, 2U);
  EXPECT_THAT(pending(), ElementsAre(Scanned(last - 1, 20), Scanned(last, 20)));
  const auto snapshot = file_.environment().begin_read();
  const store::RealmReader& realm = snapshot.realm();
  EXPECT_EQ(realm.object_count(ItemFile::item(realm)), 3U) << "1, 2 and 3, but not 100";
  EXPECT_EQ(realm.get(ItemFile::object(realm, 1), ItemFile::property(realm, "count")).as_int(), 7);
  // What was uploaded once is not taken for unsynced.
  EXPECT_GT(StoreReplica(environment()).state().bytes.uploadable, 0U);
  EXPECT_EQ(StoreReplica(environment()).state().bytes.uploaded, 0U);
}

TEST_F(FileReset, DoesNotRepeatWhatTheServerSaysItHas) {
  file_.write([](RealmWriter& realm) { ItemFile::create(realm, 3); });
  const auto integrated = newest(file_);
  file_.write([](RealmWriter& realm) { ItemFile::create(realm, 4); });

  const auto outcome =
      reset_file(file_.environment(),
                 copy_.environment(),
                 {.mode = ClientResetMode::kRecover, .integrated = ClientVersion(integrated)});

  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->recovered, 1U);
  EXPECT_THAT(pending(), ElementsAre(Scanned(integrated + 1, 20)));
}

TEST_F(FileReset, RepeatsEverythingForAServerThatClaimsToHaveWhatWasNeverWritten) {
  file_.write([](RealmWriter& realm) { ItemFile::create(realm, 3); });

  const auto outcome = reset_file(
      file_.environment(),
      copy_.environment(),
      {.mode = ClientResetMode::kRecover, .integrated = ClientVersion(newest(file_) + 1)});

  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->recovered, 1U);
}

TEST_F(FileReset, TellsTheServerTheSchemaThatItHasLost) {
  const auto add = [](RealmWriter& realm) {
    realm.add_class({.name = "Own", .primary_key = "_id", .properties = {{.name = "_id"}}});
  };
  {
    auto transaction = file_.environment().begin_write();
    add(transaction.realm());
    transaction.commit();
  }
  const auto before = newest(file_);

  ASSERT_TRUE(reset(ClientResetMode::kDiscardLocal));

  EXPECT_THAT(pending(), ElementsAre(Scanned(before + 1, 20)));
  EXPECT_NE(file_.environment().begin_read().realm().catalog().find_class("Own"), nullptr);
}

TEST_F(FileReset, LeavesTheFileAsItIsWhenItFails) {
  copy_.write([](RealmWriter& realm) {
    realm.add_property(ItemFile::item(realm), {.name = "extra", .type = PropertyType::kString});
  });
  file_.write([](RealmWriter& realm) {
    realm.add_property(ItemFile::item(realm), {.name = "extra", .type = PropertyType::kInt});
  });
  const auto state = StoreReplica(environment()).state();
  const auto content = file_.state();

  const auto outcome = reset(ClientResetMode::kRecover);

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kSchemaMismatch);
  EXPECT_EQ(file_.state(), content);
  EXPECT_EQ(StoreReplica(environment()).state().file_ident, state.file_ident);
  EXPECT_EQ(attempt(), (ResetAttempt{ResetMethod::kRecover, Action::kClientReset}));
}

TEST_F(FileReset, KnowsThatItWasTriedBefore) {
  ASSERT_TRUE(reset(ClientResetMode::kRecoverOrDiscard));
  file_.write([](RealmWriter& realm) { ItemFile::create(realm, 3); });

  const auto second = reset(ClientResetMode::kRecoverOrDiscard);
  const auto third = reset(ClientResetMode::kRecoverOrDiscard);
  clear_reset_attempt(file_.environment());
  const auto fourth = reset(ClientResetMode::kRecover);

  ASSERT_TRUE(second);
  EXPECT_EQ(second->method, ResetMethod::kDiscardLocal);
  EXPECT_FALSE(third);
  ASSERT_TRUE(fourth);
  EXPECT_EQ(fourth->method, ResetMethod::kRecover);
}

TEST_F(FileReset, RepeatsOnceMoreWhatASecondResetMeets) {
  // Given what was repeated in a reset and not uploaded since,
  file_.write([](RealmWriter& realm) { ItemFile::create(realm, 3); });
  ASSERT_TRUE(reset(ClientResetMode::kRecover));
  clear_reset_attempt(file_.environment());
  file_.write([](RealmWriter& realm) { ItemFile::create(realm, 4); });

  ASSERT_TRUE(reset(ClientResetMode::kRecover));

  EXPECT_EQ(pending().size(), 2U);
  const auto snapshot = file_.environment().begin_read();
  EXPECT_EQ(snapshot.realm().object_count(ItemFile::item(snapshot.realm())), 3U);
}

TEST_F(FileReset, RepeatsObjectsThatWereMadeBeforeTheFileHadAnIdent) {
  ItemFile file;
  file.write([](RealmWriter& realm) {
    (void)realm.create_keyless(realm.catalog().find_class("Loose")->id);
  });

  ASSERT_TRUE(reset_file(file.environment(), copy_.environment(), {}));

  const auto snapshot = file.environment().begin_read();
  const auto loose = snapshot.realm().catalog().find_class("Loose")->id;
  ASSERT_EQ(snapshot.realm().object_count(loose), 1U);
  EXPECT_EQ(snapshot.realm().key_of({loose, snapshot.realm().first_row(loose)}),
            store::ObjectKey::of_global_key({9, 0}));
}

/// Makes a file with that many items.
void make_file(const std::filesystem::path& path, std::int64_t items, std::uint64_t ident) {
  const auto environment = store::Environment::open(path);
  auto transaction = environment->begin_write();
  RealmWriter& realm = transaction.realm();
  realm.add_schema(ItemFile::schema());
  for (std::int64_t key = 0; key < items; ++key) ItemFile::create(realm, key);
  SyncMetadata metadata{.file_ident = {ClientFileIdent(ident), Salt(static_cast<int>(ident))}};
  write_sync_metadata(realm.metadata(), metadata);
  transaction.commit();
}

TEST(FileResetCrash, AfterAKillEitherAllOfItIsThereOrNothing) {
  SeededRandom random(1);
  for (int round = 0; round < 12; ++round) {
    // Given a process that writes something and then resets its file,
    const test::TemporaryDirectory directory;
    const auto path = directory.file("realm");
    const auto copy_path = directory.file("realm.fresh");
    make_file(path, 2000, 7);
    make_file(copy_path, 10, 9);
    test::ChildProcess child([&](const test::Pipe& parent) {
      const auto file = store::Environment::open(path);
      {
        auto transaction = file->begin_write();
        transaction.realm().set_recording(store::Recording::kOn);
        ItemFile::create(transaction.realm(), 5000);
        transaction.commit();
      }
      parent.send(1);
      const auto copy = store::Environment::open(copy_path);
      EXPECT_TRUE(reset_file(*file, *copy, {}));
      parent.send(2);
    });

    // When it is killed somewhere on its way,
    ASSERT_TRUE(child.receive());
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::microseconds(random.below(20'000));
    while (std::chrono::steady_clock::now() < end) {
    }
    child.kill();

    // Then the file is as it was, or as the copy with what was unsynced; doing it again leads
    // there.
    const auto file = store::Environment::open(path);
    const auto copy = store::Environment::open(copy_path);
    const auto count = [&] {
      const auto snapshot = file->begin_read();
      return snapshot.realm().object_count(ItemFile::item(snapshot.realm()));
    };
    const auto ident = StoreReplica(file).state().file_ident->ident;
    EXPECT_EQ(count(), ident == ClientFileIdent(9) ? 11U : 2001U);
    clear_reset_attempt(*file);
    EXPECT_TRUE(reset_file(*file, *copy, {}));
    EXPECT_EQ(count(), 11U);
  }
}

}  // namespace
}  // namespace tombolo::client
