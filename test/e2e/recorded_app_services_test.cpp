#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/random.h"
#include "net/loopback_fixture.h"
#include "server/account_store_embedded.h"
#include "server/accounts.h"
#include "server/server.h"
#include "server/signing_key.h"
#include "test/e2e/api_calls.h"
#include "test/e2e/offset_clock.h"
#include "test/support/data_file.h"
#include "test/support/temporary_directory.h"

/// Requests that real clients sent to a scripted server are sent to a running server of ours, with
/// our tokens in place of the recorded ones. Our answers must let the recorded client go on as it
/// did.

namespace tombolo::test {
namespace {

using namespace std::chrono_literals;
using net::HttpCall;
using net::HttpResponse;
using nlohmann::json;

/// Recorded scenarios whose script is what a working server would do. Left out are those that
/// try the client with redirects and malformed answers, or need functions and other providers.
const std::set<std::string> kScenarios{
    "access_token_expired_at_open",
    "access_token_expired_refresh_fails_401",
    "anonymous_link_delete",
    "anonymous_remove",
    "anonymous_twice_reuse",
    "app_relaunch_cached_user",
    "app_relaunch_server_down_then_up",
    "email",
    "location_404",
    "location_minimal",
    "login_error_InvalidPassword",
    "login_error_TooManyRequests",
    "login_error_UserDisabled",
    "logout_while_syncing",
    "sync_connect_after_login",
    "sync_connect_pbs_partitions",
    "token_401_on_profile",
    "token_401_refresh_also_401",
    "token_401_refresh_retry",
    "update_base_url",
};

/// What the scripted server pretended: mail, and functions.
const std::map<std::string, std::string> kOurAnswers{
    {"auth/providers/local-userpass/confirm", "400 BadRequest"},
    {"auth/providers/local-userpass/confirm/send", "400 UserAlreadyConfirmed"},
    {"auth/providers/local-userpass/confirm/call", "400 BadRequest"},
    {"auth/providers/local-userpass/reset", "400 BadRequest"},
    {"auth/providers/local-userpass/reset/send", "400 BadRequest"},
    {"auth/providers/local-userpass/reset/call", "400 BadRequest"},
    {"functions/call", "404 FunctionNotFound"},
};

/// "status" of a success, "status error_code" of a failure.
std::string outcome(unsigned status, const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  std::string text = std::to_string(status);
  if (object.is_object() && object.contains("error_code")) {
    text += " " + object.at("error_code").get<std::string>();
  }
  return text;
}

/// Every key that the recorded client was given is there with the same type; values are ours. What
/// the script put into the user's own data is not compared.
void expect_same_shape(const json& recorded, const json& ours, const std::string& where) {
  ASSERT_EQ(recorded.type_name(), std::string(ours.type_name())) << where;
  if (recorded.is_array()) {
    ASSERT_EQ(recorded.size(), ours.size()) << where;
    for (std::size_t i = 0; i < recorded.size(); ++i) {
      expect_same_shape(recorded[i], ours[i], where + "/" + std::to_string(i));
    }
  }
  if (!recorded.is_object()) return;
  for (const auto& [key, value] : recorded.items()) {
    ASSERT_TRUE(ours.contains(key)) << where << "/" << key;
    if (key != "data") expect_same_shape(value, ours.at(key), where + "/" + key);
  }
}

/// Three parts, of which the second is an object with whole numbers for times.
void expect_token(const json& token) {
  const auto text = token.get<std::string>();
  ASSERT_EQ(std::count(text.begin(), text.end(), '.'), 2);
  const std::size_t begin = text.find('.') + 1;
  const auto payload = parse_base64url(text.substr(begin, text.rfind('.') - begin));
  ASSERT_TRUE(payload);
  const json claims = json::parse(as_text(*payload));
  EXPECT_TRUE(claims.at("exp").is_number_integer());
  EXPECT_TRUE(claims.at("iat").is_number_integer());
}

/// Plays one scenario against a server of its own.
class Replay {
 public:
  Replay() { start(); }

  void play(const json& line) {
    const json& recorded = line.at("response");
    const std::string recorded_body = recorded.at("body");
    const std::string target = line.at("request").at("path");
    const std::string path = target.substr(target.find("v2.0/") + 5);
    prepare(line, path);

    const HttpResponse response = call(*loop_, make_call(line.at("request")));

    const std::string where = line.at("scenario").get<std::string>() + " " + path;
    std::string expected = outcome(recorded.at("status"), recorded_body);
    for (const auto& [route, answer] : kOurAnswers) {
      if (path.ends_with(route) && recorded.at("status") == 200) expected = answer;
    }
    // Disabled accounts get 401, like everything about credentials.
    if (expected == "403 UserDisabled") expected = "401 UserDisabled";
    ASSERT_EQ(outcome(response.status, response.body), expected) << where;
    if (path.ends_with("/register")) has_account_ = response.status < 300;

    const std::string* const type = net::find_header(response.headers, "Content-Type");
    ASSERT_EQ(type == nullptr ? "" : *type, response.body.empty() ? "" : "application/json");
    if (response.status >= 300 || recorded_body.empty()) return;
    const json ours = json::parse(response.body);
    expect_same_shape(json::parse(recorded_body), ours, where);
    learn(json::parse(recorded_body), ours);
  }

