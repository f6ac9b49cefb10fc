#include "server/passwords.h"

#include <array>

#include <sodium.h>

#include "base/assertion.h"
#include "base/error.h"

namespace tombolo::server {
namespace {

/// libsodium takes no null pointer, which an empty view may have.
const char* start_of(std::string_view text) noexcept {
  return text.empty() ? "" : text.data();
}

}  // namespace

PasswordHashCost interactive_password_hash_cost() {
  return {crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE};
}

PasswordHashCost minimal_password_hash_cost() {
  return {crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN};
}

PasswordHasher::PasswordHasher(PasswordHashCost cost) : cost_(cost) {
  TOMBOLO_ASSERT(sodium_init() >= 0);
  hash_of_nothing_ = hash({});
}

std::string PasswordHasher::hash(std::string_view password) const {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str(
          text.data(), start_of(password), password.size(), cost_.passes, cost_.memory_bytes) !=
      0) {
    throw Error(ErrorCode::kInternal, "no memory to hash a password");
  }
  return text.data();
}

bool PasswordHasher::verify(std::string_view hash, std::string_view password) const {
  // libsodium reads the hash up to its terminator.
  return crypto_pwhash_str_verify(std::string(hash).c_str(), start_of(password), password.size()) ==
         0;
}

void PasswordHasher::verify_nothing(std::string_view password) const {
  static_cast<void>(verify(hash_of_nothing_, password));
}

}  // namespace tombolo::server
