#pragma once

#include <memory>

#include "server/account_store.h"
#include "store/environment.h"

namespace tombolo::server {

/// Accounts in the metadata records of an LMDB environment, in its one line of writers: a change of
/// accounts waits while realms are being written, and the reverse.
///
/// Records are JSON under binary keys; `|` joins, ids are 12 bytes, times 8 bytes big-endian:
///
///     "accounts/" "u" | user id                           -> user
///     "accounts/" "c" | email                             -> password credential
///     "accounts/" "s" | user id | session id              -> login session
///     "accounts/" "x" | expiry | user id | session id     -> nothing: sessions by expiry
///
/// Errors:  throws as `store::Environment`; `kFileCorrupt` names the record that cannot be read.
/// Thread:  callable from any thread.
class EmbeddedAccountStore final : public AccountStore {
 public:
  explicit EmbeddedAccountStore(std::shared_ptr<store::Environment> environment)
      : environment_(std::move(environment)) {}

  [[nodiscard]] std::unique_ptr<AccountSnapshot> snapshot() override;
  [[nodiscard]] std::unique_ptr<AccountTransaction> begin() override;

 private:
  std::shared_ptr<store::Environment> environment_;
};

}  // namespace tombolo::server
