#include "sync/binding.h"

#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"

namespace tombolo::sync {
namespace {

using enum BindPhase;
using enum BindStep;

constexpr std::initializer_list<BindPhase> kPhases{
    kUnbound, kAwaitingIdent, kBound, kIdentified, kFailed, kLeaving, kLeavingIdentified};

/// What the server may send in each phase; everything else is its violation.
TEST(Binding, TakesFromTheServerExactlyWhatThePhaseAllows) {
  const std::set<std::pair<BindPhase, BindStep>> legal{
      {kAwaitingIdent, kReceiveIdent},
      {kAwaitingIdent, kReceiveNotice},
      {kAwaitingIdent, kReceiveError},
      {kBound, kReceiveNotice},
      {kBound, kReceiveError},
      {kIdentified, kReceiveChange},
      {kIdentified, kReceiveNotice},
      {kIdentified, kReceiveError},
      {kLeaving, kReceiveIdent},
      {kLeaving, kReceiveNotice},
      {kLeaving, kReceiveError},
      {kLeaving, kReceiveUnbound},
      {kLeavingIdentified, kReceiveChange},
      {kLeavingIdentified, kReceiveNotice},
      {kLeavingIdentified, kReceiveError},
      {kLeavingIdentified, kReceiveUnbound},
  };
  for (const BindPhase phase : kPhases) {
    for (const BindStep step :
         {kReceiveIdent, kReceiveChange, kReceiveNotice, kReceiveError, kReceiveUnbound}) {
      EXPECT_EQ(next_phase(phase, step).has_value(), legal.contains({phase, step}))
          << "phase " << static_cast<int>(phase) << " step " << static_cast<int>(step);
    }
  }
}

TEST(Binding, GoesRoundFromBindToUnboundAndBack) {
  Binding binding{SessionIdent(7)};

  for (int round = 0; round < 2; ++round) {
    binding.send(kSendBindForIdent);
    EXPECT_TRUE(binding.receive(kReceiveIdent));
    EXPECT_FALSE(binding.receive(kReceiveIdent));
    binding.send(kSendIdent);
    EXPECT_TRUE(binding.receive(kReceiveChange));
    EXPECT_TRUE(binding.needs_unbind());
    binding.send(kSendUnbind);
    EXPECT_TRUE(binding.is_leaving());
    EXPECT_TRUE(binding.receive(kReceiveChange));
    EXPECT_TRUE(binding.receive(kReceiveUnbound));
    EXPECT_EQ(binding.phase(), kUnbound);
  }
}

TEST(Binding, IsFreeRightAfterTheUnbindThatFollowsAnError) {
  Binding binding{SessionIdent(7)};
  binding.send(kSendBind);
  ASSERT_TRUE(binding.receive(kReceiveError));

  EXPECT_TRUE(binding.needs_unbind());
  binding.send(kSendUnbind);

  EXPECT_EQ(binding.phase(), kUnbound);
  EXPECT_FALSE(binding.receive(kReceiveUnbound));
}

TEST(Binding, StepsOfOursThatAreNotLegalAreBugs) {
  Binding binding{SessionIdent(7)};

  EXPECT_THROW(binding.send(kSendIdent), Error);
  binding.send(kSendBind);
  EXPECT_THROW(binding.send(kSendBind), Error);
}

}  // namespace
}  // namespace tombolo::sync
