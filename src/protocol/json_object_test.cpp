#include "protocol/json_object.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "protocol/limits.h"

namespace tombolo::protocol {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

/// An object of about a mebibyte: the members that `member(i)` writes, with a comma between.
template <typename Member>
std::string object_of(const Member& member) {
  std::string text = "{" + member(0);
  for (std::size_t i = 1; text.size() < kMebibyte; ++i) text += "," + member(i);
  return text + "}";
}

/// `open` and `close`, `levels` times around a value.
std::string nested(std::string_view open, std::string_view close, std::size_t levels) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  text += "0";
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

// A peer that is not logged in chooses this text. The parser with a callback looked through all the
// members of an object whenever an array or object in it ended: a mebibyte of empty objects took 49
// seconds. These tests have no clock; a reader whose time grows with the square of the size shows
// as a test that takes minutes.
TEST(JsonObject, ManyEmptyMembersAreRead) {
  const auto objects = parse_json_object(
      object_of([](std::size_t i) { return "\"" + std::to_string(i) + "\":{}"; }));
  const auto arrays = parse_json_object(
      object_of([](std::size_t i) { return "\"" + std::to_string(i) + "\":[]"; }));

  ASSERT_TRUE(objects && arrays);
  EXPECT_GT(objects->size(), 80'000U);
  EXPECT_EQ(arrays->size(), objects->size());
}

TEST(JsonObject, ManyElementsAreRead) {
  std::string text = R"({"list":[{})";
  while (text.size() < kMebibyte) text += ",{}";

  const auto object = parse_json_object(text + "]}");

  ASSERT_TRUE(object);
  EXPECT_GT(object->at("list").size(), 340'000U);
}

TEST(JsonObject, OfAMemberThatStandsTwiceTheLastCounts) {
  const auto object =
      parse_json_object(object_of([](std::size_t i) { return R"("a":)" + std::to_string(i); }));

  ASSERT_TRUE(object);
  ASSERT_EQ(object->size(), 1U);
  EXPECT_GT(object->at("a").get<std::uint64_t>(), 80'000U);
}

TEST(JsonObject, ManyMembersNestedToTheLimitAreRead) {
  const std::string value = nested(R"({"a":[)", "]}", (kJsonDepthMax - 2) / 2);

  const auto object = parse_json_object(
      object_of([&](std::size_t i) { return "\"" + std::to_string(i) + "\":" + value; }));

  ASSERT_TRUE(object);
  EXPECT_GT(object->size(), 5'000U);
}

TEST(JsonObject, NestingBeyondTheLimitIsNoObject) {
  const std::string brackets_in_text = R"("b":"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",)";
  const auto levels = [&](std::size_t depth) {
    return "{" + brackets_in_text + "\"a\":" + nested("[", "]", depth - 1) + "}";
  };

  EXPECT_TRUE(parse_json_object(levels(kJsonDepthMax)));
  EXPECT_FALSE(parse_json_object(levels(kJsonDepthMax + 1)));
  EXPECT_FALSE(parse_json_object(levels(kMebibyte / 2)));
  EXPECT_FALSE(parse_json_object(std::string(kMebibyte, '[')));
  EXPECT_FALSE(parse_json_object(nested(R"({"a":)", "}", kMebibyte / 6)));
}

TEST(JsonObject, LongTextsAreRead) {
  const std::string text(kMebibyte, 'x');
  std::string escapes;
  while (escapes.size() < kMebibyte) escapes += R"(\ud83d\ude00)";

  EXPECT_EQ(parse_json_object("{\"a\":\"" + text + "\"}")->at("a"), text);
  EXPECT_EQ(parse_json_object("{\"" + text + "\":1}")->at(text), 1);
  EXPECT_TRUE(parse_json_object("{\"a\":\"" + escapes + "\"}"));
  EXPECT_FALSE(parse_json_object("{\"a\":\"" + text));
}

TEST(JsonObject, LongNumbersAreReadOrRefused) {
  const std::string digits(kMebibyte, '9');

  EXPECT_FALSE(parse_json_object("{\"a\":" + digits + "}")) << "is beyond every double";
  EXPECT_TRUE(parse_json_object("{\"a\":0." + digits + "}"));
  EXPECT_TRUE(parse_json_object("{\"a\":1e-" + digits + "}"));
  EXPECT_FALSE(parse_json_object("{\"a\":1e" + digits + "}"));
}

TEST(JsonObject, NothingButOneWholeObjectIsTaken) {
  for (const char* const text :
       {"", " ", "null", "[]", "1", "\"a\"", "{", "{}x", "{}{}", "{\"a\"}", "{\"a\":}", "{'a':1}",
        "{\"a\":1,}", "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\\ud800\"}"})
    EXPECT_FALSE(parse_json_object(text)) << text;
  EXPECT_TRUE(parse_json_object(" {} "));
}

}  // namespace
}  // namespace tombolo::protocol
