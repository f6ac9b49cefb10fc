#pragma once

#include "server/storage.h"

namespace tombolo::server {

/// Whether the history after `version` is still what it was when `client` came there. It is not
/// once it was replaced by the state that it made, unless the client was registered since, and so
/// came there by what stands there now, or has neither had nor given anything so far.
///
/// Source:  docs/server.md, "Trimming".
[[nodiscard]] inline bool is_kept(const HistoryBase& base,
                                  const ClientFile& client,
                                  ServerVersion version) noexcept {
  return version >= base.version || client.ident >= base.first_ident ||
         (version == ServerVersion{} && client.uploaded == ClientVersion{});
}

}  // namespace tombolo::server
