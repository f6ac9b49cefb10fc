#include "server/accounts.h"

#include <algorithm>
#include <utility>

#include "base/assertion.h"
#include "protocol/app_services_error.h"

namespace tombolo::server {
namespace {

using protocol::make_service_error;
using protocol::ServiceErrorCode;

/// Each login sweeps a few expired sessions away, more than it adds, so that they never pile up.
constexpr std::size_t kExpiredSessionsErasedPerLogin = 8;

/// Code points of well-formed UTF-8.
std::size_t count_characters(std::string_view text) {
  const auto starts_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string hold_back_key(const PasswordAttempt& attempt) {
  return std::string(attempt.remote_address) + '\n' + std::string(attempt.email);
}

/// One answer for an unknown email, a wrong password and a deleted user.
Error wrong_password() {
  return make_service_error(ServiceErrorCode::kInvalidPassword, "unauthorized");
}

Error session_is_gone() {
  return make_service_error(ServiceErrorCode::kInvalidSession,
                            "invalid session: failed to find refresh token");
}

const Identity* find_identity(const User& user, IdentityId id) {
  const auto found = std::find_if(user.identities.begin(),
                                  user.identities.end(),
                                  [&](const Identity& identity) { return identity.id == id; });
  return found == user.identities.end() ? nullptr : &*found;
}

Identity make_identity(const PasswordCredential& credential) {
  return {credential.identity_id, IdentityProvider::kEmailPassword, credential.email};
}

}  // namespace

Accounts::Accounts(const AppConfig& config,
                   const SigningKey& key,
                   PasswordHashCost cost,
                   AccountStore& store,
                   Random& random)
    : config_(config),
      signer_(key, domain_id_of(config)),
      hasher_(cost),
      store_(store),
      random_(random) {}

ObjectId Accounts::make_id(WallTime now) {
  return make_object_id(now, random_);
}

Login Accounts::make_login(const LoginSession& session,
                           const Identity& identity,
                           WallTime now) const {
  return {signer_.make_access_token(session, now, config_.access_token_lifetime),
          signer_.make_refresh_token(session, identity),
          session.user_id,
          session.device_id};
}

Result<void> Accounts::register_email(std::string_view email,
                                      std::string_view password,
                                      WallTime now) {
  if (email.empty() || email.size() > kEmailBytesMax) {
    return make_service_error(ServiceErrorCode::kBadRequest,
                              "email must be between 1 and 320 bytes");
  }
  const std::size_t characters = count_characters(password);
  if (characters < kPasswordCharactersMin || characters > kPasswordCharactersMax) {
    return make_service_error(ServiceErrorCode::kBadRequest,
                              "password must be between 6 and 128 characters");
  }
  const auto name_in_use = [] {
    return make_service_error(ServiceErrorCode::kAccountNameInUse, "name already in use");
  };
  if (is_registered(email)) return name_in_use();

  // The hash takes long, so it is made before the writer is taken.
  const PasswordCredential credential{
      std::string(email), hasher_.hash(password), IdentityId{make_id(now)}, std::nullopt};
  const auto transaction = store_.begin();
  if (transaction->find_password_credential(email)) return name_in_use();
  transaction->put_password_credential(credential);
  transaction->commit();
  return {};
}

bool Accounts::is_registered(std::string_view email) const {
  return email.size() <= kEmailBytesMax &&
         store_.snapshot()->find_password_credential(email).has_value();
}

Login Accounts::log_in_anonymously(WallTime now) {
  const Identity identity{IdentityId{make_id(now)}, IdentityProvider::kAnonymous, {}};
  const User user{UserId{make_id(now)}, false, now, now, {identity}};
  const LoginSession session{user.id,
                             LoginSessionId{make_id(now)},
                             DeviceId{make_id(now)},
                             identity.id,
                             now,
                             now + config_.anonymous_refresh_token_lifetime};

  const auto transaction = store_.begin();
  transaction->put_user(user);
  transaction->put_login_session(session);
  transaction->erase_expired_login_sessions(now, kExpiredSessionsErasedPerLogin);
  transaction->commit();
  return make_login(session, identity, now);
}

Result<PasswordCredential> Accounts::check_password(const PasswordAttempt& attempt, WallTime now) {
  // Such an email cannot exist; refusing it early keeps the memory of failures small.
  if (attempt.email.size() > kEmailBytesMax) return wrong_password();
  const std::string key = hold_back_key(attempt);
  {
    const std::lock_guard lock(failures_mutex_);
    if (failures_.remaining(key, now) > std::chrono::milliseconds(0)) {
      return make_service_error(ServiceErrorCode::kTooManyRequests,
                                "too many failed logins, try again later");
    }
  }
  auto credential = store_.snapshot()->find_password_credential(attempt.email);
  if (!credential) hasher_.verify_nothing(attempt.password);
  const bool matches = credential && hasher_.verify(credential->password_hash, attempt.password);

  const std::lock_guard lock(failures_mutex_);
  if (!matches) {
    failures_.failed(key, now);
    return wrong_password();
  }
  failures_.succeeded(key);
  return *std::move(credential);
}

Result<Login> Accounts::log_in_with_password(const PasswordAttempt& attempt,
                                             std::optional<DeviceId> known_device,
                                             WallTime now) {
  const Result<PasswordCredential> checked = check_password(attempt, now);
  if (!checked) return checked.error();

  const auto transaction = store_.begin();
  auto credential = transaction->find_password_credential(attempt.email);
  if (!credential || credential->password_hash != checked->password_hash) return wrong_password();

  std::optional<User> user;
  if (credential->user_id) user = transaction->find_user(*credential->user_id);
  if (!user) {
    user = User{UserId{make_id(now)}, false, now, now, {make_identity(*credential)}};
    credential->user_id = user->id;
    transaction->put_password_credential(*credential);
  }
  if (user->disabled) {
    return make_service_error(ServiceErrorCode::kUserDisabled, "user is disabled");
  }
  const bool keeps_device = known_device && transaction->has_device(user->id, *known_device);
  const LoginSession session{user->id,
                             LoginSessionId{make_id(now)},
                             keeps_device ? *known_device : DeviceId{make_id(now)},
                             credential->identity_id,
                             now,
                             now + config_.refresh_token_lifetime};
  user->last_login_at = now;
  transaction->put_user(*user);
  transaction->put_login_session(session);
  transaction->erase_expired_login_sessions(now, kExpiredSessionsErasedPerLogin);
  transaction->commit();
  return make_login(session, make_identity(*credential), now);
}

Result<Login> Accounts::link_password(const TokenClaims& claims,
                                      const PasswordAttempt& attempt,
                                      WallTime now) {
  const Result<PasswordCredential> checked = check_password(attempt, now);
  if (!checked) return checked.error();

  const auto transaction = store_.begin();
  auto credential = transaction->find_password_credential(attempt.email);
  if (!credential || credential->password_hash != checked->password_hash) return wrong_password();
  auto user = transaction->find_user(claims.user_id);
  const auto session = transaction->find_login_session(claims.user_id, claims.session_id);
  if (!user || !session) return session_is_gone();
  if (credential->user_id && credential->user_id != user->id) {
    return make_service_error(ServiceErrorCode::kAuthError,
                              "a user already exists with the specified provider");
  }
  if (!credential->user_id) {
    credential->user_id = user->id;
    user->identities.push_back(make_identity(*credential));
    transaction->put_password_credential(*credential);
    transaction->put_user(*user);
    transaction->commit();
  }
  const Identity* const logged_in_with = find_identity(*user, session->identity_id);
  TOMBOLO_ASSERT(logged_in_with != nullptr);
  return make_login(*session, *logged_in_with, now);
}

Result<std::string> Accounts::refresh(std::string_view refresh_token, WallTime now) const {
  const Result<TokenClaims> claims = signer_.verify_refresh_token(refresh_token, now);
  if (!claims) return claims.error();

  const auto snapshot = store_.snapshot();
  const auto session = snapshot->find_login_session(claims->user_id, claims->session_id);
  if (!session) return session_is_gone();
  const auto user = snapshot->find_user(claims->user_id);
  if (!user || user->disabled) {
    return make_service_error(ServiceErrorCode::kInvalidSession,
                              "invalid session: user is disabled");
  }
  return signer_.make_access_token(*session, now, config_.access_token_lifetime);
}

Result<void> Accounts::log_out(std::string_view refresh_token, WallTime now) {
  const Result<TokenClaims> claims = signer_.verify_refresh_token(refresh_token, now);
  if (!claims) return claims.error();

  const auto transaction = store_.begin();
  if (!transaction->find_login_session(claims->user_id, claims->session_id)) {
    return session_is_gone();
  }
  transaction->erase_login_session(claims->user_id, claims->session_id);
  transaction->commit();
  return {};
}

std::optional<User> Accounts::find_user(UserId id) const {
  return store_.snapshot()->find_user(id);
}

bool Accounts::is_active(UserId id) const {
  const std::optional<User> user = find_user(id);
  return user && !user->disabled;
}

bool Accounts::erase_user(UserId id) {
  const auto transaction = store_.begin();
  const auto user = transaction->find_user(id);
  if (!user) return false;
  for (const Identity& identity : user->identities) {
    if (identity.provider == IdentityProvider::kEmailPassword) {
      transaction->erase_password_credential(identity.email);
    }
  }
  transaction->erase_login_sessions_of(id);
  transaction->erase_user(id);
  transaction->commit();
  return true;
}

bool Accounts::set_disabled(UserId id, bool disabled) {
  const auto transaction = store_.begin();
  auto user = transaction->find_user(id);
  if (!user) return false;
  user->disabled = disabled;
  transaction->put_user(*user);
  transaction->commit();
  return true;
}

}  // namespace tombolo::server
