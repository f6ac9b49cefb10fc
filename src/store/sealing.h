#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "store/encryption_key.h"
#include "store/index_words.h"

struct evp_cipher_ctx_st;

namespace tombolo::store {

/// Makes the sub-keys of each file others, under the same key too. In the header.
using FileSalt = std::array<std::byte, 32>;

/// What an encrypted file needs of its key: sub-keys by HKDF with SHA-256.
struct FileKeys {
  std::array<std::byte, 32> sealing;
  IndexKeys index;
};
[[nodiscard]] FileKeys derive_keys(const EncryptionKey& key, const FileSalt& salt);

/// Whether the keys are the same, in a time that tells nothing of them.
[[nodiscard]] bool keys_equal(const EncryptionKey& left, const EncryptionKey& right) noexcept;

inline constexpr std::size_t kNonceBytes = 24;
inline constexpr std::size_t kTagBytes = 16;
/// What sealing adds to a value.
inline constexpr std::size_t kSealBytes = kNonceBytes + kTagBytes;

/// Seals values with XAES-256-GCM: AES-256-GCM under a key of its own for each value, derived from
/// the first half of a random nonce of 24 bytes, so that no nonce ever comes twice.
///
///     sealed     = nonce:24 ciphertext tag:16
///
/// `place`, the key under which the value is kept, is authenticated with it: sealed under another
/// one it is not opened.
///
/// Errors:  throws `Error{kInternal}` when OpenSSL fails.
/// Thread:  one thread at a time.
/// Source:  c2sp.org/XAES-256-GCM; docs/decisions/0004-sealed-values.md.
class Sealer {
 public:
  explicit Sealer(const std::array<std::byte, 32>& key);
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  /// Seals `head` and `tail`, one behind the other, into `sealed`, which has `kSealBytes` more.
  void seal(BytesView place, BytesView head, BytesView tail, std::span<std::byte> sealed);
  /// The same under a nonce of the caller's, for tests.
  void seal_with(std::span<const std::byte, kNonceBytes> nonce,
                 BytesView place,
                 BytesView head,
                 BytesView tail,
                 std::span<std::byte> sealed);
  /// Whether these are the bytes that were sealed at that place; then they are in `opened`, which
  /// has `kSealBytes` less.
  [[nodiscard]] bool open(BytesView place, BytesView sealed, std::span<std::byte> opened);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, Free>;
  using Block = std::array<std::byte, 16>;

  /// The key of a value, by the first half of its nonce.
  [[nodiscard]] std::array<std::byte, 32> derive(std::span<const std::byte, 12> nonce);

  Context blocks_;  ///< AES-256 of single blocks under the sealing key.
  Context sealing_;
  Context opening_;
  Block mask_;  ///< CMAC's first sub-key.
};

}  // namespace tombolo::store
