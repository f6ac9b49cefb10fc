#include "client/app_services_client.h"

#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "test/support/data_file.h"

namespace tombolo::client {
namespace {

using namespace std::chrono_literals;
using net::HttpResponse;
using nlohmann::json;

constexpr WallTime kNow{std::chrono::seconds(1'700'000'000)};

AppServicesClientOptions make_options(std::string base_url = "http://127.0.0.1:9090/") {
  AppServicesClientOptions options;
  options.app_id = "my-app-abcde";
  options.base_url = std::move(base_url);
  // The description that the recorded client gave of itself.
  options.device = {"Linux",
                    "1.0 (platform version)",
                    "sdk-name",
                    "12.0.0",
                    "x86_64",
                    "device name",
                    "device version",
                    "framework name",
                    "framework version",
                    "14.14.0",
                    "bundle id"};
  return options;
}

HttpResponse json_answer(unsigned status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

std::string make_token(const std::string& claims) {
  return to_base64url(as_bytes("{}")) + "." + to_base64url(as_bytes(claims)) + ".c2ln";
}

/// "4349 InvalidPassword"; "" for a success.
std::string error_of(const Result<ServiceOutcome>& outcome) {
  if (outcome) return "";
  const auto& foreign = outcome.error().foreign();
  return std::to_string(foreign->number) + " " + foreign->call;
}

// ---- Recorded clients
// ----------------------------------------------------------------------------

/// A task that the recorded client was set, by the first words of its recorded result.
using Begin = ServiceOperation (*)(AppServicesClient& client,
                                   const UserTokens& tokens,
                                   const json& last_body);
const std::map<std::string, Begin> kTasks{
    {"login anonymous",
     [](AppServicesClient& client, const UserTokens&, const json&) {
       return client.log_in(Credentials::anonymous());
     }},
    {"login email/password",
     [](AppServicesClient& client, const UserTokens&, const json& body) {
       return client.log_in(Credentials::email_password(body.at("username"), body.at("password")));
     }},
    {"link user",
     [](AppServicesClient& client, const UserTokens& tokens, const json& body) {
       return client.link(tokens,
                          Credentials::email_password(body.at("username"), body.at("password")));
     }},
    {"register email",
     [](AppServicesClient& client, const UserTokens&, const json& body) {
       return client.register_email(body.at("email"), body.at("password"));
     }},
    {"refresh custom data",
     [](AppServicesClient& client, const UserTokens& tokens, const json&) {
       return client.refresh(tokens);
     }},
    {"log out",
     [](AppServicesClient& client, const UserTokens& tokens, const json&) {
       return client.log_out(tokens);
     }},
    {"remove user",
     [](AppServicesClient& client, const UserTokens& tokens, const json&) {
       return client.log_out(tokens);
     }},
    {"delete user",
     [](AppServicesClient& client, const UserTokens& tokens, const json&) {
       return client.delete_user(tokens);
     }},
};

/// Sets our client the recorded tasks: it has to send what the recorded client sent, and to make of
/// the answers what the recorded client made of them.
class Retold {
 public:
  explicit Retold(const std::string& host) : client_(make_options("http://" + host)) {}

  /// `lines` are the exchanges of one task; the last one holds its result.
  void tell(const std::vector<json>& lines) {
    const std::string result = lines.back().at("client_result");
    ServiceOperation operation =
        kTasks.at(result.substr(0, result.find(':')))(client_, tokens_, body_of(lines));
    for (const json& line : lines) {
      const auto call = operation.next_call();
      ASSERT_TRUE(call) << line.dump();
      expect_same_request(line.at("request"), *call);
      operation.receive(read_answer(line.at("response")));
    }
    ASSERT_FALSE(operation.next_call()) << lines.back().dump();
    const auto outcome = operation.take_outcome();
    expect_same_result(result, outcome);
    if (!outcome) return;
    if (outcome->login) tokens_ = outcome->login->tokens;
    if (outcome->access_token) tokens_.access_token = *outcome->access_token;
  }

 private:
  /// What the task was given, as far as the requests tell.
  static json body_of(const std::vector<json>& lines) {
    for (const json& line : lines) {
      const std::string body = line.at("request").at("body");
      if (!body.empty()) return json::parse(body);
    }
    return json::object();
  }

  static HttpResponse read_answer(const json& recorded) {
    HttpResponse response{recorded.at("status"), {}, recorded.at("body")};
    for (const auto& [name, value] : recorded.at("headers").items()) {
      response.headers.push_back({name, value});
    }
    return response;
  }

  static void expect_same_request(const json& recorded, const net::HttpCall& call) {
    EXPECT_EQ(call.method, recorded.at("method"));
    std::string host;
    std::map<std::string, std::string> recorded_headers;
    for (const json& header : recorded.at("headers")) {
      // These two are the transport's.
      if (header.at(0) == "Host") {
        host = header.at(1);
      } else if (header.at(0) != "Content-Length") {
        recorded_headers[header.at(0)] = header.at(1);
      }
    }
    EXPECT_EQ(call.url, "http://" + host + recorded.at("path").get<std::string>());
    std::map<std::string, std::string> headers;
    for (const net::HttpHeader& header : call.headers) headers[header.name] = header.value;
    EXPECT_EQ(headers, recorded_headers);
    EXPECT_EQ(call.timeout, std::chrono::milliseconds(recorded.at("timeout_ms").get<int>()));
    const std::string body = recorded.at("body");
    EXPECT_EQ(call.body.empty(), body.empty());
    if (!body.empty()) {
      EXPECT_EQ(json::parse(call.body), json::parse(body));
    }
  }

  /// "task: ok user_id=... device_id=... anonymous=0 identities=..." or "task: error 4349 Name:
  /// ..."
  static void expect_same_result(const std::string& recorded,
                                 const Result<ServiceOutcome>& outcome) {
    const std::string text = recorded.substr(recorded.find(": ") + 2);
    if (!outcome) {
      const Error& error = outcome.error();
      // An error whose name the client does not know is called AppServerError there, and keeps the
      // name beside.
      const std::size_t own_name = recorded.find("server_error=");
      std::string expected = text.substr(6, text.find(':') - 6);
      if (expected == "4355 AppServerError") {
        expected =
            "4355 " + recorded.substr(own_name + 13, recorded.find(' ', own_name) - own_name - 13);
      }
      EXPECT_EQ(error_of(outcome), expected) << recorded;
      // Service errors speak with the server's words.
      if (own_name != std::string::npos) {
        EXPECT_NE(recorded.find(": " + error.message() + " "), std::string::npos) << recorded;
      }
      return;
    }
    ASSERT_TRUE(text.starts_with("ok")) << recorded;
    if (outcome->login) {
      EXPECT_NE(text.find("user_id=" + outcome->login->user_id), std::string::npos) << recorded;
      EXPECT_NE(text.find("device_id=" + outcome->login->device_id), std::string::npos);
    }
    if (outcome->profile) {
      const bool anonymous = text.find("anonymous=1") != std::string::npos;
      EXPECT_EQ(outcome->profile->is_anonymous(), anonymous) << recorded;
      for (const UserIdentity& identity : outcome->profile->identities) {
        EXPECT_NE(text.find(identity.provider_type + "/" + identity.id), std::string::npos);
      }
    }
  }

  AppServicesClient client_;
  UserTokens tokens_;
};

TEST(AppServicesClient, DoesWhatTheRecordedClientDid) {
  std::map<std::string, std::optional<Retold>> clients;
  std::map<std::string, std::vector<json>> pending;
  std::map<std::string, std::size_t> told;

  for (const json& line :
       test::read_json_lines(std::string(TOMBOLO_TEST_DATA) + "/app_services/http.jsonl")) {
    const std::string scenario = line.at("scenario");
    std::optional<Retold>& client = clients[scenario];
    if (line.contains("client_only")) {
      if (line.at("client_only") == "app object destroyed") client.reset();
      continue;
    }
    if (!client) client.emplace(line.at("request").at("headers").at(0).at(1).get<std::string>());
    std::vector<json>& lines = pending[scenario];
    lines.push_back(line);
    if (line.at("client_result").is_null()) continue;
    const std::string result = line.at("client_result");
    const std::string task = result.substr(0, result.find(':'));
    if (kTasks.contains(task)) {
      ASSERT_NO_FATAL_FAILURE(client->tell(lines)) << scenario;
      ++told[task];
    }
    lines.clear();
  }

  EXPECT_EQ(told,
            (std::map<std::string, std::size_t>{{"delete user", 1},
                                                {"link user", 1},
                                                {"log out", 2},
                                                {"login anonymous", 33},
                                                {"login email/password", 21},
                                                {"refresh custom data", 2},
                                                {"register email", 1},
                                                {"remove user", 1}}));
}

// ---- Refreshing
// ----------------------------------------------------------------------------------

/// A client that knows its location, and a user's operation.
struct Located {
  Located() {
    ServiceOperation locate = client.locate();
    static_cast<void>(locate.next_call());
    locate.receive(json_answer(200, R"({"hostname":"http://a","ws_hostname":"ws://a"})"));
    EXPECT_TRUE(locate.take_outcome());
  }

  AppServicesClient client{make_options()};
  UserTokens tokens{make_token(R"({"n":1})"), make_token(R"({"n":2})")};
};

TEST(AppServicesClient, RenewsARefusedAccessTokenOnceAndRepeatsTheRequest) {
  Located app;
  const std::string renewed = make_token(R"({"n":3})");
  ServiceOperation operation = app.client.get_profile(app.tokens);
  operation.receive(json_answer(401, R"({"error":"expired","error_code":"InvalidSession"})"));

  const auto refresh = operation.next_call();
  operation.receive(json_answer(201, R"({"access_token":")" + renewed + R"("})"));
  const auto repeated = operation.next_call();
  operation.receive(json_answer(401, R"({"error":"again","error_code":"InvalidSession"})"));

  EXPECT_EQ(refresh->method + " " + refresh->url, "POST http://a/api/client/v2.0/auth/session");
  EXPECT_EQ(*net::find_header(refresh->headers, "Authorization"),
            "Bearer " + app.tokens.refresh_token);
  EXPECT_EQ(*net::find_header(repeated->headers, "Authorization"), "Bearer " + renewed);
  const auto outcome = operation.take_outcome();
  EXPECT_EQ(error_of(outcome), "4301 InvalidSession");
  EXPECT_EQ(outcome.error().message(), "again");
}

TEST(AppServicesClient, ARefusedRefreshLeavesTheErrorOfTheRequestItself) {
  Located app;
  ServiceOperation operation = app.client.delete_user(app.tokens);
  operation.receive(json_answer(401, R"({"error":"first","error_code":"InvalidSession"})"));

  operation.receive(json_answer(401, R"({"error":"second","error_code":"InvalidSession"})"));

  EXPECT_EQ(operation.take_outcome().error().message(), "first");
}

TEST(AppServicesClient, AFailedRefreshIsTheErrorOfTheRequest) {
  Located app;
  ServiceOperation operation = app.client.delete_user(app.tokens);
  operation.receive(json_answer(401, R"({"error":"first","error_code":"InvalidSession"})"));

  operation.receive(HttpResponse{500, {}, "oops"});

  const auto outcome = operation.take_outcome();
  EXPECT_EQ(error_of(outcome), "4309 HTTPError");
  EXPECT_EQ(outcome.error().message(), "HTTP status 500: oops");
}

TEST(AppServicesClient, ARefusedLinkIsNotRepeated) {
  Located app;
  ServiceOperation operation =
      app.client.link(app.tokens, Credentials::email_password("joe", "secret1"));

  operation.receive(json_answer(401, R"({"error":"no","error_code":"AuthError"})"));

  EXPECT_EQ(error_of(operation.take_outcome()), "4346 AuthError");
}

TEST(AppServicesClient, ATransportErrorEndsTheOperationAsItCame) {
  AppServicesClient client(make_options());
  ServiceOperation operation = client.log_in(Credentials::anonymous());

  operation.receive(Error(ErrorCode::kNetwork, "refused", {"asio", 111, "connect"}));

  EXPECT_EQ(error_of(operation.take_outcome()), "111 connect");
  EXPECT_FALSE(client.location());
}

// ---- Reading answers
// -----------------------------------------------------------------------------

TEST(AppServicesClient, AnswersThatAreNotWhatTheyShouldBeAreErrors) {
  for (const std::string& body : {std::string(),
                                  std::string("{"),
                                  std::string("[]"),
                                  std::string("null"),
                                  std::string(100'000, '['),
                                  std::string("{\"hostname\":5,\"ws_hostname\":\"ws://a\"}"),
                                  std::string("{\"hostname\":\"http://a\"}"),
                                  std::string("{\"hostname\":\"\xff\",\"ws_hostname\":\"\"}")}) {
    AppServicesClient client(make_options());
    ServiceOperation operation = client.log_in(Credentials::anonymous());

    operation.receive(json_answer(200, body));

    const std::string error = error_of(operation.take_outcome());
    EXPECT_TRUE(error.starts_with("420")) << error;
    EXPECT_FALSE(client.location());
  }
}

TEST(AppServicesClient, AnErrorTextIsAnErrorWhateverTheStatus) {
  const auto error = find_service_error(json_answer(200, R"({"error":"trap"})"));

  ASSERT_TRUE(error);
  EXPECT_EQ(error->foreign()->call, "AppUnknownError");
  EXPECT_FALSE(find_service_error(json_answer(200, R"({"error":7,"error_code":""})")));
  EXPECT_FALSE(find_service_error(HttpResponse{204, {}, ""}));
}

TEST(AppServicesClient, NamesOfTheClientsOwnErrorsAreNotTakenFromTheServer) {
  const auto error =
      find_service_error(json_answer(400, R"({"error":"x","error_code":"MissingJsonKey"})"));

  ASSERT_TRUE(error);
  EXPECT_EQ(error->foreign()->number, 4355);
  EXPECT_EQ(error->foreign()->call, "MissingJsonKey");
}

TEST(AppServicesClient, ReadsTimesAndUserDataFromTokens) {
  const auto content =
      parse_token(make_token(R"({"iat":1700000000,"exp":1700001800,"user_data":{"team":"red"}})"));

  ASSERT_TRUE(content);
  EXPECT_EQ(content->issued_at, kNow);
  EXPECT_EQ(content->expires_at, kNow + 30min);
  EXPECT_EQ(content->user_data, R"({"team":"red"})");
  EXPECT_FALSE(parse_token(make_token(R"({"exp":1.5})"))->expires_at);
  EXPECT_FALSE(parse_token(make_token(R"({"exp":9223372036854775807})"))->expires_at);
  for (const char* text : {"",
                           "abc",
                           "..",
                           "a.b",
                           "a.e30.",
                           "a.e30.x.y",
                           "a.!.c",
                           "a.W10.c",
                           "a\r\nb.e30.c",
                           "a.e30.c d"}) {
    EXPECT_FALSE(parse_token(text)) << text;
  }
}

TEST(AppServicesClient, ATokenIsDueForRenewalFiveSecondsPastItsTime) {
  const std::string token = make_token(R"({"exp":1700000000})");

  EXPECT_FALSE(needs_refresh(token, kNow + 5s));
  EXPECT_TRUE(needs_refresh(token, kNow + 5s + 1ms));
  EXPECT_FALSE(needs_refresh(make_token("{}"), kNow + 1000h));
  EXPECT_TRUE(needs_refresh("broken", kNow));
}

TEST(AppServicesClient, TheSyncUrlComesFromTheBestSourceThereIs) {
  AppServicesClient client(make_options("https://base:1//"));
  const auto locate = [&](const std::string& body) {
    ServiceOperation operation = client.locate();
    operation.receive(json_answer(200, body));
    EXPECT_TRUE(operation.take_outcome());
    return client.sync_url();
  };

  EXPECT_EQ(client.sync_url(), "wss://base:1/api/client/v2.0/app/my-app-abcde/realm-sync");
  EXPECT_EQ(locate(R"({"hostname":"https://a","ws_hostname":"wss://b"})"),
            "wss://b/api/client/v2.0/app/my-app-abcde/realm-sync");
  EXPECT_EQ(locate(R"({"hostname":"https://a","ws_hostname":"wss://b","sync_route":"wss://c/d"})"),
            "wss://c/d");
}

}  // namespace
}  // namespace tombolo::client
