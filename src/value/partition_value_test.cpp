#include "value/partition_value.h"

#include <limits>

#include <gtest/gtest.h>

namespace tombolo {
namespace {

TEST(PartitionValue, HasOneTextForEachType) {
  EXPECT_EQ(to_partition_text(std::monostate{}), "null");
  EXPECT_EQ(to_partition_text(std::string("team-7")), R"("team-7")");
  EXPECT_EQ(to_partition_text(std::int32_t{7}), R"({"$numberInt":"7"})");
  EXPECT_EQ(to_partition_text(std::int64_t{-7}), R"({"$numberLong":"-7"})");
  EXPECT_EQ(to_partition_text(*parse_object_id("5f1a5f1a5f1a5f1a5f1a5f1a")),
            R"({"$oid":"5f1a5f1a5f1a5f1a5f1a5f1a"})");
  EXPECT_EQ(to_partition_text(*parse_uuid("00112233-4455-6677-8899-aabbccddeeff")),
            R"({"$uuid":"00112233-4455-6677-8899-aabbccddeeff"})");
}

TEST(PartitionValue, IsReadBackFromItsText) {
  const PartitionValue values[] = {
      std::monostate{},
      std::string(),
      std::string("\"quoted\" \\ \n \u00e4"),
      std::numeric_limits<std::int32_t>::min(),
      std::numeric_limits<std::int64_t>::max(),
      *parse_object_id("0123456789abcdef01234567"),
      *parse_uuid("00112233-4455-6677-8899-aabbccddeeff"),
  };

  for (const PartitionValue& value : values) {
    EXPECT_EQ(parse_partition_text(to_partition_text(value)), value) << to_partition_text(value);
  }
}

TEST(PartitionValue, TakesOtherSpellingsOfTheSameValue) {
  EXPECT_EQ(parse_partition_text(R"( "\u0074eam" )"), PartitionValue(std::string("team")));
  EXPECT_EQ(parse_partition_text(R"({ "$numberInt" : "7" })"), PartitionValue(std::int32_t{7}));
}

TEST(PartitionValue, RefusesWhatIsNone) {
  for (const std::string_view text : {"",
                                      "team",
                                      "/team",
                                      "7",
                                      "1.5",
                                      "true",
                                      "[]",
                                      "{}",
                                      R"({"$numberInt":7})",
                                      R"({"$numberInt":"2147483648"})",
                                      R"({"$numberLong":"9223372036854775808"})",
                                      R"({"$numberLong":"7 "})",
                                      R"({"$oid":"5f1a"})",
                                      R"({"$uuid":"x"})",
                                      R"({"$oid":"0123456789abcdef01234567","x":1})",
                                      R"({"$other":"x"})",
                                      "\"\xff\"",
                                      "\"a\" \"b\""}) {
    EXPECT_EQ(parse_partition_text(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_partition_text(std::string(60'000, '[')), std::nullopt);
}

}  // namespace
}  // namespace tombolo
