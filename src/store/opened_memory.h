#pragma once

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <mutex>

namespace tombolo::store {

/// Where the opened values of a file are: side by side, because a scan goes from one to the next,
/// and the fewer pages there are between them the fewer misses of the TLB it waits for.
///
/// Shape:   what is given back serves later values of about the same size, and is the system's
///          again when this ends. What would take it beyond `bytes_max` comes from the heap.
/// Thread:  callable from any thread.
class OpenedMemory {
 public:
  explicit OpenedMemory(std::size_t bytes_max);

  struct Deleter {
    OpenedMemory* memory = nullptr;  ///< Null: it is of the heap.
    std::size_t bytes = 0;
    void operator()(std::byte* at) const noexcept;
  };
  using Bytes = std::unique_ptr<std::byte, Deleter>;

  /// Memory that this outlives.
  [[nodiscard]] Bytes allocate(std::size_t bytes);

 private:
  const std::size_t bytes_max_;
  std::mutex mutex_;
  std::pmr::unsynchronized_pool_resource pool_;  // GUARDED_BY(mutex_)
  std::size_t bytes_ = 0;                        // GUARDED_BY(mutex_)
};

}  // namespace tombolo::store
