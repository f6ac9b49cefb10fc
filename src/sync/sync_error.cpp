#include "sync/sync_error.h"

#include <string>
#include <utility>

namespace tombolo::sync {
namespace {

using protocol::SdkStatus;

/// The code that our callers act on, for a category that the SDKs show.
ErrorCode to_error_code(SdkStatus status) noexcept {
  switch (status) {
    case SdkStatus::kAuthError: return ErrorCode::kAuthentication;
    case SdkStatus::kAutoClientResetFailed:
    case SdkStatus::kSyncClientResetRequired: return ErrorCode::kClientReset;
    case SdkStatus::kBadChangeset: return ErrorCode::kBadChangeset;
    case SdkStatus::kConnectionClosed:
    case SdkStatus::kSyncConnectFailed:
    // Not `kTimedOut`, which says that the caller's own time ran out.
    case SdkStatus::kSyncConnectTimeout: return ErrorCode::kNetwork;
    case SdkStatus::kTlsHandshakeFailed: return ErrorCode::kTlsFailure;
    case SdkStatus::kSyncPermissionDenied:
    case SdkStatus::kSyncWriteNotAllowed: return ErrorCode::kPermissionDenied;
    case SdkStatus::kSyncProtocolInvariantFailed:
    case SdkStatus::kSyncProtocolNegotiationFailed: return ErrorCode::kProtocolViolation;
    case SdkStatus::kLimitExceeded: return ErrorCode::kLimitExceeded;
    case SdkStatus::kInvalidSchemaChange: return ErrorCode::kSchemaMismatch;
    default: return ErrorCode::kSyncFailed;
  }
}

ForeignError foreign(protocol::SyncErrorCode code) {
  return {"realm-sync", static_cast<long>(code), std::string(protocol::sync_error_name(code))};
}

}  // namespace

SyncError make_sync_error(const protocol::ServerError& message) {
  std::string text = message.message;
  if (!message.log_url.empty()) text += " Logs: " + message.log_url;
  const SdkStatus status = protocol::sdk_status(message.code);
  const ErrorCode code =
      protocol::is_client_reset(message.action) ? ErrorCode::kClientReset : to_error_code(status);
  return {.error = Error(code, std::move(text), foreign(message.code)),
          .status = status,
          .action = message.action,
          .is_fatal = !message.try_again,
          .server_error = std::make_shared<protocol::ServerError>(message)};
}

SyncError make_sync_error(const protocol::LegacyError& message) {
  const SdkStatus status = protocol::sdk_status(message.code);
  return {
      .error = Error(to_error_code(status), std::string(message.message), foreign(message.code)),
      .status = status,
      .is_fatal = !message.try_again};
}

SyncError make_local_error(SdkStatus status,
                           std::optional<protocol::Action> action,
                           bool is_fatal,
                           std::string message) {
  return {.error = Error(to_error_code(status), std::move(message)),
          .status = status,
          .action = action,
          .is_fatal = is_fatal};
}

}  // namespace tombolo::sync
