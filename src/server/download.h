#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "protocol/body.h"
#include "protocol/cursor.h"
#include "server/storage.h"

namespace tombolo::server {

/// Changeset bytes after which a DOWNLOAD is cut; one entry always fits. Source: docs/server.md,
/// "Downloads".
inline constexpr std::size_t kDownloadBytesTarget = std::size_t{1} << 20;

/// What a session asks for: the entries after `cursor` that its client file has not made itself.
struct DownloadRequest {
  ServerFileId file;
  ClientFileIdent client_file;
  protocol::DownloadCursor cursor;
};

/// One DOWNLOAD but for the session ident. The body is shared by all sessions it fits.
struct DownloadAnswer {
  protocol::DownloadCursor cursor;  ///< The client's position once it has integrated the body.
  protocol::SaltedServerVersion latest_server_version;
  protocol::UploadCursor upload;
  std::uint64_t downloadable_bytes = 0;  ///< Still to come after this message.
  std::shared_ptr<const protocol::EncodedBody> body;
};

}  // namespace tombolo::server
