#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

/// Recorded traffic between clients and servers: one file per recording, one JSON line per event.
namespace tombolo::test {

/// Who caused an event.
enum class RecordedSource : std::uint8_t {
  kClientToServer,
  kServerToClient,
  kClient,  ///< Something that happened inside the client program.
  kTool,    ///< A step of whoever made the recording.
};

enum class RecordedKind : std::uint8_t {
  kHttp,        ///< The head of a request or answer, or an App Services exchange.
  kBinary,      ///< A WebSocket message, unmasked and joined.
  kText,        ///< Likewise.
  kClose,       ///< A close frame; its text is "code reason".
  kControl,     ///< A ping, a pong or a frame with a reserved opcode.
  kConnection,  ///< The TCP stream: "open", "closed", "reset", "server refused".
  kEvent,       ///< Text only.
};

struct RecordedEvent {
  std::chrono::duration<double, std::milli> time{};  ///< Since the start of the recording.
  std::uint32_t connection = 0;  ///< Number of the TCP connection, from 1; 0 for none.
  RecordedSource source = RecordedSource::kTool;
  RecordedKind kind = RecordedKind::kEvent;
  /// A message up to its line feed, a request or status line, or the text of an event.
  std::string text;
  Bytes bytes;                ///< The whole message; of an App Services answer, its body.
  bool is_truncated = false;  ///< `bytes` holds only the first 1000 of a large message.
  std::vector<std::pair<std::string, std::string>> headers;  ///< Of an upgrade and its answer.

  /// The first header of that name, whatever the case of its letters.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

/// The events of one recording in order; a packed file is read in place of a missing one.
///
/// Errors:  throws as `read_json_lines`, and `Error{kInvalidArgument}` for a line of another form.
[[nodiscard]] std::vector<RecordedEvent> read_recording(const std::filesystem::path& path);

/// The recordings under `directory`, as sorted paths relative to it without ".gz".
[[nodiscard]] std::vector<std::string> find_recordings(const std::filesystem::path& directory);

}  // namespace tombolo::test
