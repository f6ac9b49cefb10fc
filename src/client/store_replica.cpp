#include "client/store_replica.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "client/global_key_rewrite.h"
#include "client/sync_metadata.h"
#include "merge/window.h"
#include "store/applier.h"

namespace tombolo::client {
namespace {

using protocol::DownloadEntry;
using sync::DownloadBatch;
using sync::IntegrationResult;
using sync::ReplicaState;

/// Changeset bytes after which a commit ends, if it may, so that an application's write never waits
/// long. Source: docs/sync-client.md, "Replica".
constexpr std::size_t kCommitBytesTarget = std::size_t{256} << 10;

store::HistoryVersion to_history(ClientVersion version) noexcept {
  return store::HistoryVersion(version.value());
}
ClientVersion to_client(store::HistoryVersion version) noexcept {
  return ClientVersion(version.value());
}
bool is_local_change(const store::HistoryEntry& entry) noexcept {
  return entry.origin == ClientFileIdent{} && !entry.changeset.empty();
}

ReplicaState to_state(const SyncMetadata& metadata, const store::HistoryBounds& bounds) {
  return {
      .file_ident = metadata.file_ident.ident == ClientFileIdent{}
                        ? std::nullopt
                        : std::optional(metadata.file_ident),
      .progress = metadata.progress,
      .newest_client_version = to_client(bounds.newest),
      // Only local changes have bytes in this history.
      .bytes = {.uploaded = metadata.uploaded_bytes,
                .uploadable = bounds.bytes_total,
                .downloaded = metadata.downloaded_bytes,
                .downloads_left = metadata.downloads_left},
  };
}

/// The entry that stands for a commit of sync itself.
void append_marker(store::RealmWriter& realm,
                   ClientFileIdent origin,
                   ServerVersion server_version,
                   OriginTimestamp timestamp) {
  realm.history().append({.origin = origin,
                          .peer_version = store::PeerVersion(server_version.value()),
                          .origin_timestamp = timestamp,
                          .salt = {},
                          .changeset = {}});
}

/// Local changes that the server had not integrated when it made the first of `entries`.
merge::Window<ClientVersion> concurrent_changes(const store::RealmReader& realm,
                                                ClientFileIdent own_ident,
                                                ClientVersion base) {
  merge::Window<ClientVersion> window;
  const store::HistoryReader history = realm.history();
  history.for_each_after(to_history(base), [&](const store::HistoryEntry& entry) {
    if (is_local_change(entry)) {
      const auto reciprocal = history.find_reciprocal(kServerFileIdent, entry.version);
      window.add(to_client(entry.version),
                 {reciprocal.value_or(entry.changeset), entry.origin_timestamp, own_ident});
    }
    return true;
  });
  return window;
}

/// Merges and applies entries from the front, in runs of equal base, until a commit's worth is
/// done. Returns how many.
Result<std::size_t> apply_entries(store::RealmWriter& realm,
                                  ClientFileIdent own_ident,
                                  std::span<const DownloadEntry> entries) {
  if (entries.empty()) return std::size_t{0};
  auto window = concurrent_changes(realm, own_ident, entries.front().client_version);
  std::vector<merge::Incoming<ClientVersion>> incoming;
  incoming.reserve(entries.size());
  for (const DownloadEntry& entry : entries) {
    incoming.push_back(
        {entry.client_version, {entry.changeset, entry.origin_timestamp, entry.origin_file_ident}});
  }

  std::vector<merge::Outcome> outcomes;
  std::size_t bytes = 0;
  std::span<const merge::Incoming<ClientVersion>> rest = incoming;
  while (!rest.empty() && bytes < kCommitBytesTarget) {
    const auto run = rest.first(merge::run_length(rest));
    const std::size_t rewrites_before = window.rewrite_count();
    auto merged = window.integrate(run);
    if (!merged) return merged.error();
    // Rewritten reciprocals stand for the whole run; without any it may be cut.
    const bool may_cut = window.rewrite_count() == rewrites_before;
    for (std::size_t i = 0; i < run.size() && (!may_cut || bytes < kCommitBytesTarget); ++i) {
      bytes += run[i].entry.bytes.size();
      outcomes.push_back(std::move((*merged)[i]));
    }
    rest = rest.subspan(run.size());
  }

  store::Applier applier(realm);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const BytesView changeset = outcomes[i] ? BytesView(*outcomes[i]) : entries[i].changeset;
    if (changeset.empty()) continue;
    if (auto applied = applier.apply(changeset); !applied) return applied.error();
  }
  window.for_each_rewritten([&](ClientVersion version, BytesView reciprocal) {
    realm.history().put_reciprocal(kServerFileIdent, to_history(version), reciprocal);
  });
  return outcomes.size();
}

/// What has to be stored when the entries up to `done` are integrated and others are not.
sync::SyncProgress partial_progress(const sync::SyncProgress& progress, const DownloadEntry& last) {
  sync::SyncProgress partial = progress;
  partial.download = {last.server_version, last.client_version};
  return partial;
}

std::uint64_t original_bytes(std::span<const DownloadEntry> entries) {
  std::uint64_t bytes = 0;
  for (const DownloadEntry& entry : entries) bytes += entry.original_changeset_bytes;
  return bytes;
}

bool goes_back(const sync::SyncProgress& from, const sync::SyncProgress& to) noexcept {
  return to.download.server_version < from.download.server_version ||
         to.download.client_version < from.download.client_version ||
         to.upload.client_version < from.upload.client_version ||
         (to.upload.server_version != ServerVersion{} &&
          to.upload.server_version < from.upload.server_version) ||
         to.latest_server_version.version < from.latest_server_version.version;
}

/// Bytes of the local changes up to the acknowledged version.
std::uint64_t uploaded_bytes(const store::HistoryReader& history,
                             const SyncMetadata& metadata,
                             ClientVersion acknowledged) {
  const auto entry = history.find(to_history(acknowledged));
  return std::max(metadata.uploaded_bytes, entry ? entry->bytes_total : 0);
}

/// Drops what no merge and no upload will look at again: entries up to the oldest possible base of
/// a later download, and behind it what is no local change and has been acknowledged.
void trim(store::RealmWriter& realm, const sync::SyncProgress& progress) {
  store::HistoryWriter history = realm.history();
  ClientVersion up_to = progress.download.client_version;
  history.for_each_after(to_history(up_to), [&](const store::HistoryEntry& entry) {
    const ClientVersion version = to_client(entry.version);
    if (is_local_change(entry) || version > progress.upload.client_version) return false;
    up_to = version;
    return true;
  });
  if (to_history(up_to) <= history.bounds().base) return;
  history.trim(to_history(up_to));
  history.erase_reciprocals(kServerFileIdent, to_history(up_to));
}

}  // namespace

