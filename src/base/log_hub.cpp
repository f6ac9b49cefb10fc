#include "base/log_hub.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace tombolo {

std::optional<LogCategory> find_log_category(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(kLogCategoryNames, name);
  if (found == kLogCategoryNames.end()) return std::nullopt;
  return static_cast<LogCategory>(std::distance(kLogCategoryNames.begin(), found));
}

class LogHub::CategoryLogger final : public Logger {
 public:
  CategoryLogger(LogHub& hub, LogCategory category) : hub_(hub), category_(category) {}

  bool enabled(LogLevel level) const noexcept override { return level <= hub_.level(category_); }
  void write(LogLevel level, std::string_view line) override {
    std::shared_ptr<const Sink> sink;
    {
      const std::lock_guard lock(hub_.mutex_);
      sink = hub_.sink_;
    }
    if (sink) (*sink)(category_, level, line);
  }

 private:
  LogHub& hub_;
  const LogCategory category_;
};

LogHub& LogHub::shared() {
  // Threads may log until the process is gone.
  static LogHub* const hub = new LogHub;
  return *hub;
}

void LogHub::set_level(LogCategory category, LogLevel level) {
  const std::string_view name = log_category_name(category);
  const std::string prefix = std::string(name) + '.';
  for (std::size_t i = 0; i < kLogCategoryNames.size(); ++i) {
    if (kLogCategoryNames[i] == name || kLogCategoryNames[i].starts_with(prefix))
      levels_[i] = level;
  }
}

LogLevel LogHub::level(LogCategory category) const noexcept {
  return levels_[static_cast<std::size_t>(category)].load(std::memory_order_relaxed);
}

void LogHub::set_sink(Sink sink) {
  auto shared = sink ? std::make_shared<const Sink>(std::move(sink)) : nullptr;
  const std::lock_guard lock(mutex_);
  sink_ = std::move(shared);
}

std::shared_ptr<Logger> LogHub::logger(LogCategory category) {
  return std::make_shared<CategoryLogger>(*this, category);
}

}  // namespace tombolo
