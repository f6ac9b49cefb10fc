#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "client/file_kind.h"
#include "net/loopback_fixture.h"
#include "store/environment.h"
#include "test/e2e/sdk_fixture.h"
#include "test/support/app_services_fixture.h"

/// Which sessions there are, which connections carry them, and that they do not disturb each other.

namespace tombolo::test {
namespace {

using ::testing::IsEmpty;

constexpr int kRealms = 5;

/// Accounts, and a socket that takes whatever it is sent.
class SdkConnections : public ::testing::TestWithParam<bool> {
 protected:
  SdkConnections() {
    server_.request = [this](const net::HttpRequest& request, const net::HttpResponder& responder) {
      const std::lock_guard lock(mutex_);
      responder.respond(accounts_.api.handle(request, system_clock().wall_now()));
    };
  }
  [[nodiscard]] User user() const {
    App app({.id = "dev",
             .base_url = server_.url("http"),
             .base_path = directory_.path(),
             .multiplex_sessions = GetParam()});
    return app.log_in(Credentials::anonymous()).get().value();
  }
  [[nodiscard]] static Realm open(const User& user, int number, StopPolicy stop_policy) {
    const std::string partition = std::to_string(number);
    return Realm::open({.path = user.realm_path(partition),
                        .schema = schema_of<Note>(),
                        .sync = SyncConfiguration{
                            .user = user, .partition = partition, .stop_policy = stop_policy}});
  }

  const TemporaryDirectory directory_;
  std::mutex mutex_;
  AppServicesFixture accounts_{"dev"};
  net::TestServer server_;
};

TEST_P(SdkConnections, OneSocketCarriesAllSessionsWhereThatIsWanted) {
  const User someone = user();
  std::vector<Realm> realms;
  for (int i = 0; i < kRealms; ++i) realms.push_back(open(someone, i, StopPolicy::kImmediately));

  // Every session binds, on one connection or on its own,
  std::set<std::string> binds;
  if (GetParam()) {
    const auto only = server_.opened.take();
    for (int i = 0; i < kRealms; ++i) binds.insert(only->messages.take());
  } else {
    for (int i = 0; i < kRealms; ++i) binds.insert(server_.opened.take()->messages.take());
  }

  EXPECT_EQ(binds.size(), kRealms);
  EXPECT_TRUE(server_.opened.empty());
}

TEST_P(SdkConnections, OnlyASharedConnectionLingersForTheNextSession) {
  const User someone = user();
  std::optional<Realm> realm(open(someone, 1, StopPolicy::kImmediately));
  const auto first = server_.opened.take();
  (void)first->messages.take();
  realm.reset();
  if (!GetParam()) (void)first->closed.take();

  realm = open(someone, 2, StopPolicy::kImmediately);

  // UNBIND of the first may come before.
  const auto carrier = GetParam() ? first : server_.opened.take();
  while (!carrier->messages.take().starts_with("bind ")) {
  }
  EXPECT_TRUE(server_.opened.empty());
}

INSTANTIATE_TEST_SUITE_P(SharedOrNot, SdkConnections, ::testing::Bool(), [](const auto& shared) {
  return shared.param ? "Shared" : "Separate";
});

class SdkSessions : public SdkTest {
 protected:
  /// Makes the file another user's, which only the server knows better.
  static void give(const std::filesystem::path& file, const User& user) {
    const auto environment = store::Environment::open(file);
    auto transaction = environment->begin_write();
    transaction.realm().metadata().put(as_bytes(client::kOwnerKey), as_bytes(user.id()));
    transaction.commit();
  }
};

TEST_F(SdkSessions, TheErrorOfOneIsNoneOfItsNeighbours) {
  for (const bool is_shared : {true, false}) {
    // Given two realms of one user that sync, and a file that belongs to another user's device,
    const std::string suffix = is_shared ? "shared" : "separate";
    const std::int64_t id = is_shared ? 1 : 2;
    const auto device = directory_.file("b" + suffix);
    App app({.id = "dev", .base_url = url_, .base_path = device, .multiplex_sessions = is_shared});
    const User owner = user("a" + suffix);
    const User other = app.log_in(Credentials::anonymous()).get().value();
    {
      Realm realm = Realm::open(configuration(owner));
      write_note(realm, id);
      upload(realm);
    }
    const auto stolen = directory_.file("stolen" + suffix);
    std::filesystem::copy_file(owner.realm_path("notes"), stolen);
    give(stolen, other);
    Realm left = Realm::open(configuration(other, "left"));
    Realm right = Realm::open(configuration(other, "right"));
    for (Realm* realm : {&left, &right}) upload(*realm);

    // When that file is synced too,
    net::Inbox<SyncError> errors;
    RealmConfiguration wrong = configuration(other);
    wrong.path = stolen;
    wrong.sync->on_error = [&](const SyncError& error) { errors.put(error); };
    const Realm realm = Realm::open(wrong);

    // Then it alone fails.
    EXPECT_TRUE(errors.take().is_fatal);
    EXPECT_EQ(realm.sync_session()->state(), SessionState::kInactive);
    for (Realm* neighbour : {&left, &right}) {
      write_note(*neighbour, id);
      upload(*neighbour);
      EXPECT_TRUE(neighbour->sync_session()->is_connected());
    }
  }
}

TEST_F(SdkSessions, AFileHasOneWhileItIsOpen) {
  const User someone = user("a");
  const Realm local =
      Realm::open({.path = directory_.file("local.realm"), .schema = schema_of<Note>()});
  EXPECT_FALSE(local.sync_session());
  EXPECT_THAT(someone.sync_sessions(), IsEmpty());
  {
    const Realm first = Realm::open(configuration(someone));
    const Realm second = Realm::open(configuration(someone));
    const Realm other = Realm::open(configuration(someone, "other"));

    EXPECT_EQ(first.sync_session(), second.sync_session());
    EXPECT_FALSE(first.sync_session() == other.sync_session());
    EXPECT_EQ(first.sync_session()->partition(), "\"notes\"");
    EXPECT_EQ(someone.sync_sessions().size(), 2U);
    EXPECT_EQ(someone.sync_sessions().front(), *first.sync_session());
    for (const Realm& realm : {first, other}) upload(realm);
  }
  // What had nothing more to send is gone, as soon as its strand comes to it.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!someone.sync_sessions().empty()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    std::this_thread::yield();
  }
}

TEST_F(SdkSessions, AFileIsOpenedForTheUserWhoMadeItAndForNobodyElse) {
  const User owner = user("a");
  const User other = user("b");
  RealmConfiguration wrong = configuration(other);
  wrong.path = owner.realm_path("notes");
  const auto expect_refusal = [&] {
    try {
      (void)Realm::open(wrong);
      ADD_FAILURE() << "was opened";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kPermissionDenied);
      EXPECT_NE(error.message().find("belongs to user '" + owner.id() + "'"), std::string::npos);
    }
    EXPECT_THAT(other.sync_sessions(), IsEmpty());
  };

