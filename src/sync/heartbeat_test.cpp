#include "sync/heartbeat.h"

#include <gtest/gtest.h>

namespace tombolo::sync {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1000h};
constexpr HeartbeatParameters kDefaults{};

TEST(Heartbeat, SendsTheFirstPingSomewhereInTheFirstPeriod) {
  SeededRandom random(3);
  Duration shortest = 1h;
  Duration longest = 0s;
  for (int i = 0; i < 500; ++i) {
    Heartbeat heartbeat(kDefaults, random);
    heartbeat.start(kStart);
    const Duration delay = *heartbeat.deadline() - kStart;
    shortest = std::min(shortest, delay);
    longest = std::max(longest, delay);
  }

  EXPECT_LT(shortest, 1s);
  EXPECT_GT(longest, 59s);
  EXPECT_LE(longest, 60s);
}

TEST(Heartbeat, SendsLaterPingsNinetyToAHundredPercentOfAPeriodApart) {
  SeededRandom random(3);
  Heartbeat heartbeat(kDefaults, random);
  heartbeat.start(kStart);
  TimePoint due = *heartbeat.deadline();

  for (int i = 0; i < 200; ++i) {
    ASSERT_FALSE(heartbeat.advance(due));
    ASSERT_TRUE(heartbeat.is_ping_due());
    const protocol::Ping ping = heartbeat.take_ping(due);
    ASSERT_TRUE(heartbeat.receive({ping.timestamp}, due + 40ms));
    const TimePoint next = *heartbeat.deadline();
    EXPECT_GE(next - due, 54s);
    EXPECT_LE(next - due, 60s);
    due = next;
  }
  EXPECT_EQ(heartbeat.round_trip(), 40ms);
}

TEST(Heartbeat, CarriesTheRoundTripOfThePingBefore) {
  SeededRandom random(3);
  Heartbeat heartbeat(kDefaults, random);
  heartbeat.start(kStart);

  heartbeat.probe(kStart);
  const protocol::Ping first = heartbeat.take_ping(kStart);
  ASSERT_TRUE(heartbeat.receive({first.timestamp}, kStart + 23ms));
  heartbeat.probe(kStart + 1s);
  const protocol::Ping second = heartbeat.take_ping(kStart + 1s);

  EXPECT_EQ(first.round_trip, 0ms);
  EXPECT_EQ(second.round_trip, 23ms);
  EXPECT_EQ(second.timestamp - first.timestamp, 1000ms);
}

TEST(Heartbeat, TakesOnlyThePongThatAnswersItsPing) {
  SeededRandom random(3);
  Heartbeat heartbeat(kDefaults, random);
  heartbeat.start(kStart);

  EXPECT_FALSE(heartbeat.receive({0ms}, kStart)) << "unasked";
  heartbeat.probe(kStart);
  const protocol::Ping ping = heartbeat.take_ping(kStart);
  EXPECT_FALSE(heartbeat.receive({ping.timestamp + 1ms}, kStart)) << "another timestamp";
  EXPECT_TRUE(heartbeat.receive({ping.timestamp}, kStart));
  EXPECT_FALSE(heartbeat.receive({ping.timestamp}, kStart)) << "twice";
}

TEST(Heartbeat, IsOverWhenThePongDoesNotComeEvenIfThePingCouldNotBeSent) {
  SeededRandom random(3);
  for (const bool is_sent : {true, false}) {
    Heartbeat heartbeat(kDefaults, random);
    heartbeat.start(kStart);
    heartbeat.probe(kStart);
    if (is_sent) static_cast<void>(heartbeat.take_ping(kStart));

    const Duration patience = is_sent ? 5s : 120s;
    EXPECT_EQ(heartbeat.deadline(), kStart + patience);
    EXPECT_FALSE(heartbeat.advance(kStart + patience - 1ns));
    EXPECT_TRUE(heartbeat.advance(kStart + patience));
  }
}

TEST(Heartbeat, AProbeShortensTheTimeOfThePingThatIsOutstanding) {
  SeededRandom random(3);
  Heartbeat heartbeat(kDefaults, random);
  heartbeat.start(kStart);
  const TimePoint due = *heartbeat.deadline();
  static_cast<void>(heartbeat.advance(due));
  const protocol::Ping ping = heartbeat.take_ping(due);
  EXPECT_EQ(heartbeat.deadline(), due + 120s);

  heartbeat.probe(due + 1s);

  EXPECT_FALSE(heartbeat.is_ping_due());
  EXPECT_EQ(heartbeat.deadline(), due + 6s);
  heartbeat.alive(due + 4s);
  EXPECT_EQ(heartbeat.deadline(), due + 9s) << "something came meanwhile";
  heartbeat.probe(due + 5s);
  EXPECT_EQ(heartbeat.deadline(), due + 9s) << "is under way already";
  EXPECT_TRUE(heartbeat.receive({ping.timestamp}, due + 8s));
  EXPECT_GT(heartbeat.deadline(), due + 10s);
}

TEST(Heartbeat, IsSilentWhenStopped) {
  SeededRandom random(3);
  Heartbeat heartbeat(kDefaults, random);
  heartbeat.probe(kStart);
  EXPECT_EQ(heartbeat.deadline(), std::nullopt);
  heartbeat.start(kStart);
  heartbeat.stop();
  EXPECT_EQ(heartbeat.deadline(), std::nullopt);
  EXPECT_FALSE(heartbeat.advance(kStart + 1h));
}

}  // namespace
}  // namespace tombolo::sync
