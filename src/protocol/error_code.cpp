#include "protocol/error_code.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace tombolo::protocol {
namespace {

using enum SdkStatus;
using enum ErrorSender;

/// The table of docs/protocol.md, "Errors", ordered by code.
constexpr std::array kSyncErrors{
    // clang-format off
    SyncErrorInfo{SyncErrorCode::kConnectionClosed, "connection_closed", kConnectionClosed, Action::kTransient, true, kServer},
    SyncErrorInfo{SyncErrorCode::kOtherError, "other_error", kRuntimeError, Action::kApplicationBug, false, kServer},
    SyncErrorInfo{SyncErrorCode::kUnknownMessage, "unknown_message", kSyncProtocolInvariantFailed, Action::kProtocolViolation, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadSyntax, "bad_syntax", kSyncProtocolInvariantFailed, Action::kProtocolViolation, false, kServer},
    SyncErrorInfo{SyncErrorCode::kLimitsExceeded, "limits_exceeded", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kWrongProtocolVersion, "wrong_protocol_version", kSyncProtocolInvariantFailed, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kBadSessionIdent, "bad_session_ident", kSyncProtocolInvariantFailed, Action::kProtocolViolation, false, kServer},
    SyncErrorInfo{SyncErrorCode::kReuseOfSessionIdent, "reuse_of_session_ident", kSyncProtocolInvariantFailed, Action::kProtocolViolation, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBoundInOtherSession, "bound_in_other_session", kSyncProtocolInvariantFailed, Action::kProtocolViolation, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadMessageOrder, "bad_message_order", kSyncProtocolInvariantFailed, Action::kProtocolViolation, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadDecompression, "bad_decompression", kRuntimeError, Action::kProtocolViolation, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadChangesetHeaderSyntax, "bad_changeset_header_syntax", kSyncProtocolInvariantFailed, Action::kProtocolViolation, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadChangesetSize, "bad_changeset_size", kSyncProtocolInvariantFailed, Action::kProtocolViolation, false, kServer},
    SyncErrorInfo{SyncErrorCode::kSwitchToFlx, "switch_to_flx_sync", kWrongSyncType, Action::kApplicationBug, false, kServer},
    SyncErrorInfo{SyncErrorCode::kSwitchToPbs, "switch_to_pbs", kWrongSyncType, Action::kApplicationBug, false, kServer},

    SyncErrorInfo{SyncErrorCode::kSessionClosed, "session_closed", kConnectionClosed, Action::kTransient, true, kServer},
    SyncErrorInfo{SyncErrorCode::kOtherSessionError, "other_session_error", kRuntimeError, Action::kApplicationBug, false, kServer},
    SyncErrorInfo{SyncErrorCode::kTokenExpired, "token_expired", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kBadAuthentication, "bad_authentication", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kIllegalRealmPath, "illegal_realm_path", kBadSyncPartitionValue, Action::kApplicationBug, false, kServer},
    SyncErrorInfo{SyncErrorCode::kNoSuchRealm, "no_such_realm", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kPermissionDenied, "permission_denied", kSyncPermissionDenied, Action::kApplicationBug, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadServerFileIdent, "bad_server_file_ident", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kBadClientFileIdent, "bad_client_file_ident", kSyncClientResetRequired, Action::kClientReset, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadServerVersion, "bad_server_version", kSyncClientResetRequired, Action::kClientReset, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadClientVersion, "bad_client_version", kSyncClientResetRequired, Action::kClientReset, false, kServer},
    SyncErrorInfo{SyncErrorCode::kDivergingHistories, "diverging_histories", kSyncClientResetRequired, Action::kClientReset, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadChangeset, "bad_changeset", kBadChangeset, Action::kApplicationBug, false, kServer},
    SyncErrorInfo{SyncErrorCode::kPartialSyncDisabled, "partial_sync_disabled", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kUnsupportedSessionFeature, "unsupported_session_feature", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kBadOriginFileIdent, "bad_origin_file_ident", kSyncProtocolInvariantFailed, Action::kProtocolViolation, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadClientFile, "bad_client_file", kSyncClientResetRequired, Action::kClientReset, false, kServer},
    SyncErrorInfo{SyncErrorCode::kServerFileDeleted, "server_file_deleted", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kClientFileBlacklisted, "client_file_blacklisted", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kUserBlacklisted, "user_blacklisted", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kTransactBeforeUpload, "transact_before_upload", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kClientFileExpired, "client_file_expired", kSyncClientResetRequired, Action::kClientReset, false, kServer},
    SyncErrorInfo{SyncErrorCode::kUserMismatch, "user_mismatch", kSyncUserMismatch, Action::kApplicationBug, false, kServer},
    SyncErrorInfo{SyncErrorCode::kTooManySessions, "too_many_sessions", kUnknownError, Action::kProtocolViolation, false, kNobody},
    SyncErrorInfo{SyncErrorCode::kInvalidSchemaChange, "invalid_schema_change", kInvalidSchemaChange, Action::kApplicationBug, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadQuery, "bad_query", kInvalidSubscriptionQuery, Action::kClientReset, false, kServer},
    SyncErrorInfo{SyncErrorCode::kObjectAlreadyExists, "object_already_exists", kObjectAlreadyExists, Action::kWarning, true, kServer},
    SyncErrorInfo{SyncErrorCode::kServerPermissionsChanged, "server_permissions_changed", kSyncServerPermissionsChanged, Action::kClientReset, false, kServer},
    SyncErrorInfo{SyncErrorCode::kInitialSyncNotCompleted, "initial_sync_not_completed", kConnectionClosed, Action::kTransient, true, kServer},
    SyncErrorInfo{SyncErrorCode::kWriteNotAllowed, "write_not_allowed", kSyncWriteNotAllowed, Action::kWarning, true, kServer},
    SyncErrorInfo{SyncErrorCode::kCompensatingWrite, "compensating_write", kSyncCompensatingWrite, Action::kWarning, true, kServer},
    SyncErrorInfo{SyncErrorCode::kMigrateToFlx, "migrate_to_flx", kWrongSyncType, Action::kMigrateToFlx, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadProgress, "bad_progress", kSyncProtocolInvariantFailed, Action::kProtocolViolation, false, kClient},
    SyncErrorInfo{SyncErrorCode::kRevertToPbs, "revert_to_pbs", kWrongSyncType, Action::kRevertToPbs, false, kServer},
    SyncErrorInfo{SyncErrorCode::kBadSchemaVersion, "bad_schema_version", kSyncSchemaMigrationError, Action::kApplicationBug, false, kServer},
    SyncErrorInfo{SyncErrorCode::kSchemaVersionChanged, "schema_version_changed", kSyncSchemaMigrationError, Action::kMigrateSchema, true, kServer},
    // clang-format on
};

constexpr bool is_ordered_by_code() {
  for (std::size_t i = 1; i < kSyncErrors.size(); ++i)
    if (!(kSyncErrors[i - 1].code < kSyncErrors[i].code)) return false;
  return true;
}
static_assert(is_ordered_by_code());

/// In the order of the enumeration. Source: docs/protocol.md, "Actions".
constexpr std::array kActions{
    ActionInfo{Action::kProtocolViolation, "ProtocolViolation", true, true},
    ActionInfo{Action::kApplicationBug, "ApplicationBug", true, true},
    ActionInfo{Action::kWarning, "Warning", false, true},
    ActionInfo{Action::kTransient, "Transient", false, false},
    ActionInfo{Action::kDeleteRealm, "DeleteRealm", true, true},
    ActionInfo{Action::kClientReset, "ClientReset", false, false},
    ActionInfo{Action::kClientResetNoRecovery, "ClientResetNoRecovery", false, false},
    ActionInfo{Action::kMigrateToFlx, "MigrateToFLX", false, false},
    ActionInfo{Action::kRevertToPbs, "RevertToPBS", false, false},
    ActionInfo{Action::kRefreshUser, "RefreshUser", false, false},
    ActionInfo{Action::kRefreshLocation, "RefreshLocation", false, false},
    ActionInfo{Action::kLogOutUser, "LogOutUser", true, true},
    ActionInfo{Action::kMigrateSchema, "MigrateSchema", false, false},
};

/// In the order of the enumeration.
constexpr std::array<std::string_view, 25> kStatusNames{
    "AuthError",
    "AutoClientResetFailed",
    "BadChangeset",
    "BadSyncPartitionValue",
    "ConnectionClosed",
    "InvalidSchemaChange",
    "InvalidSubscriptionQuery",
    "LimitExceeded",
    "ObjectAlreadyExists",
    "RuntimeError",
    "SubscriptionFailed",
    "SyncClientResetRequired",
    "SyncCompensatingWrite",
    "SyncConnectFailed",
    "SyncConnectTimeout",
    "SyncPermissionDenied",
    "SyncProtocolInvariantFailed",
    "SyncProtocolNegotiationFailed",
    "SyncSchemaMigrationError",
    "SyncServerPermissionsChanged",
    "SyncUserMismatch",
    "SyncWriteNotAllowed",
    "TlsHandshakeFailed",
    "UnknownError",
    "WrongSyncType",
};
static_assert(kStatusNames[static_cast<std::size_t>(kWrongSyncType)] == "WrongSyncType");

constexpr std::string_view kForeignDomain = "realm-sync";

}  // namespace

