#include "protocol/transport_reaction.h"

#include <gtest/gtest.h>

namespace tombolo::protocol {
namespace {

TEST(TransportReaction, UnknownCloseCodesCountAsPolicyViolations) {
  constexpr std::uint16_t kUnknown[] = {0, 999, 1012, 1013, 3000, 4000, 4004, 4400, 4405, 4999};
  for (const std::uint16_t code : kUnknown)
    EXPECT_EQ(&react_to_close(code), &react_to_close(1008)) << code;
  EXPECT_EQ(react_to_close(1008).status, SdkStatus::kSyncProtocolInvariantFailed);
  EXPECT_EQ(react_to_close(1008).action, std::nullopt);
  EXPECT_FALSE(react_to_close(1008).is_fatal);
}

TEST(TransportReaction, ANormalCloseIsNotReported) {
  EXPECT_EQ(react_to_close(1000).status, std::nullopt);
  EXPECT_EQ(react_to_close(1000).action, std::nullopt);
}

TEST(TransportReaction, ATooBigMessageIsAClientReset) {
  EXPECT_EQ(react_to_close(1009).status, SdkStatus::kLimitExceeded);
  EXPECT_EQ(react_to_close(1009).action, Action::kClientReset);
}

TEST(TransportReaction, HttpStatusesOfUsersAndRoutesAreTheirCloseCodes) {
  EXPECT_EQ(&react_to_http_status(401, RouteState::kVerified), &react_to_close(4001));
  EXPECT_EQ(&react_to_http_status(403, RouteState::kVerified), &react_to_close(4002));
  EXPECT_EQ(&react_to_http_status(301, RouteState::kGuessed), &react_to_close(4003));
  EXPECT_EQ(&react_to_http_status(308, RouteState::kVerified), &react_to_close(4003));
  EXPECT_TRUE(react_to_close(4002).is_fatal);
}

TEST(TransportReaction, ServerErrorsAndOtherRedirectsAreTriedAgain) {
  for (const std::uint32_t status : {302U, 307U, 500U, 502U, 503U, 504U, 599U}) {
    const auto& reaction = react_to_http_status(status, RouteState::kGuessed);
    EXPECT_EQ(reaction.status, SdkStatus::kConnectionClosed) << status;
    EXPECT_FALSE(reaction.is_fatal) << status;
  }
}

TEST(TransportReaction, OtherAnswersAreFatalOnlyOnAVerifiedRoute) {
  for (const std::uint32_t status : {0U, 200U, 400U, 404U, 426U, 429U}) {
    const auto& verified = react_to_http_status(status, RouteState::kVerified);
    EXPECT_EQ(verified.status, SdkStatus::kSyncConnectFailed) << status;
    EXPECT_TRUE(verified.is_fatal) << status;
    const auto& guessed = react_to_http_status(status, RouteState::kGuessed);
    EXPECT_EQ(guessed.action, Action::kRefreshLocation) << status;
    EXPECT_FALSE(guessed.is_fatal) << status;
  }
}

}  // namespace
}  // namespace tombolo::protocol
