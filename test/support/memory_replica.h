#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assertion.h"
#include "base/bytes.h"
#include "sync/replica.h"

namespace tombolo::test {

/// A client file as a vector of commits: it counts and stores what sync hands it, and merges and
/// applies nothing. It starts at version 1, as files do.
class MemoryReplica final : public sync::Replica {
 public:
  /// One commit. Versions count from 1, the empty file.
  struct Commit {
    bool is_local = false;
    Bytes changeset;  ///< Empty for what the server sent: it is not kept.
    ServerVersion server_version;
    OriginTimestamp timestamp;
  };

  ClientVersion commit(std::string_view changeset) { return commit(as_bytes(changeset), {}); }
  ClientVersion commit(BytesView changeset, OriginTimestamp timestamp) {
    bytes_.uploadable += changeset.size();
    return append({.is_local = true,
                   .changeset = to_bytes(changeset),
                   .server_version = progress_.download.server_version,
                   .timestamp = timestamp});
  }

  [[nodiscard]] sync::ReplicaState state() const override {
    throw_if_broken();
    return {.file_ident = file_ident_,
            .progress = progress_,
            .newest_client_version = newest(),
            .bytes = bytes_};
  }

  [[nodiscard]] protocol::UploadCursor scan_local_changes(
      ClientVersion after,
      const std::function<bool(const protocol::UploadEntry&)>& visit) const override {
    throw_if_broken();
    for (std::size_t i = std::max<std::size_t>(after.value(), 1); i < commits_.size(); ++i) {
      const Commit& commit = commits_[i];
      if (!commit.is_local || commit.changeset.empty()) continue;
      if (!visit({.client_version = ClientVersion(i + 1),
                  .server_version = commit.server_version,
                  .origin_timestamp = commit.timestamp,
                  .origin_file_ident = {},
                  .changeset = commit.changeset}))
        return position(ClientVersion(i));
    }
    return position(newest());
  }

  [[nodiscard]] sync::ReplicaState store_file_ident(
      const protocol::SaltedFileIdent& file_ident) override {
    throw_if_broken();
    file_ident_ = file_ident;
    progress_.download.client_version = progress_.upload.client_version = {};
    append({.server_version = progress_.download.server_version});
    return state();
  }

  [[nodiscard]] Result<sync::IntegrationResult> integrate(const sync::DownloadBatch& batch,
                                                          std::size_t first_entry) override {
    throw_if_broken();
    if (refusal_) return *std::exchange(refusal_, std::nullopt);
    TOMBOLO_ASSERT(progress_.download.server_version <= batch.progress.download.server_version);

    const std::size_t end = std::min(batch.entries.size(), first_entry + entries_per_commit_);
    for (std::size_t i = first_entry; i < end; ++i)
      bytes_.downloaded += batch.entries[i].original_changeset_bytes;
    const protocol::UploadCursor acknowledged = progress_.upload;
    progress_ = batch.progress;
    bytes_.downloads_left = batch.downloads_left;
    if (end < batch.entries.size()) {
      progress_.download = {batch.entries[end - 1].server_version,
                            batch.entries[end - 1].client_version};
      for (std::size_t i = end; i < batch.entries.size(); ++i)
        bytes_.downloads_left += batch.entries[i].original_changeset_bytes;
    }
    for (std::size_t i = acknowledged.client_version.value();
         i < std::min<std::size_t>(progress_.upload.client_version.value(), commits_.size());
         ++i) {
      if (commits_[i].is_local) bytes_.uploaded += commits_[i].changeset.size();
    }
    append({.server_version = progress_.download.server_version});
    entries_integrated_ += end - first_entry;
    return sync::IntegrationResult{.state = state(), .entries_done = end};
  }

  /// What a client reset makes of the file: its identity and progress are those of a fresh copy.
  void reset(const protocol::SaltedFileIdent& file_ident,
             ServerVersion server_version,
             bool keeps_local_changes) {
    for (std::size_t i = 0; i < commits_.size(); ++i) {
      const bool is_unsynced = i >= progress_.upload.client_version.value();
      if (!is_unsynced || !keeps_local_changes) commits_[i].is_local = false;
      commits_[i].server_version = server_version;
    }
    file_ident_ = file_ident;
    progress_ = {.download = {server_version, {}},
                 .upload = {{}, server_version},
                 .latest_server_version = {server_version, Salt(5)}};
    bytes_ = {};
    for (const Commit& commit : commits_) {
      if (commit.is_local) bytes_.uploadable += commit.changeset.size();
    }
    append({.server_version = server_version});
  }
  /// Integration stops after so many entries.
  void commit_in_slices_of(std::size_t entries) { entries_per_commit_ = entries; }
  /// The next integration answers with `error`.
  void refuse_next_integration(Error error) { refusal_ = std::move(error); }
  /// Every call throws from now on, until it is told that nothing is broken.
  void break_storage(std::optional<Error> error) { broken_ = std::move(error); }
  /// A file that has synced before.
  void restore(const protocol::SaltedFileIdent& file_ident,
               const sync::SyncProgress& progress,
               ClientVersion newest_client_version) {
    file_ident_ = file_ident;
    progress_ = progress;
    while (newest() < newest_client_version)
      append({.server_version = progress.download.server_version});
  }

  [[nodiscard]] ClientVersion newest() const { return ClientVersion(commits_.size()); }
  [[nodiscard]] std::size_t entries_integrated() const { return entries_integrated_; }

 private:
  ClientVersion append(Commit commit) {
    commits_.push_back(std::move(commit));
    return newest();
  }
  [[nodiscard]] protocol::UploadCursor position(ClientVersion version) const {
    return {version, commits_[version.value() - 1].server_version};
  }
  void throw_if_broken() const {
    if (broken_) throw *broken_;
  }

  std::vector<Commit> commits_{Commit{}};
  std::optional<protocol::SaltedFileIdent> file_ident_;
  sync::SyncProgress progress_;
  sync::ByteCounters bytes_;
  std::size_t entries_per_commit_ = static_cast<std::size_t>(-1) / 2;
  std::size_t entries_integrated_ = 0;
  std::optional<Error> refusal_;
  std::optional<Error> broken_;
};

}  // namespace tombolo::test
