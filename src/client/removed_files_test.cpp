#include "client/removed_files.h"

#include <fstream>

#include <gtest/gtest.h>

#include "client/recovery_copy.h"
#include "client/runtime.h"
#include "store/environment.h"
#include "test/support/temporary_directory.h"

namespace tombolo::client {
namespace {

class RemovedFiles : public ::testing::Test {
 protected:
  RemovedFiles() { std::filesystem::create_directory(folder_); }

  /// A realm file, with a write that waits to be uploaded or without.
  std::filesystem::path make_file(const std::string& name, bool has_unsent = false) const {
    const auto file = folder_ / name;
    const auto environment = store::Environment::open(file);
    store::WriteTransaction transaction = environment->begin_write();
    transaction.realm().set_recording(store::Recording::kOn);
    transaction.realm().add_schema(
        {{{.name = "Item", .primary_key = "_id", .properties = {{.name = "_id"}}}}});
    if (has_unsent) {
      const store::ClassId item = transaction.realm().catalog().find_class("Item")->id;
      (void)transaction.realm().create(item, store::ObjectKey::of_int(1));
    }
    transaction.commit();
    return file;
  }

  const test::TemporaryDirectory directory_;
  const std::filesystem::path folder_ = directory_.file("user");
};

TEST_F(RemovedFiles, AllGoWithTheirFolder) {
  make_file("a.realm", true);
  const auto second = make_file("b.realm");
  make_file("b.realm.fresh");
  (void)plan_recovery_copy(second);

  EXPECT_TRUE(remove_realm_files(folder_, FilesToRemove::kAll, nullptr));

  EXPECT_FALSE(std::filesystem::exists(folder_));
  EXPECT_TRUE(remove_realm_files(folder_, FilesToRemove::kAll, nullptr)) << "there is none";
}

TEST_F(RemovedFiles, AnEncryptedOneIsLookedIntoWithTheKeyThatItSyncedWith) {
  const store::EncryptionKey key{std::byte{1}};
  const auto file = folder_ / "encrypted.realm";
  (void)store::Environment::open(file, {.encryption_key = key});

  // Nobody knows what is in it.
  EXPECT_FALSE(remove_realm_files(folder_, FilesToRemove::kUploaded, nullptr));
  EXPECT_TRUE(std::filesystem::exists(file));
  const auto runtime = Runtime::shared();
  runtime->keep_key(file, key);
  EXPECT_TRUE(remove_realm_files(folder_, FilesToRemove::kUploaded, nullptr));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(RemovedFiles, AnEncryptedOneGoesWithoutItsKeyWhenAllGo) {
  const auto file = folder_ / "unknown.realm";
  (void)store::Environment::open(file, {.encryption_key = store::EncryptionKey{std::byte{1}}});

  EXPECT_TRUE(remove_realm_files(folder_, FilesToRemove::kAll, nullptr));

  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(RemovedFiles, WhatIsNowhereElseStays) {
  const auto unsent = make_file("unsent.realm", true);
  const auto planned = make_file("planned.realm");
  (void)plan_recovery_copy(planned);
  const auto uploaded = make_file("uploaded.realm");

  EXPECT_TRUE(remove_realm_files(folder_, FilesToRemove::kUploaded, nullptr));

  EXPECT_TRUE(std::filesystem::exists(unsent));
  EXPECT_TRUE(std::filesystem::exists(planned));
  EXPECT_FALSE(std::filesystem::exists(uploaded));
}

TEST_F(RemovedFiles, WhatIsOpenGoesLater) {
  const auto file = make_file("open.realm");
  const auto other = make_file("other.realm");
  auto open = store::Environment::open(file);

  EXPECT_FALSE(remove_realm_files(folder_, FilesToRemove::kAll, nullptr));
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_FALSE(std::filesystem::exists(other));

  open.reset();
  EXPECT_TRUE(remove_realm_files(folder_, FilesToRemove::kAll, nullptr));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(RemovedFiles, WhatIsNoRealmFileStays) {
  const auto copy = folder_ / "recovered-realms" / "a.realm";
  std::filesystem::create_directory(copy.parent_path());
  std::ofstream(copy) << "content";
  std::ofstream(folder_ / "broken.realm") << "content";

  EXPECT_FALSE(remove_realm_files(folder_, FilesToRemove::kUploaded, nullptr));

  EXPECT_TRUE(std::filesystem::exists(copy));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "broken.realm")) << "nobody knows what is in it";
}

}  // namespace
}  // namespace tombolo::client
