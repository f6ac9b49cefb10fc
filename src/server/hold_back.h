#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace tombolo::server {

struct HoldBackOptions {
  unsigned free_failure_count = 3;  ///< So many failures in a row cost nothing.
  std::chrono::milliseconds delay_min = std::chrono::seconds(1);
  std::chrono::milliseconds delay_max = std::chrono::seconds(30);
  /// After so long without a failure a key starts afresh.
  std::chrono::milliseconds forget_after = std::chrono::minutes(15);
  std::size_t key_count_max = 10'000;  ///< Beyond it the key that failed longest ago is forgotten.
};

/// Slows down who keeps failing: after the free failures each further one doubles a delay.
///
/// A key is whatever should be slowed down together, for example an account and an address. The
/// caller decides what a delay means: refuse early, or answer late.
///
/// Thread:  one thread at a time.
/// Source:  docs/app-services.md, "Repeated failures".
class HoldBack {
 public:
  explicit HoldBack(HoldBackOptions options = {}) : options_(options) {}

  /// How long `key` has to wait from `now` on; 0 when it need not.
  [[nodiscard]] std::chrono::milliseconds remaining(std::string_view key, WallTime now) const;
  /// Counts a failure and says how long `key` has to wait from `now` on.
  std::chrono::milliseconds failed(std::string_view key, WallTime now);
  void succeeded(std::string_view key);

 private:
  struct Entry {
    std::string key;
    unsigned failure_count = 0;
    WallTime failed_at;
    std::chrono::milliseconds delay{0};
  };
  using Entries = std::list<Entry>;

  [[nodiscard]] std::chrono::milliseconds delay_after(unsigned failure_count) const;

  HoldBackOptions options_;
  Entries entries_;  ///< The one that failed last comes first.
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  ///< Views `Entry::key`.
};

}  // namespace tombolo::server
