#include "net/retry_after.h"

#include <gtest/gtest.h>

namespace tombolo::net {
namespace {

using namespace std::chrono_literals;

/// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
constexpr WallTime kNow{784'111'777s};

TEST(RetryAfter, TakesSecondsAndDates) {
  EXPECT_EQ(parse_retry_after("0", kNow), 0s);
  EXPECT_EQ(parse_retry_after("120", kNow), 2min);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", kNow), 10s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow + 1h), 0s) << "past";
}

TEST(RetryAfter, TakesNothingElse) {
  for (const char* value : {"", "-1", "1.5", "soon", "12 s", "Sun, 06 Nov 1994", "GMT"})
    EXPECT_EQ(parse_retry_after(value, kNow), std::nullopt) << value;
}

TEST(RetryAfter, CutsWhatNobodyWaitsFor) {
  for (const char* value :
       {"99999999999", "99999999999999999999999", "Sun, 06 Nov 2994 08:49:37 GMT"})
    EXPECT_EQ(parse_retry_after(value, kNow), 366 * 24h) << value;
}

}  // namespace
}  // namespace tombolo::net
