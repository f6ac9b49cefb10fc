#include "sync/backoff.h"

#include <vector>

#include <gtest/gtest.h>

namespace tombolo::sync {
namespace {

using namespace std::chrono_literals;

constexpr BackoffParameters kNoJitter{.jitter_divisor = 0};

TEST(Backoff, DoublesWhileTheCauseStaysAndStopsAtTheMaximum) {
  SeededRandom random(1);
  Backoff<int> backoff(kNoJitter);

  std::vector<Duration> delays;
  for (int i = 0; i < 7; ++i) delays.push_back(backoff.next_delay(5, random));

  EXPECT_EQ(delays, (std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 30s, 30s}));
}

TEST(Backoff, StartsAgainForAnotherCauseAndAfterAReset) {
  SeededRandom random(1);
  Backoff<int> backoff(kNoJitter);

  EXPECT_EQ(backoff.next_delay(5, random), 1s);
  EXPECT_EQ(backoff.next_delay(5, random), 2s);
  EXPECT_EQ(backoff.next_delay(6, random), 1s);
  EXPECT_EQ(backoff.next_delay(6, random), 2s);
  backoff.reset();
  EXPECT_EQ(backoff.next_delay(6, random), 1s);
}

TEST(Backoff, ShortensEachDelayByUpToAQuarter) {
  SeededRandom random(7);
  Duration shortest = 1s;
  Duration longest = 0s;
  for (int i = 0; i < 1000; ++i) {
    Backoff<int> backoff(BackoffParameters{});
    const Duration delay = backoff.next_delay(1, random);
    shortest = std::min(shortest, delay);
    longest = std::max(longest, delay);
  }

  EXPECT_GE(shortest, 750ms);
  EXPECT_LT(shortest, 760ms);
  EXPECT_LE(longest, 1000ms);
  EXPECT_GT(longest, 990ms);
}

TEST(Backoff, TakesParametersOnlyWithTheFailureThatStartsASeries) {
  SeededRandom random(1);
  Backoff<int> backoff(kNoJitter);
  const BackoffParameters from_server{
      .delay_min = 5s, .delay_max = 12s, .multiplier = 2, .jitter_divisor = 0};
  const BackoffParameters later{.delay_min = 100s, .delay_max = 100s};

  EXPECT_EQ(backoff.next_delay(5, random, from_server), 5s);
  EXPECT_EQ(backoff.next_delay(5, random, later), 10s);
  EXPECT_EQ(backoff.next_delay(5, random), 12s);
  EXPECT_EQ(backoff.next_delay(6, random), 1s);
}

TEST(Backoff, TakesAnyParametersWithoutOverflow) {
  SeededRandom random(1);
  const BackoffParameters huge{
      .delay_min = 200'000h, .delay_max = Duration::max(), .multiplier = 4'000'000'000U};
  Backoff<int> backoff(huge);
  EXPECT_GT(backoff.next_delay(1, random), 0s);
  EXPECT_GT(backoff.next_delay(1, random), 0s);
  Backoff<int> still(BackoffParameters{.multiplier = 0, .jitter_divisor = 0});
  EXPECT_EQ(still.next_delay(1, random), 1s);
  EXPECT_EQ(still.next_delay(1, random), 1s);
  Backoff<int> none(BackoffParameters{.delay_min = 0s, .delay_max = 0s});
  EXPECT_EQ(none.next_delay(1, random), 0s);
}

}  // namespace
}  // namespace tombolo::sync
