#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "protocol/error_code.h"
#include "protocol/message.h"

namespace tombolo::sync {

/// An error as a session meets it: a server's JSON_ERROR, a failure of the connection, or one of
/// our own.
struct SyncError {
  /// Our code and the message; the server's number is its `ForeignError{"realm-sync", ...}`.
  Error error;
  protocol::SdkStatus status = protocol::SdkStatus::kUnknownError;
  /// What was done about it; nullopt for local errors and the historic ERROR message.
  std::optional<protocol::Action> action;
  /// Nothing goes on by itself: waits fail with it.
  bool is_fatal = false;
  /// The server's message with its further fields; null for local errors.
  std::shared_ptr<const protocol::ServerError> server_error;
  /// Of a client reset that is left to the application: where its file will be put aside.
  std::string recovery_path = {};
};

/// `message`, which the server sent with its number, in our terms.
[[nodiscard]] SyncError make_sync_error(const protocol::ServerError& message);
/// The same for the historic form, which has no action.
[[nodiscard]] SyncError make_sync_error(const protocol::LegacyError& message);
/// An error that was not sent by the server; our code follows from `status`.
[[nodiscard]] SyncError make_local_error(protocol::SdkStatus status,
                                         std::optional<protocol::Action> action,
                                         bool is_fatal,
                                         std::string message);

}  // namespace tombolo::sync
