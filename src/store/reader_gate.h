#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace tombolo::store {

/// Lets snapshots in, counts them, and closes for the moment in which the map moves: under a
/// snapshot that would be a crash. Entering and leaving an open gate is one atomic operation each.
///
/// Thread:  callable from any thread; one at a time closes.
class ReaderGate {
 public:
  /// Waits while the gate is closed.
  void enter();
  void leave() noexcept;

  /// Keeps newcomers out and waits until all others have left; false, and open again, when they
  /// have not within `timeout`.
  [[nodiscard]] bool close(std::chrono::milliseconds timeout);
  void open() noexcept;

  [[nodiscard]] std::uint32_t readers() const noexcept {
    return static_cast<std::uint32_t>(state_.load(std::memory_order_relaxed) & ~kClosedBit);
  }

 private:
  static constexpr std::uint64_t kClosedBit = std::uint64_t{1} << 63;

  std::atomic<std::uint64_t> state_{0};  ///< Readers inside, and whether the gate is closed.
  std::mutex mutex_;                     ///< Of the two conditions only.
  std::condition_variable opened_;
  std::condition_variable emptied_;
};

/// Closes a gate and opens it again when it goes.
class ClosedGate {
 public:
  ClosedGate(ReaderGate& gate, std::chrono::milliseconds timeout)
      : gate_(gate),
        is_closed_(gate.close(timeout)) {}
  ~ClosedGate() {
    if (is_closed_) gate_.open();
  }
  ClosedGate(const ClosedGate&) = delete;
  ClosedGate& operator=(const ClosedGate&) = delete;
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }

 private:
  ReaderGate& gate_;
  bool is_closed_;
};

}  // namespace tombolo::store
