#include "server/passwords.h"

#include <gtest/gtest.h>

namespace tombolo::server {
namespace {

TEST(PasswordHasher, TellsTheRightPasswordFromOthers) {
  const PasswordHasher hasher(minimal_password_hash_cost());
  const std::string hash = hasher.hash("secret1");

  EXPECT_TRUE(hasher.verify(hash, "secret1"));
  EXPECT_FALSE(hasher.verify(hash, "secret2"));
  EXPECT_FALSE(hasher.verify(hash, ""));
  EXPECT_FALSE(hasher.verify(hash, std::string_view("secret1\0", 8)));
}

TEST(PasswordHasher, HashesCarryTheirCostAndASaltOfTheirOwn) {
  const PasswordHasher hasher(interactive_password_hash_cost());
  const PasswordHasher cheaper(minimal_password_hash_cost());

  const std::string hash = hasher.hash("secret1");

  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=65536,t=2,p=1$")) << hash;
  EXPECT_NE(hash, hasher.hash("secret1"));
  EXPECT_TRUE(cheaper.verify(hash, "secret1"));
}

TEST(PasswordHasher, WhatIsNoHashMatchesNothing) {
  const PasswordHasher hasher(minimal_password_hash_cost());

  EXPECT_FALSE(hasher.verify("", ""));
  EXPECT_FALSE(hasher.verify("$argon2id$v=19$m=65536,t=2,p=1$", "secret1"));
  EXPECT_FALSE(hasher.verify(std::string(500, 'x'), "secret1"));
}

}  // namespace
}  // namespace tombolo::server
