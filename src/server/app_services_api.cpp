#include "server/app_services_api.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/assertion.h"
#include "protocol/app_services_error.h"
#include "protocol/json_object.h"

namespace tombolo::server {
namespace {

using net::HttpRequest;
using net::HttpResponse;
using nlohmann::json;
using protocol::make_service_error;
using protocol::ServiceErrorCode;

constexpr std::string_view kBasePath = "/api/client/v2.0/";

/// Clients compare the whole header value before they read a body as JSON: no parameter.
constexpr const char* kJsonContentType = "application/json";

// ---- One call
// ------------------------------------------------------------------------------------

/// What a handler works with.
struct Call {
  const AppConfig& config;
  Accounts& accounts;
  const HttpRequest& request;
  WallTime now;
  std::string base_url;       ///< As the client reaches us; empty when the request names no host.
  std::string_view query;     ///< Behind the '?'.
  std::string_view app_id;    ///< Captured by {app}.
  std::string_view provider;  ///< Captured by {provider}.
  std::string_view token;     ///< For routes that take one.
  std::optional<TokenClaims> claims;  ///< Of the access token, for routes that take one.
};

/// A success: an absent body is an empty answer.
struct Reply {
  unsigned status;
  std::optional<json> body;
};

// ---- Reading requests
// ----------------------------------------------------------------------------

/// The token of "Authorization: Bearer ..."; empty when there is none.
std::string_view bearer_token(const HttpRequest& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string* const header = net::find_header(request.headers, "Authorization");
  if (header == nullptr || !header->starts_with(kScheme)) return {};
  return std::string_view(*header).substr(kScheme.size());
}

/// Whether the query has the pair `key`=`value`, spelled plainly.
bool query_has(std::string_view query, std::string_view pair) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    if (query.substr(0, end) == pair) return true;
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return false;
}

/// Whether `host` can stand in a URL as host and port; what a client sends is echoed to it.
bool is_plain_host(std::string_view host) {
  constexpr std::size_t kHostBytesMax = 255 + 6;  // A DNS name, ':' and a port.
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-._:[]").find(static_cast<char>(c)) != std::string_view::npos;
  };
  return !host.empty() && host.size() <= kHostBytesMax &&
         std::all_of(host.begin(), host.end(), plain);
}

/// Scheme, host and port under which the client reached us. Behind a proxy that ends TLS the
/// scheme comes from X-Forwarded-Proto. Empty when the request names no usable host.
std::string find_base_url(const AppConfig& config, const HttpRequest& request) {
  if (config.public_url) return *config.public_url;
  const std::string* const host = net::find_header(request.headers, "Host");
  if (host == nullptr || !is_plain_host(*host)) return {};
  std::string scheme = request.is_tls ? "https" : "http";
  const std::string* const forwarded = net::find_header(request.headers, "X-Forwarded-Proto");
  if (forwarded != nullptr && (*forwarded == "https" || *forwarded == "http")) scheme = *forwarded;
  return scheme + "://" + *host;
}

/// "http" becomes "ws", and "https" "wss".
std::string web_socket_url(const std::string& base_url) {
  return "ws" + base_url.substr(4);
}

/// The JSON object in the body; an empty body counts as one without keys.
Result<json> read_body(const Call& call) {
  if (call.request.body.empty()) return json::object();
  std::optional<json> body = protocol::parse_json_object(call.request.body);
  if (!body) return make_service_error(ServiceErrorCode::kBadRequest, "body is not a JSON object");
  return *std::move(body);
}

Result<std::string> read_string(const json& body, const std::string& key) {
  const auto found = body.find(key);
  if (found == body.end()) {
    return make_service_error(ServiceErrorCode::kMissingParameter,
                              "missing parameter '" + key + "'");
  }
  if (!found->is_string()) {
    return make_service_error(ServiceErrorCode::kInvalidParameter,
                              "parameter '" + key + "' must be a string");
  }
  return found->get<std::string>();
}

