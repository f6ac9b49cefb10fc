#include "server/signing_key.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"

namespace tombolo::server {
namespace {

namespace fs = std::filesystem;

class SigningKeyFile : public testing::Test {
 protected:
  SigningKeyFile() {
    std::string pattern = (fs::temp_directory_path() / "tombolo-key-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "signing.key";
  }
  ~SigningKeyFile() override { fs::remove_all(folder_); }

  [[nodiscard]] ErrorCode code_of_loading() const {
    try {
      static_cast<void>(load_or_make_signing_key(path_));
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "loading did not fail";
    return ErrorCode::kInternal;
  }

  fs::path folder_;
  fs::path path_;
};

TEST_F(SigningKeyFile, IsMadeOnceAndReadableByItsOwnerAlone) {
  const SigningKey made = load_or_make_signing_key(path_);

  EXPECT_EQ(load_or_make_signing_key(path_), made);
  EXPECT_NE(made, SigningKey{});
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(SigningKeyFile, ReplacesWhatAnInterruptedStartLeftBehind) {
  std::ofstream(path_.string() + ".new") << "half a ke";

  const SigningKey made = load_or_make_signing_key(path_);

  EXPECT_EQ(load_or_make_signing_key(path_), made);
}

TEST_F(SigningKeyFile, IsRefusedWhenOthersMayReadIt) {
  static_cast<void>(load_or_make_signing_key(path_));
  fs::permissions(path_, fs::perms::group_read, fs::perm_options::add);

  EXPECT_EQ(code_of_loading(), ErrorCode::kPermissionDenied);
}

TEST_F(SigningKeyFile, IsRefusedWhenItHoldsNoKey) {
  const std::string key(64, 'a');
  for (const std::string& text :
       {std::string(), key.substr(1), key + "a", key + "\n\n", "g" + key.substr(1)}) {
    std::ofstream(path_, std::ios::trunc) << text;
    fs::permissions(path_, fs::perms::owner_read | fs::perms::owner_write);

    EXPECT_EQ(code_of_loading(), ErrorCode::kFileCorrupt) << text;
  }
}

TEST_F(SigningKeyFile, IsNotMadeInAFolderThatDoesNotExist) {
  path_ = folder_ / "absent" / "signing.key";

  EXPECT_EQ(code_of_loading(), ErrorCode::kStorage);
}

}  // namespace
}  // namespace tombolo::server
