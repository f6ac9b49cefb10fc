#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/strong_id.h"

namespace tombolo::protocol {

/// Number of the sync protocol that both sides of a connection agreed on.
using ProtocolVersion = StrongId<struct ProtocolVersionTag, std::uint32_t>;

/// What we speak. Source: docs/protocol.md, "Protocol versions".
inline constexpr ProtocolVersion kProtocolVersionMin{9};
inline constexpr ProtocolVersion kProtocolVersionMax{14};

/// The first protocol version that has a feature; `version >= since::kLogMessage` asks for it.
namespace since {
inline constexpr ProtocolVersion kLogMessage{10};        ///< LOG_MESSAGE; `sessionReason` in BIND.
inline constexpr ProtocolVersion kSchemaVersion{11};     ///< `schemaVersion` in BIND; 235 and 236.
inline constexpr ProtocolVersion kProgressEstimate{12};  ///< A fraction in flexible DOWNLOADs.
inline constexpr ProtocolVersion kCollectionsInMixed{13};  ///< Nested collection instructions.
inline constexpr ProtocolVersion kServerBootstrap{14};     ///< Bootstraps the server begins.
}  // namespace since

/// How a client file maps to server data: one partition value, or a set of queries.
enum class SyncMode : std::uint8_t { kPartition, kFlexible };

/// What the `Sec-WebSocket-Protocol` token of a connection says.
struct SubProtocol {
  SyncMode mode = SyncMode::kPartition;
  ProtocolVersion version = kProtocolVersionMax;

  friend bool operator==(const SubProtocol&, const SubProtocol&) = default;
};

/// The token of one sub-protocol, for example `com.mongodb.realm-sync#14`.
[[nodiscard]] std::string subprotocol_token(SubProtocol subprotocol);

/// The client's offer: every version we speak, highest first.
[[nodiscard]] std::string offer_subprotocols(SyncMode mode);

/// The server's choice from the client's offer: the highest version that both speak. Tokens that
/// are not ours are passed over; a range `prefix<min>-<max>` counts as all versions in it.
///
/// Errors:  `kBadMessage`, to be answered with status 400: no token that we know, a malformed
///          number in one that we know, or no common version.
[[nodiscard]] Result<SubProtocol> choose_subprotocol(std::string_view offer);

/// The client's check of the server's choice; nullopt when the answer has no such header.
///
/// Errors:  `kBadMessage` unless it is exactly one token of `mode` that we offered.
[[nodiscard]] Result<SubProtocol> accept_subprotocol(SyncMode mode,
                                                     std::optional<std::string_view> answer);

}  // namespace tombolo::protocol