/// Two strings that a body must have, for the many routes that take just those.
struct TwoStrings {
  std::string first;
  std::string second;
};
Result<TwoStrings> read_two_strings(const Call& call, const char* first, const char* second) {
  const Result<json> body = read_body(call);
  if (!body) return body.error();
  Result<std::string> first_value = read_string(*body, first);
  if (!first_value) return first_value.error();
  Result<std::string> second_value = read_string(*body, second);
  if (!second_value) return second_value.error();
  return TwoStrings{*std::move(first_value), *std::move(second_value)};
}

/// options.device.deviceId, as a string or an Extended JSON ObjectId. It is only a hint, so
/// whatever else stands there counts as absent.
std::optional<DeviceId> find_device_id(const json& body) {
  const json::json_pointer kPath("/options/device/deviceId");
  if (!body.contains(kPath)) return std::nullopt;
  const json* value = &body.at(kPath);
  if (value->is_object() && value->contains("$oid")) value = &value->at("$oid");
  if (!value->is_string()) return std::nullopt;
  const auto id = parse_object_id(value->get_ref<const std::string&>());
  if (!id) return std::nullopt;
  return DeviceId{*id};
}

// ---- Handlers
// ------------------------------------------------------------------------------------

Result<Reply> get_location(Call& call) {
  if (call.base_url.empty()) {
    return make_service_error(ServiceErrorCode::kBadRequest, "the request names no host");
  }
  return Reply{200,
               json{{"deployment_model", call.config.deployment_model},
                    {"location", call.config.location},
                    {"hostname", call.base_url},
                    {"ws_hostname", web_socket_url(call.base_url)}}};
}

json to_json(const Login& login) {
  return {{"access_token", login.access_token},
          {"refresh_token", login.refresh_token},
          {"user_id", to_string(login.user_id)},
          {"device_id", to_string(login.device_id)}};
}

/// The claims of the request's access token.
Result<TokenClaims> read_access_token(const Call& call) {
  const std::string_view token = bearer_token(call.request);
  if (token.empty()) {
    return make_service_error(ServiceErrorCode::kMissingAuthReq, "must authenticate first");
  }
  return call.accounts.verify_access_token(token, call.now);
}

Result<Reply> log_in_with_password(Call& call) {
  const Result<json> body = read_body(call);
  if (!body) return body.error();
  const Result<std::string> username = read_string(*body, "username");
  if (!username) return username.error();
  const Result<std::string> password = read_string(*body, "password");
  if (!password) return password.error();
  const PasswordAttempt attempt{*username, *password, call.request.remote_address};

  if (query_has(call.query, "link=true")) {
    const Result<TokenClaims> claims = read_access_token(call);
    if (!claims) return claims.error();
    const Result<Login> login = call.accounts.link_password(*claims, attempt, call.now);
    if (!login) return login.error();
    return Reply{200, to_json(*login)};
  }
  const Result<Login> login =
      call.accounts.log_in_with_password(attempt, find_device_id(*body), call.now);
  if (!login) return login.error();
  return Reply{200, to_json(*login)};
}

Result<Reply> log_in_anonymously(Call& call) {
  const Result<json> body = read_body(call);
  if (!body) return body.error();
  if (query_has(call.query, "link=true")) {
    return make_service_error(ServiceErrorCode::kBadRequest,
                              "an anonymous identity cannot be linked");
  }
  return Reply{200, to_json(call.accounts.log_in_anonymously(call.now))};
}

Error unsupported_provider(std::string_view provider) {
  return make_service_error(ServiceErrorCode::kAuthProviderNotFound,
                            "authentication via '" + std::string(provider) + "' is unsupported");
}

Result<Reply> log_in(Call& call) {
  if (call.config.anonymous_enabled &&
      call.provider == provider_name(IdentityProvider::kAnonymous)) {
    return log_in_anonymously(call);
  }
  if (call.config.email_password_enabled &&
      call.provider == provider_name(IdentityProvider::kEmailPassword)) {
    return log_in_with_password(call);
  }
  return unsupported_provider(call.provider);
}

Result<Reply> refresh_session(Call& call) {
  Result<std::string> token = call.accounts.refresh(call.token, call.now);
  if (!token) return token.error();
  return Reply{201, json{{"access_token", *std::move(token)}}};
}

