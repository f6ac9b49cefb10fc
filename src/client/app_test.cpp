#include "client/app.h"

#include <future>

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace tombolo::client {
namespace {

AppOptions options(const test::TemporaryDirectory& directory, std::string base_url) {
  AppOptions options;
  options.id = "my-app";
  options.base_url = std::move(base_url);
  options.base_path = directory.path();
  return options;
}

Result<std::shared_ptr<User>> log_in(App& app) {
  std::promise<Result<std::shared_ptr<User>>> outcome;
  app.log_in(Credentials::anonymous(), [&](const auto& result) { outcome.set_value(result); });
  return outcome.get_future().get();
}

TEST(App, ABaseUrlThatIsNoneIsRefusedAtOnce) {
  const test::TemporaryDirectory directory;
  for (const char* const url : {"", "nonsense", "ftp://127.0.0.1", "http://", "http://a b"}) {
    try {
      static_cast<void>(App::open(options(directory, url)));
      ADD_FAILURE() << "it was taken: " << url;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_EQ(error.message(), "the app's base URL '" + std::string(url) + "' cannot be used");
    }
  }
}

// Sending throws for a URL that is none, on a thread where nobody would catch it.
TEST(App, AnAppIdThatMakesNoUrlFailsTheLogin) {
  const test::TemporaryDirectory directory;
  AppOptions bad = options(directory, "http://127.0.0.1:1");
  bad.id = "my app\n";
  const auto app = App::open(bad);

  const auto outcome = log_in(*app);

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kInvalidArgument);
}

TEST(App, AServerThatNobodyRunsFailsTheLogin) {
  const test::TemporaryDirectory directory;
  const auto app = App::open(options(directory, "http://127.0.0.1:1"));

  const auto outcome = log_in(*app);

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kNetwork);
}

}  // namespace
}  // namespace tombolo::client
