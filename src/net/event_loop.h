#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace tombolo::net {

using Task = std::function<void()>;

class Strand;

/// Waits for sockets and timers and runs what they call. The caller owns the threads: one or more
/// of them sit in `run()`.
///
/// Thread:  callable from any thread; destroyed when no thread is in `run()`.
/// Errors:  an exception that a task throws leaves `run()` on that thread; `run()` may be called
///          again.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Works until `stop()`.
  void run();

  /// Runs `task` on one of the threads in `run()`, never inside this call.
  void post(Task task);

  [[nodiscard]] Strand make_strand();

  /// Lets every `run()` return, for good, once all posted tasks and what those post in turn have
  /// run, on strands too. Timers and sockets that still wait are given up without a call.
  void stop();

  struct Impl;
  [[nodiscard]] Impl& impl() noexcept { return *impl_; }  ///< For net/ alone.

 private:
  std::shared_ptr<Impl> impl_;
};

/// Runs tasks one after another in the order they were posted, on whatever thread of its loop.
/// Copies are the same strand. Once its loop is destroyed, tasks are dropped; so is what still
/// waits for sockets and timers then.
///
/// Thread:  callable from any thread.
class Strand {
 public:
  struct Impl;
  explicit Strand(std::shared_ptr<Impl> impl) noexcept;  ///< For net/ alone.

  /// Runs `task` later, never inside this call.
  void post(Task task) const;
  /// Runs `task` inside this call when it is made on the strand, otherwise as `post()` does.
  void dispatch(Task task) const;
  [[nodiscard]] bool running_here() const noexcept;  ///< Whether the caller is on this strand.

  [[nodiscard]] Impl& impl() const noexcept { return *impl_; }  ///< For net/ alone.

 private:
  std::shared_ptr<Impl> impl_;
};

/// One deadline at a time. Once `cancel()`, another `arm_...()` or the destructor has returned, the
/// callback armed before does not run, even if its time had come.
///
/// Thread:  its strand, where the callback runs too.
class Timer {
 public:
  explicit Timer(const Strand& strand);
  ~Timer();
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;

  void arm_at(TimePoint deadline, Task callback);
  void arm_after(Duration delay, Task callback);
  void cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tombolo::net
