#pragma once

#include <functional>
#include <memory>

#include "store/environment.h"
#include "sync/replica.h"

namespace tombolo::client {

/// A synced file: the default realm of a store environment, as the sync machines see it.
///
/// The file's history has an entry for each commit. Local ones hold a changeset; those that sync
/// made, for an ident, a DOWNLOAD or a part of one, are empty and name the server version that the
/// file has integrated with them, so that the causal base of a local change is that of the nearest
/// such entry before it.
///
/// Thread:  as `sync::Replica`.
/// Errors:  throws `Error{kStorage, kDiskFull, kFileCorrupt}` from any call.
/// Source:  docs/sync-client.md, "Replica".
class StoreReplica final : public sync::Replica {
 public:
  /// Gives the open file, and throws when it cannot be opened.
  using OpenStore = std::function<std::shared_ptr<store::Environment>()>;

  /// Asked in each scan once its snapshot is taken: while it says so, no change is shown for
  /// upload. What is committed after it began to say so is therefore not in an upload that is being
  /// made.
  using HoldsUploads = std::function<bool()>;

  explicit StoreReplica(
      OpenStore open_store, HoldsUploads holds_uploads = [] { return false; });
  explicit StoreReplica(std::shared_ptr<store::Environment> environment);

  [[nodiscard]] sync::ReplicaState state() const override;
  [[nodiscard]] protocol::UploadCursor scan_local_changes(
      ClientVersion after,
      const std::function<bool(const protocol::UploadEntry&)>& visit) const override;
  [[nodiscard]] sync::ReplicaState store_file_ident(
      const protocol::SaltedFileIdent& file_ident) override;
  [[nodiscard]] Result<sync::IntegrationResult> integrate(const sync::DownloadBatch& batch,
                                                          std::size_t first_entry) override;

 private:
  const OpenStore open_store_;
  const HoldsUploads holds_uploads_;
  /// Where the last scan ended: the next one mostly goes on from there.
  mutable protocol::UploadCursor scanned_;
};

}  // namespace tombolo::client
