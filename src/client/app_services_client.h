#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/http_client.h"
#include "net/http_message.h"

namespace tombolo::client {

/// What a login says about the device it comes from. Empty texts are sent too, as SDKs do.
struct DeviceDescription {
  std::string platform;
  std::string platform_version;
  std::string sdk;
  std::string sdk_version;
  std::string cpu_arch;
  std::string device_name;
  std::string device_version;
  std::string framework_name;
  std::string framework_version;
  std::string core_version;
  std::string bundle_id;
};

/// How somebody logs in: the provider's name in paths, and the texts it wants to see.
struct Credentials {
  std::string provider;
  std::vector<std::pair<std::string, std::string>> fields;

  [[nodiscard]] static Credentials anonymous() { return {"anon-user", {}}; }
  [[nodiscard]] static Credentials email_password(std::string email, std::string password) {
    return {"local-userpass", {{"username", std::move(email)}, {"password", std::move(password)}}};
  }
};

/// Where an app's server is to be reached.
struct ServiceLocation {
  std::string hostname;                   ///< "https://host:port": of all later requests.
  std::string ws_hostname;                ///< "wss://host:port"
  std::optional<std::string> sync_route;  ///< The whole URL of the sync WebSocket, if told.
};

struct UserTokens {
  std::string access_token;
  std::string refresh_token;
};

struct LoginAnswer {
  UserTokens tokens;
  std::string user_id;
  std::string device_id;
};

struct UserIdentity {
  std::string id;
  std::string provider_type;

  friend bool operator==(const UserIdentity&, const UserIdentity&) = default;
};

struct UserProfile {
  std::vector<UserIdentity> identities;
  std::string data;  ///< Extended JSON object: "email", "name", ...

  /// A lone anonymous identity: such a user is logged in again without asking the server.
  [[nodiscard]] bool is_anonymous() const {
    return identities.size() == 1 && identities[0].provider_type == "anon-user";
  }
};

/// What a client reads in a token. It has no key, so it trusts what its server sent.
struct TokenContent {
  std::optional<WallTime> issued_at;
  std::optional<WallTime> expires_at;
  std::string user_data = "{}";  ///< Extended JSON object: the custom user data.
};

/// Errors:  service error BadToken: not three parts with a JSON object in the middle.
[[nodiscard]] Result<TokenContent> parse_token(std::string_view token);

/// Whether a token is due for renewal before it is used: its time is more than 5 seconds past, or
/// it is no token at all.
[[nodiscard]] bool needs_refresh(std::string_view access_token, WallTime now);

/// The service error that an answer stands for; nullopt for a success. An answer counts as JSON
/// only when its Content-Type is exactly "application/json", and a JSON answer with an "error" text
/// is an error whatever its status.
/// Source:  docs/app-services.md, "Errors".
[[nodiscard]] std::optional<Error> find_service_error(const net::HttpResponse& response);

/// What an operation brought; each operation names the members it fills.
struct ServiceOutcome {
  std::optional<LoginAnswer> login;
  std::optional<UserProfile> profile;
  /// The token was renewed on the way or on purpose; it replaces the user's old one.
  std::optional<std::string> access_token;
};

class AppServicesClient;

/// One thing asked of the App Services API, with all the requests it takes: the location before the
/// first one, a renewed token after a 401, the profile after a login.
///
///     ServiceOperation operation = client.log_in(credentials);
///     while (auto call = operation.next_call()) operation.receive(send(*call));
///     Result<ServiceOutcome> outcome = operation.take_outcome();
///
/// Thread:  that of its client, which outlives it.
/// Errors:  no answer throws: each is read with suspicion and ends as a service error
///          (protocol/app_services_error.h) or the transport's own error.
class ServiceOperation {
 public:
  using Answer = std::variant<net::HttpResponse, Error>;

  /// The request to send next; nullopt when the operation is done. To be answered by `receive()`
  /// before the next call.
  [[nodiscard]] std::optional<net::HttpCall> next_call() const;
  void receive(const Answer& answer);
  /// Requires that the operation is done (asserted).
  [[nodiscard]] Result<ServiceOutcome> take_outcome();

 private:
  friend class AppServicesClient;

  enum class Step : std::uint8_t { kLocation, kRequest, kRefresh, kProfile, kDone };
  enum class TokenUse : std::uint8_t { kNone, kAccess, kRefresh };
  /// What the answer to the request itself is.
  enum class Reading : std::uint8_t { kNothing, kLogin, kLink, kProfile, kAccessToken, kLocation };

  struct Request {
    std::string method;
    std::string path;  ///< Behind ".../api/client/v2.0/".
    TokenUse token_use = TokenUse::kNone;
    Reading reading = Reading::kNothing;
    std::string body;
  };

  ServiceOperation(AppServicesClient& client, Request request, std::optional<UserTokens> tokens);

  [[nodiscard]] net::HttpCall make_call(const Request& request) const;
  [[nodiscard]] bool may_retry(const net::HttpResponse& response) const;
  void receive_location(const net::HttpResponse& response);
  void receive_refresh(const net::HttpResponse& response);
  void receive_answer(const net::HttpResponse& response);
  [[nodiscard]] Result<Step> read_answer(Reading reading, const net::HttpResponse& response);
  void finish(Error error);

  AppServicesClient* client_;
  Request request_;
  std::optional<UserTokens> tokens_;
  Step step_;
  Step step_after_refresh_ = Step::kRequest;
  bool refreshed_ = false;
  std::optional<Error> unauthorized_;  ///< The error that led to the refresh under way.
  ServiceOutcome outcome_;
  std::optional<Error> error_;
};

struct AppServicesClientOptions {
  std::string app_id;
  std::string base_url;  ///< "https://host:port"; trailing slashes do not count.
  DeviceDescription device;
  Duration request_timeout = std::chrono::seconds(60);
};

/// The client's half of the App Services API of one app, without sockets: it says what to send and
/// reads what comes back.
///
/// Thread:  one strand owns it and its operations; no call blocks.
/// Source:  docs/app-services.md.
class AppServicesClient {
 public:
  explicit AppServicesClient(AppServicesClientOptions options);

  [[nodiscard]] ServiceOperation log_in(const Credentials& credentials);  ///< Login and profile.
  /// Adds an identity to a logged in user: profile, and an access token that replaces the old one.
  [[nodiscard]] ServiceOperation link(const UserTokens& tokens, const Credentials& credentials);
  [[nodiscard]] ServiceOperation register_email(const std::string& email,
                                                const std::string& password);
  [[nodiscard]] ServiceOperation get_profile(const UserTokens& tokens);  ///< Profile.
  [[nodiscard]] ServiceOperation refresh(const UserTokens& tokens);      ///< Access token.
  [[nodiscard]] ServiceOperation log_out(const UserTokens& tokens);
  [[nodiscard]] ServiceOperation delete_user(const UserTokens& tokens);
  /// Asks for the location anew; until the answer the old one holds.
  [[nodiscard]] ServiceOperation locate();

  [[nodiscard]] const std::optional<ServiceLocation>& location() const noexcept {
    return location_;
  }
  /// The URL of the sync WebSocket, from the base URL as long as the location is not known.
  [[nodiscard]] std::string sync_url() const;

 private:
  friend class ServiceOperation;

  [[nodiscard]] std::string app_path(std::string_view rest) const;
  [[nodiscard]] std::string login_body(const Credentials& credentials) const;

  AppServicesClientOptions options_;
  std::optional<ServiceLocation> location_;
};

}  // namespace tombolo::client
