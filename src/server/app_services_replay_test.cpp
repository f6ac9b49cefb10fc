#include <map>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "test/support/app_services_fixture.h"
#include "test/support/data_file.h"

/// Requests that real clients sent to a scripted server are sent to ours, with our tokens in place
/// of the recorded ones. Our answers must let the recorded client go on as it did.

namespace tombolo::server {
namespace {

using namespace std::chrono_literals;
using net::HttpRequest;
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

/// Plays one scenario against an app of its own.
class Replay {
 public:
  void play(const json& line) {
    const json& recorded = line.at("response");
    const std::string recorded_body = recorded.at("body");
    const HttpRequest request = make_request(line.at("request"));
    const std::string path = request.target.substr(request.target.find("v2.0/") + 5);
    prepare(line, path);

    const HttpResponse response = app_.api.handle(request, app_.now);

    const std::string where = line.at("scenario").get<std::string>() + " " + path;
    std::string expected = outcome(recorded.at("status"), recorded_body);
    for (const auto& [route, answer] : kOurAnswers) {
      if (path.ends_with(route) && recorded.at("status") == 200) expected = answer;
    }
    // Disabled accounts get 401, like everything about credentials.
    if (expected == "403 UserDisabled") expected = "401 UserDisabled";
    ASSERT_EQ(outcome(response.status, response.body), expected) << where;

    const std::string* const type = net::find_header(response.headers, "Content-Type");
    ASSERT_EQ(type == nullptr ? "" : *type, response.body.empty() ? "" : "application/json");
    if (response.status >= 300 || recorded_body.empty()) return;
    const json ours = json::parse(response.body);
    expect_same_shape(json::parse(recorded_body), ours, where);
    learn(json::parse(recorded_body), ours);
  }

 private:
  HttpRequest make_request(const json& recorded) {
    HttpRequest request;
    request.method = recorded.at("method");
    request.target = recorded.at("path");
    request.body = recorded.at("body");
    request.remote_address = "127.0.0.1";
    for (const json& header : recorded.at("headers")) {
      std::string value = header.at(1);
      for (const auto& [theirs, ours] : tokens_) {
        if (value == "Bearer " + theirs) value = "Bearer " + ours;
      }
      request.headers.push_back({header.at(0), std::move(value)});
    }
    return request;
  }

  /// Brings about what the scripted server only claimed.
  void prepare(const json& line, const std::string& path) {
    const std::string scenario = line.at("scenario");
    const int status = line.at("response").at("status");
    // A refused access token has expired; a refused refresh token was revoked. The next token is
    // newer than the last, as it is for real clients.
    app_.now += status == 401 ? std::chrono::milliseconds(31min) : 1s;
    if (status == 404 && path.ends_with("/location")) app_.config.app_id = "another-app";
    if (path.find("local-userpass/login") != std::string::npos &&
        !app_.accounts.is_registered("joe@example.com")) {
      const json body = json::parse(line.at("request").at("body").get<std::string>());
      prepare_account(scenario, body.at("username"), body.at("password"));
    }
    if (status == 401 && path == "auth/session") {
      const auto transaction = app_.store.begin();
      transaction->erase_login_sessions_of(user_id_);
      transaction->commit();
    }
  }

  /// The recorded password may be shorter than ours have to be, so it goes straight to the store.
  void prepare_account(const std::string& scenario,
                       const std::string& email,
                       const std::string& password) {
    const bool is_wrong =
        scenario == "login_error_InvalidPassword" || scenario == "login_error_TooManyRequests";
    const PasswordHasher hasher(minimal_password_hash_cost());
    const auto transaction = app_.store.begin();
    transaction->put_password_credential(
        {email, hasher.hash(is_wrong ? "another password" : password), {}, std::nullopt});
    transaction->commit();

    const auto log_in = [&] {
      return app_.accounts.log_in_with_password(
          {email, password, "127.0.0.1"}, std::nullopt, app_.now);
    };
    if (scenario == "login_error_UserDisabled") {
      ASSERT_TRUE(app_.accounts.disable_user(log_in().value().user_id));
    }
    if (scenario == "login_error_TooManyRequests") {
      for (int i = 0; i < 4; ++i) ASSERT_FALSE(log_in());
    }
  }

  void learn(const json& recorded, const json& ours) {
    for (const char* key : {"access_token", "refresh_token"}) {
      if (!ours.contains(key)) continue;
      expect_token(ours.at(key));
      tokens_[recorded.at(key)] = ours.at(key);
    }
    if (ours.contains("access_token") && ours.contains("user_id")) {
      user_id_ = UserId{*parse_object_id(ours.at("user_id").get<std::string>())};
    }
  }

  test::AppServicesFixture app_;
  std::map<std::string, std::string> tokens_;  ///< Recorded to ours.
  UserId user_id_;                             ///< Of the latest login.
};

TEST(AppServicesReplay, OurAnswersLetTheRecordedClientsGoOn) {
  std::map<std::string, Replay> replays;
  std::size_t request_count = 0;

  for (const json& line :
       test::read_json_lines(std::string(TOMBOLO_TEST_DATA) + "/app_services/http.jsonl")) {
    const std::string scenario = line.at("scenario");
    if (!kScenarios.contains(scenario) || line.contains("client_only")) continue;
    ASSERT_NO_FATAL_FAILURE(replays[scenario].play(line)) << line.dump();
    ++request_count;
  }

  EXPECT_EQ(replays.size(), kScenarios.size());
  EXPECT_EQ(request_count, 81U);
}

}  // namespace
}  // namespace tombolo::server
