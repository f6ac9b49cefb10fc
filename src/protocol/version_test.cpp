#include "protocol/version.h"

#include <gtest/gtest.h>

namespace tombolo::protocol {
namespace {

SubProtocol partition(std::uint32_t version) {
  return {SyncMode::kPartition, ProtocolVersion(version)};
}
SubProtocol flexible(std::uint32_t version) {
  return {SyncMode::kFlexible, ProtocolVersion(version)};
}

TEST(SubProtocols, AreOfferedHighestFirst) {
  EXPECT_EQ(offer_subprotocols(SyncMode::kPartition),
            "com.mongodb.realm-sync#14, com.mongodb.realm-sync#13, com.mongodb.realm-sync#12, "
            "com.mongodb.realm-sync#11, com.mongodb.realm-sync#10, com.mongodb.realm-sync#9");
  EXPECT_TRUE(
      offer_subprotocols(SyncMode::kFlexible).starts_with("com.mongodb.realm-query-sync#14, "));
}

TEST(SubProtocols, TheHighestCommonVersionIsChosen) {
  EXPECT_EQ(choose_subprotocol(offer_subprotocols(SyncMode::kFlexible)).value(), flexible(14));
  EXPECT_EQ(choose_subprotocol("com.mongodb.realm-sync#10,\tcom.mongodb.realm-sync#12 ").value(),
            partition(12));
  EXPECT_EQ(choose_subprotocol("com.mongodb.realm-sync#99, com.mongodb.realm-sync#10").value(),
            partition(10));
}

TEST(SubProtocols, MayBeOfferedAsARange) {
  EXPECT_EQ(choose_subprotocol("com.mongodb.realm-sync#2-11").value(), partition(11));
  EXPECT_EQ(choose_subprotocol("com.mongodb.realm-sync#11-4294967295").value(), partition(14));
  EXPECT_FALSE(choose_subprotocol("com.mongodb.realm-sync#15-20"));
  EXPECT_FALSE(choose_subprotocol("com.mongodb.realm-sync#12-11"));
}

TEST(SubProtocols, OfOthersArePassedOver) {
  EXPECT_EQ(
      choose_subprotocol("chat, com.mongodb.realm-sync/14,, com.mongodb.realm-sync#9").value(),
      partition(9));
}

TEST(SubProtocols, WithoutACommonVersionAreRefused) {
  for (const std::string_view offer : {"",
                                       ",",
                                       "chat",
                                       "com.mongodb.realm-sync#8",
                                       "com.mongodb.realm-sync#15",
                                       "com.mongodb.realm-sync/14",
                                       "com.mongodb.realm-sync#",
                                       "com.mongodb.realm-sync#x, com.mongodb.realm-sync#14",
                                       "com.mongodb.realm-sync#14x",
                                       "com.mongodb.realm-sync#4294967296"})
    EXPECT_FALSE(choose_subprotocol(offer)) << offer;
}

TEST(SubProtocols, AreAcceptedWhenOfferedAndNamedAlone) {
  EXPECT_EQ(accept_subprotocol(SyncMode::kPartition, "com.mongodb.realm-sync#9").value(),
            partition(9));
  EXPECT_EQ(accept_subprotocol(SyncMode::kFlexible, "com.mongodb.realm-query-sync#14").value(),
            flexible(14));
}

TEST(SubProtocols, OtherAnswersAreRefused) {
  EXPECT_FALSE(accept_subprotocol(SyncMode::kPartition, std::nullopt));
  for (const std::string_view answer : {"",
                                        "com.mongodb.realm-query-sync#14",
                                        "com.mongodb.realm-sync/14",
                                        "com.mongodb.realm-sync#99",
                                        "com.mongodb.realm-sync#8",
                                        "com.mongodb.realm-sync#014",
                                        "com.mongodb.realm-sync#14, com.mongodb.realm-sync#13"})
    EXPECT_FALSE(accept_subprotocol(SyncMode::kPartition, answer)) << answer;
}

}  // namespace
}  // namespace tombolo::protocol
