#pragma once

#include <cstdint>

#include "server/storage.h"

namespace tombolo::server {

/// Versions that a client may fall behind by changes that are nothing to it. Who merely connects to
/// a partition uploads its schema, which comes to nothing everywhere: without this, each of a
/// thousand such clients would have a message for each other. Source: docs/server.md, "Downloads".
inline constexpr std::uint64_t kVersionsHeldBackMax = 100;

/// How the history of a server file has grown.
struct HistoryGrowth {
  ServerVersion end;         ///< Newest version.
  bool has_content = false;  ///< Whether others will receive any of what was added.
};

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
