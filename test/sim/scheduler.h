#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace tombolo::sim {

/// Virtual time and what is to happen in it. Events of one moment happen in the order in which they
/// were scheduled, so a run depends on nothing but its seed.
///
/// Thread:  one.
class Scheduler {
 public:
  using Task = std::function<void()>;

  [[nodiscard]] TimePoint now() const noexcept { return now_; }
  void at(TimePoint time, Task task) {
    events_.push({std::max(time, now_), next_number_++, std::move(task)});
  }
  void after(Duration delay, Task task) { at(now_ + delay, std::move(task)); }

  /// Runs events until `time`, which is now afterwards.
  void run_until(TimePoint time) {
    while (!events_.empty() && events_.top().time <= time) run_next();
    now_ = time;
  }
  /// Runs that many events, if there are so many.
  void run_events(std::uint64_t count) {
    for (; count > 0 && !events_.empty(); --count) run_next();
  }
  /// Runs events until `done` answers true; false when `limit` came first.
  [[nodiscard]] bool run_until(const std::function<bool()>& done, TimePoint limit) {
    while (!done()) {
      if (events_.empty() || events_.top().time > limit) return false;
      run_next();
    }
    return true;
  }

 private:
  struct Event {
    TimePoint time;
    std::uint64_t number;
    Task task;
    friend bool operator<(const Event& left, const Event& right) noexcept {
      return std::pair(left.time, left.number) > std::pair(right.time, right.number);
    }
  };

  void run_next() {
    // The queue gives out constant events; the task is moved because it goes with the pop.
    const Task task = std::move(const_cast<Event&>(events_.top()).task);
    now_ = events_.top().time;
    events_.pop();
    task();
  }

  TimePoint now_{std::chrono::hours(1)};
  std::uint64_t next_number_ = 0;
  std::priority_queue<Event> events_;
};

}  // namespace tombolo::sim
