#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "protocol/cursor.h"
#include "protocol/error_code.h"
#include "server/download.h"
#include "server/upload.h"

/// What a connection asks its driver to do. The driver answers through the `Connection` calls named
/// below, later and in any order between sessions; answers for a binding that is over are ignored.

namespace tombolo::server {

/// Names one binding of a session: the ident comes from the client and may be bound again.
struct SessionKey {
  SessionIdent ident;
  std::uint64_t binding = 0;

  friend bool operator==(const SessionKey&, const SessionKey&) = default;
};

/// Register a new client file, durably; answered by `client_file_allocated`.
struct AllocateClientFile {
  SessionKey session;
  std::string partition;
};

/// Compare what a client says of itself with what is stored; answered by `identified`.
struct IdentifyClientFile {
  SessionKey session;
  std::string partition;
  protocol::SaltedFileIdent client_file;
  protocol::DownloadCursor download;
  protocol::SaltedServerVersion latest_server_version;
};

/// Integrate an upload, durably; answered by `integrated`. Uploads of a session keep their order.
struct IntegrateUpload {
  SessionKey session;
  Upload upload;
};

/// Produce a DOWNLOAD from the history; answered by `download_built`.
struct BuildDownload {
  SessionKey session;
  DownloadRequest request;
};

/// The session no longer speaks for the client file. Not answered.
struct ReleaseClientFile {
  SessionKey session;
  ServerFileId file;
  ClientFileIdent client_file;
};

/// Send what was taken, then a WebSocket close frame, then end the stream. The last effect.
struct CloseConnection {
  std::uint16_t code = 1000;
  std::string reason;
};

using Effect = std::variant<AllocateClientFile,
                            IdentifyClientFile,
                            IntegrateUpload,
                            BuildDownload,
                            ReleaseClientFile,
                            CloseConnection>;

}  // namespace tombolo::server
