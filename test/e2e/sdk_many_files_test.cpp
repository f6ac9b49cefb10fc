#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "client/runtime.h"
#include "test/e2e/sdk_fixture.h"

/// Many synced files of one process: they share a socket, and cost descriptors only while they are
/// in use. `./dev bench session` has 10,000 of them.

namespace tombolo::test {
namespace {

constexpr int kFiles = 300;
constexpr int kOpenFilesMax = 32;
/// Of an open file: itself, once more for its head pages, its read slots and its guard.
constexpr int kDescriptorsOfAFile = 4;

struct Descriptors {
  int all = 0;
  int sockets = 0;
};

Descriptors descriptors(const std::string& process) {
  Descriptors found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + process + "/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry, gone).string();
    ++found.all;
    if (target.starts_with("socket:")) ++found.sockets;
  }
  return found;
}

class SdkManyFiles : public SdkTest {
 protected:
  static std::string partition(int number) { return "many-" + std::to_string(number); }
  [[nodiscard]] static RealmConfiguration configuration(const User& user, int number) {
    RealmConfiguration wanted = SdkTest::configuration(user, partition(number));
    wanted.sync->stop_policy = StopPolicy::kNever;
    return wanted;
  }
  static void settle(const User& user) {
    std::vector<std::future<Result<void>>> waits;
    for (SyncSession& session : user.sync_sessions()) {
      waits.push_back(session.wait_for_upload(std::chrono::seconds(60)));
      waits.push_back(session.wait_for_download(std::chrono::seconds(60)));
    }
    for (auto& wait : waits) wait.get().value();
  }
  [[nodiscard]] static SyncSession session_of(const User& user, int number) {
    const std::string partition = '"' + SdkManyFiles::partition(number) + '"';
    for (SyncSession& session : user.sync_sessions()) {
      if (session.partition() == partition) return session;
    }
    throw Error(ErrorCode::kNotFound, "no session of " + partition);
  }
};

TEST_F(SdkManyFiles, ThatNobodyHasOpenCostNoDescriptorAndShareOneSocket) {
  const User someone = user("a");
  const User other = user("b");
  client::Runtime::shared()->open_files()->set_count_max(kOpenFilesMax);
  const std::string server = std::to_string(server_->pid());
  const Descriptors before = descriptors("self");
  const Descriptors before_at_server = descriptors(server);

  // Given sessions of many files that connect and catch up, though their realms are dropped,
  for (int i = 0; i < kFiles; ++i) {
    Realm realm = Realm::open(configuration(someone, i));
    if (i % 10 == 0) write_note(realm, i);
  }
  settle(someone);
  ASSERT_EQ(someone.sync_sessions().size(), static_cast<std::size_t>(kFiles));
  const Descriptors during = descriptors("self");
  EXPECT_LE(during.all, before.all + kOpenFilesMax * kDescriptorsOfAFile + 2);
  EXPECT_LE(during.sockets, before.sockets + 1);
  EXPECT_LE(descriptors(server).sockets, before_at_server.sockets + 1);

  // When something arrives for some of them, then they take it,
  for (int i = 5; i < kFiles; i += 30) {
    Realm realm = Realm::open(configuration(other, i));
    write_note(realm, 1000);
    upload(realm);
    session_of(someone, i).wait_for_download(std::chrono::seconds(30)).get().value();
    EXPECT_TRUE(Realm::open(configuration(someone, i)).find<Note>(1000)) << i;
  }

  // and what the application writes to one whose file was closed is sent.
  for (int i = 0; i < kFiles; i += 30) {
    Realm realm = Realm::open(configuration(someone, i));
    EXPECT_TRUE(realm.find<Note>(i));
    write_note(realm, 2000);
  }
  settle(someone);
  for (int i = 0; i < kFiles; i += 30) {
    EXPECT_EQ(session_of(someone, i).pending_uploads().transactions, 0U);
    Realm realm = Realm::open(configuration(other, i));
    download(realm);
    EXPECT_TRUE(realm.find<Note>(2000)) << i;
  }
  EXPECT_LE(descriptors("self").sockets, before.sockets + 2);
}

TEST_F(SdkManyFiles, ThatNobodyHasOpenMayBeCompactedBesideTheirSessions) {
  const User someone = user("a");
  const User other = user("b");
  client::Runtime::shared()->open_files()->set_count_max(0);
  for (const int number : {0, 1}) {
    SCOPED_TRACE(number);
    // Given the file of a session whose realm was dropped, one of them encrypted,
    RealmConfiguration wanted = configuration(someone, number);
    if (number == 1) wanted.encryption_key = EncryptionKey{std::byte{1}};
    {
      Realm realm = Realm::open(wanted);
      for (int id = 0; id < 20; ++id) write_note(realm, id, std::string(2000, 'x'));
    }
    SyncSession session = session_of(someone, number);
    session.wait_for_upload(std::chrono::seconds(30)).get().value();

    // when it is compacted,
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!store::Environment::compact(wanted.path, {.encryption_key = wanted.encryption_key})) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "the session still has the file";
    }

    // then its session takes what others write, and sends what is written here,
    Realm there = Realm::open(configuration(other, number));
    download(there);
    EXPECT_EQ(there.objects<Note>().size(), 20U);
    write_note(there, 100);
    upload(there);
    session.wait_for_download(std::chrono::seconds(30)).get().value();
    Realm here = Realm::open(wanted);
    EXPECT_TRUE(here.find<Note>(100));
    EXPECT_FALSE(here.compact()) << "the session has the file";
    write_note(here, 200);
    upload(here);
    download(there);
    EXPECT_TRUE(there.find<Note>(200));
    EXPECT_EQ(here.objects<Note>().size(), 22U);
  }
}

TEST_F(SdkManyFiles, GoOnAfterALostConnectionAPauseAndALogOut) {
  App app = this->app("a");
  app.register_user("a@b.c", "password").get().value();
  const Credentials credentials = Credentials::email_password("a@b.c", "password");
  User someone = app.log_in(credentials).get().value();
  client::Runtime::shared()->open_files()->set_count_max(4);
  constexpr int kSome = 20;
  for (int i = 0; i < kSome; ++i) (void)Realm::open(configuration(someone, i));
  settle(someone);

  stop_server();
  for (int i = 0; i < kSome; ++i) {
    Realm realm = Realm::open(configuration(someone, i));
    write_note(realm, 1);
  }
  restart_server();
  app.reconnect();
  settle(someone);

  for (SyncSession& session : someone.sync_sessions()) session.pause();
  for (SyncSession& session : someone.sync_sessions()) session.resume();
  settle(someone);

  const Realm open = Realm::open(configuration(someone, 0));
  std::promise<void> out;
  someone.log_out([&] { out.set_value(); });
  out.get_future().get();
  EXPECT_EQ(session_of(someone, 0).wait_for_download().get().error().code(),
            ErrorCode::kAuthentication);
}

}  // namespace
}  // namespace tombolo::test
