#include "base/open_file_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace tombolo {
namespace {

using ::testing::HasSubstr;

TEST(OpenFileLimit, IsRaisedToTheMostAllowedAndSaysHowToHaveMore) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);

  const std::uint64_t raised = raise_open_file_limit();

  EXPECT_EQ(raised, limit.rlim_max);
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, raised);
  EXPECT_THAT(describe_open_file_limit(), HasSubstr(std::to_string(raised)));
  EXPECT_THAT(describe_open_file_limit(), HasSubstr("ulimit -n"));
}

}  // namespace
}  // namespace tombolo
