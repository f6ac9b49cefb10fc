#include "server/app_config.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <sodium.h>

#include "base/assertion.h"

namespace tombolo::server {
namespace {

/// The same id for the same text, always: the first bytes of its SHA-256.
ObjectId derive_object_id(std::string_view text) {
  static_assert(crypto_hash_sha256_BYTES >= sizeof(ObjectId::bytes));
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  const int failed = crypto_hash_sha256(
      digest.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  TOMBOLO_ASSERT(failed == 0);
  ObjectId id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

}  // namespace

AppConfig make_dev_app_config() {
  AppConfig config;
  config.app_id = "dev";
  config.anonymous_enabled = true;
  config.email_password_enabled = true;
  return config;
}

DomainId domain_id_of(const AppConfig& config) {
  return DomainId{derive_object_id(config.app_id)};
}

ObjectId provider_id_of(const AppConfig& config, IdentityProvider provider) {
  return derive_object_id(config.app_id + "/" + std::string(provider_name(provider)));
}

}  // namespace tombolo::server
