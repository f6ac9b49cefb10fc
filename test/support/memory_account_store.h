#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "server/account_store.h"

namespace tombolo::test {

/// Accounts in maps: the slow and obvious twin of the real stores, and the fast one for tests of
/// what stands above.
///
/// Thread:  callable from any thread.
class MemoryAccountStore final : public server::AccountStore {
 public:
  [[nodiscard]] std::unique_ptr<server::AccountSnapshot> snapshot() override {
    const std::lock_guard lock(state_mutex_);
    return std::make_unique<Snapshot>(state_);
  }
  [[nodiscard]] std::unique_ptr<server::AccountTransaction> begin() override {
    std::unique_lock writer(writer_mutex_);
    const std::lock_guard lock(state_mutex_);
    return std::make_unique<Transaction>(*this, std::move(writer), state_);
  }

 private:
  struct State {
    std::map<server::UserId, server::User> users;
    std::map<std::string, server::PasswordCredential, std::less<>> credentials;
    std::map<std::pair<server::UserId, server::LoginSessionId>, server::LoginSession> sessions;
  };

  template <typename Base>
  class Reader : public Base {
   public:
    explicit Reader(State state) : state_(std::move(state)) {}

    std::optional<server::User> find_user(server::UserId id) const override {
      return find(state_.users, id);
    }
    std::optional<server::PasswordCredential> find_password_credential(
        std::string_view email) const override {
      return find(state_.credentials, email);
    }
    std::optional<server::LoginSession> find_login_session(
        server::UserId user_id, server::LoginSessionId id) const override {
      return find(state_.sessions, std::pair(user_id, id));
    }
    bool has_device(server::UserId user_id, server::DeviceId device_id) const override {
      return std::any_of(state_.sessions.begin(), state_.sessions.end(), [&](const auto& entry) {
        return entry.first.first == user_id && entry.second.device_id == device_id;
      });
    }

   protected:
    template <typename Map, typename Key>
    static std::optional<typename Map::mapped_type> find(const Map& map, const Key& key) {
      const auto found = map.find(key);
      if (found == map.end()) return std::nullopt;
      return found->second;
    }

    State state_;
  };

  using Snapshot = Reader<server::AccountSnapshot>;

  class Transaction final : public Reader<server::AccountTransaction> {
   public:
    Transaction(MemoryAccountStore& store, std::unique_lock<std::mutex> writer, State state)
        : Reader(std::move(state)),
          store_(store),
          writer_(std::move(writer)) {}

    void put_user(const server::User& user) override { state_.users[user.id] = user; }
    void put_password_credential(const server::PasswordCredential& credential) override {
      state_.credentials[credential.email] = credential;
    }
    void put_login_session(const server::LoginSession& session) override {
      state_.sessions[{session.user_id, session.id}] = session;
    }
    void erase_user(server::UserId id) override { state_.users.erase(id); }
    void erase_password_credential(std::string_view email) override {
      state_.credentials.erase(std::string(email));
    }
    void erase_login_session(server::UserId user_id, server::LoginSessionId id) override {
      state_.sessions.erase({user_id, id});
    }
    void erase_login_sessions_of(server::UserId user_id) override {
      std::erase_if(state_.sessions,
                    [&](const auto& entry) { return entry.first.first == user_id; });
    }
    void erase_expired_login_sessions(WallTime now, std::size_t count_max) override {
      std::vector<server::LoginSession> expired;
      for (const auto& [key, session] : state_.sessions) {
        if (session.expires_at < now) expired.push_back(session);
      }
      std::sort(expired.begin(), expired.end(), [](const auto& left, const auto& right) {
        return std::tuple(left.expires_at, left.user_id, left.id) <
               std::tuple(right.expires_at, right.user_id, right.id);
      });
      if (expired.size() > count_max) expired.resize(count_max);
      for (const auto& session : expired) erase_login_session(session.user_id, session.id);
    }
    void commit() override {
      const std::lock_guard lock(store_.state_mutex_);
      store_.state_ = std::move(state_);
      writer_.unlock();
    }

   private:
    MemoryAccountStore& store_;
    std::unique_lock<std::mutex> writer_;
  };

  std::mutex writer_mutex_;  ///< Held from `begin()` to the commit or the end.
  std::mutex state_mutex_;
  State state_;  ///< Guarded by `state_mutex_`.
};

}  // namespace tombolo::test
