#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tombolo {

/// What went wrong, in words that code can act on. A code is added when, and only when, some caller
/// could catch it and do something different. Names, not numbers, are public: they are what the
/// SDKs show and what docs/errors.md lists.
enum class ErrorCode : std::uint16_t {
  kInternal,            ///< A bug of ours. Report it with the message; retrying will not help.
  kInvalidArgument,     ///< The caller passed something that the contract forbids.
  kNotFound,            ///< The named thing does not exist.
  kAlreadyExists,       ///< A thing of that name exists and may not be replaced.
  kSchemaMismatch,      ///< The schema given and the schema found cannot be brought together.
  kInvalidSchema,       ///< The schema contradicts itself; the message lists every problem.
  kTypeMismatch,        ///< The value does not have the type of the property.
  kDuplicateKey,        ///< An object with that primary key exists.
  kNotInTransaction,    ///< A write outside of a write transaction.
  kInTransaction,       ///< A write transaction is open already on this realm.
  kObjectDeleted,       ///< The object was deleted, or its realm refreshed past it.
  kClosed,              ///< The realm, session or server was closed.
  kBadChangeset,        ///< Bytes are no changeset, or instructions that do not fit the state.
  kMergeSchemaMismatch, ///< Two sides changed the schema in ways that exclude each other.
  kMergeBadPosition,    ///< Two sides disagree about the size or a position of a list.
  kBadMessage,          ///< A sync message breaks the syntax of the protocol.
  kProtocolViolation,   ///< A well-formed sync message that is not legal now.
  kLimitExceeded,       ///< An input is larger, deeper or more frequent than its stated limit.
  kStorage,             ///< The file system or LMDB failed; the cause holds its code.
  kDiskFull,            ///< No space left; nothing was changed. Free space and try again.
  kFileFormatTooNew,    ///< The file was written by a newer version of this library.
  kFileCorrupt,         ///< The file's content contradicts itself.
  kWrongKey,            ///< The file is encrypted with another key, or not at all, or a key is missing.
  kFileInUse,           ///< Another process holds the file or directory.
  kReadOnly,            ///< A write on something opened for reading.
  kPermissionDenied,    ///< The operating system or the server does not allow it.
  kAuthentication,      ///< The credentials are wrong or expired, or the user logged out.
  kNameInUse,           ///< The account name is taken.
  kNetwork,             ///< Connecting, reading or writing failed; retrying may help.
  kTlsFailure,          ///< The TLS handshake failed or the certificate is not trusted.
  kTimedOut,            ///< The time given ran out first.
  kCancelled,           ///< The caller, or a pause, ended the operation.
  kClientReset,         ///< The server asks for a client reset before this file can sync again.
  kSyncFailed,          ///< The sync session ended with an error of the server's.
};

struct ErrorCodeInfo {
  ErrorCode code;
  std::string_view name;
};

/// Every code with its public name, in the order of the enumeration.
inline constexpr std::array kErrorCodes{
    ErrorCodeInfo{ErrorCode::kInternal, "Internal"},
    ErrorCodeInfo{ErrorCode::kInvalidArgument, "InvalidArgument"},
    ErrorCodeInfo{ErrorCode::kNotFound, "NotFound"},
    ErrorCodeInfo{ErrorCode::kAlreadyExists, "AlreadyExists"},
    ErrorCodeInfo{ErrorCode::kSchemaMismatch, "SchemaMismatch"},
    ErrorCodeInfo{ErrorCode::kInvalidSchema, "InvalidSchema"},
    ErrorCodeInfo{ErrorCode::kTypeMismatch, "TypeMismatch"},
    ErrorCodeInfo{ErrorCode::kDuplicateKey, "DuplicateKey"},
    ErrorCodeInfo{ErrorCode::kNotInTransaction, "NotInTransaction"},
    ErrorCodeInfo{ErrorCode::kInTransaction, "InTransaction"},
    ErrorCodeInfo{ErrorCode::kObjectDeleted, "ObjectDeleted"},
    ErrorCodeInfo{ErrorCode::kClosed, "Closed"},
    ErrorCodeInfo{ErrorCode::kBadChangeset, "BadChangeset"},
    ErrorCodeInfo{ErrorCode::kMergeSchemaMismatch, "MergeSchemaMismatch"},
    ErrorCodeInfo{ErrorCode::kMergeBadPosition, "MergeBadPosition"},
    ErrorCodeInfo{ErrorCode::kBadMessage, "BadMessage"},
    ErrorCodeInfo{ErrorCode::kProtocolViolation, "ProtocolViolation"},
    ErrorCodeInfo{ErrorCode::kLimitExceeded, "LimitExceeded"},
    ErrorCodeInfo{ErrorCode::kStorage, "Storage"},
    ErrorCodeInfo{ErrorCode::kDiskFull, "DiskFull"},
    ErrorCodeInfo{ErrorCode::kFileFormatTooNew, "FileFormatTooNew"},
    ErrorCodeInfo{ErrorCode::kFileCorrupt, "FileCorrupt"},
    ErrorCodeInfo{ErrorCode::kWrongKey, "WrongKey"},
    ErrorCodeInfo{ErrorCode::kFileInUse, "FileInUse"},
    ErrorCodeInfo{ErrorCode::kReadOnly, "ReadOnly"},
    ErrorCodeInfo{ErrorCode::kPermissionDenied, "PermissionDenied"},
    ErrorCodeInfo{ErrorCode::kAuthentication, "Authentication"},
    ErrorCodeInfo{ErrorCode::kNameInUse, "NameInUse"},
    ErrorCodeInfo{ErrorCode::kNetwork, "Network"},
    ErrorCodeInfo{ErrorCode::kTlsFailure, "TlsFailure"},
    ErrorCodeInfo{ErrorCode::kTimedOut, "TimedOut"},
    ErrorCodeInfo{ErrorCode::kCancelled, "Cancelled"},
    ErrorCodeInfo{ErrorCode::kClientReset, "ClientReset"},
    ErrorCodeInfo{ErrorCode::kSyncFailed, "SyncFailed"},
};

/// The public name of `code`.
[[nodiscard]] constexpr std::string_view error_code_name(ErrorCode code) noexcept {
  return kErrorCodes[static_cast<std::size_t>(code)].name;
}

}  // namespace tombolo
