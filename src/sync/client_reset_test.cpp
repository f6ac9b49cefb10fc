#include "sync/client_reset.h"

#include <gtest/gtest.h>

namespace tombolo::sync {
namespace {

using enum ClientResetMode;
using protocol::Action;

constexpr ResetAttempt kDiscarded{ResetMethod::kDiscardLocal, Action::kClientReset};
constexpr ResetAttempt kRecovered{ResetMethod::kRecover, Action::kClientReset};

/// nullopt: there is no way.
std::optional<ResetMethod> method(ClientResetMode mode,
                                  Action action,
                                  const std::optional<ResetAttempt>& earlier) {
  const auto chosen = choose_reset_method(mode, action, earlier);
  return chosen ? std::optional(*chosen) : std::nullopt;
}

TEST(ClientReset, FollowsTheModeTheFirstTime) {
  EXPECT_EQ(method(kDiscardLocal, Action::kClientReset, {}), ResetMethod::kDiscardLocal);
  EXPECT_EQ(method(kRecover, Action::kClientReset, {}), ResetMethod::kRecover);
  EXPECT_EQ(method(kRecoverOrDiscard, Action::kClientReset, {}), ResetMethod::kRecover);
}

TEST(ClientReset, IsNotTriedAgainAfterOneThatDiscarded) {
  for (const auto mode : {kDiscardLocal, kRecover, kRecoverOrDiscard}) {
    EXPECT_EQ(method(mode, Action::kClientReset, kDiscarded), std::nullopt);
  }
}

TEST(ClientReset, DiscardsAtMostAfterOneThatRecovered) {
  EXPECT_EQ(method(kRecover, Action::kClientReset, kRecovered), std::nullopt);
  EXPECT_EQ(method(kRecoverOrDiscard, Action::kClientReset, kRecovered),
            ResetMethod::kDiscardLocal);
  EXPECT_EQ(method(kDiscardLocal, Action::kClientReset, kRecovered), ResetMethod::kDiscardLocal);
}

TEST(ClientReset, ForgetsOneForAnotherCause) {
  const ResetAttempt other{ResetMethod::kDiscardLocal, Action::kMigrateToFlx};

  EXPECT_EQ(method(kRecover, Action::kClientReset, other), ResetMethod::kRecover);
}

TEST(ClientReset, RecoversNothingWhenTheServerForbidsIt) {
  constexpr Action kAction = Action::kClientResetNoRecovery;
  EXPECT_EQ(method(kRecover, kAction, {}), std::nullopt);
  EXPECT_EQ(method(kRecoverOrDiscard, kAction, {}), ResetMethod::kDiscardLocal);
  EXPECT_EQ(method(kDiscardLocal, kAction, {}), ResetMethod::kDiscardLocal);
}

}  // namespace
}  // namespace tombolo::sync
