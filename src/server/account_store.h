#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "server/account.h"

/// Where accounts are kept, behind one narrow interface: the app's LMDB environment today,
/// PostgreSQL beside it later. Checks belong to `Accounts`; a store only keeps records.

namespace tombolo::server {

/// A consistent view of all accounts, at one moment.
///
/// Errors:  throws `Error{kStorage, kFileCorrupt}` when the world failed.
/// Thread:  one thread at a time; short-lived.
class AccountSnapshot {
 public:
  virtual ~AccountSnapshot() = default;

  [[nodiscard]] virtual std::optional<User> find_user(UserId id) const = 0;
  /// By the exact email: letter case counts.
  [[nodiscard]] virtual std::optional<PasswordCredential> find_password_credential(
      std::string_view email) const = 0;
  [[nodiscard]] virtual std::optional<LoginSession> find_login_session(UserId user_id,
                                                                       LoginSessionId id) const = 0;
  /// Whether a session of the user came from that device.
  [[nodiscard]] virtual bool has_device(UserId user_id, DeviceId device_id) const = 0;
};

/// The one write transaction; it sees its own writes. Without `commit()` nothing happened.
///
/// Thread:  begun, used and ended on one thread.
class AccountTransaction : public AccountSnapshot {
 public:
  /// Inserts the record or replaces the one with the same id, email or pair of ids.
  virtual void put_user(const User& user) = 0;
  virtual void put_password_credential(const PasswordCredential& credential) = 0;
  virtual void put_login_session(const LoginSession& session) = 0;

  /// Erasing what is not there does nothing.
  virtual void erase_user(UserId id) = 0;
  virtual void erase_password_credential(std::string_view email) = 0;
  virtual void erase_login_session(UserId user_id, LoginSessionId id) = 0;
  virtual void erase_login_sessions_of(UserId user_id) = 0;
  /// Erases up to `count_max` sessions that expired before `now`, oldest first.
  virtual void erase_expired_login_sessions(WallTime now, std::size_t count_max) = 0;

  /// Makes everything durable. Errors: throws `Error{kStorage, kDiskFull}`; nothing happened then.
  virtual void commit() = 0;
};

/// Thread:  callable from any thread; `begin` waits for the writer before.
class AccountStore {
 public:
  virtual ~AccountStore() = default;
  [[nodiscard]] virtual std::unique_ptr<AccountSnapshot> snapshot() = 0;
  [[nodiscard]] virtual std::unique_ptr<AccountTransaction> begin() = 0;
};

}  // namespace tombolo::server
