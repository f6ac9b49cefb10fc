#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tombolo::server {

/// Threads for work that blocks: password hashes, durable commits of accounts.
///
/// Thread:  callable from any thread.
class WorkerPool {
 public:
  struct Options {
    std::size_t thread_count = 2;
    std::size_t waiting_max = 1000;  ///< Tasks that may wait for a thread.
  };

  explicit WorkerPool(const Options& options);
  ~WorkerPool() { stop(); }

  /// Runs `task` on a worker; false, without doing so, when too many wait or the pool has stopped.
  [[nodiscard]] bool submit(std::function<void()> task);
  /// Returns when every task that was taken has run.
  void stop();

 private:
  void work(std::stop_token stop);

  const Options options_;
  std::mutex mutex_;  // Guards `tasks_` and `is_stopped_`.
  std::condition_variable_any filled_;
  std::deque<std::function<void()>> tasks_;
  bool is_stopped_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace tombolo::server
