#include "server/hold_back.h"

#include <gtest/gtest.h>

namespace tombolo::server {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kStart{std::chrono::seconds(1'700'000'000)};

TEST(HoldBack, DelaysDoubleFromOneSecondToThirtyAfterTheFreeFailures) {
  HoldBack failures;
  std::vector<std::chrono::milliseconds> delays;

  for (int i = 0; i < 10; ++i) delays.push_back(failures.failed("joe", kStart));

  EXPECT_EQ(delays,
            (std::vector<std::chrono::milliseconds>{0s, 0s, 0s, 1s, 2s, 4s, 8s, 16s, 30s, 30s}));
}

TEST(HoldBack, AKeyIsFreeAgainWhenItsDelayHasPassed) {
  HoldBack failures;
  for (int i = 0; i < 4; ++i) failures.failed("joe", kStart);

  EXPECT_EQ(failures.remaining("joe", kStart), 1s);
  EXPECT_EQ(failures.remaining("joe", kStart + 400ms), 600ms);
  EXPECT_EQ(failures.remaining("joe", kStart + 1s), 0s);
  EXPECT_EQ(failures.remaining("ann", kStart), 0s);
}

TEST(HoldBack, ASuccessOrALongPauseStartsAKeyAfresh) {
  HoldBack failures;
  for (const char* key : {"joe", "ann"}) {
    for (int i = 0; i < 6; ++i) failures.failed(key, kStart);
  }

  failures.succeeded("joe");

  EXPECT_EQ(failures.failed("joe", kStart), 0s);
  EXPECT_EQ(failures.failed("ann", kStart + 15min), 0s);
}

TEST(HoldBack, AClockThatIsSetBackDoesNotStretchTheWait) {
  HoldBack failures;
  for (int i = 0; i < 4; ++i) failures.failed("joe", kStart);

  EXPECT_EQ(failures.remaining("joe", kStart - 24h), 1s);
}

TEST(HoldBack, ForgetsTheKeyThatFailedLongestAgoWhenItsMemoryIsFull) {
  HoldBackOptions options;
  options.free_failure_count = 0;
  options.key_count_max = 2;
  HoldBack failures(options);
  failures.failed("a", kStart);
  failures.failed("b", kStart);
  failures.failed("a", kStart);

  failures.failed("c", kStart);

  EXPECT_EQ(failures.remaining("a", kStart), 2s);
  EXPECT_EQ(failures.remaining("b", kStart), 0s);
  EXPECT_EQ(failures.remaining("c", kStart), 1s);
}

}  // namespace
}  // namespace tombolo::server
