#include "server/app_services_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "test/support/app_services_fixture.h"

namespace tombolo::server {
namespace {

using namespace std::chrono_literals;
using net::HttpRequest;
using net::HttpResponse;
using nlohmann::json;
using test::AppServicesFixture;

constexpr const char* kRegister = "app/my-app-abcde/auth/providers/local-userpass/register";
constexpr const char* kLogIn = "app/my-app-abcde/auth/providers/local-userpass/login";
constexpr const char* kLogInAnonymously = "app/my-app-abcde/auth/providers/anon-user/login";
constexpr const char* kJoe = R"({"email":"joe@example.com","password":"secret1"})";
constexpr const char* kJoeLogin = R"({"username":"joe@example.com","password":"secret1"})";

/// "status error_code" of a failure, "status" of a success; checks what holds for every answer.
std::string outcome(const HttpResponse& response) {
  EXPECT_NE(net::find_header(response.headers, "X-Appservices-Request-Id"), nullptr);
  const std::string* const type = net::find_header(response.headers, "Content-Type");
  if (response.body.empty()) {
    EXPECT_EQ(type, nullptr);
    return std::to_string(response.status);
  }
  EXPECT_EQ(*type, "application/json");
  const json body = json::parse(response.body);
  if (!body.contains("error")) return std::to_string(response.status);
  EXPECT_TRUE(body.at("error").is_string());
  return std::to_string(response.status) + " " + body.at("error_code").get<std::string>();
}

std::string error_text(const HttpResponse& response) {
  return json::parse(response.body).at("error").get<std::string>();
}

json log_in(AppServicesFixture& app) {
  EXPECT_EQ(outcome(app.send("POST", kRegister, kJoe)), "201");
  const HttpResponse response = app.send("POST", kLogIn, kJoeLogin);
  EXPECT_EQ(outcome(response), "200");
  return json::parse(response.body);
}

TEST(AppServicesApi, LocationNamesTheHostThatTheClientCameThrough) {
  AppServicesFixture app;
  const auto location = [&](net::HttpHeaders headers, bool is_tls) {
    HttpRequest request{"GET", "/api/client/v2.0/app/my-app-abcde/location", std::move(headers)};
    request.is_tls = is_tls;
    const json body = json::parse(app.api.handle(request, app.now).body);
    return body.value("hostname", "") + " " + body.value("ws_hostname", "");
  };

  EXPECT_EQ(location({{"Host", "127.0.0.1:9090"}}, false),
            "http://127.0.0.1:9090 ws://127.0.0.1:9090");
  EXPECT_EQ(location({{"host", "[::1]:9090"}}, true), "https://[::1]:9090 wss://[::1]:9090");
  EXPECT_EQ(location({{"Host", "sync.example.com"}, {"X-Forwarded-Proto", "https"}}, false),
            "https://sync.example.com wss://sync.example.com");
  EXPECT_EQ(location({{"Host", "a.example"}, {"X-Forwarded-Proto", "javascript"}}, false),
            "http://a.example ws://a.example");

  app.config.public_url = "https://sync.example.com:444";
  EXPECT_EQ(location({{"Host", "10.0.0.7"}}, false),
            "https://sync.example.com:444 wss://sync.example.com:444");
}

TEST(AppServicesApi, LocationWithoutAUsableHostIsABadRequest) {
  AppServicesFixture app;
  for (const net::HttpHeaders& headers :
       {net::HttpHeaders{},
        net::HttpHeaders{{"Host", ""}},
        net::HttpHeaders{{"Host", "a b"}},
        net::HttpHeaders{{"Host", "evil.example/path?\"<script>"}},
        net::HttpHeaders{{"Host", std::string(300, 'h')}}}) {
    const HttpRequest request{"GET", "/api/client/v2.0/app/my-app-abcde/location", headers};

    EXPECT_EQ(outcome(app.api.handle(request, app.now)), "400 BadRequest");
  }
}

TEST(AppServicesApi, UnknownAppsAreNamedInTheAnswer) {
  AppServicesFixture app;

  const HttpResponse location = app.send("GET", "app/other-abcde/location");
  const HttpResponse login = app.send("POST", "app/other-abcde/auth/providers/anon-user/login");

  EXPECT_EQ(outcome(location), "404 AppNotFound");
  EXPECT_EQ(error_text(location), "cannot find app using Client App ID 'other-abcde'");
  EXPECT_EQ(outcome(login), "404 AppNotFound");
  EXPECT_EQ(outcome(app.send("GET", "app/\xff\xfe\"/location")), "404 AppNotFound");
}

TEST(AppServicesApi, PathsOutsideTheTableAreNotFoundHoweverTheyAreSpelled) {
  AppServicesFixture app;
  const json login = log_in(app);
  const std::string token = login.at("access_token");

  for (const char* target : {"",
                             "/",
                             "*",
                             "/api/client/v2.0",
                             "/api/client/v2.0/",
                             "/api/client/v2.0/auth/profile/",
                             "/api/client/v2.0//auth/profile",
                             "/api/client/v2.0/auth//profile",
                             "/api/client/v2.0/auth/./profile",
                             "/api/client/v2.0/app/../auth/profile",
                             "/api/client/v2.0/auth/%70rofile",
                             "/api/client/v2.0/AUTH/PROFILE",
                             "/API/client/v2.0/auth/profile",
                             "/api/client/v3.0/auth/profile",
                             "/api/client/v2.0/auth/profile;x",
                             "/api/client/v2.0/auth",
                             "http://127.0.0.1/api/client/v2.0/auth/profile"}) {
    HttpRequest request{"GET", target, {{"Authorization", "Bearer " + token}}};
    EXPECT_EQ(outcome(app.api.handle(request, app.now)), "404 RouteNotFound") << target;
  }
  EXPECT_EQ(outcome(app.send("POST", "auth/profile", "", token)), "404 RouteNotFound");
  EXPECT_EQ(outcome(app.send("get", "auth/profile", "", token)), "404 RouteNotFound");
  EXPECT_EQ(outcome(app.send("GET", "auth/profile?x=/../..", "", token)), "200");
}

TEST(AppServicesApi, ALoginAnswersWhatClientsNeed) {
  AppServicesFixture app;

  const json login = log_in(app);

  EXPECT_EQ(login.size(), 4U);
  for (const char* key : {"access_token", "refresh_token", "user_id", "device_id"}) {
    EXPECT_TRUE(login.at(key).is_string()) << key;
  }
  EXPECT_EQ(login.at("user_id").get<std::string>().size(), 24U);
  EXPECT_NE(login.at("device_id"), "000000000000000000000000");
}

TEST(AppServicesApi, AProfileListsIdentitiesAndTheEmail) {
  AppServicesFixture app;
  const json login = log_in(app);

  const HttpResponse response =
      app.send("GET", "auth/profile", "", login.at("access_token").get<std::string>());

  ASSERT_EQ(outcome(response), "200");
  const json profile = json::parse(response.body);
  EXPECT_EQ(profile.at("user_id"), login.at("user_id"));
  EXPECT_EQ(profile.at("type"), "normal");
  EXPECT_EQ(profile.at("data"), (json{{"email", "joe@example.com"}}));
  EXPECT_EQ(profile.at("identities").size(), 1U);
  EXPECT_EQ(profile.at("identities").at(0).at("provider_type"), "local-userpass");
  EXPECT_TRUE(profile.at("identities").at(0).at("id").is_string());
}

TEST(AppServicesApi, LoginBodiesMayHoldMoreOrLessThanSdksSend) {
  AppServicesFixture app;
  log_in(app);

  for (
      const char* body :
      {R"({"username":"joe@example.com","password":"secret1","more":[1,{"x":null}]})",
       R"({"username":"joe@example.com","password":"secret1","options":null})",
       R"({"username":"joe@example.com","password":"secret1","options":[0]})",
       R"({"username":"joe@example.com","password":"secret1","options":{"device":7}})",
       R"({"username":"joe@example.com","password":"secret1","options":{"device":{"deviceId":{"$oid":5}}}})",
       R"({"username":"joe@example.com","password":"secret1","options":{"device":{"deviceId":"zz"}}})"}) {
    EXPECT_EQ(outcome(app.send("POST", kLogIn, body)), "200") << body;
  }
  EXPECT_EQ(outcome(app.send("POST", kLogInAnonymously)), "200");
}

TEST(AppServicesApi, AKnownDeviceIsRecognisedInBothSpellings) {
  AppServicesFixture app;
  const json login = log_in(app);
  const std::string device = login.at("device_id");
  const auto device_after = [&](const json& device_id) {
    const json body{{"username", "joe@example.com"},
                    {"password", "secret1"},
                    {"options", {{"device", {{"deviceId", device_id}}}}}};
    return json::parse(app.send("POST", kLogIn, body.dump()).body).at("device_id");
  };

  EXPECT_EQ(device_after(device), device);
  EXPECT_EQ(device_after({{"$oid", device}}), device);
  EXPECT_NE(device_after("64a000000000000000000001"), device);
}

TEST(AppServicesApi, BodiesThatAreNotWhatARouteTakesAreRefused) {
  AppServicesFixture app;
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += "[";
  std::string deep_object = R"({"username":)";
  for (int i = 0; i < 40; ++i) deep_object += R"({"a":)";
  deep_object += "1" + std::string(41, '}');

  for (const std::string& body : {std::string("{"),
                                  std::string("null"),
                                  std::string("[]"),
                                  std::string("\"text\""),
                                  std::string("{} {}"),
                                  std::string("\0", 1),
                                  std::string("{\"username\":\"\xff\"}"),
                                  deep,
                                  deep_object}) {
    EXPECT_EQ(outcome(app.send("POST", kLogIn, body)), "400 BadRequest") << body.substr(0, 40);
    EXPECT_EQ(outcome(app.send("POST", kRegister, body)), "400 BadRequest") << body.substr(0, 40);
  }
  EXPECT_EQ(outcome(app.send("POST", kLogIn, "")), "400 MissingParameter");
  EXPECT_EQ(outcome(app.send("POST", kLogIn, R"({"username":"joe"})")), "400 MissingParameter");
  EXPECT_EQ(outcome(app.send("POST", kLogIn, R"({"username":5,"password":"x"})")),
            "400 InvalidParameter");
  EXPECT_EQ(outcome(app.send("POST", kRegister, R"({"email":"joe","password":null})")),
            "400 InvalidParameter");
  EXPECT_EQ(outcome(app.send("POST", kLogIn, std::string(kApiBodyBytesMax + 1, ' '))),
            "413 PayloadTooLarge");
}

TEST(AppServicesApi, RegisteringSaysWhatIsWrongInTheWordsThatClientsKnow) {
  AppServicesFixture app;
  log_in(app);

  const HttpResponse taken = app.send("POST", kRegister, kJoe);
  const HttpResponse weak = app.send("POST", kRegister, R"({"email":"ann","password":"12345"})");

  EXPECT_EQ(outcome(taken), "409 AccountNameInUse");
  EXPECT_EQ(error_text(taken), "name already in use");
  EXPECT_TRUE(
      json::parse(taken.body).at("link").get<std::string>().starts_with("http://127.0.0.1:9090/"));
  EXPECT_EQ(outcome(weak), "400 BadRequest");
  EXPECT_EQ(error_text(weak), "password must be between 6 and 128 characters");
}

TEST(AppServicesApi, EmailRoutesThatNeedMailSaySo) {
  AppServicesFixture app;
  log_in(app);
  const std::string provider = "app/my-app-abcde/auth/providers/local-userpass/";
  const std::string joe = R"({"email":"joe@example.com"})";
  const std::string ann = R"({"email":"ann@example.com"})";
  const auto text = [&](const std::string& route, const std::string& body) {
    const HttpResponse response = app.send("POST", provider + route, body);
    return outcome(response) + ": " + error_text(response);
  };

  const std::string token = R"({"token":"t","tokenId":"i","password":"secret2"})";
  EXPECT_EQ(text("confirm", token), "400 BadRequest: invalid token data");
  EXPECT_EQ(text("reset", token), "400 BadRequest: invalid token data");
  EXPECT_EQ(text("confirm/send", joe), "400 UserAlreadyConfirmed: already confirmed");
  EXPECT_EQ(text("confirm/send", ann), "404 UserNotFound: user not found");
  EXPECT_EQ(text("confirm/call", joe),
            "400 BadRequest: cannot run confirmation for joe@example.com: automatic confirmation "
            "is enabled");
  EXPECT_EQ(text("reset/send", joe), "400 BadRequest: error processing request");
  EXPECT_EQ(text("reset/call", joe),
            "400 BadRequest: failed to reset password for user \"joe@example.com\"");
  EXPECT_EQ(text("reset/call", ann), "404 UserNotFound: user not found");
}

TEST(AppServicesApi, ProvidersThatAreOffOrUnknownAreUnsupported) {
  AppServicesFixture app;
  app.config.anonymous_enabled = false;
  app.config.email_password_enabled = false;

  const HttpResponse anonymous = app.send("POST", kLogInAnonymously, "{}");

  EXPECT_EQ(outcome(anonymous), "404 AuthProviderNotFound");
  EXPECT_EQ(error_text(anonymous), "authentication via 'anon-user' is unsupported");
  EXPECT_EQ(outcome(app.send("POST", kLogIn, kJoeLogin)), "404 AuthProviderNotFound");
  EXPECT_EQ(outcome(app.send("POST", kRegister, kJoe)), "404 AuthProviderNotFound");
  EXPECT_EQ(outcome(app.send("POST", "app/my-app-abcde/auth/providers/api-key/login", "{}")),
            "404 AuthProviderNotFound");
}

TEST(AppServicesApi, ARefreshGivesOnlyANewAccessToken) {
  AppServicesFixture app;
  const json login = log_in(app);
  const std::string refresh_token = login.at("refresh_token");
  app.now += 31min;
  const std::string old_token = login.at("access_token");
  const HttpResponse expired = app.send("GET", "auth/profile", "", old_token);

  const HttpResponse refreshed = app.send("POST", "auth/session", "", refresh_token);

  EXPECT_EQ(outcome(expired), "401 InvalidSession");
  EXPECT_EQ(error_text(expired), "invalid session: access token expired");
  ASSERT_EQ(outcome(refreshed), "201");
  const json body = json::parse(refreshed.body);
  EXPECT_EQ(body.size(), 1U);
  EXPECT_EQ(
      outcome(app.send("GET", "auth/profile", "", body.at("access_token").get<std::string>())),
      "200");
  EXPECT_EQ(outcome(app.send("POST", "auth/session", "", refresh_token)), "201");
}

TEST(AppServicesApi, LogOutRevokesTheSession) {
  AppServicesFixture app;
  const std::string refresh_token = log_in(app).at("refresh_token");

  EXPECT_EQ(outcome(app.send("DELETE", "auth/session", "", refresh_token)), "204");

  const HttpResponse refreshed = app.send("POST", "auth/session", "", refresh_token);
  EXPECT_EQ(outcome(refreshed), "401 InvalidSession");
  EXPECT_NE(error_text(refreshed).find("failed to find refresh token"), std::string::npos);
  EXPECT_EQ(outcome(app.send("DELETE", "auth/session", "", refresh_token)), "401 InvalidSession");
}

TEST(AppServicesApi, DeletingTheAccountEndsItsSessionsAndItsLogin) {
  AppServicesFixture app;
  const json login = log_in(app);
  const std::string access_token = login.at("access_token");

  EXPECT_EQ(outcome(app.send("DELETE", "auth/delete", "", access_token)), "204");

  EXPECT_EQ(outcome(app.send("DELETE", "auth/delete", "", access_token)), "401 InvalidSession");
  EXPECT_EQ(outcome(app.send("GET", "auth/profile", "", access_token)), "401 InvalidSession");
  EXPECT_EQ(outcome(app.send("POST", kLogIn, kJoeLogin)), "401 InvalidPassword");
}

TEST(AppServicesApi, ARouteThatNeedsATokenTakesNoOther) {
  AppServicesFixture app;
  const json login = log_in(app);
  const std::string access = login.at("access_token");
  const std::string refresh = login.at("refresh_token");
  AppServicesFixture other("other-abcde");
  const json other_login =
      json::parse(other.send("POST", "app/other-abcde/auth/providers/anon-user/login", "{}").body);

  EXPECT_EQ(outcome(app.send("GET", "auth/profile")), "401 MissingAuthReq");
  EXPECT_EQ(outcome(app.send("POST", "auth/session")), "401 MissingAuthReq");
  EXPECT_EQ(outcome(app.send("GET", "auth/profile", "", refresh)), "401 InvalidSession");
  EXPECT_EQ(outcome(app.send("POST", "auth/session", "", access)), "401 InvalidSession");
  EXPECT_EQ(outcome(app.send("GET", "auth/profile", "", "broken")), "401 InvalidSession");
  EXPECT_EQ(outcome(app.send(
                "GET", "auth/profile", "", other_login.at("access_token").get<std::string>())),
            "401 InvalidSession");
  for (const std::string& header : {"Basic " + access, "bearer " + access, access, std::string()}) {
    const HttpRequest request{"GET", "/api/client/v2.0/auth/profile", {{"Authorization", header}}};
    EXPECT_EQ(outcome(app.api.handle(request, app.now)), "401 MissingAuthReq") << header;
  }
}

TEST(AppServicesApi, LinkingNeedsAnAccessTokenAndAnotherProviderThanTheAnonymousOne) {
  AppServicesFixture app;
  log_in(app);
  const json anonymous = json::parse(app.send("POST", kLogInAnonymously, "{}").body);
  const std::string token = anonymous.at("access_token");
  const std::string link = std::string(kLogIn) + "?link=true";

  EXPECT_EQ(outcome(app.send("POST", link, kJoeLogin)), "401 MissingAuthReq");
  EXPECT_EQ(outcome(app.send("POST", link, kJoeLogin, token)), "401 AuthError");
  EXPECT_EQ(outcome(app.send("POST", std::string(kLogInAnonymously) + "?link=true", "{}", token)),
            "400 BadRequest");
  EXPECT_EQ(outcome(app.send("POST", std::string(kLogIn) + "?unlink=true&link=false", kJoeLogin)),
            "200");
}

TEST(AppServicesApi, FunctionsDoNotExist) {
  AppServicesFixture app;
  const std::string token = log_in(app).at("access_token");
  const std::string call = "app/my-app-abcde/functions/call";

  const HttpResponse function = app.send("POST", call, R"({"name":"sum","arguments":[]})", token);
  const HttpResponse service =
      app.send("POST", call, R"({"name":"find","service":"mongodb-atlas","arguments":[]})", token);

  EXPECT_EQ(outcome(function), "404 FunctionNotFound");
  EXPECT_EQ(outcome(service), "404 ServiceNotFound");
  EXPECT_EQ(error_text(service), "service not found: 'mongodb-atlas'");
  EXPECT_EQ(outcome(app.send("POST", call, "{}", "broken")), "401 InvalidSession");
}

TEST(AppServicesApi, BrowsersOfPermittedOriginsMayReadAnswers) {
  AppServicesFixture app;
  const auto allowed_origin = [&](const char* method, const char* origin) {
    const HttpRequest request{method,
                              "/api/client/v2.0/app/my-app-abcde/location",
                              {{"Host", "127.0.0.1"}, {"Origin", origin}}};
    const HttpResponse response = app.api.handle(request, app.now);
    EXPECT_EQ(response.status, std::string_view(method) == "OPTIONS" ? 204U : 200U);
    const std::string* const header =
        net::find_header(response.headers, "Access-Control-Allow-Origin");
    return header == nullptr ? std::string("none") : *header;
  };

  EXPECT_EQ(allowed_origin("GET", "https://app.example"), "*");
  app.config.allowed_request_origins = {"https://app.example"};
  EXPECT_EQ(allowed_origin("OPTIONS", "https://app.example"), "https://app.example");
  EXPECT_EQ(allowed_origin("GET", "https://app.example"), "https://app.example");
  EXPECT_EQ(allowed_origin("OPTIONS", "https://evil.example"), "none");
}

/// A store whose disk has failed.
class FailingAccountStore final : public AccountStore {
 public:
  std::unique_ptr<AccountSnapshot> snapshot() override {
    throw Error(ErrorCode::kStorage, "cannot read", {"errno", EIO, "pread"});
  }
  std::unique_ptr<AccountTransaction> begin() override {
    throw Error(ErrorCode::kDiskFull, "cannot write", {"errno", ENOSPC, "pwrite"});
  }
};

TEST(AppServicesApi, AFailingStoreIsLoggedAndAnsweredWith500) {
  const AppConfig config = make_dev_app_config();
  FailingAccountStore store;
  SeededRandom random(1);
  Accounts accounts(config, SigningKey{}, minimal_password_hash_cost(), store, random);
  std::vector<std::string> lines;
  const auto logger = make_callback_logger(
      LogLevel::kError, [&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  const AppServicesApi api(config, accounts, random, *logger);

  const HttpResponse response =
      api.handle({"POST", "/api/client/v2.0/app/dev/auth/providers/anon-user/login", {}, "{}"}, {});

  EXPECT_EQ(outcome(response), "500 InternalServerError");
  EXPECT_EQ(response.body.find("write"), std::string::npos);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("pwrite: errno 28"), std::string::npos) << lines[0];
}

}  // namespace
}  // namespace tombolo::server
