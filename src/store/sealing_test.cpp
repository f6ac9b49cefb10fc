#include "store/sealing.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace tombolo::store {
namespace {

std::array<std::byte, 32> key_of(std::byte byte) {
  std::array<std::byte, 32> key;
  key.fill(byte);
  return key;
}

std::string seal(std::byte key,
                 std::string_view nonce,
                 std::string_view text,
                 std::string_view place) {
  Bytes sealed(text.size() + kSealBytes);
  Sealer(key_of(key))
      .seal_with(std::span<const std::byte, kNonceBytes>(as_bytes(nonce)),
                 as_bytes(place),
                 as_bytes(text.substr(0, 5)),
                 as_bytes(text.substr(5)),
                 sealed);
  return to_hex(BytesView(sealed).subspan(kNonceBytes));
}

// The vectors of c2sp.org/XAES-256-GCM.
TEST(Sealer, SealsAsXaesSays) {
  constexpr std::string_view kNonce = "ABCDEFGHIJKLMNOPQRSTUVWX";

  EXPECT_EQ(seal(std::byte{1}, kNonce, "XAES-256-GCM", ""),
            "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
  EXPECT_EQ(seal(std::byte{3}, kNonce, "XAES-256-GCM", "c2sp.org/XAES-256-GCM"),
            "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

TEST(Sealer, OpensOnlyWhatWasSealedThere) {
  Sealer sealer(key_of(std::byte{7}));
  constexpr std::string_view kText = "an island is a small world";
  Bytes sealed(kText.size() + kSealBytes);
  sealer.seal(as_bytes("place"), as_bytes(kText), {}, sealed);
  Bytes opened(kText.size());

  ASSERT_TRUE(sealer.open(as_bytes("place"), sealed, opened));
  EXPECT_EQ(as_text(opened), kText);

  EXPECT_FALSE(sealer.open(as_bytes("plaice"), sealed, opened));
  EXPECT_FALSE(Sealer(key_of(std::byte{8})).open(as_bytes("place"), sealed, opened));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= std::byte{1};
    EXPECT_FALSE(sealer.open(as_bytes("place"), changed, opened)) << "byte " << i;
  }
  const std::span<std::byte> shorter = std::span(opened).first(kText.size() - 1);
  EXPECT_FALSE(sealer.open(as_bytes("place"), BytesView(sealed).first(sealed.size() - 1), shorter));
}

TEST(Sealer, NeverSealsTheSameWayTwice) {
  Sealer sealer(key_of(std::byte{7}));
  Bytes first(kSealBytes);
  Bytes second(kSealBytes);

  sealer.seal({}, {}, {}, first);
  sealer.seal({}, {}, {}, second);

  EXPECT_NE(first, second);
}

TEST(FileKeys, DependOnTheKeyAndTheFile) {
  EncryptionKey key{};
  const FileKeys keys = derive_keys(key, FileSalt{});

  FileSalt other_salt{};
  other_salt[31] = std::byte{1};
  EXPECT_NE(derive_keys(key, other_salt).sealing, keys.sealing);
  key[63] = std::byte{1};
  const FileKeys others = derive_keys(key, FileSalt{});
  EXPECT_NE(others.sealing, keys.sealing);
  EXPECT_NE(others.index.text, keys.index.text);
  EXPECT_NE(others.index.value, keys.index.value);
  EXPECT_NE(keys.index.text, keys.index.value);
}

}  // namespace
}  // namespace tombolo::store
