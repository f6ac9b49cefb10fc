#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "protocol/changeset_entry.h"
#include "protocol/cursor.h"

namespace tombolo::sync {

/// How far a client file has come with its server; stored in the commit that it describes.
struct SyncProgress {
  protocol::DownloadCursor download;
  protocol::UploadCursor upload;  ///< What the server has acknowledged.
  protocol::SaltedServerVersion latest_server_version;

  friend bool operator==(const SyncProgress&, const SyncProgress&) = default;
};

/// Sizes of changesets before compression and without entry heads, summed over the file's life.
struct ByteCounters {
  std::uint64_t uploaded = 0;        ///< Of local entries that the server has acknowledged.
  std::uint64_t uploadable = 0;      ///< Of all local entries.
  std::uint64_t downloaded = 0;      ///< Original sizes of the entries that are integrated.
  std::uint64_t downloads_left = 0;  ///< The server's word for what came after those.

  friend bool operator==(const ByteCounters&, const ByteCounters&) = default;
};

/// What a session needs to know of its file, read in one snapshot.
struct ReplicaState {
  std::optional<protocol::SaltedFileIdent> file_ident;
  SyncProgress progress;
  ClientVersion newest_client_version;
  ByteCounters bytes;
};

/// Entries to integrate, from one DOWNLOAD or several that follow each other, and what to store
/// with the last of them. Never changes after it was made.
struct DownloadBatch {
  std::vector<protocol::DownloadEntry> entries;  ///< In server order; may be empty.
  SyncProgress progress;
  std::uint64_t downloads_left = 0;  ///< For `ByteCounters`, once the last entry is integrated.
  std::vector<Bytes> storage;        ///< What the entries view.
};

/// What became of a batch so far.
struct IntegrationResult {
  ReplicaState state;            ///< After the commit.
  std::size_t entries_done = 0;  ///< Counted from the first entry of the batch.
};

/// One client file as sync sees it: what the client layer implements over the store.
///
/// Reads are answered from a snapshot of the moment and may run beside a writer. Writes wait for
/// the file's write lock, so the driver calls them on a worker when the machine asks for them with
/// an event, one at a time for each file, and reports the result back to the session.
///
/// Thread:  reads: the sync strand. Writes: any one thread at a time.
/// Errors:  reads and writes throw `Error` when the storage fails.
class Replica {
 public:
  virtual ~Replica() = default;

  [[nodiscard]] virtual ReplicaState state() const = 0;

  /// Visits, in order, the entries made after `after` that are of local origin and not empty; an
  /// entry is viewed only inside the call. When `visit` answers false its entry was not taken and
  /// the scan ends before it.
  ///
  /// Returns the position that the scan reached: the last version before the entry not taken, or
  /// the newest one, and the server version that was integrated there.
  [[nodiscard]] virtual protocol::UploadCursor scan_local_changes(
      ClientVersion after,
      const std::function<bool(const protocol::UploadEntry&)>& visit) const = 0;

  /// Stores the file's identity, in a commit of its own with an empty changeset, and zeroes the
  /// client versions of the progress.
  [[nodiscard]] virtual ReplicaState store_file_ident(
      const protocol::SaltedFileIdent& file_ident) = 0;

  /// Merges and applies entries of `batch` from `first_entry` on, in one commit. It may stop before
  /// the end of the batch to keep the commit short; at least one entry is taken if there is one.
  ///
  /// After the last entry `batch.progress` and `batch.downloads_left` are stored. After another one
  /// the download cursor is that entry's versions, and `downloads_left` also counts the rest of the
  /// batch. An empty batch is one commit that stores progress.
  ///
  /// Errors:  `kBadChangeset`, `kMergeSchemaMismatch`, `kMergeBadPosition`, `kSchemaMismatch` for a
  ///          changeset that cannot be parsed, merged or applied; `kProtocolViolation` for progress
  ///          that would go backwards. Nothing was changed then.
  [[nodiscard]] virtual Result<IntegrationResult> integrate(const DownloadBatch& batch,
                                                            std::size_t first_entry) = 0;
};

}  // namespace tombolo::sync
