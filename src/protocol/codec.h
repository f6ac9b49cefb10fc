#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "protocol/message.h"
#include "protocol/version.h"

/// Bytes of one WebSocket message to a sync message and back.
///
///   message = name SP field *( SP field ) LF body
///
/// Parsing is strict: single spaces, one LF, numbers without padding and in their domain, sizes
/// that match, nothing after the body. It copies nothing but JSON texts, and leaves bodies of
/// UPLOAD and DOWNLOAD compressed: `decode_body` and the entry readers go on from there, on any
/// thread.
///
/// Errors:  `kBadMessage`, naming message, field and byte offset; `sync_error_code(error)` is what
/// a
///          server answers (102 unknown name, 103 bad syntax). `kLimitExceeded` for a size over a
///          limit; a server answers it with WebSocket close code 1009.
/// Thread:  pure functions.
/// Source:  docs/protocol.md, "Messages".
namespace tombolo::protocol {

[[nodiscard]] Result<ClientMessage> parse_client_message(BytesView bytes, SubProtocol subprotocol);
[[nodiscard]] Result<ServerMessage> parse_server_message(BytesView bytes, SubProtocol subprotocol);

/// The head of the message that begins with `so_far`; nullopt when that is no DOWNLOAD, or its head
/// is not whole or not sound.
[[nodiscard]] std::optional<DownloadHead> find_download_head(BytesView so_far,
                                                             SubProtocol subprotocol);

/// The bytes of a whole message. The mode is in the message itself; `version` shapes what the
/// server may send: LOG_MESSAGE requires `since::kLogMessage` (asserted).
[[nodiscard]] Bytes encode_client_message(const ClientMessage& message);
[[nodiscard]] Bytes encode_server_message(const ServerMessage& message, ProtocolVersion version);

/// The bytes before the body, for senders that write head and (shared) body without joining them.
[[nodiscard]] Bytes encode_head(const Upload& message);
[[nodiscard]] Bytes encode_head(const Download& message, ProtocolVersion version);

/// Name on the wire, for logs: "upload", "json_error".
[[nodiscard]] std::string_view message_name(const ClientMessage& message) noexcept;
[[nodiscard]] std::string_view message_name(const ServerMessage& message) noexcept;

}  // namespace tombolo::protocol
