#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/logging.h"
#include "server/storage.h"

/// Keeping histories short: what led up to a version that every client has passed is replaced by
/// the state that it made, so that a history grows with the data and not with its past.

namespace tombolo::server {

struct TrimPolicy {
  /// A client that was away for longer has to be reset when it comes back (error 222).
  std::chrono::milliseconds max_offline{};
  /// The same for one that has not yet confirmed a download, and so would hold back everything.
  std::chrono::milliseconds first_download = std::chrono::hours(24);
  /// So many versions have to go, for a replacement costs as much as the state is large.
  std::uint64_t versions_min = 1'000;
};

/// What a replacement came to.
struct TrimmedHistory {
  std::string partition;
  ServerVersion up_to;
  std::uint64_t entries_before = 0;  ///< Up to `up_to`, as the two below.
  std::uint64_t entries_after = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
};

/// Thread:  one thread at a time, any thread; other threads may read and write the storage
///          meanwhile, which waits only for the replacement itself.
/// Source:  docs/server.md, "Trimming".
class HistoryTrimmer {
 public:
  /// Client files of a server file that sessions speak for right now.
  using BoundClients = std::function<std::set<ClientFileIdent>(ServerFileId)>;

  /// `scratch_directory` exists; files named `trimming*` in it are the trimmer's.
  HistoryTrimmer(Storage& storage, std::filesystem::path scratch_directory)
      : storage_(storage),
        scratch_directory_(std::move(scratch_directory)) {}

  /// Trims every server file; `report` hears of each that was.
  ///
  /// Errors:  throws `Error{kStorage, kDiskFull, kFileCorrupt, kBadChangeset}`: the server files
  ///          before are trimmed, the others as they were.
  void trim(const TrimPolicy& policy,
            WallTime now,
            const BoundClients& bound_clients,
            const std::function<void(const TrimmedHistory&)>& report);

 private:
  [[nodiscard]] std::optional<TrimmedHistory> trim_file(ServerFileId file,
                                                        const TrimPolicy& policy,
                                                        WallTime now,
                                                        const BoundClients& bound_clients);

  Storage& storage_;
  const std::filesystem::path scratch_directory_;
};

/// Trims all apps of a data directory that no server uses.
///
/// Errors:  throws `Error{kFileInUse}` when one does, `kInvalidArgument` when there is no app, and
///          as `HistoryTrimmer::trim`.
void trim_data_directory(const std::filesystem::path& data_directory,
                         std::chrono::milliseconds max_offline,
                         Logger& logger,
                         const std::function<void(const TrimmedHistory&)>& report);

}  // namespace tombolo::server
