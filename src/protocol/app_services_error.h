#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace tombolo::protocol {

/// The symbolic errors of the App Services API, those that a client makes itself at the end.
enum class ServiceErrorCode : std::uint8_t {
  kInvalidSession,
  kInvalidParameter,
  kMissingParameter,
  kArgumentsNotAllowed,
  kFunctionExecutionError,
  kInternalServerError,
  kAuthProviderNotFound,
  kServiceNotFound,
  kFunctionNotFound,
  kApiKeyNotFound,
  kApiKeyAlreadyExists,
  kUserAlreadyConfirmed,
  kUserNotFound,
  kUserDisabled,
  kAuthError,
  kBadRequest,
  kAccountNameInUse,
  kInvalidPassword,
  kUserpassTokenInvalid,
  kMissingAuthReq,
  kAppNotFound,
  kRouteNotFound,
  kTooManyRequests,
  kPayloadTooLarge,
  kAppServerError,   ///< The server's error has a name that this list does not know.
  kAppUnknownError,  ///< The server's error has a text and no name.
  kHttpError,        ///< The server's answer is no App Services error; only its status counts.
  kBadToken,         ///< A token in the server's answer is no token.
  kMalformedJson,    ///< The server's answer is not the JSON it has to be.
  kMissingJsonKey,   ///< The server's answer lacks something; the message names the key.
};

struct ServiceErrorInfo {
  ServiceErrorCode service_code;
  std::string_view name;  ///< "error_code" on the wire.
  long number;            ///< What SDKs show as the numeric code; 4355 where a name has none.
  unsigned http_status;   ///< 0: made by the client, never sent.
  ErrorCode code;
};

/// Every symbolic error, in the order of the enumeration.
/// Source: docs/app-services.md, "Errors".
inline constexpr auto kServiceErrors = [] {
  using S = ServiceErrorCode;
  using E = ErrorCode;
  return std::to_array<ServiceErrorInfo>({
      {S::kInvalidSession, "InvalidSession", 4301, 401, E::kAuthentication},
      {S::kInvalidParameter, "InvalidParameter", 4305, 400, E::kInvalidArgument},
      {S::kMissingParameter, "MissingParameter", 4306, 400, E::kInvalidArgument},
      {S::kArgumentsNotAllowed, "ArgumentsNotAllowed", 4312, 400, E::kInvalidArgument},
      {S::kFunctionExecutionError, "FunctionExecutionError", 4313, 400, E::kInvalidArgument},
      {S::kInternalServerError, "InternalServerError", 4315, 500, E::kInternal},
      {S::kAuthProviderNotFound, "AuthProviderNotFound", 4316, 404, E::kNotFound},
      {S::kServiceNotFound, "ServiceNotFound", 4318, 404, E::kNotFound},
      {S::kFunctionNotFound, "FunctionNotFound", 4325, 404, E::kNotFound},
      {S::kApiKeyNotFound, "APIKeyNotFound", 4334, 404, E::kNotFound},
      {S::kApiKeyAlreadyExists, "APIKeyAlreadyExists", 4339, 409, E::kAlreadyExists},
      {S::kUserAlreadyConfirmed, "UserAlreadyConfirmed", 4343, 400, E::kAlreadyExists},
      {S::kUserNotFound, "UserNotFound", 4344, 404, E::kNotFound},
      {S::kUserDisabled, "UserDisabled", 4345, 401, E::kAuthentication},
      {S::kAuthError, "AuthError", 4346, 401, E::kAuthentication},
      {S::kBadRequest, "BadRequest", 4347, 400, E::kInvalidArgument},
      {S::kAccountNameInUse, "AccountNameInUse", 4348, 409, E::kNameInUse},
      {S::kInvalidPassword, "InvalidPassword", 4349, 401, E::kAuthentication},
      {S::kUserpassTokenInvalid, "UserpassTokenInvalid", 4353, 400, E::kInvalidArgument},
      {S::kMissingAuthReq, "MissingAuthReq", 4355, 401, E::kAuthentication},
      {S::kAppNotFound, "AppNotFound", 4355, 404, E::kNotFound},
      {S::kRouteNotFound, "RouteNotFound", 4355, 404, E::kNotFound},
      {S::kTooManyRequests, "TooManyRequests", 4355, 429, E::kLimitExceeded},
      {S::kPayloadTooLarge, "PayloadTooLarge", 4355, 413, E::kLimitExceeded},
      {S::kAppServerError, "AppServerError", 4355, 0, E::kNetwork},
      {S::kAppUnknownError, "AppUnknownError", 4351, 0, E::kNetwork},
      {S::kHttpError, "HTTPError", 4309, 0, E::kNetwork},
      {S::kBadToken, "BadToken", 4200, 0, E::kBadMessage},
      {S::kMalformedJson, "MalformedJson", 4201, 0, E::kBadMessage},
      {S::kMissingJsonKey, "MissingJsonKey", 4202, 0, E::kBadMessage},
  });
}();

static_assert([] {
  for (std::size_t i = 0; i < kServiceErrors.size(); ++i) {
    if (static_cast<std::size_t>(kServiceErrors[i].service_code) != i) return false;
  }
  return kServiceErrors.back().service_code == ServiceErrorCode::kMissingJsonKey;
}());

/// `ForeignError::domain` of every error made here: its number is the one of `ServiceErrorInfo`,
/// its call the name on the wire.
inline constexpr std::string_view kServiceErrorDomain = "app-services";

[[nodiscard]] constexpr const ServiceErrorInfo& service_error_info(ServiceErrorCode code) noexcept {
  return kServiceErrors[static_cast<std::size_t>(code)];
}

/// The entry with that name on the wire; null for names that are not in the list.
[[nodiscard]] constexpr const ServiceErrorInfo* find_service_error_info(std::string_view name) {
  const auto found = std::find_if(kServiceErrors.begin(),
                                  kServiceErrors.end(),
                                  [&](const ServiceErrorInfo& info) { return info.name == name; });
  return found == kServiceErrors.end() ? nullptr : &*found;
}

[[nodiscard]] inline Error make_service_error(ServiceErrorCode service_code, std::string message) {
  const ServiceErrorInfo& info = service_error_info(service_code);
  return Error(info.code,
               std::move(message),
               ForeignError{std::string(kServiceErrorDomain), info.number, std::string(info.name)});
}

}  // namespace tombolo::protocol
