#include <chrono>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>

#include "store/environment.h"
#include "test/e2e/sdk_fixture.h"

/// Users through the C++ SDK: identities, removal and what becomes of their files.

namespace tombolo::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SdkUsers : public SdkTest {
 protected:
  /// Registers an account and returns what it logs in with.
  static Credentials registered(App& app, const std::string& email) {
    app.register_user(email, "secret1").get().value();
    return Credentials::email_password(email, "secret1");
  }
  /// A file of `user` with one note.
  static std::filesystem::path make_file(const User& user,
                                         const std::string& partition,
                                         bool uploads) {
    Realm realm = Realm::open(configuration(user, partition));
    if (!uploads) realm.sync_session()->pause();
    write_note(realm, 1);
    if (uploads) upload(realm);
    return realm.path();
  }
  static void wait_until_gone(const std::filesystem::path& file) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (std::filesystem::exists(file)) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::yield();
    }
  }
};

TEST_F(SdkUsers, AnAnonymousUserBecomesOneWhoCanLogInAgain) {
  App app = this->app("a");
  User user = app.log_in(Credentials::anonymous()).get().value();
  EXPECT_TRUE(user.is_anonymous());
  EXPECT_EQ(user.profile(), "{}");
  EXPECT_EQ(user.custom_data(), "{}");
  const auto file = make_file(user, "notes", true);
  const Credentials credentials = registered(app, "ada@example.com");
  int calls = 0;
  const NotificationToken of_app = app.observe([&] { ++calls; });
  const NotificationToken of_user = user.observe([&] { ++calls; });

  user.link(credentials).get().value();

  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(user.is_anonymous());
  EXPECT_EQ(user.identities().size(), 2U);
  EXPECT_EQ(user.identities()[1].provider, "local-userpass");
  EXPECT_THAT(user.profile(), HasSubstr("ada@example.com"));
  user.refresh_custom_data().get().value();
  std::promise<void> logged_out;
  user.log_out([&] { logged_out.set_value(); });
  logged_out.get_future().wait();
  EXPECT_EQ(user.state(), UserState::kLoggedOut);
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_EQ(app.log_in(credentials).get().value().id(), user.id());
  EXPECT_EQ(user.link(Credentials::anonymous()).get().error().foreign()->domain, "app-services");
}

TEST_F(SdkUsers, ARemovedUsersFilesGoButForWhatIsNowhereElse) {
  App app = this->app("a");
  const User user = app.log_in(registered(app, "ada@example.com")).get().value();
  const auto uploaded = make_file(user, "uploaded", true);
  const auto unsent = make_file(user, "unsent", false);

  app.remove_user(user).get().value();

  EXPECT_EQ(user.state(), UserState::kRemoved);
  EXPECT_THAT(app.all_users(), IsEmpty());
  EXPECT_FALSE(app.current_user());
  EXPECT_EQ(app.remove_user(user).get().error().code(), ErrorCode::kNotFound);
  EXPECT_THROW(app.switch_user(user), Error);
  wait_until_gone(uploaded);
  EXPECT_TRUE(std::filesystem::exists(unsent));
}

TEST_F(SdkUsers, WhatIsOpenAtTheRemovalGoesAtTheNextStart) {
  std::optional<App> app(this->app("a"));
  const User user = app->log_in(Credentials::anonymous()).get().value();
  const auto file = make_file(user, "notes", true);
  {
    // Given a file that somebody who does not sync has open,
    const auto open = store::Environment::open(file);
    app->remove_user(user).get().value();
    app.reset();
    EXPECT_TRUE(std::filesystem::exists(file));
  }

  app.emplace(this->app("a"));

  wait_until_gone(file);
}

TEST_F(SdkUsers, ADeletedUserIsGoneFromTheServerToo) {
  App app = this->app("a");
  const Credentials credentials = registered(app, "ada@example.com");
  const User user = app.log_in(credentials).get().value();
  const auto file = make_file(user, "notes", false);

  app.delete_user(user).get().value();

  EXPECT_EQ(user.state(), UserState::kRemoved);
  EXPECT_FALSE(app.log_in(credentials).get());
  EXPECT_EQ(app.delete_user(user).get().error().code(), ErrorCode::kAuthentication);
  wait_until_gone(file);
}

}  // namespace
}  // namespace tombolo::test
