#include "server/hold_back.h"

#include <algorithm>

#include "base/assertion.h"

namespace tombolo::server {

std::chrono::milliseconds HoldBack::delay_after(unsigned failure_count) const {
  if (failure_count <= options_.free_failure_count) return std::chrono::milliseconds(0);
  std::chrono::milliseconds delay = options_.delay_min;
  for (unsigned i = options_.free_failure_count + 1; i < failure_count; ++i) {
    if (delay >= options_.delay_max) break;
    delay *= 2;
  }
  return std::min(delay, options_.delay_max);
}

std::chrono::milliseconds HoldBack::remaining(std::string_view key, WallTime now) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::chrono::milliseconds(0);
  // A clock that was set back must not stretch the wait.
  const Entry& entry = *found->second;
  return std::clamp(entry.failed_at + entry.delay - now, std::chrono::milliseconds(0), entry.delay);
}

std::chrono::milliseconds HoldBack::failed(std::string_view key, WallTime now) {
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    if (entries_.size() >= options_.key_count_max) {
      TOMBOLO_ASSERT(!entries_.empty());
      by_key_.erase(entries_.back().key);
      entries_.pop_back();
    }
    entries_.emplace_front().key = key;
    found = by_key_.emplace(entries_.front().key, entries_.begin()).first;
  } else {
    entries_.splice(entries_.begin(), entries_, found->second);
  }
  Entry& entry = *found->second;
  if (now - entry.failed_at >= options_.forget_after) entry.failure_count = 0;
  ++entry.failure_count;
  entry.failed_at = now;
  entry.delay = delay_after(entry.failure_count);
  return entry.delay;
}

void HoldBack::succeeded(std::string_view key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  const Entries::iterator entry = found->second;
  by_key_.erase(found);
  entries_.erase(entry);
}

}  // namespace tombolo::server
