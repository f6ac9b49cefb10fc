#include "base/logging.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <utility>

namespace tombolo {
namespace {

class NullLogger final : public Logger {
 public:
  bool enabled(LogLevel) const noexcept override { return false; }
  void write(LogLevel, std::string_view) override {}
};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kOff: return spdlog::level::off;
    case LogLevel::kError: return spdlog::level::err;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kTrace: return spdlog::level::trace;
  }
  return spdlog::level::off;
}

class StderrLogger final : public Logger {
 public:
  explicit StderrLogger(LogLevel level)
      : level_(level),
        logger_("tombolo", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()) {
    logger_.set_level(to_spdlog(level));
    logger_.flush_on(spdlog::level::info);
  }
  bool enabled(LogLevel level) const noexcept override { return level <= level_; }
  void write(LogLevel level, std::string_view line) override {
    logger_.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  LogLevel level_;
  spdlog::logger logger_;
};

class CallbackLogger final : public Logger {
 public:
  CallbackLogger(LogLevel level, std::function<void(LogLevel, std::string_view)> sink)
      : level_(level), sink_(std::move(sink)) {}
  bool enabled(LogLevel level) const noexcept override { return level <= level_; }
  void write(LogLevel level, std::string_view line) override { sink_(level, line); }

 private:
  LogLevel level_;
  std::function<void(LogLevel, std::string_view)> sink_;
};

}  // namespace

Logger& null_logger() {
  static NullLogger logger;
  return logger;
}

std::shared_ptr<Logger> make_stderr_logger(LogLevel level) {
  return std::make_shared<StderrLogger>(level);
}

std::shared_ptr<Logger> make_callback_logger(
    LogLevel level, std::function<void(LogLevel, std::string_view)> sink) {
  return std::make_shared<CallbackLogger>(level, std::move(sink));
}

}  // namespace tombolo
