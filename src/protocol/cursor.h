#pragma once

#include "base/strong_id.h"

namespace tombolo::protocol {

/// A client's position in the server's history: everything up to `server_version` is integrated,
/// and at that point the server had integrated this client's changes up to `client_version`.
struct DownloadCursor {
  ServerVersion server_version;
  ClientVersion client_version;

  friend bool operator==(const DownloadCursor&, const DownloadCursor&) = default;
};

/// The server's position in a client's history: its changes up to `client_version` are integrated,
/// and when the client made that version it had integrated `server_version`.
struct UploadCursor {
  ClientVersion client_version;
  ServerVersion server_version;

  friend bool operator==(const UploadCursor&, const UploadCursor&) = default;
};

/// Whether nothing was integrated from a client that made nothing yet.
[[nodiscard]] constexpr bool is_consistent(UploadCursor cursor) noexcept {
  return cursor.client_version != ClientVersion{} || cursor.server_version == ServerVersion{};
}

/// Whether two positions can belong to one history: neither half goes back while the other
/// advances.
[[nodiscard]] constexpr bool are_mutually_consistent(UploadCursor left,
                                                     UploadCursor right) noexcept {
  if (left.client_version < right.client_version)
    return left.server_version <= right.server_version;
  if (left.client_version > right.client_version)
    return left.server_version >= right.server_version;
  return left.server_version == right.server_version;
}

/// A server version and the proof that it belongs to the history it is claimed of; version 0 has
/// salt 0.
struct SaltedServerVersion {
  ServerVersion version;
  Salt salt;

  friend bool operator==(const SaltedServerVersion&, const SaltedServerVersion&) = default;
};

/// A client file as the server registered it.
struct SaltedFileIdent {
  ClientFileIdent ident;
  Salt salt;

  friend bool operator==(const SaltedFileIdent&, const SaltedFileIdent&) = default;
};

}  // namespace tombolo::protocol
