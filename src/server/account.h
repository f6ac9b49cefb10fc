#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "value/object_id.h"

/// Who may use an app: users, the identities they log in with, and their login sessions.

namespace tombolo::server {

/// An ObjectId that remembers what it names.
template <typename Tag>
struct NamedId {
  ObjectId value;

  friend constexpr auto operator<=>(const NamedId&, const NamedId&) noexcept = default;
};

using UserId = NamedId<struct UserIdTag>;
using IdentityId = NamedId<struct IdentityIdTag>;
using LoginSessionId = NamedId<struct LoginSessionIdTag>;
using DeviceId = NamedId<struct DeviceIdTag>;
/// Names the set of users of one app; tokens carry it, because some routes do not name the app.
using DomainId = NamedId<struct DomainIdTag>;

template <typename Tag>
[[nodiscard]] std::string to_string(const NamedId<Tag>& id) {
  return to_string(id.value);
}

enum class IdentityProvider : std::uint8_t { kAnonymous, kEmailPassword };

/// The provider's name in paths, tokens and profiles: "anon-user", "local-userpass".
[[nodiscard]] constexpr std::string_view provider_name(IdentityProvider provider) noexcept {
  return provider == IdentityProvider::kAnonymous ? "anon-user" : "local-userpass";
}

/// One way in which a user logs in.
struct Identity {
  IdentityId id;
  IdentityProvider provider = IdentityProvider::kAnonymous;
  std::string email;  ///< The login name; empty for anonymous identities.

  friend bool operator==(const Identity&, const Identity&) = default;
};

/// A user. The first identity is the one that created it; linked ones follow in order.
struct User {
  UserId id;
  bool disabled = false;  ///< Neither logs in nor refreshes tokens; what it wrote stays.
  WallTime created_at;
  WallTime last_login_at;
  std::vector<Identity> identities;

  friend bool operator==(const User&, const User&) = default;
};

/// What registering leaves behind: an email with its password. The user comes with the first login
/// or, when an existing user links the credential, never: until then `user_id` is absent.
struct PasswordCredential {
  std::string email;
  std::string password_hash;  ///< With its parameters and salt; see passwords.h.
  IdentityId identity_id;
  std::optional<UserId> user_id;

  friend bool operator==(const PasswordCredential&, const PasswordCredential&) = default;
};

/// One login: what a refresh token stands for. Without its record the token is revoked.
struct LoginSession {
  UserId user_id;
  LoginSessionId id;
  DeviceId device_id;
  IdentityId identity_id;  ///< The identity that logged in.
  WallTime created_at;
  WallTime expires_at;

  friend bool operator==(const LoginSession&, const LoginSession&) = default;
};

}  // namespace tombolo::server
