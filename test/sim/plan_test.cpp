#include "test/sim/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombolo::sim {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(Shrink, LeavesWhatTheFailureNeeds) {
  const std::vector<int> sequence{5, 1, 8, 2, 9, 3, 7, 4, 6};
  const auto fails = [](const std::vector<int>& some) {
    return std::ranges::count(some, 8) == 1 && std::ranges::count(some, 4) == 1;
  };

  EXPECT_THAT(shrink(sequence, fails), ElementsAre(8, 4));
}

TEST(Shrink, LeavesNothingOfWhatAlwaysFails) {
  EXPECT_THAT(shrink(std::vector<int>(100), [](const auto&) { return true; }), SizeIs(0));
}

TEST(Shrink, LeavesOutActionsAndThenEdits) {
  const Plan plan = make_plan({.seed = 7});
  const auto fails = [](const Plan& some) {
    const auto writes = [](std::size_t device) {
      return [device](const Action& action) {
        return action.kind == Action::Kind::kWrite && action.device == device &&
               !action.edits.empty();
      };
    };
    return std::ranges::any_of(some, writes(0)) && std::ranges::any_of(some, writes(1));
  };
  ASSERT_TRUE(fails(plan));

  const Plan shrunk = shrink_plan(plan, fails);

  ASSERT_THAT(shrunk, SizeIs(2));
  EXPECT_THAT(shrunk[0].edits, SizeIs(1));
  EXPECT_THAT(shrunk[1].edits, SizeIs(1));
}

TEST(Plan, FollowsFromItsSeed) {
  const Plan one = make_plan({.seed = 1});
  const Plan again = make_plan({.seed = 1});

  ASSERT_EQ(one.size(), again.size());
  EXPECT_TRUE(std::ranges::equal(one, again, {}, &Action::draw, &Action::draw));
}

}  // namespace
}  // namespace tombolo::sim
