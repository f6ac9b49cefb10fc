#pragma once

#include <functional>
#include <string_view>

#include "base/logging.h"

namespace tombolo {

/// One line of the log: an event's name and `key=value` fields.
struct LogEntry {
  std::string_view category;  ///< "Realm.Sync.Client.Network"
  LogLevel level;
  std::string_view line;  ///< Lasts as long as the call.
};

/// From which level on lines of `category`, and of those below it, are written by realms and apps
/// whose configuration has no logger of its own. Nothing is written at first.
///
/// Errors:  throws `Error{kInvalidArgument}` for a category that does not exist.
void set_log_level(LogLevel level, std::string_view category = "Realm");

/// Where those lines go. `logger` is called on whatever thread logs, and may not wait; null drops
/// them.
void set_logger(std::function<void(const LogEntry& entry)> logger);

}  // namespace tombolo
