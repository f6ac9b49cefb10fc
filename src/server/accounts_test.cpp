#include "server/accounts.h"

#include <gtest/gtest.h>

#include "protocol/app_services_error.h"
#include "test/support/app_services_fixture.h"

namespace tombolo::server {
namespace {

using namespace std::chrono_literals;
using test::AppServicesFixture;
using test::kApiStart;

constexpr PasswordAttempt kJoe{"joe@example.com", "secret1", "192.0.2.1"};

/// The name of the service error; "" for a success.
template <typename T>
std::string error_name(const Result<T>& result) {
  return result ? std::string() : result.error().foreign()->call;
}

struct AccountsOf : AppServicesFixture {
  void register_joe() {
    ASSERT_TRUE(accounts.register_email(kJoe.email, kJoe.password, kApiStart));
  }
  [[nodiscard]] Result<Login> log_in(const PasswordAttempt& attempt = kJoe) {
    return accounts.log_in_with_password(attempt, std::nullopt, now);
  }
  [[nodiscard]] TokenClaims claims_of(const Login& login) {
    return accounts.verify_access_token(login.access_token, now).value();
  }
};

TEST(Accounts, EachAnonymousLoginIsANewUser) {
  AccountsOf app;

  const Login first = app.accounts.log_in_anonymously(app.now);
  const Login second = app.accounts.log_in_anonymously(app.now);

  EXPECT_NE(first.user_id, second.user_id);
  EXPECT_NE(first.device_id, second.device_id);
  EXPECT_EQ(app.accounts.find_user(first.user_id)->identities.size(), 1U);
  EXPECT_TRUE(app.accounts.is_active(first.user_id));
}

TEST(Accounts, AnEmailLogsTheSameUserInEachTime) {
  AccountsOf app;
  app.register_joe();

  const Result<Login> first = app.log_in();
  const Result<Login> second = app.log_in();

  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->user_id, second->user_id);
  EXPECT_EQ(app.accounts.find_user(first->user_id)->identities.at(0).email, kJoe.email);
}

TEST(Accounts, ADeviceIsKeptOnlyByTheUserItBelongsTo) {
  AccountsOf app;
  app.register_joe();
  const Login anonymous = app.accounts.log_in_anonymously(app.now);
  const Login joe = app.log_in().value();

  const auto again = app.accounts.log_in_with_password(kJoe, joe.device_id, app.now);
  const auto foreign = app.accounts.log_in_with_password(kJoe, anonymous.device_id, app.now);

  EXPECT_EQ(again->device_id, joe.device_id);
  EXPECT_NE(foreign->device_id, anonymous.device_id);
}

TEST(Accounts, AnUnknownEmailAndAWrongPasswordGiveOneAnswer) {
  AccountsOf app;
  app.register_joe();

  const Result<Login> unknown = app.log_in({"ann@example.com", "secret1", "192.0.2.1"});
  const Result<Login> wrong = app.log_in({"joe@example.com", "secret2", "192.0.2.1"});
  const Result<Login> other_case = app.log_in({"Joe@example.com", "secret1", "192.0.2.1"});

  for (const auto* answer : {&unknown, &wrong, &other_case}) {
    EXPECT_EQ(error_name(*answer), "InvalidPassword");
    EXPECT_EQ(answer->error().message(), "unauthorized");
  }
}

TEST(Accounts, EmailsAreTakenOnceAndLetterCaseCounts) {
  AccountsOf app;
  app.register_joe();

  EXPECT_EQ(error_name(app.accounts.register_email(kJoe.email, "another", app.now)),
            "AccountNameInUse");
  EXPECT_TRUE(app.accounts.register_email("JOE@example.com", "another", app.now));
}

TEST(Accounts, PasswordsHaveSixToAHundredAndTwentyEightCharactersNotBytes) {
  AccountsOf app;
  const auto registers = [&](const std::string& email, const std::string& password) {
    return app.accounts.register_email(email, password, app.now).has_value();
  };
  std::string snowmen;
  for (int i = 0; i < 128; ++i) snowmen += "\u2603";

  EXPECT_FALSE(registers("a", "12345"));
  EXPECT_TRUE(registers("b", "123456"));
  EXPECT_TRUE(registers("c", std::string(128, 'x')));
  EXPECT_FALSE(registers("d", std::string(129, 'x')));
  EXPECT_TRUE(registers("e", snowmen));
  EXPECT_FALSE(registers("f", "\u2603\u2603"));
}

TEST(Accounts, EmailsHaveALength) {
  AccountsOf app;

  EXPECT_EQ(error_name(app.accounts.register_email("", "secret1", app.now)), "BadRequest");
  EXPECT_TRUE(app.accounts.register_email(std::string(320, 'e'), "secret1", app.now));
  EXPECT_EQ(error_name(app.accounts.register_email(std::string(321, 'e'), "secret1", app.now)),
            "BadRequest");
  EXPECT_FALSE(app.accounts.is_registered(std::string(1'000'000, 'e')));
  EXPECT_EQ(error_name(app.log_in({std::string(1'000'000, 'e'), "secret1", "192.0.2.1"})),
            "InvalidPassword");
}

TEST(Accounts, LinkingAppendsTheIdentityAndKeepsTheUser) {
  AccountsOf app;
  app.register_joe();
  const Login anonymous = app.accounts.log_in_anonymously(app.now);

  const auto linked = app.accounts.link_password(app.claims_of(anonymous), kJoe, app.now);
  const auto again = app.accounts.link_password(app.claims_of(anonymous), kJoe, app.now);
  const auto later = app.log_in();

  ASSERT_TRUE(linked);
  EXPECT_EQ(linked->user_id, anonymous.user_id);
  EXPECT_EQ(linked->device_id, anonymous.device_id);
  EXPECT_TRUE(app.accounts.refresh(linked->refresh_token, app.now));
  EXPECT_TRUE(again);
  EXPECT_EQ(later->user_id, anonymous.user_id);
  const User user = *app.accounts.find_user(anonymous.user_id);
  ASSERT_EQ(user.identities.size(), 2U);
  EXPECT_EQ(user.identities[0].provider, IdentityProvider::kAnonymous);
  EXPECT_EQ(user.identities[1].email, kJoe.email);
}

TEST(Accounts, ACredentialOfAnotherUserCannotBeLinked) {
  AccountsOf app;
  app.register_joe();
  ASSERT_TRUE(app.log_in());
  const Login anonymous = app.accounts.log_in_anonymously(app.now);

  const auto linked = app.accounts.link_password(app.claims_of(anonymous), kJoe, app.now);

  EXPECT_EQ(error_name(linked), "AuthError");
}

TEST(Accounts, LoggingOutRevokesTheRefreshTokenAndSparesTheAccessToken) {
  AccountsOf app;
  const Login login = app.accounts.log_in_anonymously(app.now);
  ASSERT_TRUE(app.accounts.refresh(login.refresh_token, app.now));

  ASSERT_TRUE(app.accounts.log_out(login.refresh_token, app.now));

  const auto refreshed = app.accounts.refresh(login.refresh_token, app.now);
  EXPECT_EQ(error_name(refreshed), "InvalidSession");
  EXPECT_EQ(refreshed.error().message(), "invalid session: failed to find refresh token");
  EXPECT_EQ(error_name(app.accounts.log_out(login.refresh_token, app.now)), "InvalidSession");
  EXPECT_TRUE(app.accounts.verify_access_token(login.access_token, app.now));
  EXPECT_EQ(error_name(app.accounts.link_password(app.claims_of(login), kJoe, app.now)),
            "InvalidPassword");
}

TEST(Accounts, LoggingOutOfOneDeviceLeavesTheOthersIn) {
  AccountsOf app;
  app.register_joe();
  const Login phone = app.log_in().value();
  const Login tablet = app.log_in().value();

  ASSERT_TRUE(app.accounts.log_out(phone.refresh_token, app.now));

  EXPECT_TRUE(app.accounts.refresh(tablet.refresh_token, app.now));
}

TEST(Accounts, ADisabledUserNeitherLogsInNorRefreshes) {
  AccountsOf app;
  app.register_joe();
  const Login login = app.log_in().value();

  ASSERT_TRUE(app.accounts.disable_user(login.user_id));

  EXPECT_FALSE(app.accounts.is_active(login.user_id));
  EXPECT_EQ(error_name(app.log_in()), "UserDisabled");
  EXPECT_EQ(error_name(app.accounts.refresh(login.refresh_token, app.now)), "InvalidSession");
  EXPECT_TRUE(app.accounts.verify_access_token(login.access_token, app.now));

  ASSERT_TRUE(app.accounts.enable_user(login.user_id));
  EXPECT_EQ(app.log_in()->user_id, login.user_id);
  EXPECT_FALSE(app.accounts.disable_user(UserId{}));
}

TEST(Accounts, AnErasedUserIsUnknownWithAllItsCredentials) {
  AccountsOf app;
  app.register_joe();
  const Login login = app.log_in().value();

  EXPECT_TRUE(app.accounts.erase_user(login.user_id));

  EXPECT_FALSE(app.accounts.erase_user(login.user_id));
  EXPECT_EQ(error_name(app.log_in()), "InvalidPassword");
  EXPECT_EQ(error_name(app.accounts.refresh(login.refresh_token, app.now)), "InvalidSession");
  EXPECT_FALSE(app.accounts.find_user(login.user_id));
  app.register_joe();
  EXPECT_NE(app.log_in()->user_id, login.user_id);
}

TEST(Accounts, RefreshTokensLiveSixtyDaysAndThoseOfAnonymousUsersFiftyYears) {
  AccountsOf app;
  app.register_joe();
  const Login joe = app.log_in().value();
  const Login anonymous = app.accounts.log_in_anonymously(app.now);

  EXPECT_TRUE(app.accounts.refresh(joe.refresh_token, app.now + 60 * 24h));
  EXPECT_FALSE(app.accounts.refresh(joe.refresh_token, app.now + 60 * 24h + 1min));
  EXPECT_TRUE(app.accounts.refresh(anonymous.refresh_token, app.now + 49 * 365 * 24h));
}

TEST(Accounts, ExpiredSessionsAreSweptAwayByLaterLogins) {
  AccountsOf app;
  app.register_joe();
  const Login old = app.log_in().value();
  const TokenClaims claims = app.claims_of(old);
  ASSERT_TRUE(app.store.snapshot()->find_login_session(claims.user_id, claims.session_id));

  static_cast<void>(app.accounts.log_in_anonymously(app.now + 61 * 24h));

  EXPECT_FALSE(app.store.snapshot()->find_login_session(claims.user_id, claims.session_id));
}

TEST(Accounts, RepeatedFailuresHoldThatAccountBackFromThatAddressOnly) {
  AccountsOf app;
  app.register_joe();
  const PasswordAttempt wrong{kJoe.email, "secret2", kJoe.remote_address};
  for (int i = 0; i < 4; ++i) ASSERT_EQ(error_name(app.log_in(wrong)), "InvalidPassword");

  EXPECT_EQ(error_name(app.log_in(kJoe)), "TooManyRequests");
  EXPECT_TRUE(app.log_in({kJoe.email, kJoe.password, "192.0.2.2"}));

  app.now += 1s;
  EXPECT_TRUE(app.log_in(kJoe));
  EXPECT_EQ(error_name(app.log_in(wrong)), "InvalidPassword");
  EXPECT_TRUE(app.log_in(kJoe));
}

}  // namespace
}  // namespace tombolo::server
