#include "net/web_socket_frame.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "net/web_socket.h"

namespace tombolo::net {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kReservedBits = 0x70;
constexpr std::uint8_t kOpcodeBits = 0x0F;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kSizeBits = 0x7F;
constexpr std::uint8_t kSizeIn2 = 126;
constexpr std::uint8_t kSizeIn8 = 127;

WebSocketInput violation(WebSocketCode code, std::string_view why) {
  return {
      WebSocketInput::Kind::kViolation, static_cast<std::uint16_t>(code), to_bytes(as_bytes(why))};
}
WebSocketInput protocol_error(std::string_view why) {
  return violation(WebSocketCode::kProtocolError, why);
}

bool is_control(WebSocketOpcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 8;
}

bool is_known(WebSocketOpcode opcode) {
  switch (opcode) {
    case WebSocketOpcode::kContinuation:
    case WebSocketOpcode::kText:
    case WebSocketOpcode::kBinary:
    case WebSocketOpcode::kClose:
    case WebSocketOpcode::kPing:
    case WebSocketOpcode::kPong: return true;
  }
  return false;
}

std::uint64_t read_big_endian(BytesView bytes) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return value;
}

}  // namespace

FrameHeader encode_frame_header(WebSocketOpcode opcode,
                                std::uint64_t payload_bytes,
                                const std::optional<MaskKey>& key) {
  FrameHeader header{};
  const auto put = [&header](std::byte byte) { header.bytes[header.size++] = byte; };
  const auto put_size = [&](std::uint8_t marker, int bytes) {
    put(static_cast<std::byte>((key ? kMasked : 0) | marker));
    for (int i = bytes - 1; i >= 0; --i) put(static_cast<std::byte>(payload_bytes >> (8 * i)));
  };
  put(static_cast<std::byte>(kFin | static_cast<std::uint8_t>(opcode)));
  if (payload_bytes < kSizeIn2) {
    put_size(static_cast<std::uint8_t>(payload_bytes), 0);
  } else if (payload_bytes <= 0xFFFF) {
    put_size(kSizeIn2, 2);
  } else {
    put_size(kSizeIn8, 8);
  }
  if (key) std::for_each(key->begin(), key->end(), put);
  return header;
}

void apply_mask(std::span<std::byte> bytes, const MaskKey& key, std::size_t offset) {
  MaskKey turned = key;
  std::rotate(
      turned.begin(), turned.begin() + static_cast<std::ptrdiff_t>(offset % 4), turned.end());
  std::uint64_t wide = 0;
  std::memcpy(&wide, turned.data(), 4);
  std::memcpy(reinterpret_cast<std::byte*>(&wide) + 4, turned.data(), 4);
  std::size_t i = 0;
  for (; i + sizeof wide <= bytes.size(); i += sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    word ^= wide;
    std::memcpy(bytes.data() + i, &word, sizeof word);
  }
  for (; i < bytes.size(); ++i) bytes[i] ^= turned[i % 4];
}

Bytes encode_close_payload(std::uint16_t code, std::string_view reason) {
  if (reason.size() > kCloseReasonBytesMax) {
    std::size_t end = kCloseReasonBytesMax;
    while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xC0) == 0x80) --end;
    reason = reason.substr(0, end);
  }
  Bytes payload{static_cast<std::byte>(code >> 8), static_cast<std::byte>(code)};
  payload.insert(payload.end(), as_bytes(reason).begin(), as_bytes(reason).end());
  return payload;
}

std::optional<WebSocketInput> FrameReader::read(BytesView& input) {
  for (;;) {
    while (in_header()) {
      if (input.empty()) return std::nullopt;
      header_[header_size_++] = input.front();
      input = input.subspan(1);
      if (header_size_ == 2) {
        const auto size = std::to_integer<std::uint8_t>(header_[1]);
        const std::uint8_t marker = size & kSizeBits;
        header_needed_ = static_cast<std::uint8_t>(2 +
                                                   (marker == kSizeIn8   ? 8
                                                    : marker == kSizeIn2 ? 2
                                                                         : 0) +
                                                   (size & kMasked ? 4 : 0));
      }
      if (!in_header()) {
        if (auto broken = begin_frame()) return broken;
      }
    }
    const auto chunk_bytes = static_cast<std::size_t>(
        std::min<std::uint64_t>(input.size(), frame_bytes_ - frame_taken_));
    take_payload(input.first(chunk_bytes));
    input = input.subspan(chunk_bytes);
    if (frame_taken_ < frame_bytes_) return std::nullopt;

    header_size_ = 0;
    header_needed_ = 2;
    if (auto event = end_frame()) return event;
  }
}

