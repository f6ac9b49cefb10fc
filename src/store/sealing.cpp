#include "store/sealing.h"

#include <cstring>
#include <string_view>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/assertion.h"
#include "base/error.h"
#include "base/random.h"

namespace tombolo::store {
namespace {

/// The one door for codes of OpenSSL in this layer.
void check_openssl(int outcome, const char* call) {
  if (outcome != 1) {
    throw Error(ErrorCode::kInternal, "OpenSSL cannot do this", {"openssl", outcome, call});
  }
}

const unsigned char* to_uchar(const std::byte* bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes);
}
unsigned char* to_uchar(std::byte* bytes) noexcept {
  return reinterpret_cast<unsigned char*>(bytes);
}
int to_length(BytesView bytes) {
  TOMBOLO_ASSERT(bytes.size() <= 0x7FFF'FFFF);
  return static_cast<int>(bytes.size());
}

void derive(std::span<std::byte> to,
            const EncryptionKey& key,
            const FileSalt& salt,
            std::string_view purpose) {
  const std::unique_ptr<EVP_KDF, void (*)(EVP_KDF*)> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr),
                                                         EVP_KDF_free);
  const std::unique_ptr<EVP_KDF_CTX, void (*)(EVP_KDF_CTX*)> context(EVP_KDF_CTX_new(kdf.get()),
                                                                     EVP_KDF_CTX_free);
  check_openssl(context != nullptr ? 1 : 0, "EVP_KDF_CTX_new");
  const auto octets = [](const char* name, BytesView bytes) {
    return OSSL_PARAM_construct_octet_string(
        name, const_cast<std::byte*>(bytes.data()), bytes.size());
  };
  char digest[] = "SHA256";
  const std::array parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      octets(OSSL_KDF_PARAM_KEY, key),
      octets(OSSL_KDF_PARAM_SALT, salt),
      octets(OSSL_KDF_PARAM_INFO, as_bytes(purpose)),
      OSSL_PARAM_construct_end(),
  };
  check_openssl(EVP_KDF_derive(context.get(), to_uchar(to.data()), to.size(), parameters.data()),
                "EVP_KDF_derive");
}

}  // namespace

FileKeys derive_keys(const EncryptionKey& key, const FileSalt& salt) {
  FileKeys keys;
  keys.index.hides_values = true;
  derive(keys.sealing, key, salt, "tombolo values");
  derive(keys.index.text, key, salt, "tombolo texts");
  derive(keys.index.value, key, salt, "tombolo indexes");
  return keys;
}

