#include "protocol/error_code.h"

#include <gtest/gtest.h>

#include "protocol/message.h"

namespace tombolo::protocol {
namespace {

/// Calls `visit` with every row of the table.
template <typename Visit>
void for_each_sync_error(Visit visit) {
  for (std::int32_t number = 0; number < 1'000; ++number)
    if (const auto* info = find_sync_error(static_cast<SyncErrorCode>(number))) visit(*info);
}

TEST(SyncErrors, AreAllInTheTable) {
  int connection = 0;
  int session = 0;
  for_each_sync_error([&](const SyncErrorInfo& info) {
    ++(error_level(info.code) == ErrorLevel::kConnection ? connection : session);
  });

  EXPECT_EQ(connection, 15);
  EXPECT_EQ(session, 36);
  EXPECT_EQ(find_sync_error(static_cast<SyncErrorCode>(213)), nullptr);
  EXPECT_EQ(sync_error_name(static_cast<SyncErrorCode>(213)), "unknown");
  EXPECT_EQ(sdk_status(static_cast<SyncErrorCode>(299)), SdkStatus::kUnknownError);
}

TEST(SyncErrors, ThatAbortClientsAreNeverMade) {
  for (const std::int32_t number : {104, 202, 203, 205, 207, 214, 215, 218, 219, 220, 221, 224}) {
    const auto code = static_cast<SyncErrorCode>(number);
    EXPECT_EQ(find_sync_error(code)->sender, ErrorSender::kNobody) << number;
    EXPECT_THROW(static_cast<void>(make_server_error(code, SessionIdent(1), "")), Error) << number;
  }
}

TEST(SyncErrors, AreMadeAsTheTableRecommends) {
  const ServerError error =
      make_server_error(SyncErrorCode::kBadServerVersion, SessionIdent(3), "ahead");

  EXPECT_EQ(error.session, SessionIdent(3));
  EXPECT_EQ(error.code, SyncErrorCode::kBadServerVersion);
  EXPECT_EQ(error.message, "ahead");
  EXPECT_EQ(error.action, Action::kClientReset);
  EXPECT_FALSE(error.try_again);
  EXPECT_TRUE(error.should_client_reset);
  EXPECT_FALSE(error.is_recovery_mode_disabled);
}

TEST(SyncErrors, BelongToOneLevel) {
  EXPECT_THROW(static_cast<void>(make_server_error(SyncErrorCode::kBadSyntax, SessionIdent(1), "")),
               Error);
  EXPECT_THROW(
      static_cast<void>(make_server_error(SyncErrorCode::kSessionClosed, SessionIdent(0), "")),
      Error);
}

TEST(SyncErrors, NeverRecommendATransientActionWithoutAnotherTry) {
  for_each_sync_error([](const SyncErrorInfo& info) {
    EXPECT_TRUE(info.action != Action::kTransient || info.try_again) << info.name;
  });
}

TEST(SyncErrors, EndTheSessionButForTwo) {
  for_each_sync_error([](const SyncErrorInfo& info) {
    const bool goes_on = info.code == SyncErrorCode::kCompensatingWrite ||
                         info.code == SyncErrorCode::kSchemaVersionChanged;
    EXPECT_EQ(ends_session(info.code), !goes_on) << info.name;
  });
}

TEST(SyncErrors, TravelInsideAnError) {
  const Error error = bad_message(SyncErrorCode::kBadDecompression, "upload", "no zlib");

  EXPECT_EQ(error.code(), ErrorCode::kBadMessage);
  EXPECT_EQ(sync_error_code(error), SyncErrorCode::kBadDecompression);
  EXPECT_EQ(sync_error_code(Error(ErrorCode::kBadMessage, "other")), std::nullopt);
}

TEST(Actions, HaveNamesThatReadBack) {
  for (int index = 0; index <= static_cast<int>(Action::kMigrateSchema); ++index) {
    const auto action = static_cast<Action>(index);
    EXPECT_EQ(action_info(action).action, action);
    EXPECT_EQ(parse_action(action_info(action).name), action);
  }
}

TEST(Actions, WithoutAKnownNameAreApplicationBugs) {
  EXPECT_EQ(parse_action(""), Action::kApplicationBug);
  EXPECT_EQ(parse_action("NoAction"), Action::kApplicationBug);
  EXPECT_EQ(parse_action("clientreset"), Action::kApplicationBug);
}

}  // namespace
}  // namespace tombolo::protocol
