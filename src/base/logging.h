#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tombolo {

enum class LogLevel : unsigned char { kOff, kError, kWarn, kInfo, kDebug, kTrace };

/// Where log lines go. The library never prints: whoever uses it passes a logger in.
///
/// A line is one event name and `key=value` fields: `session_bound session=3 partition="team-7"`.
/// Ids, sizes and codes may stand in it; documents, tokens and passwords may not.
/// `error` = someone must act, `warn` = we coped, `info` = life cycle, `debug` = per message.
///
/// Thread:  callable from any thread.
class Logger {
 public:
  virtual ~Logger() = default;
  [[nodiscard]] virtual bool enabled(LogLevel level) const noexcept = 0;
  virtual void write(LogLevel level, std::string_view line) = 0;

  void error(std::string_view line) { log(LogLevel::kError, line); }
  void warn(std::string_view line) { log(LogLevel::kWarn, line); }
  void info(std::string_view line) { log(LogLevel::kInfo, line); }
  void debug(std::string_view line) { log(LogLevel::kDebug, line); }

 private:
  void log(LogLevel level, std::string_view line) {
    if (enabled(level)) write(level, line);
  }
};

/// Drops every line.
[[nodiscard]] Logger& null_logger();

/// Lines at `level` and above, with time and level in front, to standard error.
[[nodiscard]] std::shared_ptr<Logger> make_stderr_logger(LogLevel level);

/// Lines at `level` and above to a function of the application's.
[[nodiscard]] std::shared_ptr<Logger> make_callback_logger(
    LogLevel level, std::function<void(LogLevel, std::string_view)> sink);

}  // namespace tombolo