Result<Reply> log_out(Call& call) {
  const Result<void> done = call.accounts.log_out(call.token, call.now);
  if (!done) return done.error();
  return Reply{204, std::nullopt};
}

Error user_is_gone() {
  return make_service_error(ServiceErrorCode::kInvalidSession, "invalid session: user not found");
}

Result<Reply> get_profile(Call& call) {
  const std::optional<User> user = call.accounts.find_user(call.claims->user_id);
  if (!user) return user_is_gone();
  json identities = json::array();
  json data = json::object();
  for (const Identity& identity : user->identities) {
    json& entry = identities.emplace_back(
        json{{"id", to_string(identity.id)},
             {"provider_type", provider_name(identity.provider)},
             {"provider_id", to_string(provider_id_of(call.config, identity.provider))}});
    if (identity.provider == IdentityProvider::kEmailPassword) {
      entry["provider_data"] = {{"email", identity.email}};
      data["email"] = identity.email;
    }
  }
  return Reply{200,
               json{{"user_id", to_string(user->id)},
                    {"domain_id", to_string(domain_id_of(call.config))},
                    {"type", "normal"},
                    {"identities", std::move(identities)},
                    {"data", std::move(data)},
                    {"custom_data", json::object()}}};
}

Result<Reply> delete_user(Call& call) {
  if (!call.accounts.erase_user(call.claims->user_id)) return user_is_gone();
  return Reply{204, std::nullopt};
}

// Emails are confirmed as they register and no mail is ever sent, so the routes that deal in
// confirmation and reset tokens can only say so, in the words that clients know.

Result<void> check_email_provider(const Call& call) {
  if (call.config.email_password_enabled) return {};
  return unsupported_provider(provider_name(IdentityProvider::kEmailPassword));
}

Result<Reply> register_email(Call& call) {
  const Result<void> enabled = check_email_provider(call);
  if (!enabled) return enabled.error();
  const Result<TwoStrings> account = read_two_strings(call, "email", "password");
  if (!account) return account.error();
  const Result<void> done = call.accounts.register_email(account->first, account->second, call.now);
  if (!done) return done.error();
  return Reply{201, json::object()};
}

Result<Reply> refuse_email_token(Call& call) {
  const Result<void> enabled = check_email_provider(call);
  if (!enabled) return enabled.error();
  const Result<TwoStrings> token = read_two_strings(call, "token", "tokenId");
  if (!token) return token.error();
  return make_service_error(ServiceErrorCode::kBadRequest, "invalid token data");
}

/// The email in the body, of an account that exists.
Result<std::string> read_registered_email(const Call& call) {
  const Result<void> enabled = check_email_provider(call);
  if (!enabled) return enabled.error();
  const Result<json> body = read_body(call);
  if (!body) return body.error();
  Result<std::string> email = read_string(*body, "email");
  if (email && !call.accounts.is_registered(*email)) {
    return make_service_error(ServiceErrorCode::kUserNotFound, "user not found");
  }
  return email;
}

Result<Reply> send_confirmation(Call& call) {
  const Result<std::string> email = read_registered_email(call);
  if (!email) return email.error();
  return make_service_error(ServiceErrorCode::kUserAlreadyConfirmed, "already confirmed");
}

Result<Reply> call_confirmation(Call& call) {
  const Result<std::string> email = read_registered_email(call);
  if (!email) return email.error();
  return make_service_error(
      ServiceErrorCode::kBadRequest,
      "cannot run confirmation for " + *email + ": automatic confirmation is enabled");
}

Result<Reply> send_reset(Call& call) {
  const Result<std::string> email = read_registered_email(call);
  if (!email) return email.error();
  return make_service_error(ServiceErrorCode::kBadRequest, "error processing request");
}

Result<Reply> call_reset(Call& call) {
  const Result<std::string> email = read_registered_email(call);
  if (!email) return email.error();
  return make_service_error(ServiceErrorCode::kBadRequest,
                            "failed to reset password for user \"" + *email + "\"");
}

