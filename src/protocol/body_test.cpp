#include "protocol/body.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"
#include "protocol/error_code.h"

namespace tombolo::protocol {
namespace {

Bytes repeated(char letter, std::size_t count) {
  return to_bytes(as_bytes(std::string(count, letter)));
}

Bytes noise(std::size_t count) {
  SeededRandom random(1);
  Bytes bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next());
  return bytes;
}

std::optional<SyncErrorCode> refusal(const BodyView& body) {
  Bytes scratch;
  const auto decoded = decode_body(body, scratch);
  return decoded ? std::nullopt : sync_error_code(decoded.error());
}

TEST(Body, IsCompressedOnlyAboveTheThreshold) {
  EXPECT_FALSE(encode_body(repeated('A', 1024)).is_compressed);
  EXPECT_TRUE(encode_body(repeated('A', 1025)).is_compressed);
}

TEST(Body, StaysAsItIsWhenCompressingGainsNothing) {
  const Bytes entries = noise(5'000);

  const EncodedBody body = encode_body(entries);

  EXPECT_FALSE(body.is_compressed);
  EXPECT_EQ(body.wire_bytes, entries);
  EXPECT_EQ(body.uncompressed_bytes, entries.size());
}

TEST(Body, IsAZlibStreamOfLevelOne) {
  const EncodedBody body = encode_body(repeated('A', 2'000));

  ASSERT_TRUE(body.is_compressed);
  EXPECT_LT(body.wire_bytes.size(), 40U);
  EXPECT_EQ(body.wire_bytes[0], std::byte{0x78});
  EXPECT_EQ(body.wire_bytes[1], std::byte{0x01});
}

RC_GTEST_PROP(Body, DecodesToWhatWasEncodedAtEveryLevel, ()) {
  const auto size = *rc::gen::inRange<std::size_t>(0, 5'000);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto letters = *rc::gen::inRange<std::uint64_t>(1, 257);
  const int level = *rc::gen::inRange(1, 13);
  SeededRandom random(seed);
  Bytes entries(size);
  for (std::byte& byte : entries) byte = static_cast<std::byte>(random.below(letters));

  const EncodedBody body = encode_body(entries, level);

  Bytes scratch;
  RC_ASSERT(bytes_equal(decode_body(body.view(), scratch).value(), entries));
  RC_ASSERT(body.wire_bytes.size() <= entries.size());
}

TEST(Body, OfAnotherSizeThanAnnouncedIsRefused) {
  EncodedBody body = encode_body(repeated('A', 2'000));
  for (const std::size_t announced : {0, 1, 1'999, 2'001, 4'000}) {
    body.uncompressed_bytes = announced;
    EXPECT_EQ(refusal(body.view()), SyncErrorCode::kBadDecompression) << announced;
  }
}

TEST(Body, FollowedByMoreBytesIsRefused) {
  EncodedBody body = encode_body(repeated('A', 2'000));
  body.wire_bytes.push_back(std::byte{0});

  EXPECT_EQ(refusal(body.view()), SyncErrorCode::kBadDecompression);
}

TEST(Body, EveryTruncationAndEveryChangedByteIsRefused) {
  const EncodedBody body = encode_body(repeated('A', 2'000));
  for (std::size_t size = 0; size < body.wire_bytes.size(); ++size) {
    const BodyView shorter{BytesView(body.wire_bytes).first(size), body.uncompressed_bytes, true};
    EXPECT_EQ(refusal(shorter), SyncErrorCode::kBadDecompression) << size;
  }
  for (std::size_t i = 0; i < body.wire_bytes.size(); ++i) {
    EncodedBody changed = body;
    changed.wire_bytes[i] ^= std::byte{0xff};
    EXPECT_EQ(refusal(changed.view()), SyncErrorCode::kBadDecompression) << i;
  }
}

TEST(Body, TooLargeIsRefusedBeforeAnythingIsAllocated) {
  Bytes scratch;

  const auto decoded = decode_body({{}, kMessageBytesMax + 1, true}, scratch);

  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code(), ErrorCode::kLimitExceeded);
  EXPECT_EQ(scratch.capacity(), 0U);
}

TEST(Body, AnnouncedLargerThanItsBytesCanInflateToIsRefusedBeforeAnythingIsAllocated) {
  const EncodedBody body = encode_body(repeated('A', 2'000));
  Bytes scratch;

  const auto decoded = decode_body({body.wire_bytes, kMessageBytesMax, true}, scratch);

  ASSERT_FALSE(decoded);
  EXPECT_EQ(sync_error_code(decoded.error()), SyncErrorCode::kBadDecompression);
  EXPECT_EQ(scratch.capacity(), 0U);
}

TEST(Body, OfTheLargestRatioIsTaken) {
  const Bytes entries = repeated('A', 1024 * 1024);

  const EncodedBody body = encode_body(entries, 12);

  Bytes scratch;
  EXPECT_TRUE(bytes_equal(decode_body(body.view(), scratch).value(), entries));
}

}  // namespace
}  // namespace tombolo::protocol
