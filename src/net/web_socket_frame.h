#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"

/// The frames of RFC 6455, as pure functions of bytes.
///
///     frame   := fin|rsv|opcode:1  mask|size:1  [size:2 | size:8]  [key:4]  payload
///     message := data frame with fin | data frame, continuation frame*, continuation with fin
///
/// `fin`, `rsv` (must be 0) and `opcode` share a byte of 1, 3 and 4 bits; a `size` of 126 or 127
/// says that 2 or 8 bytes of big-endian size follow. Control frames may come between those of a
/// message.
namespace tombolo::net {

enum class WebSocketOpcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

using MaskKey = std::array<std::byte, 4>;

inline constexpr std::size_t kControlPayloadBytesMax = 125;  // RFC 6455, 5.5
inline constexpr std::size_t kCloseReasonBytesMax = kControlPayloadBytesMax - 2;

/// The bytes in front of a payload: at most 2 + 8 + 4.
struct FrameHeader {
  std::array<std::byte, 14> bytes;
  std::uint8_t size;
};

/// The header of an unfragmented frame; with `key` for a client's frame, which is masked.
[[nodiscard]] FrameHeader encode_frame_header(WebSocketOpcode opcode,
                                              std::uint64_t payload_bytes,
                                              const std::optional<MaskKey>& key);

/// Masks, or unmasks, `bytes` that begin at `offset` of their payload.
void apply_mask(std::span<std::byte> bytes, const MaskKey& key, std::size_t offset);

/// The payload of a close frame; `reason` is cut to what fits, at the start of a character.
[[nodiscard]] Bytes encode_close_payload(std::uint16_t code, std::string_view reason);

/// What the reader found in its input.
struct WebSocketInput {
  enum class Kind : std::uint8_t {
    kMessage,    ///< A whole binary message: `payload`.
    kPing,       ///< To be answered with `payload`.
    kClose,      ///< `code` (1005 when it carried none), and the reason in `payload`.
    kViolation,  ///< The peer broke the rules: `code` to close with, and why in `payload`.
  };
  Kind kind;
  std::uint16_t code = 0;
  Bytes payload;
};

/// Puts messages together from bytes as they arrive; how they are cut makes no difference.
///
/// Memory grows with what has arrived, not with what a header announces. Text is checked and
/// dropped. After a violation or a close frame the reader is of no further use.
class FrameReader {
 public:
  /// `from_client`: frames must be masked; otherwise they must not be.
  FrameReader(bool from_client, std::size_t message_bytes_max) noexcept
      : from_client_(from_client),
        message_bytes_max_(message_bytes_max) {}

  /// The next event; takes what it used from the front of `input`, all of it when there is none.
  [[nodiscard]] std::optional<WebSocketInput> read(BytesView& input);
  /// What has come of a binary message whose end has not.
  [[nodiscard]] BytesView unfinished() const noexcept { return message_; }

 private:
  [[nodiscard]] bool in_header() const noexcept { return header_size_ < header_needed_; }
  [[nodiscard]] std::optional<WebSocketInput> begin_frame();
  [[nodiscard]] std::optional<WebSocketInput> end_frame();
  void take_payload(BytesView chunk);

  bool from_client_;
  bool fin_ = false;
  bool masked_ = false;
  bool in_message_ = false;  ///< A data frame without `fin` came before.
  bool text_ = false;        ///< The message is text: counted, not kept.
  std::uint8_t header_size_ = 0;
  std::uint8_t header_needed_ = 2;
  WebSocketOpcode opcode_ = WebSocketOpcode::kContinuation;
  std::array<std::byte, 14> header_{};
  MaskKey key_{};
  std::uint64_t frame_bytes_ = 0;  ///< Payload that the header announced.
  std::uint64_t frame_taken_ = 0;
  std::uint64_t message_bytes_ = 0;  ///< Of the frames of this message before this one.
  std::size_t message_bytes_max_;
  Bytes message_;
  Bytes control_;
};

}  // namespace tombolo::net
