#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "server/effects.h"
#include "server/session.h"
#include "server/storage.h"

namespace tombolo::server {

/// Compares what a client says of its file with what is stored, in the order of the specification.
///
/// Errors:  208, 209, 210, 211, 222 and 223 of the protocol.
/// Source:  docs/protocol.md, "Sessions".
[[nodiscard]] Result<IdentifiedFile> identify(const StorageSnapshot& storage,
                                              const IdentifyClientFile& claim,
                                              std::string_view user_id);

/// How much of what the client file uploaded is integrated; nullopt for a claim to a file that is
/// not known, or to somebody else's.
[[nodiscard]] std::optional<ClientVersion> find_integrated(const StorageSnapshot& storage,
                                                           const IdentifyClientFile& claim,
                                                           std::string_view user_id);

}  // namespace tombolo::server
