#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

namespace tombolo::client {

/// Callbacks that want to hear that something has changed.
///
/// Thread:  callable from any thread. No lock is held while a callback runs; one that is removed at
///          that moment may still be called once.
class Listeners {
 public:
  /// Names a callback, for its removal.
  using Id = std::uint64_t;

  Id add(std::function<void()> callback) {
    const std::lock_guard lock(mutex_);
    callbacks_.emplace(++last_id_, std::move(callback));
    return last_id_;
  }
  void remove(Id id) {
    const std::lock_guard lock(mutex_);
    callbacks_.erase(id);
  }
  void call() const {
    std::vector<std::function<void()>> callbacks;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [id, callback] : callbacks_) callbacks.push_back(callback);
    }
    for (const auto& callback : callbacks) callback();
  }

 private:
  mutable std::mutex mutex_;  ///< Guards the members below.
  Id last_id_ = 0;
  std::map<Id, std::function<void()>> callbacks_;
};

}  // namespace tombolo::client
