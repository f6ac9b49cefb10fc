#include "server/identification.h"

#include "server/history_position.h"
#include "server/session_error.h"

namespace tombolo::server {

using protocol::SyncErrorCode;

Result<IdentifiedFile> identify(const StorageSnapshot& storage,
                                const IdentifyClientFile& claim,
                                std::string_view user_id) {
  const auto file = storage.find_server_file(claim.partition);
  const auto client =
      file ? storage.find_client_file(*file, claim.client_file.ident) : std::nullopt;
  if (!client) {
    return session_error(SyncErrorCode::kBadClientFileIdent, "the client file is not known");
  }
  if (client->salt != claim.client_file.salt) {
    return session_error(SyncErrorCode::kDivergingHistories, "the client file has another salt");
  }
  if (client->owner != user_id) {
    return session_error(SyncErrorCode::kUserMismatch, "the client file belongs to another user");
  }

  const protocol::DownloadCursor download = claim.download;
  const HistoryHead head = storage.history_head(*file);
  if (download.server_version < client->reciprocal_base) {
    return session_error(SyncErrorCode::kBadServerVersion,
                         "the client has forgotten downloads that it had confirmed");
  }
  const HistoryBase base = storage.history_base(*file);
  if (!is_kept(base, *client, download.server_version)) {
    return session_error(SyncErrorCode::kClientFileExpired,
                         "the history that the client needs is no longer kept");
  }
  if (download.server_version > head.server_version) {
    return session_error(SyncErrorCode::kBadServerVersion, "the client is ahead of the server");
  }
  if (download.client_version > client->uploaded ||
      (download.server_version == ServerVersion{} && download.client_version != ClientVersion{})) {
    return session_error(SyncErrorCode::kBadClientVersion,
                         "the server has not integrated what the client believes");
  }
  const protocol::SaltedServerVersion latest = claim.latest_server_version;
  if (latest.version < download.server_version || latest.version > head.server_version) {
    return session_error(SyncErrorCode::kBadServerVersion,
                         "the latest server version is not one that the client can have seen");
  }
  // An entry that was replaced proves nothing any more.
  if (latest.version >= base.version || latest.version == ServerVersion{}) {
    const auto entry = storage.find_history_entry(*file, latest.version);
    if (latest.salt != (entry ? entry->salt : Salt{})) {
      return session_error(SyncErrorCode::kDivergingHistories,
                           "client and server have different histories");
    }
  }
  return IdentifiedFile{*file,
                        {client->uploaded, client->reciprocal_base},
                        client->locked_server_version,
                        head.server_version};
}

std::optional<ClientVersion> find_integrated(const StorageSnapshot& storage,
                                             const IdentifyClientFile& claim,
                                             std::string_view user_id) {
  const auto file = storage.find_server_file(claim.partition);
  const auto client =
      file ? storage.find_client_file(*file, claim.client_file.ident) : std::nullopt;
  if (!client || client->salt != claim.client_file.salt || client->owner != user_id) {
    return std::nullopt;
  }
  return client->uploaded;
}

}  // namespace tombolo::server