const SyncErrorInfo* find_sync_error(SyncErrorCode code) noexcept {
  const auto found = std::ranges::lower_bound(kSyncErrors, code, {}, &SyncErrorInfo::code);
  return found != kSyncErrors.end() && found->code == code ? &*found : nullptr;
}

std::string_view sync_error_name(SyncErrorCode code) noexcept {
  const SyncErrorInfo* info = find_sync_error(code);
  return info != nullptr ? info->name : "unknown";
}

ErrorLevel error_level(SyncErrorCode code) noexcept {
  const auto number = static_cast<std::int32_t>(code);
  return number >= 100 && number < 200 ? ErrorLevel::kConnection : ErrorLevel::kSession;
}

SdkStatus sdk_status(SyncErrorCode code) noexcept {
  const SyncErrorInfo* info = find_sync_error(code);
  return info != nullptr ? info->status : kUnknownError;
}

bool ends_session(SyncErrorCode code) noexcept {
  return code != SyncErrorCode::kCompensatingWrite && code != SyncErrorCode::kSchemaVersionChanged;
}

const ActionInfo& action_info(Action action) noexcept {
  return kActions[static_cast<std::size_t>(action)];
}

Action parse_action(std::string_view name) noexcept {
  const auto found = std::ranges::find(kActions, name, &ActionInfo::name);
  return found != kActions.end() ? found->action : Action::kApplicationBug;
}

bool is_client_reset(Action action) noexcept {
  return action == Action::kClientReset || action == Action::kClientResetNoRecovery;
}

std::string_view status_name(SdkStatus status) noexcept {
  return kStatusNames[static_cast<std::size_t>(status)];
}

Error bad_message(SyncErrorCode code, std::string_view message_name, std::string description) {
  return {ErrorCode::kBadMessage,
          std::move(description),
          ForeignError{
              std::string(kForeignDomain), static_cast<long>(code), std::string(message_name)}};
}

std::optional<SyncErrorCode> sync_error_code(const Error& error) noexcept {
  if (!error.foreign() || error.foreign()->domain != kForeignDomain) return std::nullopt;
  return static_cast<SyncErrorCode>(error.foreign()->number);
}

}  // namespace tombolo::protocol
