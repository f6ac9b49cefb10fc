#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace tombolo::protocol {

/// Numbers of ERROR and JSON_ERROR. A variable may hold a number that is not listed here: at
/// session level clients obey the action of codes they do not know.
/// Source: docs/protocol.md, "Errors".
enum class SyncErrorCode : std::int32_t {
  kConnectionClosed = 100,
  kOtherError = 101,
  kUnknownMessage = 102,
  kBadSyntax = 103,
  kLimitsExceeded = 104,
  kWrongProtocolVersion = 105,
  kBadSessionIdent = 106,
  kReuseOfSessionIdent = 107,
  kBoundInOtherSession = 108,
  kBadMessageOrder = 109,
  kBadDecompression = 110,
  kBadChangesetHeaderSyntax = 111,
  kBadChangesetSize = 112,
  kSwitchToFlx = 113,
  kSwitchToPbs = 114,

  kSessionClosed = 200,
  kOtherSessionError = 201,
  kTokenExpired = 202,
  kBadAuthentication = 203,
  kIllegalRealmPath = 204,
  kNoSuchRealm = 205,
  kPermissionDenied = 206,
  kBadServerFileIdent = 207,
  kBadClientFileIdent = 208,
  kBadServerVersion = 209,
  kBadClientVersion = 210,
  kDivergingHistories = 211,
  kBadChangeset = 212,
  kPartialSyncDisabled = 214,
  kUnsupportedSessionFeature = 215,
  kBadOriginFileIdent = 216,
  kBadClientFile = 217,
  kServerFileDeleted = 218,
  kClientFileBlacklisted = 219,
  kUserBlacklisted = 220,
  kTransactBeforeUpload = 221,
  kClientFileExpired = 222,
  kUserMismatch = 223,
  kTooManySessions = 224,
  kInvalidSchemaChange = 225,
  kBadQuery = 226,
  kObjectAlreadyExists = 227,
  kServerPermissionsChanged = 228,
  kInitialSyncNotCompleted = 229,
  kWriteNotAllowed = 230,
  kCompensatingWrite = 231,
  kMigrateToFlx = 232,
  kBadProgress = 233,
  kRevertToPbs = 234,
  kBadSchemaVersion = 235,
  kSchemaVersionChanged = 236,
};

/// What the SDK's session does about an error; the `action` of JSON_ERROR. Clients decide by this
/// alone, not by the code.
enum class Action : std::uint8_t {
  kProtocolViolation,
  kApplicationBug,
  kWarning,
  kTransient,
  kDeleteRealm,
  kClientReset,
  kClientResetNoRecovery,
  kMigrateToFlx,
  kRevertToPbs,
  kRefreshUser,
  kRefreshLocation,
  kLogOutUser,
  kMigrateSchema,
};

/// The category under which the SDKs show a sync error to the app; `status_name` spells it.
enum class SdkStatus : std::uint8_t {
  kAuthError,
  kAutoClientResetFailed,
  kBadChangeset,
  kBadSyncPartitionValue,
  kConnectionClosed,
  kInvalidSchemaChange,
  kInvalidSubscriptionQuery,
  kLimitExceeded,
  kObjectAlreadyExists,
  kRuntimeError,
  kSubscriptionFailed,
  kSyncClientResetRequired,
  kSyncCompensatingWrite,
  kSyncConnectFailed,
  kSyncConnectTimeout,
  kSyncPermissionDenied,
  kSyncProtocolInvariantFailed,
  kSyncProtocolNegotiationFailed,
  kSyncSchemaMigrationError,
  kSyncServerPermissionsChanged,
  kSyncUserMismatch,
  kSyncWriteNotAllowed,
  kTlsHandshakeFailed,
  kUnknownError,
  kWrongSyncType,
};

/// Connection level goes with session ident 0, session level with any other.
enum class ErrorLevel : std::uint8_t { kConnection, kSession };

/// Who may put a code into a message.
enum class ErrorSender : std::uint8_t {
  kServer,
  kClient,  ///< Only clients report it.
  kNobody,  ///< Historic, or clients in the field abort on it: never send it in any form.
};

/// One row of the error table.
struct SyncErrorInfo {
  SyncErrorCode code;
  std::string_view name;
  SdkStatus status;
  Action action;   ///< What our server sends with it.
  bool try_again;  ///< Likewise: true = the client resumes by itself after a delay.
  ErrorSender sender;
};

/// What a session does on an action.
struct ActionInfo {
  Action action;
  std::string_view name;
  bool makes_inactive;  ///< The session ends (UNBIND) and its waits fail.
  bool is_reported;     ///< The app's error handler is called at once.
};

/// The row of `code`; null for a number that is not in the table.
[[nodiscard]] const SyncErrorInfo* find_sync_error(SyncErrorCode code) noexcept;
/// The name of `code`, or "unknown".
[[nodiscard]] std::string_view sync_error_name(SyncErrorCode code) noexcept;
/// 100-199 belong to the connection, every other number to a session.
[[nodiscard]] ErrorLevel error_level(SyncErrorCode code) noexcept;
/// The category of `code`; `kUnknownError` for a number that is not in the table.
[[nodiscard]] SdkStatus sdk_status(SyncErrorCode code) noexcept;
/// 231 and 236 leave the session running, whatever `tryAgain` says.
[[nodiscard]] bool ends_session(SyncErrorCode code) noexcept;

[[nodiscard]] const ActionInfo& action_info(Action action) noexcept;
/// The action of that name; `kApplicationBug` for a text that names none.
[[nodiscard]] Action parse_action(std::string_view name) noexcept;
[[nodiscard]] bool is_client_reset(Action action) noexcept;

[[nodiscard]] std::string_view status_name(SdkStatus status) noexcept;

/// A message or body that breaks the syntax: `kBadMessage` with the code that a server answers as
/// `ForeignError{"realm-sync", code, message_name}`.
[[nodiscard]] Error bad_message(SyncErrorCode code,
                                std::string_view message_name,
                                std::string description);
/// The code that `bad_message` put into `error`; nullopt for other errors.
[[nodiscard]] std::optional<SyncErrorCode> sync_error_code(const Error& error) noexcept;

}  // namespace tombolo::protocol
