#include "client/app_services_client.h"

#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>

#include "base/assertion.h"
#include "base/base64url.h"
#include "protocol/app_services_error.h"
#include "protocol/json_object.h"

namespace tombolo::client {
namespace {

using net::HttpResponse;
using nlohmann::json;
using protocol::make_service_error;
using protocol::ServiceErrorCode;

constexpr std::string_view kBasePath = "/api/client/v2.0/";
constexpr unsigned kUnauthorized = 401;
/// Of a foreign body in an error message; the rest says no more.
constexpr std::size_t kQuotedBodyBytesMax = 200;

bool is_success(unsigned status) {
  return status >= 200 && status <= 299;
}

Result<json> read_object(const HttpResponse& response) {
  std::optional<json> object = protocol::parse_json_object(response.body);
  if (!object) {
    return make_service_error(ServiceErrorCode::kMalformedJson, "the answer is no JSON object");
  }
  return *std::move(object);
}

/// A text that an answer must have.
Result<std::string> read_text(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) {
    return make_service_error(ServiceErrorCode::kMissingJsonKey, key);
  }
  return found->get<std::string>();
}

std::string text_or_empty(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<ServiceLocation> read_location(const HttpResponse& response) {
  const Result<json> object = read_object(response);
  if (!object) return object.error();
  const Result<std::string> hostname = read_text(*object, "hostname");
  if (!hostname) return hostname.error();
  const Result<std::string> ws_hostname = read_text(*object, "ws_hostname");
  if (!ws_hostname) return ws_hostname.error();
  ServiceLocation location{*hostname, *ws_hostname, std::nullopt};
  const std::string sync_route = text_or_empty(*object, "sync_route");
  if (!sync_route.empty()) location.sync_route = sync_route;
  return location;
}

/// An access token that can be used: the client reads its times and data later.
Result<std::string> read_token(const json& object, const char* key) {
  Result<std::string> token = read_text(object, key);
  if (!token) return token;
  const Result<TokenContent> content = parse_token(*token);
  if (!content) return content.error();
  return token;
}

Result<LoginAnswer> read_login(const HttpResponse& response) {
  const Result<json> object = read_object(response);
  if (!object) return object.error();
  const Result<std::string> access_token = read_token(*object, "access_token");
  if (!access_token) return access_token.error();
  const Result<std::string> refresh_token = read_token(*object, "refresh_token");
  if (!refresh_token) return refresh_token.error();
  const Result<std::string> user_id = read_text(*object, "user_id");
  if (!user_id) return user_id.error();
  const Result<std::string> device_id = read_text(*object, "device_id");
  if (!device_id) return device_id.error();
  return LoginAnswer{{*access_token, *refresh_token}, *user_id, *device_id};
}

Result<std::string> read_access_token(const HttpResponse& response) {
  const Result<json> object = read_object(response);
  if (!object) return object.error();
  return read_token(*object, "access_token");
}

Result<UserProfile> read_profile(const HttpResponse& response) {
  const Result<json> object = read_object(response);
  if (!object) return object.error();
  const auto identities = object->find("identities");
  if (identities == object->end() || !identities->is_array()) {
    return make_service_error(ServiceErrorCode::kMissingJsonKey, "identities");
  }
  UserProfile profile;
  for (const json& identity : *identities) {
    const Result<std::string> id = read_text(identity, "id");
    if (!id) return id.error();
    const Result<std::string> provider_type = read_text(identity, "provider_type");
    if (!provider_type) return provider_type.error();
    profile.identities.push_back({*id, *provider_type});
  }
  const auto data = object->find("data");
  if (data == object->end() || !data->is_object()) {
    return make_service_error(ServiceErrorCode::kMissingJsonKey, "data");
  }
  profile.data = data->dump();
  return profile;
}

std::optional<WallTime> find_time(const json& claims, const char* name) {
  // What cannot be counted in milliseconds is no time.
  constexpr std::int64_t kSecondsMax = std::int64_t{1} << 50;
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number_integer()) return std::nullopt;
  const auto seconds = found->get<std::int64_t>();
  if (seconds < 0 || seconds > kSecondsMax) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds));
}

}  // namespace

