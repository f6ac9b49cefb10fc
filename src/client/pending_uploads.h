#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "store/environment.h"

namespace tombolo::client {

/// What was written to the objects of a synced file and is not yet confirmed by the server. The
/// schema, which opening a file may add to and which is uploaded too, is nothing that was written.
struct PendingUploads {
  std::uint64_t transactions = 0;  ///< Those that changed an object.
  std::uint64_t objects = 0;       ///< Different ones that were created, changed or erased.
  std::uint64_t bytes = 0;         ///< Of their changesets, as progress counts them.
  std::optional<std::chrono::milliseconds> oldest_age;  ///< nullopt: there are none.

  friend bool operator==(const PendingUploads&, const PendingUploads&) = default;
};

/// The pending uploads of a file as of its newest commit; reads every changeset among them.
///
/// Errors:  throws `Error{kStorage, kFileCorrupt, kBadChangeset}`.
/// Thread:  callable from any thread.
[[nodiscard]] PendingUploads read_pending_uploads(store::Environment& environment, WallTime now);

}  // namespace tombolo::client
