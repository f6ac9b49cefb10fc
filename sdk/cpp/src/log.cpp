#include "tombolo/log.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "base/log_hub.h"

namespace tombolo {

void set_log_level(LogLevel level, std::string_view category) {
  const auto found = find_log_category(category);
  if (!found) {
    throw Error(ErrorCode::kInvalidArgument,
                "there is no log category '" + std::string(category) + "'");
  }
  LogHub::shared().set_level(*found, level);
}

void set_logger(std::function<void(const LogEntry& entry)> logger) {
  if (!logger) {
    LogHub::shared().set_sink(nullptr);
    return;
  }
  LogHub::shared().set_sink(
      [logger = std::move(logger)](LogCategory category, LogLevel level, std::string_view line) {
        logger({log_category_name(category), level, line});
      });
}

}  // namespace tombolo
