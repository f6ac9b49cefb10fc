#include "net/web_socket_frame.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/hex.h"

namespace tombolo::net {
namespace {

using Kind = WebSocketInput::Kind;

Bytes encode_frame(WebSocketOpcode opcode,
                   std::string_view payload,
                   const std::optional<MaskKey>& key) {
  const FrameHeader header = encode_frame_header(opcode, payload.size(), key);
  Bytes frame(header.bytes.begin(), header.bytes.begin() + header.size);
  Bytes body = to_bytes(as_bytes(payload));
  if (key) apply_mask(body, *key, 0);
  frame.insert(frame.end(), body.begin(), body.end());
  return frame;
}

/// The events in `bytes`, as text, when they come in pieces of at most `piece`.
std::vector<std::string> read_in_pieces(FrameReader reader, BytesView bytes, std::size_t piece) {
  std::vector<std::string> events;
  while (!bytes.empty()) {
    BytesView input = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(input.size());
    while (auto event = reader.read(input)) {
      events.push_back(std::to_string(static_cast<int>(event->kind)) + ' ' +
                       std::to_string(event->code) + ' ' + std::string(as_text(event->payload)));
      if (event->kind == Kind::kViolation || event->kind == Kind::kClose) return events;
    }
  }
  return events;
}

// The examples of RFC 6455, 5.7.
TEST(WebSocketFrame, HasTheFormOfTheStandardsExamples) {
  const MaskKey key{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21}, std::byte{0x3D}};

  EXPECT_EQ(to_hex(encode_frame(WebSocketOpcode::kText, "Hello", std::nullopt)), "810548656c6c6f");
  EXPECT_EQ(to_hex(encode_frame(WebSocketOpcode::kText, "Hello", key)), "818537fa213d7f9f4d5158");
  EXPECT_EQ(to_hex(encode_frame(WebSocketOpcode::kPing, "Hello", std::nullopt)), "890548656c6c6f");
  EXPECT_EQ(to_hex(encode_frame(WebSocketOpcode::kBinary, std::string(256, 'x'), std::nullopt))
                .substr(0, 8),
            "827e0100");
  EXPECT_EQ(to_hex(encode_frame(WebSocketOpcode::kBinary, std::string(65'536, 'x'), std::nullopt))
                .substr(0, 20),
            "827f0000000000010000");
}

RC_GTEST_PROP(WebSocketFrame, MaskingTwiceChangesNothingHoweverItIsCut, ()) {
  const auto key =
      *rc::gen::container<std::vector<std::uint8_t>>(4, rc::gen::arbitrary<std::uint8_t>());
  const MaskKey mask{std::byte{key[0]}, std::byte{key[1]}, std::byte{key[2]}, std::byte{key[3]}};
  const auto text = *rc::gen::arbitrary<std::string>();
  const auto cut = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
  Bytes bytes = to_bytes(as_bytes(text));

  apply_mask(bytes, mask, 0);
  apply_mask(std::span(bytes).first(cut), mask, 0);
  apply_mask(std::span(bytes).subspan(cut), mask, cut);

  RC_ASSERT(as_text(bytes) == text);
}

RC_GTEST_PROP(FrameReader, ReadsTheSameHoweverTheBytesAreCut, (bool from_client)) {
  const std::optional<MaskKey> key =
      from_client ? std::optional(MaskKey{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}})
                  : std::nullopt;
  const auto messages = *rc::gen::container<std::vector<std::string>>(
      rc::gen::resize(400, rc::gen::arbitrary<std::string>()));
  Bytes bytes;
  std::vector<std::string> expected;
  for (const std::string& message : messages) {
    const std::size_t cut = *rc::gen::inRange<std::size_t>(0, message.size() + 1);
    Bytes first = encode_frame(WebSocketOpcode::kBinary, message.substr(0, cut), key);
    if (cut < message.size()) first[0] &= std::byte{0x7F};
    bytes.insert(bytes.end(), first.begin(), first.end());
    if (cut < message.size()) {
      const Bytes ping = encode_frame(WebSocketOpcode::kPing, "p", key);
      const Bytes rest = encode_frame(WebSocketOpcode::kContinuation, message.substr(cut), key);
      bytes.insert(bytes.end(), ping.begin(), ping.end());
      bytes.insert(bytes.end(), rest.begin(), rest.end());
      expected.push_back("1 0 p");
    }
    expected.push_back("0 0 " + message);
  }
  const auto piece = *rc::gen::inRange<std::size_t>(1, 20);

  RC_ASSERT(read_in_pieces(FrameReader(from_client, 1000), bytes, bytes.size() + 1) == expected);
  RC_ASSERT(read_in_pieces(FrameReader(from_client, 1000), bytes, piece) == expected);
}

RC_GTEST_PROP(FrameReader, TakesAnyBytesTheSameWayHoweverTheyAreCut, (const std::string& noise)) {
  const auto piece = *rc::gen::inRange<std::size_t>(1, 20);
  const auto whole = read_in_pieces(FrameReader(true, 1000), as_bytes(noise), noise.size() + 1);

  RC_ASSERT(read_in_pieces(FrameReader(true, 1000), as_bytes(noise), piece) == whole);
}

TEST(FrameReader, RefusesMaskedFramesFromAServer) {
  const Bytes frame = encode_frame(WebSocketOpcode::kBinary, "x", MaskKey{});
  BytesView input = frame;

  const auto event = FrameReader(false, 1000).read(input);

  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->kind, Kind::kViolation);
  EXPECT_EQ(event->code, 1002);
}

TEST(FrameReader, RefusesASizeBeyondEveryMessage) {
  const Bytes header = parse_hex("827fffffffffffffffff").value();
  BytesView input = header;

  const auto event = FrameReader(false, 1000).read(input);

  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->code, 1009);
}

TEST(FrameReader, ReadsTheCodeAndReasonOfAClose) {
  const Bytes frame = encode_frame(
      WebSocketOpcode::kClose, as_text(encode_close_payload(4001, "expired")), std::nullopt);
  BytesView input = frame;

  const auto event = FrameReader(false, 1000).read(input);

  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->kind, Kind::kClose);
  EXPECT_EQ(event->code, 4001);
  EXPECT_EQ(as_text(event->payload), "expired");
}

}  // namespace
}  // namespace tombolo::net
