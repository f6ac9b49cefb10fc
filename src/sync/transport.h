#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/strong_id.h"
#include "protocol/transport_reaction.h"

/// What passes between a `ClientConnection` and the driver that owns its socket.
namespace tombolo::sync {

/// Names one attempt to connect and the WebSocket that came of it. What arrives late for an earlier
/// one is ignored, so a driver needs no care when it closes.
using TransportId = StrongId<struct TransportIdTag, std::uint64_t>;

/// Where to connect.
struct Route {
  std::string url;  ///< "ws://..." or "wss://...", with path, without the token.
  protocol::RouteState state = protocol::RouteState::kGuessed;
};

/// What the server knows the user by. It travels in the URL of the upgrade request, so a new one
/// counts from the next connection on.
struct AccessToken {
  std::string text;
  std::optional<TimePoint> expires;  ///< Nullopt: not known; it is used until it is refused.
};

/// Why there is no WebSocket.
struct ConnectFailure {
  enum class Kind : std::uint8_t {
    kUnreachable,  ///< DNS, TCP or the proxy failed, or the stream ended before an answer.
    kTls,          ///< The handshake failed or the certificate is not trusted.
    kRefused,      ///< An answer that is no proper 101; see `http_status`.
  };
  Kind kind = Kind::kUnreachable;
  std::uint32_t http_status = 0;  ///< Of a refusal; 0: it was no HTTP, or had a wrong accept key.
  std::string description;        ///< For people.
  /// How long the server says to stay away; more than `kRetryAfterMax` counts as that.
  std::optional<Duration> retry_after;
};

/// No server keeps a client away for longer than this.
inline constexpr Duration kRetryAfterMax = std::chrono::hours(1);

/// How an open WebSocket ended.
struct TransportClosure {
  std::optional<std::uint16_t> close_code;  ///< Nullopt: the stream ended without a close frame.
  std::string reason;                       ///< For people.
};

/// What a refresh of token or location brought.
struct RefreshFailure {
  enum class Kind : std::uint8_t {
    kRejected,  ///< The user has to log in again.
    kFailed,    ///< It could not be done now; the present token and route stay in use.
  };
  Kind kind = Kind::kFailed;
  Error error;
};

}  // namespace tombolo::sync
