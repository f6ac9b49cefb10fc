#pragma once

#include <chrono>
#include <future>
#include <thread>
#include <utility>

namespace tombolo::client {

/// A thread whose end can be waited for with a limit. It is joined or left before it is destroyed.
///
/// Thread:  its owner's.
class OwnThread {
 public:
  template <typename Work>
  explicit OwnThread(Work work) {
    std::promise<void> ended;
    ended_ = ended.get_future();
    thread_ = std::thread([ended = std::move(ended), work = std::move(work)]() mutable {
      work();
      ended.set_value();
    });
  }

  [[nodiscard]] bool is_this() const noexcept {
    return thread_.get_id() == std::this_thread::get_id();
  }
  /// Joins it unless it goes on for longer than `patience`.
  [[nodiscard]] bool join_within(std::chrono::milliseconds patience) {
    if (ended_.wait_for(patience) != std::future_status::ready) return false;
    join();
    return true;
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  /// Lets it go on by itself.
  void leave() {
    if (thread_.joinable()) thread_.detach();
  }

 private:
  std::future<void> ended_;
  std::thread thread_;
};

}  // namespace tombolo::client
