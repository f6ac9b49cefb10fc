#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "server/account_store.h"
#include "server/app_config.h"
#include "server/hold_back.h"
#include "server/passwords.h"
#include "server/tokens.h"

namespace tombolo::server {

/// What a login answers.
struct Login {
  std::string access_token;
  std::string refresh_token;
  UserId user_id;
  DeviceId device_id;
};

/// An email and a password as somebody offers them, and from where.
struct PasswordAttempt {
  std::string_view email;
  std::string_view password;
  std::string_view remote_address;  ///< Repeated failures are held back per email and address.
};

/// Longest email: 64 bytes of name, '@', 255 of domain. It also bounds the keys of stores.
inline constexpr std::size_t kEmailBytesMax = 320;
inline constexpr std::size_t kPasswordCharactersMin = 6;
inline constexpr std::size_t kPasswordCharactersMax = 128;

/// The accounts of one app: everything about users that does not depend on HTTP.
///
/// Whatever a call changed is durable when it returns.
///
/// Errors:  what the caller can be told is a service error (protocol/app_services_error.h) with the
///          text that clients expect; a failing store throws.
/// Thread:  callable from any thread. Calls with a password block for the time of a hash, calls
///          that change something for a durable commit: not for I/O threads. `verify_access_token`
///          neither blocks nor touches the store.
/// Source:  docs/app-services.md.
class Accounts {
 public:
  /// `store` and `random` outlive this object.
  Accounts(const AppConfig& config,
           const SigningKey& key,
           PasswordHashCost cost,
           AccountStore& store,
           Random& random);

  /// Registers an email; it can log in at once.
  [[nodiscard]] Result<void> register_email(std::string_view email,
                                            std::string_view password,
                                            WallTime now);
  [[nodiscard]] bool is_registered(std::string_view email) const;

  /// Makes a new user; each call another one.
  [[nodiscard]] Login log_in_anonymously(WallTime now);
  /// `known_device` is kept when the user logged in from it before, else it gets a new id.
  [[nodiscard]] Result<Login> log_in_with_password(const PasswordAttempt& attempt,
                                                   std::optional<DeviceId> known_device,
                                                   WallTime now);
  /// Adds the email identity to the user of an access token; the login session stays.
  [[nodiscard]] Result<Login> link_password(const TokenClaims& user,
                                            const PasswordAttempt& attempt,
                                            WallTime now);

  /// A new access token for a refresh token whose session still exists.
  [[nodiscard]] Result<std::string> refresh(std::string_view refresh_token, WallTime now) const;
  /// Revokes a refresh token. Access tokens made from it stay good until they expire.
  [[nodiscard]] Result<void> log_out(std::string_view refresh_token, WallTime now);

  /// Who an access token speaks for. It does not ask the store: see `is_active`.
  [[nodiscard]] Result<TokenClaims> verify_access_token(std::string_view token,
                                                        WallTime now) const {
    return signer_.verify_access_token(token, now);
  }
  /// Whether the user exists and is not disabled.
  [[nodiscard]] bool is_active(UserId id) const;
  [[nodiscard]] std::optional<User> find_user(UserId id) const;

  /// Removes the user with its identities and sessions; what it wrote stays. Returns whether it
  /// existed.
  bool erase_user(UserId id);
  /// A disabled user neither logs in nor refreshes tokens. Returns whether the user exists.
  bool disable_user(UserId id) { return set_disabled(id, true); }
  bool enable_user(UserId id) { return set_disabled(id, false); }

 private:
  [[nodiscard]] Result<PasswordCredential> check_password(const PasswordAttempt& attempt,
                                                          WallTime now);
  [[nodiscard]] Login make_login(const LoginSession& session,
                                 const Identity& identity,
                                 WallTime now) const;
  [[nodiscard]] ObjectId make_id(WallTime now);
  bool set_disabled(UserId id, bool disabled);

  AppConfig config_;
  TokenSigner signer_;
  PasswordHasher hasher_;
  AccountStore& store_;
  Random& random_;

  std::mutex failures_mutex_;
  HoldBack failures_;  ///< Guarded by `failures_mutex_`.
};

}  // namespace tombolo::server
