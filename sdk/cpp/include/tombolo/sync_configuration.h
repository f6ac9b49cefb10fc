#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "tombolo/app.h"
#include "value/partition_value.h"

namespace tombolo {

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

struct SyncConfiguration {
  User user;
  PartitionValue partition;
  StopPolicy stop_policy = StopPolicy::kAfterUpload;
  /// Waits also fail on errors after which the session goes on by itself.
  bool cancel_waits_on_nonfatal_error = false;
  OpenBehavior new_file;  ///< Where there is no file yet.
  OpenBehavior existing_file;
  std::function<void(const SyncError& error)> on_error;
};

}  // namespace tombolo
