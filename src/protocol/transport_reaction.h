#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/error_code.h"

/// What a client does when the transport itself says no: close codes of the WebSocket, and answers
/// to the upgrade request other than 101.
///
/// Source: docs/protocol.md, "Close codes" and "HTTP status".
namespace tombolo::protocol {

/// WebSocket close codes that have a meaning here.
enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kReserved = 1004,
  kNoStatus = 1005,  ///< Stands for a close frame without payload.
  kAbnormal = 1006,  ///< Stands for a connection that died; never on the wire.
  kInvalidPayload = 1007,
  kPolicyViolation = 1008,
  kMessageTooBig = 1009,
  kMissingExtension = 1010,
  kInternalError = 1011,
  kTlsFailure = 1015,  ///< Stands for a failed handshake; never on the wire.
  kUnauthorized = 4001,
  kForbidden = 4002,
  kMovedPermanently = 4003,
};

/// How a client takes the end, or the refusal, of a connection. The connection is tried again with
/// back-off in every case but `Action::kLogOutUser`.
struct TransportReaction {
  std::string_view name;
  /// Nullopt: nothing is reported to sessions; the connection is just tried again.
  std::optional<SdkStatus> status;
  std::optional<Action> action;
  bool is_fatal = false;  ///< Waits of the connection's sessions fail.
};

/// The reaction to a close frame; codes that are not listed count as `kPolicyViolation`.
[[nodiscard]] const TransportReaction& react_to_close(std::uint16_t code) noexcept;

/// Whether the sync route came from the server or worked before, or is still a guess.
enum class RouteState : std::uint8_t { kGuessed, kVerified };

/// The reaction to an answer to the upgrade request whose status is not 101, or that is no HTTP or
/// has a wrong `Sec-WebSocket-Accept` (status 0). Redirects are never followed.
[[nodiscard]] const TransportReaction& react_to_http_status(std::uint32_t status,
                                                            RouteState route) noexcept;

}  // namespace tombolo::protocol