 private:
  void start() {
    server::ServerOptions options;
    options.data_directory = directory_.path();
    options.app = server::make_dev_app_config();
    options.app.app_id = app_id_;
    server_.emplace(std::move(options), null_logger(), clock_);
  }

  /// Changes accounts as an operator would: while the server is down.
  void change_accounts(
      const std::function<void(server::AccountStore&, server::Accounts&)>& change) {
    server_.reset();
    {
      const std::filesystem::path app = directory_.path() / "apps" / app_id_;
      server::EmbeddedAccountStore store(store::Environment::open(app / "app.tombolo", {}));
      server::AppConfig config = server::make_dev_app_config();
      config.app_id = app_id_;
      server::Accounts accounts(config,
                                server::load_or_make_signing_key(app / "signing.key"),
                                server::minimal_password_hash_cost(),
                                store,
                                system_random());
      change(store, accounts);
    }
    start();
  }

  HttpCall make_call(const json& recorded) const {
    HttpCall call;
    call.method = recorded.at("method");
    call.url = server_->url() + recorded.at("path").get<std::string>();
    call.body = recorded.at("body");
    for (const json& header : recorded.at("headers")) {
      const std::string name = header.at(0);
      if (name == "Host" || name == "Content-Length") continue;  // The call adds its own.
      std::string value = header.at(1);
      for (const auto& [theirs, ours] : tokens_) {
        if (value == "Bearer " + theirs) value = "Bearer " + ours;
      }
      call.headers.push_back({name, std::move(value)});
    }
    return call;
  }

  /// Brings about what the scripted server only claimed.
  void prepare(const json& line, const std::string& path) {
    const std::string scenario = line.at("scenario");
    const int status = line.at("response").at("status");
    // A refused access token has expired; a refused refresh token was revoked. The next token is
    // newer than the last, as it is for real clients.
    clock_.advance(status == 401 ? std::chrono::seconds(31min) : 1s);
    if (status == 404 && path.ends_with("/location")) {
      server_.reset();
      app_id_ = "another-app";
      start();
    }
    if (path.find("local-userpass/login") != std::string::npos && !has_account_) {
      prepare_account(scenario, line.at("request"));
    }
    if (status == 401 && path == "auth/session") {
      change_accounts([&](server::AccountStore& store, server::Accounts&) {
        const auto transaction = store.begin();
        transaction->erase_login_sessions_of(user_id_);
        transaction->commit();
      });
    }
  }

  /// The recorded password may be shorter than ours have to be, so it goes straight to the store.
  void prepare_account(const std::string& scenario, const json& request) {
    const json body = json::parse(request.at("body").get<std::string>());
    const std::string email = body.at("username");
    const std::string password = body.at("password");
    const bool is_wrong =
        scenario == "login_error_InvalidPassword" || scenario == "login_error_TooManyRequests";
    has_account_ = true;
    change_accounts([&](server::AccountStore& store, server::Accounts& accounts) {
      const server::PasswordHasher hasher(server::minimal_password_hash_cost());
      const auto transaction = store.begin();
      transaction->put_password_credential(
          {email, hasher.hash(is_wrong ? "another password" : password), {}, std::nullopt});
      transaction->commit();
      if (scenario != "login_error_UserDisabled") return;
      const auto login = accounts.log_in_with_password(
          {email, password, "127.0.0.1"}, std::nullopt, clock_.wall_now());
      ASSERT_TRUE(accounts.disable_user(login.value().user_id));
    });
    if (scenario == "login_error_TooManyRequests") {
      for (int i = 0; i < 4; ++i) ASSERT_EQ(call(*loop_, make_call(request)).status, 401U);
    }
  }

  void learn(const json& recorded, const json& ours) {
    for (const char* key : {"access_token", "refresh_token"}) {
      if (!ours.contains(key)) continue;
      expect_token(ours.at(key));
      tokens_[recorded.at(key)] = ours.at(key);
    }
    if (ours.contains("access_token") && ours.contains("user_id")) {
      user_id_ = server::UserId{*parse_object_id(ours.at("user_id").get<std::string>())};
    }
  }

  const TemporaryDirectory directory_;
  std::string app_id_ = "my-app-abcde";
  OffsetClock clock_;
  net::LoopThreads loop_{1};
  std::optional<server::Server> server_;
  bool has_account_ = false;
  std::map<std::string, std::string> tokens_;  ///< Recorded to ours.
  server::UserId user_id_;                     ///< Of the latest login.
};

TEST(RecordedAppServices, LetTheRecordedClientsGoOn) {
  std::map<std::string, Replay> replays;
  std::size_t request_count = 0;

  for (const json& line :
       read_json_lines(std::string(TOMBOLO_TEST_DATA) + "/app_services/http.jsonl")) {
    const std::string scenario = line.at("scenario");
    if (!kScenarios.contains(scenario) || line.contains("client_only")) continue;
    ASSERT_NO_FATAL_FAILURE(replays[scenario].play(line)) << line.dump();
    ++request_count;
  }

  EXPECT_EQ(replays.size(), kScenarios.size());
  EXPECT_EQ(request_count, 81U);
}

}  // namespace
}  // namespace tombolo::test
