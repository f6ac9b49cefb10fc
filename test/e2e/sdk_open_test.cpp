#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

#include <gmock/gmock.h>

#include "store/environment.h"
#include "test/e2e/sdk_fixture.h"

/// Opening realms through the C++ SDK, with a server and without.

namespace tombolo::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

using SdkOpen = SdkTest;

TEST_F(SdkOpen, ANewFileIsGivenWithTheServersDataAndTellsOfItsProgress) {
  // Given data on the server,
  Realm left = Realm::open(configuration(user("left")));
  for (int id = 0; id < 100; ++id) write_note(left, id, std::string(1000, 'x'));
  upload(left);

  // When another device opens the realm,
  OpenTask task = Realm::open_async(configuration(user("right")));
  std::atomic<double> estimate = 0;
  const NotificationToken token =
      task.observe_progress([&](const SyncProgress& now) { estimate = now.estimate; });
  const Realm right = task.get().value();

  // Then it has everything from the start.
  EXPECT_EQ(right.objects<Note>().size(), 100);
  EXPECT_EQ(estimate, 1);
}

/// A thread's tasks, run where `run_until` is called.
class TaskQueue {
 public:
  [[nodiscard]] Scheduler scheduler() {
    return [this](std::function<void()> task) {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      changed_.notify_one();
    };
  }
  template <typename Condition>
  void run_until(Condition&& holds) {
    while (!holds()) {
      std::unique_lock lock(mutex_);
      ASSERT_TRUE(changed_.wait_for(lock, 30s, [&] { return !tasks_.empty(); }));
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
};

TEST_F(SdkOpen, ASchedulerIsHandedTheRealm) {
  TaskQueue queue;
  RealmConfiguration wanted = configuration(user("a"));
  wanted.scheduler = queue.scheduler();
  std::optional<Result<Realm>> outcome;

  const OpenTask task =
      Realm::open_async(wanted, [&](const Result<Realm>& result) { outcome = result; });
  queue.run_until([&] { return outcome.has_value(); });

  EXPECT_TRUE(outcome->value().objects<Note>().empty());
  wanted.scheduler = nullptr;
  EXPECT_THROW((void)Realm::open_async(wanted, [](const Result<Realm>&) {}), Error);
  outcome.reset();
}

TEST_F(SdkOpen, WithoutAServerTheTimeOutDecides) {
  const User someone = user("a");
  stop_server();
  RealmConfiguration wanted = configuration(someone);
  wanted.sync->new_file.timeout = 20ms;
  wanted.sync->existing_file = {.timeout = 20ms,
                                .on_timeout = OpenTimeoutBehavior::kOpenLocalRealm};

  const auto refused = Realm::open_async(wanted).get();
  const auto local = Realm::open_async(wanted).get();

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kTimedOut);
  EXPECT_THAT(refused.error().message(), HasSubstr("could not be downloaded"));
  ASSERT_TRUE(local);
  EXPECT_FALSE(local->is_closed());
}

TEST_F(SdkOpen, CancellingEndsTheWait) {
  const User someone = user("a");
  stop_server();

  OpenTask task = Realm::open_async(configuration(someone));
  task.cancel();
  const auto outcome = task.get();

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kCancelled);
}

TEST_F(SdkOpen, ATaskThatIsDroppedLeavesNothingOpen) {
  const User someone = user("a");
  stop_server();
  { const OpenTask task = Realm::open_async(configuration(someone)); }

  // Nobody holds the file: it opens as what it is, and its session is a new one.
  const Realm realm = Realm::open(configuration(someone));
  EXPECT_EQ(realm.sync_session()->state(), SessionState::kActive);
}

TEST_F(SdkOpen, AnExistingFileOpensAtOnceWithoutAServer) {
  // Given a file that was synced, and an app that starts again where there is no network,
  {
    Realm before = Realm::open(configuration(user("a")));
    write_note(before, 1);
    upload(before);
  }
  stop_server();
  const User known = app("a").current_user().value();

  // When it opens the realm immediately,
  RealmConfiguration wanted = configuration(known);
  wanted.sync->existing_file.type = OpenType::kImmediately;
  Realm realm = Realm::open_async(wanted).get().value();

  // Then what is there can be read and written, and is sent when the server is back.
  EXPECT_TRUE(realm.find<Note>(1));
  write_note(realm, 2);
  EXPECT_FALSE(realm.sync_session()->is_connected());
  restart_server();
  realm.sync_session()->reconnect();
  upload(realm);
}

TEST_F(SdkOpen, ALocalRealmIsGivenAtOnce) {
  const auto realm =
      Realm::open_async({.path = directory_.file("local.realm"), .schema = schema_of<Note>()})
          .get();

  EXPECT_TRUE(realm.value().objects<Note>().empty());
  EXPECT_FALSE(realm->sync_session());
}

TEST_F(SdkOpen, ANewFileCostsOneCommit) {
  const auto file = directory_.file("one.realm");
  { const Realm realm = Realm::open({.path = file, .schema = schema_of<Note>()}); }
  const auto empty = directory_.file("empty.realm");
  const auto commits = [](const std::filesystem::path& path) {
    return store::Environment::open(path)->newest_commit().value();
  };

  EXPECT_EQ(commits(file), commits(empty) + 1);
}

}  // namespace
}  // namespace tombolo::test
