#include "client/open_files.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"

namespace tombolo::client {

std::shared_ptr<store::Environment> OpenFiles::open(const std::filesystem::path& path,
                                                    const store::EnvironmentOptions& options) {
  try {
    return store::Environment::open(path, options);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kLimitExceeded) throw;
  }
  {
    Held closing;
    const std::lock_guard lock(mutex_);
    closing = take_all_but(0);
  }
  return store::Environment::open(path, options);
}

void OpenFiles::hold(const std::shared_ptr<store::Environment>& environment) {
  Held closing;
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(environment.get());
  if (place != places_.end()) {
    newest_first_.splice(newest_first_.begin(), newest_first_, place->second);
    return;
  }
  newest_first_.push_front(environment);
  places_.emplace(environment.get(), newest_first_.begin());
  closing = take_all_but(count_max_);
}

void OpenFiles::let_go(const store::Environment* environment) {
  Held closing;
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(environment);
  if (place == places_.end()) return;
  closing.splice(closing.begin(), newest_first_, place->second);
  places_.erase(place);
}

void OpenFiles::set_count_max(std::size_t count) {
  Held closing;
  const std::lock_guard lock(mutex_);
  count_max_ = count;
  closing = take_all_but(count_max_);
}

std::size_t OpenFiles::count() const {
  const std::lock_guard lock(mutex_);
  return newest_first_.size();
}

OpenFiles::Held OpenFiles::take_all_but(std::size_t count) {
  Held taken;
  while (newest_first_.size() > count) {
    places_.erase(newest_first_.back().get());
    taken.splice(taken.begin(), newest_first_, std::prev(newest_first_.end()));
  }
  return taken;
}

}  // namespace tombolo::client