StoreReplica::StoreReplica(OpenStore open_store, HoldsUploads holds_uploads)
    : open_store_(std::move(open_store)),
      holds_uploads_(std::move(holds_uploads)) {}
StoreReplica::StoreReplica(std::shared_ptr<store::Environment> environment)
    : StoreReplica([environment = std::move(environment)] { return environment; }) {}

ReplicaState StoreReplica::state() const {
  const store::ReadTransaction snapshot = open_store_()->begin_read();
  const store::RealmReader& realm = snapshot.realm();
  return to_state(read_sync_metadata(realm.metadata()), realm.history().bounds());
}

protocol::UploadCursor StoreReplica::scan_local_changes(
    ClientVersion after, const std::function<bool(const protocol::UploadEntry&)>& visit) const {
  const store::ReadTransaction snapshot = open_store_()->begin_read();
  const bool holds_uploads = holds_uploads_();
  const store::RealmReader& realm = snapshot.realm();
  // The base at a position is known where the last scan ended and where the server has confirmed.
  protocol::UploadCursor cursor = read_sync_metadata(realm.metadata()).progress.upload;
  if (scanned_.client_version <= after && scanned_.client_version > cursor.client_version) {
    cursor = scanned_;
  }
  realm.history().for_each_after(
      to_history(cursor.client_version), [&](const store::HistoryEntry& entry) {
        const ClientVersion version = to_client(entry.version);
        if (version > after && is_local_change(entry) &&
            (holds_uploads || !visit({.client_version = version,
                                      .server_version = cursor.server_version,
                                      .origin_timestamp = entry.origin_timestamp,
                                      .origin_file_ident = {},
                                      .changeset = entry.changeset}))) {
          return false;
        }
        cursor.client_version = version;
        if (entry.origin != ClientFileIdent{}) {
          cursor.server_version = ServerVersion(entry.peer_version.value());
        }
        return true;
      });
  return scanned_ = cursor;
}

ReplicaState StoreReplica::store_file_ident(const protocol::SaltedFileIdent& file_ident) {
  store::WriteTransaction transaction = open_store_()->begin_write();
  store::RealmWriter& realm = transaction.realm();
  SyncMetadata metadata = read_sync_metadata(realm.metadata());
  metadata.file_ident = file_ident;
  metadata.progress.download.client_version = {};
  metadata.progress.upload.client_version = {};
  write_sync_metadata(realm.metadata(), metadata);

  realm.set_file_ident(file_ident.ident);
  std::vector<std::pair<store::HistoryVersion, Bytes>> rewritten;
  realm.history().for_each_after({}, [&](const store::HistoryEntry& entry) {
    if (!is_local_change(entry)) return true;
    auto changeset = rewrite_global_keys(entry.changeset, file_ident.ident);
    if (changeset.value()) rewritten.emplace_back(entry.version, std::move(**changeset));
    return true;
  });
  for (const auto& [version, changeset] : rewritten) realm.history().rewrite(version, changeset);
  append_marker(realm, {}, {}, {});

  const ReplicaState state = to_state(metadata, realm.history().bounds());
  transaction.commit();
  return state;
}

Result<IntegrationResult> StoreReplica::integrate(const DownloadBatch& batch,
                                                  std::size_t first_entry) {
  store::WriteTransaction transaction = open_store_()->begin_write();
  store::RealmWriter& realm = transaction.realm();
  SyncMetadata metadata = read_sync_metadata(realm.metadata());
  if (goes_back(metadata.progress, batch.progress)) {
    return Error(ErrorCode::kProtocolViolation, "the server's progress goes back");
  }

  const auto entries = std::span(batch.entries).subspan(first_entry);
  const auto done = apply_entries(realm, metadata.file_ident.ident, entries);
  if (!done) return done.error();

  const bool is_complete = *done == entries.size();
  metadata.progress =
      is_complete ? batch.progress : partial_progress(batch.progress, entries[*done - 1]);
  metadata.downloaded_bytes += original_bytes(entries.first(*done));
  metadata.downloads_left = batch.downloads_left + original_bytes(entries.subspan(*done));
  metadata.uploaded_bytes =
      uploaded_bytes(realm.history(), metadata, metadata.progress.upload.client_version);
  write_sync_metadata(realm.metadata(), metadata);

  const bool has_entries = *done > 0;
  append_marker(realm,
                has_entries ? entries[*done - 1].origin_file_ident : kServerFileIdent,
                metadata.progress.download.server_version,
                has_entries ? entries[*done - 1].origin_timestamp : OriginTimestamp{});
  trim(realm, metadata.progress);

  IntegrationResult result{to_state(metadata, realm.history().bounds()), first_entry + *done};
  transaction.commit();
  return result;
}

}  // namespace tombolo::client
