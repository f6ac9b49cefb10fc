#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "protocol/changeset_entry.h"
#include "protocol/cursor.h"
#include "server/storage.h"

namespace tombolo::server {

/// The uploads of one session in their order. Once one of them failed, the later ones must not be
/// integrated: the client would take the acknowledgement of a later version for that of all
/// earlier ones.
struct UploadStream {
  std::atomic<bool> is_broken = false;
};

/// One UPLOAD, read and checked, that waits for integration.
struct Upload {
  ServerFileId file;
  ClientFileIdent client_file;
  protocol::UploadCursor progress;
  ServerVersion locked_server_version;
  std::vector<protocol::UploadEntry> entries;  ///< Their changesets view `body`.
  std::shared_ptr<const Bytes> body;
  std::shared_ptr<UploadStream> stream;

  /// Memory that waits with it.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return (body ? body->size() : 0) + entries.size() * sizeof(protocol::UploadEntry);
  }
};

/// What became of an upload that was integrated.
struct IntegratedUpload {
  /// What the uploader is owed an acknowledgement of; 0 when the message had no entries.
  ClientVersion acknowledge;
  ServerVersion history_end;  ///< Newest entry of the server file.
  bool has_grown = false;     ///< Whether the upload added to the history,
  bool has_content = false;   ///< and anything that others will receive.
};

}  // namespace tombolo::server
