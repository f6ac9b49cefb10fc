#include "server/app_config.h"

#include <algorithm>

#include <sodium.h>

#include "base/assertion.h"

namespace tombolo::server {

AppConfig make_dev_app_config() {
  AppConfig config;
  config.app_id = "dev";
  config.anonymous_enabled = true;
  config.email_password_enabled = true;
  return config;
}

DomainId domain_id_of(const AppConfig& config) {
  static_assert(crypto_hash_sha256_BYTES >= sizeof(ObjectId::bytes));
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  const int failed =
      crypto_hash_sha256(digest.data(),
                         reinterpret_cast<const unsigned char*>(config.app_id.data()),
                         config.app_id.size());
  TOMBOLO_ASSERT(failed == 0);
  DomainId id;
  std::copy_n(digest.begin(), id.value.bytes.size(), id.value.bytes.begin());
  return id;
}

}  // namespace tombolo::server
