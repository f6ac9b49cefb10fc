#include "client/runtime.h"

#include <atomic>
#include <cstdlib>

#include <gtest/gtest.h>
#include <unistd.h>

namespace tombolo::client {
namespace {

std::atomic<bool> process_ends = false;
std::atomic<int> threads_ended = 0;

/// Counts its thread when that ends.
struct LastBreath {
  ~LastBreath() { ++threads_ended; }
};
void count_this_thread() {
  thread_local const LastBreath last_breath;
  (void)last_breath;
}

/// The last thing in the process: whether both threads had ended by then.
void judge() {
  _exit(threads_ended == 2 ? 0 : 1);
}
void begin_end() {
  process_ends = true;
  process_ends.notify_all();
}

TEST(Runtime, EndsItsThreadsWithTheProcess) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto hold_and_exit = [] {
    std::atexit(judge);
    const auto runtime = Runtime::shared();
    std::atexit(begin_end);
    // What is under way lasts into the end of the process.
    for (net::EventLoop* const loop : {&runtime->io(), &runtime->workers()}) {
      loop->post([] {
        count_this_thread();
        process_ends.wait(false);
      });
    }
    std::exit(2);
  };
  EXPECT_EXIT(hold_and_exit(), ::testing::ExitedWithCode(0), "");
}

TEST(Runtime, EndsWithTheProcessAfterItsLastHolderWasAThreadOfItsOwn) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto hand_over_and_exit = [] {
    std::atexit(judge);
    auto runtime = Runtime::shared();
    std::atexit(begin_end);
    Runtime& same = *runtime;
    same.workers().post([] {
      count_this_thread();
      process_ends.wait(false);
    });
    same.io().post([held = std::move(runtime)] {
      count_this_thread();
      process_ends.wait(false);
    });
    std::exit(2);
  };
  EXPECT_EXIT(hand_over_and_exit(), ::testing::ExitedWithCode(0), "");
}

TEST(Runtime, LetsTheProcessEndWhileAThreadWaitsForIt) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto exit_in_the_way = [] {
    const auto runtime = Runtime::shared();
    runtime->workers().post([] { std::atomic<bool>(false).wait(false); });
    std::exit(3);
  };
  EXPECT_EXIT(exit_in_the_way(), ::testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace tombolo::client
