#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "server/account.h"
#include "server/signing_key.h"

namespace tombolo::server {

/// What a verified token says.
struct TokenClaims {
  UserId user_id;
  LoginSessionId session_id;
  DeviceId device_id;
  WallTime issued_at;  ///< Whole seconds, like every time in a token.
  WallTime expires_at;

  friend bool operator==(const TokenClaims&, const TokenClaims&) = default;
};

/// A token stays good for so long after its expiry: clients, who renew it no sooner than 5 seconds
/// past its time, then need no second request.
inline constexpr std::chrono::seconds kTokenExpiryLeeway{5};
/// No token of ours is longer; what is longer is not decoded.
inline constexpr std::size_t kTokenBytesMax = 4096;

/// Makes and verifies the JSON Web Tokens of one app, signed with HMAC-SHA-256.
///
/// An access token is good until it expires, whatever becomes of its session; a refresh token only
/// proves who asks: its login session has to be looked up.
///
/// Errors:  a token that does not verify is `kAuthentication` with the service error
///          InvalidSession and the text that clients expect.
/// Thread:  immutable.
/// Source:  docs/app-services.md, "Tokens"; RFC 7519.
class TokenSigner {
 public:
  TokenSigner(const SigningKey& key, DomainId domain_id) : key_(key), domain_id_(domain_id) {}

  [[nodiscard]] std::string make_access_token(const LoginSession& session,
                                              WallTime now,
                                              std::chrono::seconds lifetime) const;
  [[nodiscard]] std::string make_refresh_token(const LoginSession& session,
                                               const Identity& identity) const;

  [[nodiscard]] Result<TokenClaims> verify_access_token(std::string_view token, WallTime now) const;
  [[nodiscard]] Result<TokenClaims> verify_refresh_token(std::string_view token,
                                                         WallTime now) const;

 private:
  SigningKey key_;
  DomainId domain_id_;
};

}  // namespace tombolo::server
