#include "changeset/changeset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hex.h"

namespace tombolo::changeset {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Changeset parse_text(std::string_view hex) {
  return parse(*parse_hex(hex)).value();
}

std::string refusal(std::string_view hex) {
  const Result<Changeset> parsed = parse(*parse_hex(hex));
  EXPECT_FALSE(parsed) << hex;
  if (parsed) return "";
  EXPECT_EQ(parsed.error().code(), ErrorCode::kBadChangeset);
  return parsed.error().message();
}

TEST(Changeset, NothingIsAChangesetWithoutInstructions) {
  const Changeset changeset = parse_text("");

  EXPECT_TRUE(changeset.empty());
  EXPECT_TRUE(encode(changeset).empty());
}

TEST(Changeset, NamesAloneEncodeToNothing) {
  const Changeset changeset = parse_text("3f000154");

  EXPECT_THAT(changeset.strings, ElementsAre("T"));
  EXPECT_TRUE(encode(changeset).empty());
}

TEST(Changeset, ReencodingWritesTheStringTableFirst) {
  // Given names that stand between the instructions, one of them unused,
  const Changeset changeset = parse_text(
      "3f00014e02004002003f0101713f02000400400200010001"
      "0300");

  // Then the same instructions follow all names when it is written again.
  EXPECT_EQ(to_hex(encode(changeset)),
            "3f00014e3f0101713f02000200400200"
            "04004002000100010300");
}

TEST(Changeset, WhatWasParsedOutlivesItsInput) {
  Bytes input = *parse_hex(
      "3f0003446f673f0101660400010101000303526578"
      "00");
  const Changeset changeset = parse(input).value();
  input.assign(input.size(), std::byte{0xFF});

  ASSERT_EQ(changeset.instructions.size(), 1U);
  EXPECT_EQ(changeset.instructions[0].value.text, "Rex");
  EXPECT_EQ(changeset.string(changeset.instructions[0].table), "Dog");
}

TEST(Changeset, ARefusalNamesTheByte) {
  EXPECT_THAT(refusal("3f000154"
                      "0e"),
              HasSubstr("byte 4: unknown opcode"));
  EXPECT_THAT(refusal("3f000154"
                      "0101"),
              HasSubstr("byte 5: a name is used before"));
}

}  // namespace
}  // namespace tombolo::changeset
