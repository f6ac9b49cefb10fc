#include "net/event_loop.h"

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "net/loopback_fixture.h"

namespace tombolo::net {
namespace {

TEST(EventLoop, RunsEverythingPostedBeforeAStop) {
  EventLoop loop;
  const Strand strand = loop.make_strand();
  int ran = 0;
  for (int i = 0; i < 100; ++i) {
    strand.post([&] {
      ++ran;
      strand.post([&ran] { ++ran; });
    });
  }

  loop.stop();
  loop.run();

  EXPECT_EQ(ran, 200);
}

TEST(EventLoop, StopsEachOfItsThreads) {
  EventLoop loop;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&loop] { loop.run(); });

  loop.post([&loop] { loop.stop(); });
  for (std::jthread& thread : threads) thread.join();

  loop.run();  // Returns at once: a stop is for good.
}

TEST(EventLoop, PassesOnWhatATaskThrowsAndCanBeRunAgain) {
  EventLoop loop;
  bool ran = false;
  loop.post([] { throw std::runtime_error("from the task"); });
  loop.post([&ran] { ran = true; });
  loop.stop();

  EXPECT_THROW(loop.run(), std::runtime_error);
  loop.run();

  EXPECT_TRUE(ran);
}

TEST(EventLoop, DropsTasksThatArePostedWhileItIsDestroyed) {
  std::optional<EventLoop> loop(std::in_place);
  const Strand strand = loop->make_strand();
  bool ran = false;
  // A task that nothing runs, and that posts one more as it goes.
  std::shared_ptr<void> last_words(nullptr, [&](void*) { strand.post([&] { ran = true; }); });
  strand.post([held = std::move(last_words)] {});

  loop.reset();

  EXPECT_FALSE(ran);
}

TEST(Strand, MayOutliveItsLoop) {
  std::optional<EventLoop> loop(std::in_place);
  const Strand strand = loop->make_strand();
  std::optional<Timer> timer(std::in_place, strand);
  bool ran = false;
  timer->arm_after(Duration(0), [&ran] { ran = true; });

  loop.reset();
  strand.post([&ran] { ran = true; });
  timer.reset();

  EXPECT_FALSE(ran);
}

TEST(Strand, RunsOneTaskAtATimeInOrder) {
  LoopThreads loop(4);
  const Strand strand = loop->make_strand();
  std::atomic<int> inside = 0;
  std::vector<int> order;
  Inbox<int> overlaps;

  for (int i = 0; i < 1000; ++i) {
    strand.post([&, i] {
      if (inside.fetch_add(1) != 0) overlaps.put(i);
      order.push_back(i);
      inside.fetch_sub(1);
    });
  }
  run_on(strand, [] {});

  EXPECT_TRUE(overlaps.empty());
  ASSERT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Strand, DispatchesInPlaceWhenOnItAlready) {
  LoopThreads loop(1);
  const Strand strand = loop->make_strand();

  bool outside = true;
  bool inside = false;
  outside = strand.running_here();
  run_on(strand, [&] { strand.dispatch([&] { inside = strand.running_here(); }); });

  EXPECT_FALSE(outside);
  EXPECT_TRUE(inside);
}

TEST(Timer, FiresOnceAtItsDeadline) {
  LoopThreads loop(2);
  const Strand strand = loop->make_strand();
  Timer timer(strand);
  Inbox<TimePoint> fired;
  const TimePoint armed = std::chrono::steady_clock::now();

  run_on(strand, [&] {
    timer.arm_after(std::chrono::milliseconds(20),
                    [&] { fired.put(std::chrono::steady_clock::now()); });
  });

  EXPECT_GE(fired.take(), armed + std::chrono::milliseconds(20));
  run_on(strand, [&] { timer.cancel(); });
  EXPECT_TRUE(fired.empty());
}

TEST(Timer, DoesNotFireOnceCancelledEvenIfItsTimeHadCome) {
  LoopThreads loop(1);
  const Strand strand = loop->make_strand();
  Timer timer(strand);
  Inbox<int> fired;

  run_on(strand, [&] {
    // The first is due at once, so its callback is on its way when the second takes its place.
    timer.arm_after(Duration(0), [&] { fired.put(1); });
    const TimePoint later = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
    while (std::chrono::steady_clock::now() < later) {
    }
    timer.arm_after(Duration(0), [&] { fired.put(2); });
  });

  EXPECT_EQ(fired.take(), 2);
  run_on(strand, [] {});
  EXPECT_TRUE(fired.empty());
}

TEST(Timer, IsSilencedByItsDestructor) {
  LoopThreads loop(1);
  const Strand strand = loop->make_strand();
  Inbox<int> fired;

  run_on(strand, [&] {
    Timer timer(strand);
    timer.arm_after(Duration(0), [&] { fired.put(1); });
  });
  run_on(strand, [] {});

  EXPECT_TRUE(fired.empty());
}

}  // namespace
}  // namespace tombolo::net
