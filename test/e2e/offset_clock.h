#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace tombolo::test {

/// The system's clocks, but the wall clock is wrong by as much as the test says.
class OffsetClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return system_clock().now(); }
  [[nodiscard]] WallTime wall_now() const override {
    return system_clock().wall_now() + offset_.load();
  }
  void set_offset(std::chrono::seconds offset) { offset_ = offset; }
  void advance(std::chrono::seconds by) { offset_ = offset_.load() + by; }

 private:
  std::atomic<std::chrono::seconds> offset_{std::chrono::seconds(0)};
};

}  // namespace tombolo::test
