#include "net/file_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace tombolo::net {
namespace {

TEST(OpenFileLimit, IsRaisedToTheMostAllowed) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);

  const std::uint64_t raised = raise_open_file_limit();

  EXPECT_EQ(raised, limit.rlim_max);
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, raised);
}

}  // namespace
}  // namespace tombolo::net
