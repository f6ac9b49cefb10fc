#include <array>
#include <chrono>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/environment.h"
#include "test/e2e/server_process.h"
#include "test/support/temporary_directory.h"
#include "tombolo/tombolo.h"

/// The C++ SDK against a `tombolo` process.

namespace tombolo::test {
namespace {

using namespace std::chrono_literals;

struct Note {
  static constexpr std::string_view class_name = "Note";
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr auto properties = std::tuple(id);
};

/// A process without threads that waits for its order and then writes a note to a file.
class OtherProcess {
 public:
  explicit OtherProcess(const std::filesystem::path& file) {
    if (pipe(order_.data()) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ != 0) return;
    char byte = 0;
    const bool is_ordered = read(order_[0], &byte, 1) == 1;
    _exit(is_ordered && write_note(file) ? 0 : 1);
  }
  ~OtherProcess() {
    close(order_[0]);
    close(order_[1]);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  /// Whether it has written.
  [[nodiscard]] bool run() {
    const char byte = 1;
    int status = 0;
    return write(order_[1], &byte, 1) == 1 && waitpid(pid_, &status, 0) == pid_ && status == 0;
  }

 private:
  static bool write_note(const std::filesystem::path& file) {
    try {
      auto transaction = store::Environment::open(file)->begin_write();
      store::RealmWriter& realm = transaction.realm();
      realm.set_recording(store::Recording::kOn);
      realm.create(realm.catalog().find_class("Note")->id, ObjectKey::of_int(7));
      transaction.commit();
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  std::array<int, 2> order_{};
  pid_t pid_ = -1;
};

std::vector<std::string> serve(const TemporaryDirectory& directory) {
  return {"serve", "--dev", "--data", directory.file("server").string(), "--listen", "127.0.0.1:0"};
}

std::string url_of(ServerProcess& server) {
  const std::string line = server.read_line().value_or("");
  return line.substr(line.find("http"));
}

Realm open_synced(const User& user, const std::filesystem::path& file) {
  return Realm::open({.path = file,
                      .schema = schema_of<Note>(),
                      .sync = SyncConfiguration{.user = user, .partition = std::string("notes")}});
}

TEST(SdkSync, SendsWhatAnotherProcessWroteToItsFile) {
  // Given a synced file, a process beside it, and another device, all at rest,
  const TemporaryDirectory directory;
  const auto file = directory.file("a.realm");
  OtherProcess other(file);
  ServerProcess server(serve(directory));
  App app({.id = "dev", .base_url = url_of(server), .base_path = directory.path()});
  const User user = app.log_in(Credentials::anonymous()).get().value();
  const Realm realm = open_synced(user, file);
  Realm reader = open_synced(user, directory.file("b.realm"));
  for (const Realm& one : {realm, reader}) one.sync_session()->wait_for_upload(30s).get().value();
  for (const Realm& one : {realm, reader}) one.sync_session()->wait_for_download(30s).get().value();

  // When the other process writes, and nobody here does anything with the file,
  ASSERT_TRUE(other.run());

  // Then the other device receives it.
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (reader.refresh(), !reader.find<Note>(7)) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    reader.sync_session()->wait_for_download(30s).get().value();
  }
}

TEST(SdkSync, ANewDeviceGetsEverythingFromATrimmedServer) {
  // Given notes that came and went, on a server that has stopped,
  const TemporaryDirectory directory;
  {
    ServerProcess server(serve(directory));
    App app({.id = "dev", .base_url = url_of(server), .base_path = directory.path()});
    Realm realm =
        open_synced(app.log_in(Credentials::anonymous()).get().value(), directory.file("a.realm"));
    for (std::int64_t round = 0; round < 5; ++round) {
      realm.write([&] {
        for (std::int64_t id = 0; id < 100; ++id) realm.create<Note>(Note::id = round * 100 + id);
      });
      if (round == 4) break;
      realm.write([&] {
        for (std::int64_t id = 1; id < 100; ++id) realm.erase(*realm.find<Note>(round * 100 + id));
      });
    }
    realm.sync_session()->wait_for_upload(30s).get().value();
    server.send_signal(SIGTERM);
    EXPECT_EQ(server.wait(), 0);
  }

  // When its history is trimmed,
  ServerProcess trim({"trim", "--data", directory.file("server").string(), "--max-offline", "0s"});
  const std::string report = trim.read_line().value_or("");
  EXPECT_EQ(trim.wait(), 0) << trim.read_errors();
  EXPECT_TRUE(report.starts_with("\"notes\": up to version ")) << report;
  EXPECT_TRUE(report.find(" became 1 of ") != std::string::npos) << report;

  // Then a new device gets what there is.
  ServerProcess server(serve(directory));
  App app({.id = "dev", .base_url = url_of(server), .base_path = directory.file("new")});
  Realm realm =
      open_synced(app.log_in(Credentials::anonymous()).get().value(), directory.file("b.realm"));
  realm.sync_session()->wait_for_download(30s).get().value();
  realm.refresh();
  EXPECT_EQ(realm.objects<Note>().size(), 104U);
  EXPECT_TRUE(realm.find<Note>(499));
}

TEST(SdkSync, TheExamplesRun) {
  const TemporaryDirectory directory;
  ServerProcess server(serve(directory));
  const std::string arguments =
      " " + url_of(server) + " " + directory.path().string() + " >/dev/null";
  for (const char* const example : {"synced", "doggies"}) {
    const std::string command =
        std::string(TOMBOLO_BINARY_DIR) + "/bin/example_" + example + arguments;

    EXPECT_EQ(std::system(command.c_str()), 0) << example;
    EXPECT_EQ(std::system(command.c_str()), 0) << example << " again, with what is there";
  }
}

}  // namespace
}  // namespace tombolo::test