Result<TokenContent> parse_token(std::string_view token) {
  const auto bad_token = [] {
    return make_service_error(ServiceErrorCode::kBadToken, "received malformed JWT");
  };
  const std::size_t first_dot = token.find('.');
  const std::size_t last_dot = token.rfind('.');
  if (first_dot == last_dot || last_dot + 1 == token.size()) return bad_token();
  // It is going to stand in a header and in a URL, so nothing else may be in it.
  const bool is_plain = std::ranges::all_of(token, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (!is_plain) return bad_token();
  // A further dot in between is no character of base64 and fails there.
  const auto payload = parse_base64url(token.substr(first_dot + 1, last_dot - first_dot - 1));
  if (!payload) return bad_token();
  const std::optional<json> claims = protocol::parse_json_object(as_text(*payload));
  if (!claims) return bad_token();
  TokenContent content{find_time(*claims, "iat"), find_time(*claims, "exp")};
  const auto user_data = claims->find("user_data");
  if (user_data != claims->end() && user_data->is_object()) content.user_data = user_data->dump();
  return content;
}

bool needs_refresh(std::string_view access_token, WallTime now) {
  constexpr std::chrono::seconds kExpiryLeeway{5};
  const Result<TokenContent> content = parse_token(access_token);
  if (!content) return true;
  return content->expires_at && now > *content->expires_at + kExpiryLeeway;
}

std::optional<Error> find_service_error(const HttpResponse& response) {
  const std::string* const type = net::find_header(response.headers, "Content-Type");
  if (type != nullptr && *type == "application/json") {
    const std::optional<json> object = protocol::parse_json_object(response.body);
    const std::string text = object ? text_or_empty(*object, "error") : std::string();
    const std::string name = object ? text_or_empty(*object, "error_code") : std::string();
    if (!name.empty()) {
      const auto* const info = protocol::find_service_error_info(name);
      if (info != nullptr && info->http_status != 0) {
        return make_service_error(info->service_code, text);
      }
      const auto& unknown = protocol::service_error_info(ServiceErrorCode::kAppServerError);
      return Error(unknown.code,
                   text,
                   ForeignError{std::string(protocol::kServiceErrorDomain), unknown.number, name});
    }
    if (object && object->contains("error") && object->at("error").is_string()) {
      return make_service_error(ServiceErrorCode::kAppUnknownError, text);
    }
  }
  if (is_success(response.status)) return std::nullopt;
  std::string text = "HTTP status " + std::to_string(response.status);
  if (!response.body.empty()) text += ": " + response.body.substr(0, kQuotedBodyBytesMax);
  return make_service_error(ServiceErrorCode::kHttpError, std::move(text));
}

// ---- One operation
// -------------------------------------------------------------------------------

ServiceOperation::ServiceOperation(AppServicesClient& client,
                                   Request request,
                                   std::optional<UserTokens> tokens)
    : client_(&client),
      request_(std::move(request)),
      tokens_(std::move(tokens)),
      step_(client.location_ || request_.reading == Reading::kLocation ? Step::kRequest
                                                                       : Step::kLocation) {}

net::HttpCall ServiceOperation::make_call(const Request& request) const {
  const AppServicesClientOptions& options = client_->options_;
  // The location is asked of the base URL, and without headers of our own.
  const bool is_location = request.reading == Reading::kLocation;
  net::HttpCall call;
  call.method = request.method;
  call.url = is_location ? options.base_url : client_->location_->hostname;
  call.url += kBasePath;
  call.url += request.path;
  if (!is_location) {
    call.headers = {{"Accept", "application/json"},
                    {"Content-Type", "application/json;charset=utf-8"}};
  }
  if (request.token_use != TokenUse::kNone) {
    const bool takes_access = request.token_use == TokenUse::kAccess;
    call.headers.push_back(
        {"Authorization",
         "Bearer " + (takes_access ? tokens_->access_token : tokens_->refresh_token)});
  }
  call.body = request.body;
  call.timeout = options.request_timeout;
  return call;
}

std::optional<net::HttpCall> ServiceOperation::next_call() const {
  switch (step_) {
    case Step::kLocation:
      return make_call({"GET", client_->app_path("location"), TokenUse::kNone, Reading::kLocation});
    case Step::kRequest: return make_call(request_);
    case Step::kRefresh:
      return make_call({"POST", "auth/session", TokenUse::kRefresh, Reading::kAccessToken});
    case Step::kProfile:
      return make_call({"GET", "auth/profile", TokenUse::kAccess, Reading::kProfile});
    case Step::kDone: break;
  }
  return std::nullopt;
}

void ServiceOperation::finish(Error error) {
  error_ = std::move(error);
  step_ = Step::kDone;
}

void ServiceOperation::receive(const Answer& answer) {
  TOMBOLO_ASSERT(step_ != Step::kDone);
  if (const Error* const failure = std::get_if<Error>(&answer)) return finish(*failure);
  const HttpResponse& response = *std::get_if<HttpResponse>(&answer);
  if (step_ == Step::kLocation) return receive_location(response);
  if (step_ == Step::kRefresh) return receive_refresh(response);
  receive_answer(response);
}

void ServiceOperation::receive_location(const HttpResponse& response) {
  if (auto error = find_service_error(response)) return finish(*std::move(error));
  const Result<ServiceLocation> location = read_location(response);
  if (!location) return finish(location.error());
  client_->location_ = *location;
  step_ = Step::kRequest;
}

void ServiceOperation::receive_refresh(const HttpResponse& response) {
  if (auto error = find_service_error(response)) {
    // A refused refresh says nothing that the refusal before it did not say.
    return finish(response.status == kUnauthorized ? *unauthorized_ : *std::move(error));
  }
  const Result<std::string> token = read_access_token(response);
  if (!token) return finish(token.error());
  tokens_->access_token = *token;
  outcome_.access_token = *token;
  if (outcome_.login) outcome_.login->tokens.access_token = *token;
  step_ = step_after_refresh_;
}

/// Whether a renewed token may turn a refusal into a success. A login is refused for what it says,
/// not for the token that comes with it when linking.
bool ServiceOperation::may_retry(const HttpResponse& response) const {
  const bool sent_access_token =
      step_ == Step::kProfile ||
      (request_.token_use == TokenUse::kAccess && request_.reading != Reading::kLink);
  return response.status == kUnauthorized && sent_access_token && !refreshed_;
}

void ServiceOperation::receive_answer(const HttpResponse& response) {
  if (auto error = find_service_error(response)) {
    if (!may_retry(response)) return finish(*std::move(error));
    unauthorized_ = std::move(error);
    refreshed_ = true;
    step_after_refresh_ = step_;
    step_ = Step::kRefresh;
    return;
  }
  const Reading reading = step_ == Step::kProfile ? Reading::kProfile : request_.reading;
  const Result<Step> next = read_answer(reading, response);
  if (!next) return finish(next.error());
  step_ = *next;
}

Result<ServiceOperation::Step> ServiceOperation::read_answer(Reading reading,
                                                             const HttpResponse& response) {
  switch (reading) {
    case Reading::kNothing: return Step::kDone;
    case Reading::kLocation: {
      const Result<ServiceLocation> location = read_location(response);
      if (!location) return location.error();
      client_->location_ = *location;
      return Step::kDone;
    }
    case Reading::kLogin: {
      const Result<LoginAnswer> login = read_login(response);
      if (!login) return login.error();
      tokens_ = login->tokens;
      outcome_.login = *login;
      return Step::kProfile;
    }
    case Reading::kLink: {
      const Result<std::string> token = read_access_token(response);
      if (!token) return token.error();
      tokens_->access_token = *token;
      outcome_.access_token = *token;
      return Step::kProfile;
    }
    case Reading::kProfile: {
      const Result<UserProfile> profile = read_profile(response);
      if (!profile) return profile.error();
      outcome_.profile = *profile;
      return Step::kDone;
    }
    case Reading::kAccessToken: {
      const Result<std::string> token = read_access_token(response);
      if (!token) return token.error();
      outcome_.access_token = *token;
      return Step::kDone;
    }
  }
  throw_failed_assertion("every reading is handled", __FILE__, __LINE__);
}

Result<ServiceOutcome> ServiceOperation::take_outcome() {
  TOMBOLO_ASSERT(step_ == Step::kDone);
  if (error_) return *error_;
  return std::move(outcome_);
}

// ---- The client
// ----------------------------------------------------------------------------------

AppServicesClient::AppServicesClient(AppServicesClientOptions options)
    : options_(std::move(options)) {
  while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
}

std::string AppServicesClient::app_path(std::string_view rest) const {
  return "app/" + options_.app_id + "/" + std::string(rest);
}

std::string AppServicesClient::login_body(const Credentials& credentials) const {
  const DeviceDescription& device = options_.device;
  json body{{"provider", credentials.provider},
            {"options",
             {{"device",
               {{"appId", options_.app_id},
                {"platform", device.platform},
                {"platformVersion", device.platform_version},
                {"sdk", device.sdk},
                {"sdkVersion", device.sdk_version},
                {"cpuArch", device.cpu_arch},
                {"deviceName", device.device_name},
                {"deviceVersion", device.device_version},
                {"frameworkName", device.framework_name},
                {"frameworkVersion", device.framework_version},
                {"coreVersion", device.core_version},
                {"bundleId", device.bundle_id}}}}}};
  for (const auto& [key, value] : credentials.fields) body[key] = value;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

ServiceOperation AppServicesClient::log_in(const Credentials& credentials) {
  return {*this,
          {"POST",
           app_path("auth/providers/" + credentials.provider + "/login"),
           ServiceOperation::TokenUse::kNone,
           ServiceOperation::Reading::kLogin,
           login_body(credentials)},
          std::nullopt};
}

ServiceOperation AppServicesClient::link(const UserTokens& tokens, const Credentials& credentials) {
  return {*this,
          {"POST",
           app_path("auth/providers/" + credentials.provider + "/login?link=true"),
           ServiceOperation::TokenUse::kAccess,
           ServiceOperation::Reading::kLink,
           login_body(credentials)},
          tokens};
}

ServiceOperation AppServicesClient::register_email(const std::string& email,
                                                   const std::string& password) {
  return {*this,
          {"POST",
           app_path("auth/providers/local-userpass/register"),
           ServiceOperation::TokenUse::kNone,
           ServiceOperation::Reading::kNothing,
           json{{"email", email}, {"password", password}}.dump(
               -1, ' ', false, json::error_handler_t::replace)},
          std::nullopt};
}

ServiceOperation AppServicesClient::get_profile(const UserTokens& tokens) {
  return {*this,
          {"GET",
           "auth/profile",
           ServiceOperation::TokenUse::kAccess,
           ServiceOperation::Reading::kProfile,
           {}},
          tokens};
}

ServiceOperation AppServicesClient::refresh(const UserTokens& tokens) {
  return {*this,
          {"POST",
           "auth/session",
           ServiceOperation::TokenUse::kRefresh,
           ServiceOperation::Reading::kAccessToken,
           {}},
          tokens};
}

ServiceOperation AppServicesClient::log_out(const UserTokens& tokens) {
  return {*this,
          {"DELETE",
           "auth/session",
           ServiceOperation::TokenUse::kRefresh,
           ServiceOperation::Reading::kNothing,
           {}},
          tokens};
}

ServiceOperation AppServicesClient::delete_user(const UserTokens& tokens) {
  return {*this,
          {"DELETE",
           "auth/delete",
           ServiceOperation::TokenUse::kAccess,
           ServiceOperation::Reading::kNothing,
           {}},
          tokens};
}

ServiceOperation AppServicesClient::locate() {
  return {*this,
          {"GET",
           app_path("location"),
           ServiceOperation::TokenUse::kNone,
           ServiceOperation::Reading::kLocation,
           {}},
          std::nullopt};
}

std::string AppServicesClient::sync_url() const {
  if (location_ && location_->sync_route) return *location_->sync_route;
  // "http" becomes "ws", and "https" "wss".
  std::string host = location_ ? location_->ws_hostname : options_.base_url;
  if (!location_ && host.starts_with("http")) host.replace(0, 4, "ws");
  return host + std::string(kBasePath) + app_path("realm-sync");
}

}  // namespace tombolo::client
