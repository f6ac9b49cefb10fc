#pragma once

#include <cstddef>

/// Sizes that the sync protocol bounds, in bytes. Source: docs/protocol.md, "Limits".
namespace tombolo::protocol {

/// Longest WebSocket message that is accepted, and longest body after inflating: four times what an
/// uploading client cuts at, so that a single huge changeset still passes.
inline constexpr std::size_t kMessageBytesMax = 64 * 1024 * 1024;

/// An UPLOAD takes entries until their sum reaches the target, and no second entry that would take
/// it to the maximum. A single larger entry is sent alone.
inline constexpr std::size_t kUploadBytesTarget = 128 * 1024;
inline constexpr std::size_t kUploadBytesMax = 16 * 1024 * 1024;

/// Most entries in one UPLOAD that is accepted: as many as reach the target with a byte each. An
/// entry takes ten bytes on the wire, and many times that while it is integrated.
inline constexpr std::size_t kUploadEntriesMax = kUploadBytesTarget;

/// Bodies up to this size are never compressed: the zlib frame eats the gain.
inline constexpr std::size_t kUncompressedBodyBytesMax = 1024;

/// Longest text of a partition value. The original's server stops at 1024.
inline constexpr std::size_t kPartitionBytesMax = 64 * 1024;
/// Longest JSON in a flexible sync BIND: it may carry one partition text, every character escaped.
inline constexpr std::size_t kBindDataBytesMax = 8 * kPartitionBytesMax;
/// Longest (ignored) token in a BIND.
inline constexpr std::size_t kBindTokenBytesMax = 2048;
/// Longest JSON of an error, log message or test command, and longest QUERY_ERROR text.
inline constexpr std::size_t kTextBytesMax = 1024 * 1024;
/// Deepest nesting in a JSON text, in sync messages and in the App Services API. Ours need 3
/// levels; documents that applications pass through, as arguments or custom data, bring more.
inline constexpr std::size_t kJsonDepthMax = 32;
/// Longest query set in IDENT or QUERY.
inline constexpr std::size_t kQueryBytesMax = 16 * 1024 * 1024;

/// Longest reason in a WebSocket close frame. Source: RFC 6455, 5.5.
inline constexpr std::size_t kCloseReasonBytesMax = 123;

}  // namespace tombolo::protocol
