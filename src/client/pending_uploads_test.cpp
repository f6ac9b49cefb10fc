#include "client/pending_uploads.h"

#include <gtest/gtest.h>

#include "client/store_replica.h"
#include "test/support/temporary_directory.h"

namespace tombolo::client {
namespace {

using namespace std::chrono_literals;
using store::ObjectKey;
using store::Value;

class PendingUploadsTest : public ::testing::Test {
 protected:
  template <typename Edit>
  void write(OriginTimestamp timestamp, Edit&& edit) {
    store::WriteTransaction transaction = environment_->begin_write();
    transaction.realm().set_recording(store::Recording::kOn);
    edit(transaction.realm());
    transaction.commit({.origin_timestamp = timestamp});
  }
  void write_schema() {
    write(at(0ms), [](store::RealmWriter& realm) {
      ClassSchema item{.name = "Item", .primary_key = "_id", .properties = {{.name = "_id"}}};
      item.properties.push_back({.name = "count"});
      realm.add_schema({{item}});
    });
  }
  static store::ObjectRef put(store::RealmWriter& realm, std::int64_t key, std::int64_t count) {
    const auto& item = *realm.catalog().find_class("Item");
    const store::ObjectRef object{item.id, realm.create(item.id, ObjectKey::of_int(key)).row};
    realm.set(object, item.find_property("count")->id, Value::of_int(count));
    return object;
  }
  [[nodiscard]] PendingUploads pending(WallTime now) {
    return read_pending_uploads(*environment_, now);
  }
  /// The server confirms everything up to now.
  void confirm() {
    StoreReplica replica(environment_);
    const auto newest = replica.state().newest_client_version;
    sync::DownloadBatch batch;
    batch.progress.upload = {newest, {}};
    ASSERT_TRUE(replica.integrate(batch, 0));
  }

  static constexpr WallTime kStart{kSyncEpoch + std::chrono::hours(24)};
  static OriginTimestamp at(std::chrono::milliseconds after) {
    return to_origin_timestamp(kStart + after);
  }

  test::TemporaryDirectory directory_;
  std::shared_ptr<store::Environment> environment_ = store::Environment::open(
      directory_.file("a.realm"), {.durability = store::Durability::kDeferred});
};

TEST_F(PendingUploadsTest, AFileThatNobodyWroteToHasNone) {
  EXPECT_EQ(pending(kStart), PendingUploads{});
}

TEST_F(PendingUploadsTest, ASchemaIsNothingThatWasWritten) {
  write_schema();

  EXPECT_EQ(pending(kStart + 1s), PendingUploads{});
}

TEST_F(PendingUploadsTest, CountsTransactionsAndDifferentObjectsAndTheAgeOfTheOldest) {
  write_schema();
  confirm();
  EXPECT_EQ(pending(kStart + 1s), PendingUploads{});

  // Given two objects in one transaction, one of them changed again in the next, and another
  // erased,
  write(at(1000ms), [](store::RealmWriter& realm) {
    put(realm, 1, 10);
    put(realm, 2, 20);
  });
  write(at(2000ms), [](store::RealmWriter& realm) {
    put(realm, 1, 11);
    realm.erase(put(realm, 3, 0));
  });
  write(at(3000ms), [](store::RealmWriter&) {});

  const PendingUploads found = pending(kStart + 5s);

  // Then the commit without content is none of them.
  EXPECT_EQ(found.transactions, 2U);
  EXPECT_EQ(found.objects, 3U);
  EXPECT_GT(found.bytes, 0U);
  EXPECT_EQ(found.oldest_age, 4s);

  confirm();
  EXPECT_EQ(pending(kStart + 5s), PendingUploads{});
}

TEST_F(PendingUploadsTest, AWallClockThatWasSetBackMakesNothingYoungerThanNow) {
  write_schema();
  write(at(0ms), [](store::RealmWriter& realm) { put(realm, 1, 10); });

  EXPECT_EQ(pending(kStart - 1h).oldest_age, 0ms);
}

}  // namespace
}  // namespace tombolo::client
