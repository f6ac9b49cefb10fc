#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "base/result.h"
#include "base/strong_id.h"
#include "protocol/cursor.h"
#include "protocol/version.h"
#include "sync/progress.h"
#include "sync/replica.h"
#include "sync/sync_error.h"
#include "sync/transport.h"

/// What a `ClientConnection` asks of its driver and tells it, in the order in which it happened.
namespace tombolo::sync {

/// Names a `ClientSession` for its whole life. Session idents of the protocol come and go with each
/// activation.
using SessionKey = StrongId<struct SessionKeyTag, std::uint64_t>;
using WaitId = StrongId<struct WaitIdTag, std::uint64_t>;

enum class SessionState : std::uint8_t {
  kInactive,               ///< Not yet activated, or ended by an error.
  kWaitingForAccessToken,  ///< To be active once the token is refreshed.
  kActive,                 ///< Syncs whenever there is a connection.
  kDying,                  ///< Nobody uses the file any more; ends when its changes are uploaded.
  kPaused,                 ///< By the application; only `resume()` leaves it.
  kResetting,              ///< Its file is being made equal to what the server has; then active.
  kClosed,                 ///< For good.
};

enum class ConnectionState : std::uint8_t { kDisconnected, kConnecting, kConnected };

// Work for the transport.

/// Connect and answer with `transport_opened()` or `transport_failed()`.
struct OpenTransport {
  TransportId transport;
  std::string url;            ///< With the token: not to be logged.
  std::string sub_protocols;  ///< Value of `Sec-WebSocket-Protocol`.
};
/// Drop the connection, or the attempt, without a close frame. Nothing is to be answered.
struct CloseTransport {
  TransportId transport;
};

// Work for the user's account.

/// Fetch a new access token, after the location if that is asked for, and answer with
/// `credentials_refreshed()` or `refresh_failed()`. At most one is under way.
struct RefreshCredentials {
  bool needs_location = false;
};
/// The server or a rejected refresh ended the user's log-in; no session of the connection is
/// active.
struct UserLoggedOut {
  SyncError error;
};

// Work for the replica, to be done on a worker.

/// Call `Replica::store_file_ident()` and answer with `ClientSession::file_ident_stored()`.
struct StoreFileIdent {
  SessionKey session;
  protocol::SaltedFileIdent file_ident;
};
/// Call `Replica::integrate()` once and answer with `ClientSession::integrated()`.
struct IntegrateDownload {
  SessionKey session;
  std::shared_ptr<const DownloadBatch> batch;
  std::size_t first_entry = 0;
};

// Client reset: see `ClientSession::reset_file()`.

/// The server has asked for a client reset: download a fresh copy of the file beside it, with a
/// session that has `SessionOptions::is_fresh_copy`, and answer with `ClientSession::reset_file()`
/// or `reset_failed()`. A session that changes to another state than `kResetting` meanwhile has no
/// use for the copy any more.
struct DownloadFreshCopy {
  SessionKey session;
  SyncError cause;
};
/// Make the file equal to the fresh copy, on a worker, and answer with
/// `ClientSession::file_reset()`.
struct ResetFile {
  SessionKey session;
};

// News for the application.

struct SessionStateChanged {
  SessionKey session;
  SessionState previous;
  SessionState current;
};
struct ConnectionStateChanged {
  SessionKey session;
  ConnectionState previous;
  ConnectionState current;
};
struct SessionFailed {
  SessionKey session;
  SyncError error;
};
/// Settled exactly once: done, failed with a reason, timed out (`kTimedOut`), ended by a pause or
/// the caller (`kCancelled`) or by a close (`kClosed`).
struct WaitSettled {
  SessionKey session;
  WaitId wait;
  Result<void> outcome;
};
struct ProgressNotified {
  SessionKey session;
  NotifierId notifier;
  ProgressNotification progress;
};
/// The session has closed and no work of its is under way: its replica may be closed. It does not
/// exist any more.
struct SessionClosed {
  SessionKey session;
};

using Event = std::variant<OpenTransport,
                           CloseTransport,
                           RefreshCredentials,
                           UserLoggedOut,
                           StoreFileIdent,
                           IntegrateDownload,
                           DownloadFreshCopy,
                           ResetFile,
                           SessionStateChanged,
                           ConnectionStateChanged,
                           SessionFailed,
                           WaitSettled,
                           ProgressNotified,
                           SessionClosed>;

}  // namespace tombolo::sync
