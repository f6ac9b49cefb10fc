#pragma once

#include <cstdint>
#include <optional>

#include "store/metadata.h"
#include "sync/replica.h"

namespace tombolo::client {

/// What a synced file keeps of its dealings with the server, in one record of its realm's metadata,
/// integers little-endian:
///
///   "sync/state" -> format:u8(1) ident:u64 ident_salt:u64
///                   download_server_version:u64 download_client_version:u64
///                   upload_client_version:u64 upload_server_version:u64
///                   latest_server_version:u64 latest_salt:u64
///                   uploaded:u64 downloaded:u64 downloads_left:u64
///
/// Ident 0: the server has not given one yet.
struct SyncMetadata {
  protocol::SaltedFileIdent file_ident;
  sync::SyncProgress progress;
  std::uint64_t uploaded_bytes = 0;
  std::uint64_t downloaded_bytes = 0;
  std::uint64_t downloads_left = 0;

  friend bool operator==(const SyncMetadata&, const SyncMetadata&) = default;
};

/// Errors:  throws `Error{kFileCorrupt, kFileFormatTooNew}`. A file that never synced has an empty
///          record.
[[nodiscard]] SyncMetadata read_sync_metadata(const store::MetadataReader& metadata);
void write_sync_metadata(store::MetadataWriter metadata, const SyncMetadata& state);

}  // namespace tombolo::client
