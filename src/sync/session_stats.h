#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/error.h"

/// What a session and its connection tell of themselves to whoever asks how sync is doing.
///
/// Source:  docs/sync-client.md, "Statistics".
namespace tombolo::sync {

/// One session, since it was opened. Messages are counted whole, as they are inside the WebSocket.
struct SessionStats {
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;
  std::optional<Error> last_error;  ///< Of the session or its connection, told of or not.
  /// When a session that the server ended binds again by itself.
  std::optional<TimePoint> next_resumption;
};

/// The connection that a session shares with others.
struct ConnectionStats {
  /// Of the newest PING that was answered on the present connection.
  std::optional<std::chrono::milliseconds> round_trip;
  std::optional<TimePoint> last_message;  ///< When the server last said anything.
  std::optional<TimePoint> next_attempt;  ///< To connect; nullopt: none is planned.
};

}  // namespace tombolo::sync
