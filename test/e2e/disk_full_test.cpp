#include <chrono>
#include <filesystem>
#include <future>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "test/e2e/sdk_fixture.h"

namespace tombolo::test {
namespace {

using ::testing::HasSubstr;

/// A server process whose files may not grow: to it that is what a full disk is.
class DiskFull : public ::testing::Test {
 protected:
  static std::vector<std::string> serve(const std::filesystem::path& directory) {
    return {"serve", "--dev", "--data", directory.string(), "--listen", "127.0.0.1:0"};
  }
  static std::string url_of(ServerProcess& server) {
    const std::string line = server.read_line().value_or("");
    return line.substr(line.find("http"));
  }

  /// A device's realm, of a user of its own.
  Realm open_device(const std::string& name, const std::string& url) const {
    App app(
        {.id = "dev", .base_url = url, .base_path = directory_.file(name), .persist_users = false});
    const User user = app.log_in(Credentials::anonymous()).get().value();
    return Realm::open(
        {.path = directory_.file(name) / "notes.realm",
         .schema = schema_of<Note>(),
         .sync = SyncConfiguration{.user = user, .partition = std::string("notes")}});
  }

  static void write(Realm& realm, std::int64_t first, std::int64_t end, std::size_t text_bytes) {
    realm.write([&] {
      for (std::int64_t i = first; i < end; ++i) {
        realm.create<Note>(Note::id = i, Note::text = std::string(text_bytes, 'x'));
      }
    });
  }

  const TemporaryDirectory directory_;
};

TEST_F(DiskFull, TheServerAcknowledgesNothingAndGoesOnOnceThereIsRoom) {
  ServerProcess server(serve(directory_.file("data")));
  const std::string url = url_of(server);
  Realm ann = open_device("ann", url);
  auto session = ann.sync_session();
  write(ann, 0, 10, 100);
  ASSERT_TRUE(session->wait_for_upload().get());

  // Given a server whose disk has no room for what comes next,
  const auto file = directory_.file("data") / "apps/dev/app.tombolo";
  server.limit_files(std::filesystem::file_size(file) + 100'000);
  write(ann, 10, 210, 10'000);

  // then nothing of it is acknowledged,
  std::future<Result<void>> uploaded = session->wait_for_upload();
  std::string line;
  while (line.find("commit_failed") == std::string::npos) {
    line = server.read_error_line().value();
  }
  EXPECT_THAT(line, HasSubstr("No space left on device"));
  EXPECT_NE(uploaded.wait_for(std::chrono::seconds(0)), std::future_status::ready);

  // and once there is room the device gets through by itself, to others too.
  server.limit_files(RLIM_INFINITY);
  ASSERT_TRUE(uploaded.get());
  Realm bob = open_device("bob", url);
  ASSERT_TRUE(bob.sync_session()->wait_for_download().get());
  bob.refresh();
  EXPECT_EQ(bob.objects<Note>().size(), 210U);

  server.send_signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
}

}  // namespace
}  // namespace tombolo::test