/// Checks a complete header.
std::optional<WebSocketInput> FrameReader::begin_frame() {
  const auto first = std::to_integer<std::uint8_t>(header_[0]);
  const auto second = std::to_integer<std::uint8_t>(header_[1]);
  const std::uint8_t marker = second & kSizeBits;
  fin_ = (first & kFin) != 0;
  masked_ = (second & kMasked) != 0;
  opcode_ = static_cast<WebSocketOpcode>(first & kOpcodeBits);
  const std::size_t size_bytes = marker == kSizeIn8 ? 8 : marker == kSizeIn2 ? 2 : 0;
  frame_bytes_ =
      size_bytes == 0 ? marker : read_big_endian(BytesView(header_).subspan(2, size_bytes));
  frame_taken_ = 0;
  if (masked_) std::memcpy(key_.data(), header_.data() + 2 + size_bytes, key_.size());

  if ((first & kReservedBits) != 0) return protocol_error("reserved bits are set");
  if (!is_known(opcode_)) return protocol_error("unknown opcode");
  if (masked_ != from_client_) {
    return protocol_error(from_client_ ? "frame is not masked" : "frame is masked");
  }
  if ((size_bytes == 2 && frame_bytes_ < kSizeIn2) || (size_bytes == 8 && frame_bytes_ <= 0xFFFF)) {
    return protocol_error("size is not in its shortest form");
  }
  if (is_control(opcode_)) {
    if (!fin_) return protocol_error("control frame is fragmented");
    if (frame_bytes_ > kControlPayloadBytesMax) return protocol_error("control frame is too large");
    return std::nullopt;
  }
  if ((opcode_ == WebSocketOpcode::kContinuation) != in_message_) {
    return protocol_error(in_message_ ? "message begins inside another"
                                      : "continuation without a beginning");
  }
  if (!in_message_) {
    in_message_ = true;
    text_ = opcode_ == WebSocketOpcode::kText;
    message_bytes_ = 0;
  }
  if (frame_bytes_ > message_bytes_max_ - message_bytes_) {
    return violation(WebSocketCode::kMessageTooBig,
                     "message is larger than " + std::to_string(message_bytes_max_) + " bytes");
  }
  return std::nullopt;
}

void FrameReader::take_payload(BytesView chunk) {
  const std::size_t offset = static_cast<std::size_t>(frame_taken_);
  frame_taken_ += chunk.size();
  const bool control = is_control(opcode_);
  if (!control && text_) return;

  Bytes& target = control ? control_ : message_;
  const std::size_t begin = target.size();
  target.insert(target.end(), chunk.begin(), chunk.end());
  if (masked_) apply_mask(std::span(target).subspan(begin), key_, offset);
}

std::optional<WebSocketInput> FrameReader::end_frame() {
  using Kind = WebSocketInput::Kind;
  switch (opcode_) {
    case WebSocketOpcode::kContinuation:
    case WebSocketOpcode::kText:
    case WebSocketOpcode::kBinary:
      message_bytes_ += frame_bytes_;
      if (!fin_) return std::nullopt;
      in_message_ = false;
      if (text_) return std::nullopt;
      return WebSocketInput{Kind::kMessage, 0, std::exchange(message_, {})};
    case WebSocketOpcode::kPing: return WebSocketInput{Kind::kPing, 0, std::exchange(control_, {})};
    case WebSocketOpcode::kPong: control_ = {}; return std::nullopt;
    case WebSocketOpcode::kClose: break;
  }
  Bytes payload = std::exchange(control_, {});
  if (payload.empty()) {
    return WebSocketInput{Kind::kClose, static_cast<std::uint16_t>(WebSocketCode::kNoStatus), {}};
  }
  if (payload.size() == 1) return protocol_error("close frame with half a code");
  const auto code = static_cast<std::uint16_t>(read_big_endian(BytesView(payload).first(2)));
  payload.erase(payload.begin(), payload.begin() + 2);
  return WebSocketInput{Kind::kClose, code, std::move(payload)};
}

}  // namespace tombolo::net
