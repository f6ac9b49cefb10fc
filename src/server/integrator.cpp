#include "server/integrator.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "server/history_position.h"
#include "server/session_error.h"

namespace tombolo::server {
namespace {

using protocol::SyncErrorCode;
using protocol::UploadEntry;

/// A changeset that does not fit will not fit when it is sent again, so the client is reset. One
/// whose schema contradicts the server's is for the developer to see.
Error bad_changeset(const Error& cause) {
  const std::string message = "an uploaded changeset cannot be integrated: " + cause.message();
  return cause.code() == ErrorCode::kMergeSchemaMismatch
             ? session_error(SyncErrorCode::kBadChangeset, message)
             : client_reset_error(SyncErrorCode::kBadChangeset, message);
}

/// The entries that are new, ascending; those before were integrated when they were first sent.
std::span<const UploadEntry> without_duplicates(const Upload& upload, ClientVersion uploaded) {
  const std::span<const UploadEntry> entries = upload.entries;
  const auto first_new =
      std::ranges::upper_bound(entries, uploaded, {}, &UploadEntry::client_version);
  return {first_new, entries.end()};
}

}  // namespace

Result<IntegratedUpload> integrate(StorageTransaction& storage,
                                   const Upload& upload,
                                   Random& random,
                                   UploadWindows& windows) {
  auto client = storage.find_client_file(upload.file, upload.client_file);
  if (!client) {
    return session_error(SyncErrorCode::kBadClientFileIdent, "the client file is not known");
  }
  const auto entries = without_duplicates(upload, client->uploaded);
  // The reciprocals before the base are gone, so nothing can be merged there any more.
  const bool goes_back =
      (!entries.empty() && entries.front().server_version < client->reciprocal_base) ||
      (upload.progress.client_version > client->uploaded &&
       upload.progress.server_version < client->reciprocal_base);
  if (goes_back ||
      upload.progress.server_version > storage.history_head(upload.file).server_version) {
    return session_error(SyncErrorCode::kBadServerVersion,
                         "the upload is based on a server version that the client cannot name");
  }

  if (!entries.empty() &&
      !is_kept(storage.history_base(upload.file), *client, entries.front().server_version)) {
    return session_error(SyncErrorCode::kClientFileExpired,
                         "the history that the upload is based on is no longer kept");
  }

  bool has_content = false;
  if (!entries.empty()) {
    merge::Window<ServerVersion>& window =
        windows.open(storage, upload.file, upload.client_file, entries.front().server_version)
            .window;
    std::vector<merge::Incoming<ServerVersion>> incoming;
    incoming.reserve(entries.size());
    for (const UploadEntry& entry : entries) {
      incoming.push_back(
          {entry.server_version, {entry.changeset, entry.origin_timestamp, upload.client_file}});
    }
    const auto outcomes = window.integrate(incoming);
    if (!outcomes) return bad_changeset(outcomes.error());

    for (std::size_t i = 0; i < entries.size(); ++i) {
      const merge::Outcome& outcome = (*outcomes)[i];
      const BytesView changeset = outcome ? BytesView(*outcome) : entries[i].changeset;
      if (!changeset.empty()) {
        has_content = true;
        if (const auto applied = storage.apply(upload.file, changeset); !applied) {
          return bad_changeset(applied.error());
        }
      }
      storage.append_history(upload.file,
                             {.origin = upload.client_file,
                              .client_version = entries[i].client_version,
                              .origin_timestamp = entries[i].origin_timestamp,
                              .salt = random.salt(),
                              .changeset = changeset});
    }
    window.for_each_rewritten([&](ServerVersion version, BytesView reciprocal) {
      if (version > upload.progress.server_version) {
        storage.put_reciprocal(upload.file, upload.client_file, version, reciprocal);
      }
    });
    windows.release(storage, upload.file, upload.client_file, entries.back().server_version);
  }

  if (upload.progress.client_version > client->uploaded) {
    client->uploaded = upload.progress.client_version;
    if (upload.progress.server_version > client->reciprocal_base) {
      client->reciprocal_base = upload.progress.server_version;
      storage.erase_reciprocals(upload.file, upload.client_file, client->reciprocal_base);
    }
  }
  client->locked_server_version =
      std::max(client->locked_server_version, upload.locked_server_version);
  storage.put_client_file(upload.file, *client);
  return IntegratedUpload{
      .acknowledge = upload.entries.empty() ? ClientVersion{} : client->uploaded,
      .history_end = storage.history_head(upload.file).server_version,
      .has_grown = !entries.empty(),
      .has_content = has_content,
  };
}

}  // namespace tombolo::server
