#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace tombolo::merge {

/// Memory for the large tables of merges. What one merge gives back is kept for the next one: fresh
/// memory from the system costs a page fault for every 4 KiB, which takes as long as the merge.
///
/// Thread:  any.
class KeptMemory {
 public:
  static constexpr std::size_t kAlignment = 64;
  /// Smaller blocks are left to the heap.
  static constexpr std::size_t kBlockBytesMin = std::size_t{64} << 10;

  [[nodiscard]] static void* allocate(std::size_t bytes);
  static void deallocate(void* block, std::size_t bytes) noexcept;
};

template <typename T>
struct KeptAllocator {
  using value_type = T;

  KeptAllocator() noexcept = default;
  template <typename Other>
  KeptAllocator(const KeptAllocator<Other>&) noexcept {}  // NOLINT: as allocators are

  [[nodiscard]] T* allocate(std::size_t count) {
    static_assert(alignof(T) <= KeptMemory::kAlignment);
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(KeptMemory::allocate(count * sizeof(T)));
  }
  void deallocate(T* block, std::size_t count) noexcept {
    KeptMemory::deallocate(block, count * sizeof(T));
  }

  friend bool operator==(KeptAllocator, KeptAllocator) noexcept { return true; }
};

/// A vector that may become large in a merge.
template <typename T>
using Table = std::vector<T, KeptAllocator<T>>;

}  // namespace tombolo::merge