  // While its session goes on,
  std::optional<Realm> realm(Realm::open(configuration(owner)));
  expect_refusal();
  upload(*realm);
  // is only kept alive for what is to be sent,
  stop_server();
  write_note(*realm, 1);
  realm.reset();
  expect_refusal();
  // and has ended.
  restart_server();
  realm = Realm::open(configuration(owner));
  upload(*realm);
  realm.reset();
  expect_refusal();
}

TEST_F(SdkSessions, TheStopPolicySaysWhatBecomesOfUnsentWrites) {
  const User writer = user("writer");
  Realm reader = Realm::open(configuration(user("reader")));
  const auto write_and_close = [&](std::int64_t id, StopPolicy stop_policy) {
    RealmConfiguration wanted = configuration(writer);
    wanted.sync->stop_policy = stop_policy;
    Realm realm = Realm::open(wanted);
    upload(realm);
    realm.sync_session()->pause();
    write_note(realm, id);
    realm.sync_session()->resume();
  };

  // A session that may finish sends what was written before its realm closed.
  write_and_close(1, StopPolicy::kAfterUpload);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (download(reader), !reader.find<Note>(1)) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
  }

  // One that stops at once keeps it for the next time.
  {
    RealmConfiguration wanted = configuration(writer);
    wanted.sync->stop_policy = StopPolicy::kImmediately;
    Realm realm = Realm::open(wanted);
    realm.sync_session()->pause();
    write_note(realm, 2);
  }
  download(reader);
  EXPECT_FALSE(reader.find<Note>(2));
  Realm again = Realm::open(configuration(writer));
  upload(again);
  download(reader);
  EXPECT_TRUE(reader.find<Note>(2));
}

}  // namespace
}  // namespace tombolo::test