/// There is no function engine: what is called does not exist.
Result<Reply> call_function(Call& call) {
  const Result<json> body = read_body(call);
  if (!body) return body.error();
  const Result<std::string> name = read_string(*body, "name");
  if (!name) return name.error();
  if (!body->contains("service")) {
    return make_service_error(ServiceErrorCode::kFunctionNotFound,
                              "function not found: '" + *name + "'");
  }
  const Result<std::string> service = read_string(*body, "service");
  if (!service) return service.error();
  return make_service_error(ServiceErrorCode::kServiceNotFound,
                            "service not found: '" + *service + "'");
}

// ---- Routes
// --------------------------------------------------------------------------------------

/// What a route wants in the Authorization header. Refresh tokens are verified by `Accounts`.
enum class TokenUse : std::uint8_t { kNone, kAccess, kRefresh };

struct Route {
  std::string_view method;
  std::string_view pattern;  ///< Behind the base path; {app} and {provider} capture one segment.
  TokenUse token_use;
  Result<Reply> (*handler)(Call&);
};

constexpr auto kRoutes = std::to_array<Route>({
    {"GET", "app/{app}/location", TokenUse::kNone, get_location},
    {"POST", "app/{app}/auth/providers/{provider}/login", TokenUse::kNone, log_in},
    {"POST", "auth/session", TokenUse::kRefresh, refresh_session},
    {"DELETE", "auth/session", TokenUse::kRefresh, log_out},
    {"GET", "auth/profile", TokenUse::kAccess, get_profile},
    {"DELETE", "auth/delete", TokenUse::kAccess, delete_user},
    {"POST", "app/{app}/auth/providers/local-userpass/register", TokenUse::kNone, register_email},
    {"POST",
     "app/{app}/auth/providers/local-userpass/confirm",
     TokenUse::kNone,
     refuse_email_token},
    {"POST",
     "app/{app}/auth/providers/local-userpass/confirm/send",
     TokenUse::kNone,
     send_confirmation},
    {"POST",
     "app/{app}/auth/providers/local-userpass/confirm/call",
     TokenUse::kNone,
     call_confirmation},
    {"POST", "app/{app}/auth/providers/local-userpass/reset", TokenUse::kNone, refuse_email_token},
    {"POST", "app/{app}/auth/providers/local-userpass/reset/send", TokenUse::kNone, send_reset},
    {"POST", "app/{app}/auth/providers/local-userpass/reset/call", TokenUse::kNone, call_reset},
    {"POST", "app/{app}/functions/call", TokenUse::kAccess, call_function},
});

/// Matches segment by segment and fills in what the pattern captures.
bool matches(std::string_view pattern, std::string_view path, Call& call) {
  for (;;) {
    const std::size_t pattern_end = pattern.find('/');
    const std::size_t path_end = path.find('/');
    const std::string_view expected = pattern.substr(0, pattern_end);
    const std::string_view segment = path.substr(0, path_end);
    if (expected == "{app}") {
      call.app_id = segment;
    } else if (expected == "{provider}") {
      call.provider = segment;
    } else if (expected != segment) {
      return false;
    }
    if (pattern_end == std::string_view::npos || path_end == std::string_view::npos) {
      return pattern_end == path_end;
    }
    pattern.remove_prefix(pattern_end + 1);
    path.remove_prefix(path_end + 1);
  }
}

const Route* find_route(std::string_view path, Call& call) {
  const auto found = std::find_if(kRoutes.begin(), kRoutes.end(), [&](const Route& route) {
    return route.method == call.request.method && matches(route.pattern, path, call);
  });
  return found == kRoutes.end() ? nullptr : &*found;
}

