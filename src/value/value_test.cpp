#include <gtest/gtest.h>

#include "value/object_id.h"
#include "value/timestamp.h"
#include "value/uuid.h"

namespace tombolo {
namespace {

TEST(ObjectId, RoundTripsThroughItsText) {
  const auto id = parse_object_id("5f1a2b3c4d5e6f7081920a1b");

  ASSERT_TRUE(id);
  EXPECT_EQ(to_string(*id), "5f1a2b3c4d5e6f7081920a1b");
  EXPECT_FALSE(parse_object_id("5f1a2b3c4d5e6f7081920a"));
  EXPECT_FALSE(parse_object_id("5f1a2b3c4d5e6f7081920a1g"));
}

TEST(ObjectId, StartsWithTheSecondsOfItsMaking) {
  SeededRandom random(1);

  const ObjectId id = make_object_id(WallTime(std::chrono::seconds(0x5f1a2b3c)), random);

  EXPECT_EQ(to_string(id).substr(0, 8), "5f1a2b3c");
}

TEST(Uuid, RoundTripsThroughItsText) {
  const auto uuid = parse_uuid("00112233-4455-6677-8899-AABBCCDDEEFF");

  ASSERT_TRUE(uuid);
  EXPECT_EQ(to_string(*uuid), "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_FALSE(parse_uuid("00112233-4455-6677-8899_aabbccddeeff"));
  EXPECT_FALSE(parse_uuid("00112233445566778899aabbccddeeff"));
}

TEST(Uuid, MadeOnesAreVersion4) {
  SeededRandom random(1);

  EXPECT_EQ(to_string(make_uuid(random))[14], '4');
}

TEST(Timestamp, BothPartsMustHaveOneSign) {
  EXPECT_TRUE(is_valid({0, -500'000'000}));
  EXPECT_TRUE(is_valid({-1, -500'000'000}));
  EXPECT_FALSE(is_valid({-1, 500'000'000}));
  EXPECT_FALSE(is_valid({1, -1}));
  EXPECT_FALSE(is_valid({0, 1'000'000'000}));
}

}  // namespace
}  // namespace tombolo