bool keys_equal(const EncryptionKey& left, const EncryptionKey& right) noexcept {
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

void Sealer::Free::operator()(evp_cipher_ctx_st* context) const noexcept {
  EVP_CIPHER_CTX_free(context);
}

Sealer::Sealer(const std::array<std::byte, 32>& key)
    : blocks_(EVP_CIPHER_CTX_new()),
      sealing_(EVP_CIPHER_CTX_new()),
      opening_(EVP_CIPHER_CTX_new()) {
  check_openssl(blocks_ && sealing_ && opening_ ? 1 : 0, "EVP_CIPHER_CTX_new");
  check_openssl(
      EVP_EncryptInit_ex(blocks_.get(), EVP_aes_256_ecb(), nullptr, to_uchar(key.data()), nullptr),
      "EVP_EncryptInit_ex");
  check_openssl(EVP_CIPHER_CTX_set_padding(blocks_.get(), 0), "EVP_CIPHER_CTX_set_padding");
  check_openssl(EVP_EncryptInit_ex(sealing_.get(), EVP_aes_256_gcm(), nullptr, nullptr, nullptr),
                "EVP_EncryptInit_ex");
  check_openssl(EVP_DecryptInit_ex(opening_.get(), EVP_aes_256_gcm(), nullptr, nullptr, nullptr),
                "EVP_DecryptInit_ex");
  // Zeros, encrypted, and doubled in the field of 2^128 elements.
  const Block zeros{};
  Block block;
  int length = 0;
  check_openssl(
      EVP_EncryptUpdate(
          blocks_.get(), to_uchar(block.data()), &length, to_uchar(zeros.data()), sizeof(zeros)),
      "EVP_EncryptUpdate");
  std::byte carry{0};
  for (std::size_t i = block.size(); i-- > 0;) {
    mask_[i] = block[i] << 1 | carry;
    carry = block[i] >> 7;
  }
  if (carry != std::byte{0}) mask_.back() ^= std::byte{0x87};
}

Sealer::~Sealer() {
  OPENSSL_cleanse(mask_.data(), mask_.size());
}

std::array<std::byte, 32> Sealer::derive(std::span<const std::byte, 12> nonce) {
  std::array<std::byte, 32> counters;
  for (std::size_t half = 0; half < 2; ++half) {
    std::byte* const block = counters.data() + 16 * half;
    block[0] = std::byte{0};
    block[1] = static_cast<std::byte>(half + 1);
    block[2] = std::byte{'X'};
    block[3] = std::byte{0};
    std::memcpy(block + 4, nonce.data(), nonce.size());
    for (std::size_t i = 0; i < mask_.size(); ++i) block[i] ^= mask_[i];
  }
  std::array<std::byte, 32> key;
  int length = 0;
  check_openssl(EVP_EncryptUpdate(blocks_.get(),
                                  to_uchar(key.data()),
                                  &length,
                                  to_uchar(counters.data()),
                                  sizeof(counters)),
                "EVP_EncryptUpdate");
  return key;
}

void Sealer::seal(BytesView place, BytesView head, BytesView tail, std::span<std::byte> sealed) {
  std::array<std::byte, kNonceBytes> nonce;
  fill_random(nonce);
  seal_with(nonce, place, head, tail, sealed);
}

void Sealer::seal_with(std::span<const std::byte, kNonceBytes> nonce,
                       BytesView place,
                       BytesView head,
                       BytesView tail,
                       std::span<std::byte> sealed) {
  TOMBOLO_ASSERT(sealed.size() == head.size() + tail.size() + kSealBytes);
  const auto key = derive(nonce.first<12>());
  EVP_CIPHER_CTX* const context = sealing_.get();
  check_openssl(EVP_EncryptInit_ex(
                    context, nullptr, nullptr, to_uchar(key.data()), to_uchar(nonce.data() + 12)),
                "EVP_EncryptInit_ex");
  int length = 0;
  check_openssl(
      EVP_EncryptUpdate(context, nullptr, &length, to_uchar(place.data()), to_length(place)),
      "EVP_EncryptUpdate");
  std::memcpy(sealed.data(), nonce.data(), kNonceBytes);
  std::byte* to = sealed.data() + kNonceBytes;
  for (const BytesView part : {head, tail}) {
    if (part.empty()) continue;
    check_openssl(
        EVP_EncryptUpdate(context, to_uchar(to), &length, to_uchar(part.data()), to_length(part)),
        "EVP_EncryptUpdate");
    to += part.size();
  }
  check_openssl(EVP_EncryptFinal_ex(context, to_uchar(to), &length), "EVP_EncryptFinal_ex");
  check_openssl(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kTagBytes, to),
                "EVP_CIPHER_CTX_ctrl");
}

bool Sealer::open(BytesView place, BytesView sealed, std::span<std::byte> opened) {
  TOMBOLO_ASSERT(sealed.size() == opened.size() + kSealBytes);
  const auto key = derive(sealed.first<12>());
  EVP_CIPHER_CTX* const context = opening_.get();
  check_openssl(EVP_DecryptInit_ex(
                    context, nullptr, nullptr, to_uchar(key.data()), to_uchar(sealed.data() + 12)),
                "EVP_DecryptInit_ex");
  int length = 0;
  check_openssl(
      EVP_DecryptUpdate(context, nullptr, &length, to_uchar(place.data()), to_length(place)),
      "EVP_DecryptUpdate");
  if (!opened.empty()) {
    check_openssl(EVP_DecryptUpdate(context,
                                    to_uchar(opened.data()),
                                    &length,
                                    to_uchar(sealed.data() + kNonceBytes),
                                    to_length(opened)),
                  "EVP_DecryptUpdate");
  }
  // OpenSSL takes the tag as something that it might change.
  auto tag = const_cast<std::byte*>(sealed.data() + sealed.size() - kTagBytes);
  check_openssl(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag),
                "EVP_CIPHER_CTX_ctrl");
  unsigned char none = 0;
  return EVP_DecryptFinal_ex(context, &none, &length) == 1;
}

}  // namespace tombolo::store