Result<Reply> answer(Call& call) {
  const std::string_view target = call.request.target;
  const std::size_t query_start = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, query_start);
  if (query_start < target.size()) call.query = target.substr(query_start + 1);

  const Route* const route =
      path.starts_with(kBasePath) ? find_route(path.substr(kBasePath.size()), call) : nullptr;
  if (route == nullptr) {
    return make_service_error(ServiceErrorCode::kRouteNotFound, "no such route");
  }
  if (route->pattern.starts_with("app/") && call.app_id != call.config.app_id) {
    return make_service_error(
        ServiceErrorCode::kAppNotFound,
        "cannot find app using Client App ID '" + std::string(call.app_id) + "'");
  }
  if (call.request.body.size() > kApiBodyBytesMax) {
    return make_service_error(ServiceErrorCode::kPayloadTooLarge, "request body is too large");
  }
  if (route->token_use == TokenUse::kAccess) {
    const Result<TokenClaims> claims = read_access_token(call);
    if (!claims) return claims.error();
    call.claims = *claims;
  }
  if (route->token_use == TokenUse::kRefresh) {
    call.token = bearer_token(call.request);
    if (call.token.empty()) {
      return make_service_error(ServiceErrorCode::kMissingAuthReq, "must authenticate first");
    }
  }
  return route->handler(call);
}

// ---- Writing answers
// -----------------------------------------------------------------------------

HttpResponse to_response(const Reply& reply) {
  HttpResponse response;
  response.status = reply.status;
  if (reply.body) {
    response.headers.push_back({"Content-Type", kJsonContentType});
    // What a client sent may be echoed and need not be UTF-8.
    response.body = reply.body->dump(-1, ' ', false, json::error_handler_t::replace);
  }
  return response;
}

HttpResponse to_response(const Error& error, const Call& call, const std::string& request_id) {
  TOMBOLO_ASSERT(error.foreign() && error.foreign()->domain == protocol::kServiceErrorDomain);
  const auto* const info = protocol::find_service_error_info(error.foreign()->call);
  TOMBOLO_ASSERT(info != nullptr && info->http_status != 0);
  json body{{"error", error.message()}, {"error_code", info->name}};
  if (!call.base_url.empty()) {
    // Clients show it and some demand it; one server has one group and one app, of the same id.
    const std::string app = to_string(domain_id_of(call.config));
    body["link"] = call.base_url + "/groups/" + app + "/apps/" + app + "/logs?co_id=" + request_id;
  }
  return to_response(Reply{info->http_status, std::move(body)});
}

/// Lets browsers of permitted origins read the answer. Tokens travel in a header and never in a
/// cookie, so "*" gives nothing away.
void add_cross_origin_headers(const AppConfig& config,
                              const HttpRequest& request,
                              HttpResponse& response) {
  const std::string* const origin = net::find_header(request.headers, "Origin");
  if (origin == nullptr) return;
  const auto& allowed = config.allowed_request_origins;
  if (!allowed.empty()) {
    response.headers.push_back({"Vary", "Origin"});
    if (std::find(allowed.begin(), allowed.end(), *origin) == allowed.end()) return;
  }
  response.headers.push_back({"Access-Control-Allow-Origin", allowed.empty() ? "*" : *origin});
  response.headers.push_back({"Access-Control-Expose-Headers", "x-baas-location"});
  if (request.method == "OPTIONS") {
    response.headers.push_back({"Access-Control-Allow-Methods", "GET, POST, PUT, DELETE"});
    response.headers.push_back({"Access-Control-Allow-Headers", "authorization, content-type"});
  }
}

}  // namespace

AppServicesApi::AppServicesApi(const AppConfig& config,
                               Accounts& accounts,
                               Random& random,
                               Logger& logger)
    : config_(config),
      accounts_(accounts),
      random_(random),
      logger_(logger) {}

HttpResponse AppServicesApi::handle(const HttpRequest& request, WallTime now) const {
  const std::string request_id = to_string(make_object_id(now, random_));
  Call call{config_, accounts_, request, now, find_base_url(config_, request), {}, {}, {}, {}, {}};
  HttpResponse response;
  if (request.method == "OPTIONS") {
    response.status = 204;
  } else {
    try {
      const Result<Reply> reply = answer(call);
      response = reply ? to_response(*reply) : to_response(reply.error(), call, request_id);
    } catch (const Error& error) {
      logger_.error("request_failed request=" + request_id + " error=\"" + error.describe() + "\"");
      response = to_response(
          make_service_error(ServiceErrorCode::kInternalServerError, "internal server error"),
          call,
          request_id);
    }
  }
  response.headers.push_back({"X-Appservices-Request-Id", request_id});
  add_cross_origin_headers(config_, request, response);
  return response;
}

}  // namespace tombolo::server
