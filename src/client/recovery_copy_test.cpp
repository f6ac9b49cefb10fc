#include "client/recovery_copy.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "client/file_kind.h"
#include "store/environment.h"
#include "test/support/temporary_directory.h"

namespace tombolo::client {
namespace {

class RecoveryCopy : public ::testing::Test {
 protected:
  RecoveryCopy() {
    auto environment = store::Environment::open(file_);
    auto transaction = environment->begin_write();
    transaction.realm().metadata().put(as_bytes(kKindOfFileKey), as_bytes("synced p"));
    transaction.realm().metadata().put(as_bytes("content"), as_bytes("precious"));
    transaction.commit();
  }
  static std::string read(const std::filesystem::path& file, std::string_view key) {
    const auto environment = store::Environment::open(file, {.read_only = true});
    const auto snapshot = environment->begin_read();
    const auto record = snapshot.realm().metadata().find(as_bytes(key));
    return record ? std::string(as_text(*record)) : "";
  }

  const test::TemporaryDirectory directory_;
  const std::filesystem::path file_ = directory_.file("a.realm");
};

TEST_F(RecoveryCopy, IsTheFileAsALocalOne) {
  const auto copy = plan_recovery_copy(file_);
  EXPECT_EQ(plan_recovery_copy(file_), copy) << "a second plan is the first";
  EXPECT_TRUE(std::filesystem::exists(file_));

  make_planned_recovery_copy(file_);

  EXPECT_FALSE(std::filesystem::exists(file_));
  EXPECT_EQ(find_planned_recovery_copy(file_), std::nullopt);
  EXPECT_EQ(copy.parent_path().filename(), "recovered-realms");
  EXPECT_EQ(read(copy, "content"), "precious");
  EXPECT_EQ(read(copy, kKindOfFileKey), kLocalKind);
}

TEST_F(RecoveryCopy, IsNotMadeWithoutAPlan) {
  make_planned_recovery_copy(file_);

  EXPECT_EQ(read(file_, "content"), "precious");
}

TEST_F(RecoveryCopy, WaitsUntilNobodyHasTheFileOpen) {
  const auto copy = plan_recovery_copy(file_);
  auto open = store::Environment::open(file_);

  try {
    make_planned_recovery_copy(file_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFileInUse);
  }
  EXPECT_TRUE(find_planned_recovery_copy(file_));
  open.reset();
  make_planned_recovery_copy(file_);

  EXPECT_EQ(read(copy, "content"), "precious");
}

TEST_F(RecoveryCopy, OfAnEncryptedFileNeedsTheKeyAndKeepsIt) {
  const auto file = directory_.file("encrypted.realm");
  const store::EnvironmentOptions options{.encryption_key = store::EncryptionKey{std::byte{1}}};
  (void)store::Environment::open(file, options);
  const auto copy = plan_recovery_copy(file);

  try {
    make_planned_recovery_copy(file);
    ADD_FAILURE() << "it was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kWrongKey);
  }
  EXPECT_TRUE(find_planned_recovery_copy(file));
  make_planned_recovery_copy(file, options.encryption_key);

  EXPECT_FALSE(std::filesystem::exists(file));
  const auto snapshot = store::Environment::open(copy, options)->begin_read();
  EXPECT_TRUE(snapshot.realm().metadata().find(as_bytes(kKindOfFileKey)));
}

TEST_F(RecoveryCopy, IsCompletedAfterACrash) {
  // Given a move after which the process ended,
  const auto copy = plan_recovery_copy(file_);
  std::filesystem::create_directories(copy.parent_path());
  std::filesystem::rename(file_, copy);

  make_planned_recovery_copy(file_);

  EXPECT_EQ(read(copy, "content"), "precious");
  EXPECT_EQ(find_planned_recovery_copy(file_), std::nullopt);
}

TEST_F(RecoveryCopy, NeverReplacesAnother) {
  const auto first = plan_recovery_copy(file_);
  make_planned_recovery_copy(file_);
  store::Environment::open(file_).reset();

  const auto second = plan_recovery_copy(file_);

  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace tombolo::client
