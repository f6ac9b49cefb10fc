#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tombolo::server {

/// The price of one hash; both grow with the security wanted.
struct PasswordHashCost {
  unsigned long long passes;
  std::size_t memory_bytes;
};

/// libsodium's interactive limits: 64 MiB and some 50 ms of one core.
[[nodiscard]] PasswordHashCost interactive_password_hash_cost();
/// The least that Argon2id takes: for tests, never for real passwords.
[[nodiscard]] PasswordHashCost minimal_password_hash_cost();

/// Hashes passwords with Argon2id. The hash string carries its own salt and cost, so that a later
/// change of cost leaves old hashes readable.
///
/// Errors:  throws `Error{kInternal}` when the memory for a hash cannot be had.
/// Thread:  callable from any thread; each call blocks for the time of a hash.
/// Source:  RFC 9106; libsodium, "The pwhash* API".
class PasswordHasher {
 public:
  explicit PasswordHasher(PasswordHashCost cost);

  [[nodiscard]] std::string hash(std::string_view password) const;
  [[nodiscard]] bool verify(std::string_view hash, std::string_view password) const;
  /// Takes as long as `verify`, so that an answer's time does not tell which accounts exist.
  void verify_nothing(std::string_view password) const;

 private:
  PasswordHashCost cost_;
  std::string hash_of_nothing_;
};

}  // namespace tombolo::server
