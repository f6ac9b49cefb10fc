#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "tombolo/app.h"
#include "value/partition_value.h"

namespace tombolo {

class Realm;

/// A write of this device that the server has undone.
struct CompensatingWrite {
  std::string class_name;
  std::string primary_key;  ///< Base64 of its encoding in changesets.
  std::string reason;
};

/// An error of a sync session, as applications see it.
struct SyncError {
  Error error;   ///< What to branch on is its `code()`; the server's number is its foreign one.
  int code = 0;  ///< The number that SDKs show.
  std::string category;  ///< What the number stands for: "SyncPermissionDenied".
  /// What the server wants done about it, which has been done as far as it can be here:
  /// "LogOutUser", "RefreshUser", "ClientReset". Empty for errors made here that need nothing.
  std::string action;
  std::string log_url;    ///< Of the server's log; "" for errors made here.
  bool is_fatal = false;  ///< The session has ended; otherwise it goes on by itself.
  std::vector<CompensatingWrite> compensating_writes;
  /// Not empty: the server cannot sync this file any more, and no automatic client reset was
  /// possible or wanted. The file will be moved there, as a local realm, when it is opened next, or
  /// by `App::initiate_client_reset`; its path then begins anew.
  std::filesystem::path recovery_path = {};
};

/// What happens to the session when the last realm of its file closes.
enum class StopPolicy : std::uint8_t { kAfterUpload, kImmediately, kNever };

enum class OpenType : std::uint8_t {
  kDownloadFirst,  ///< When all is integrated that the server has.
  kImmediately,
};
enum class OpenTimeoutBehavior : std::uint8_t { kFail, kOpenLocalRealm };

/// When `Realm::open_async` gives the realm.
struct OpenBehavior {
  OpenType type = OpenType::kDownloadFirst;
  std::optional<std::chrono::milliseconds> timeout{30'000};  ///< nullopt: as long as it takes.
  OpenTimeoutBehavior on_timeout = OpenTimeoutBehavior::kFail;
};

/// What becomes of the file when the server has forgotten what sync needs to know of it.
enum class ClientResetMode : std::uint8_t {
  kManual,                  ///< The session ends; see `SyncError::recovery_path`.
  kDiscardUnsyncedChanges,  ///< It becomes as the server has it.
  kRecoverUnsyncedChanges,  ///< The same, and what was not yet uploaded is repeated on it.
  kRecoverOrDiscardUnsyncedChanges,
};

/// Objects, results and observers stay what they are in an automatic reset and see its changes.
///
/// Thread:  the callbacks come on the realm's thread if it has a scheduler, otherwise on one of the
///          library's. They may not throw.
/// Source:  docs/client-reset.md.
struct ClientResetOptions {
  ClientResetMode mode = ClientResetMode::kRecoverUnsyncedChanges;
  /// Before the file changes; `before` shows what was there.
  std::function<void(const Realm& before)> before;
  std::function<void(const Realm& before, const Realm& after, bool recovered)> after;
};

struct SyncConfiguration {
  User user;
  PartitionValue partition;
  StopPolicy stop_policy = StopPolicy::kAfterUpload;
  /// Waits also fail on errors after which the session goes on by itself.
  bool cancel_waits_on_nonfatal_error = false;
  OpenBehavior new_file;  ///< Where there is no file yet.
  OpenBehavior existing_file;
  ClientResetOptions client_reset;
  std::function<void(const SyncError& error)> on_error;
};

}  // namespace tombolo
