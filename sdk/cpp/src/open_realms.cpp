#include "open_realms.h"

#include <utility>

#include "realm_core.h"

namespace tombolo {

OpenRealms& OpenRealms::shared() {
  // Never destroyed: a realm may close while statics are.
  static OpenRealms& instance = *new OpenRealms;
  return instance;
}

void OpenRealms::add(const std::string& file, RealmCore& realm) {
  const std::lock_guard lock(mutex_);
  realms_[file].push_back(&realm);
}

void OpenRealms::remove(const std::string& file, const RealmCore& realm) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = realms_.find(file);
  if (found == realms_.end()) return;
  std::erase(found->second, &realm);
  if (found->second.empty()) realms_.erase(found);
}

std::vector<std::shared_ptr<RealmCore>> OpenRealms::of_this_thread(const std::string& file) const {
  std::vector<std::shared_ptr<RealmCore>> found;
  const std::lock_guard lock(mutex_);
  const auto all = realms_.find(file);
  if (all == realms_.end()) return found;
  for (RealmCore* const realm : all->second) {
    if (!realm->is_of_this_thread()) continue;
    // Null for one that another thread is about to destroy.
    if (auto held = realm->weak_from_this().lock()) found.push_back(std::move(held));
  }
  return found;
}

}  // namespace tombolo
