#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "base/assertion.h"
#include "base/base64url.h"
#include "base/clock.h"
#include "base/error_code.h"
#include "base/hex.h"
#include "base/logging.h"
#include "base/random.h"
#include "base/result.h"

namespace tombolo {
namespace {

TEST(ErrorCode, TheListNamesEveryCodeInOrder) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kErrorCodes.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kErrorCodes[i].code), i);
    EXPECT_TRUE(names.insert(kErrorCodes[i].name).second) << kErrorCodes[i].name;
  }
  EXPECT_EQ(kErrorCodes.back().code, ErrorCode::kSyncFailed);
}

TEST(ErrorCode, TheDocumentListsEveryCode) {
  std::ifstream file(TOMBOLO_TEST_DATA "/../../docs/errors.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});

  for (const ErrorCodeInfo& info : kErrorCodes) {
    EXPECT_NE(document.find("| `" + std::string(info.name) + "` |"), std::string::npos)
        << info.name;
  }
}

TEST(Error, KeepsTheForeignCodeAndTheChainOfCauses) {
  const Error disk(ErrorCode::kDiskFull, "cannot grow the map", {"errno", 28, "ftruncate"});

  const Error commit = Error::caused_by(ErrorCode::kStorage, "cannot commit", disk);

  ASSERT_NE(commit.cause(), nullptr);
  EXPECT_EQ(commit.cause()->code(), ErrorCode::kDiskFull);
  EXPECT_EQ(commit.describe(),
            "cannot commit; because cannot grow the map (ftruncate: errno 28)");
}

TEST(Result, ThrowsItsErrorWhenTheValueIsTakenAnyway) {
  const Result<int> result = Error(ErrorCode::kNotFound, "no such object");

  EXPECT_FALSE(result);
  EXPECT_THROW((void)result.value(), Error);
}

TEST(Assertion, ThrowsWithTheConditionAndThePlace) {
  try {
    TOMBOLO_ASSERT(1 + 1 == 3);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
    EXPECT_NE(error.message().find("1 + 1 == 3"), std::string::npos);
    EXPECT_NE(error.message().find("base_test.cpp"), std::string::npos);
  }
}

TEST(Hex, RoundTripsAndRefusesWhatIsNoHex) {
  const auto bytes = parse_hex("00fFa5");

  ASSERT_TRUE(bytes);
  EXPECT_EQ(to_hex(*bytes), "00ffa5");
  EXPECT_FALSE(parse_hex("abc"));
  EXPECT_FALSE(parse_hex("zz"));
}

TEST(Base64Url, SpellsEveryLengthAndReadsItBack) {
  EXPECT_EQ(to_base64url(as_bytes("")), "");
  EXPECT_EQ(to_base64url(as_bytes("f")), "Zg");
  EXPECT_EQ(to_base64url(as_bytes("fo")), "Zm8");
  EXPECT_EQ(to_base64url(as_bytes("foo")), "Zm9v");
  EXPECT_EQ(to_base64url(as_bytes("\xfb\xff\xfe?")), "-__-Pw");

  for (const std::string_view text : {"", "f", "fo", "foo", "foob", "\xfb\xff\xfe?"}) {
    EXPECT_EQ(as_text(*parse_base64url(to_base64url(as_bytes(text)))), text);
  }
}

TEST(Base64Url, RefusesPaddingOtherAlphabetsAndSecondSpellings) {
  for (const std::string_view text : {"Zg==", "+/8", "Z", "Zh", "Zm9v\n", "Zm 9v"}) {
    EXPECT_FALSE(parse_base64url(text)) << text;
  }
}

TEST(Random, TheSameSeedGivesTheSameSequence) {
  SeededRandom left(42);
  SeededRandom right(42);

  for (int i = 0; i < 100; ++i) EXPECT_EQ(left.next(), right.next());
}

TEST(Random, BelowStaysBelowAndReachesEveryValue) {
  SeededRandom random(7);
  std::set<std::uint64_t> seen;

  for (int i = 0; i < 1000; ++i) seen.insert(random.below(6));

  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5}));
}

TEST(Random, SaltsArePositive) {
  for (int i = 0; i < 1000; ++i) EXPECT_GT(system_random().salt().value(), 0);
}

TEST(Clock, OriginTimestampsCountFrom2015) {
  EXPECT_EQ(to_origin_timestamp(WallTime(kSyncEpoch + std::chrono::milliseconds(5))),
            OriginTimestamp(5));
  EXPECT_EQ(to_origin_timestamp(WallTime(std::chrono::milliseconds(0))), OriginTimestamp(0));
}

TEST(Logging, WritesLinesUpToTheLevelAndNoOthers) {
  std::vector<std::string> lines;
  const auto logger = make_callback_logger(
      LogLevel::kInfo, [&](LogLevel, std::string_view line) { lines.emplace_back(line); });

  logger->info("session_bound session=1");
  logger->debug("message_received bytes=12");

  EXPECT_EQ(lines, std::vector<std::string>{"session_bound session=1"});
}

}  // namespace
}  // namespace tombolo
