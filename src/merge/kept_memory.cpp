#include "merge/kept_memory.h"

#include <array>
#include <bit>
#include <limits>
#include <mutex>

#include "merge/merge.h"

namespace tombolo::merge {
namespace {

constexpr std::align_val_t kAlign{KeptMemory::kAlignment};

/// Blocks that nobody uses, by their size: a power of two.
class FreeBlocks {
 public:
  [[nodiscard]] void* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    Block*& first = first_[class_of(bytes)];
    if (first == nullptr) return nullptr;
    Block* const block = first;
    first = block->next;
    kept_bytes_ -= bytes;
    return block;
  }
  /// False when enough are kept.
  [[nodiscard]] bool keep(void* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (kept_bytes_ + bytes > kKeptBytesMax) return false;
    Block*& first = first_[class_of(bytes)];
    first = new (block) Block{first};
    kept_bytes_ += bytes;
    return true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    for (Block*& first : first_) {
      while (first != nullptr) {
        Block* const block = first;
        first = block->next;
        ::operator delete(block, kAlign);
      }
    }
    kept_bytes_ = 0;
  }

 private:
  struct Block {
    Block* next;
  };

  [[nodiscard]] static std::size_t class_of(std::size_t bytes) {
    return static_cast<std::size_t>(std::countr_zero(bytes));
  }

  std::mutex mutex_;  // Guards the members below.
  std::array<Block*, std::numeric_limits<std::size_t>::digits> first_{};
  std::size_t kept_bytes_ = 0;
};

/// Never destroyed: tables may be, after it would be.
FreeBlocks& free_blocks() {
  static FreeBlocks& blocks = *new FreeBlocks;
  return blocks;
}

}  // namespace

void* KeptMemory::allocate(std::size_t bytes) {
  if (bytes < kBlockBytesMin) return ::operator new(bytes, kAlign);
  const std::size_t block_bytes = std::bit_ceil(bytes);
  if (void* const kept = free_blocks().take(block_bytes)) return kept;
  return ::operator new(block_bytes, kAlign);
}

void KeptMemory::deallocate(void* block, std::size_t bytes) noexcept {
  if (bytes < kBlockBytesMin || !free_blocks().keep(block, std::bit_ceil(bytes))) {
    ::operator delete(block, kAlign);
  }
}

void release_kept_memory() {
  free_blocks().release();
}

}  // namespace tombolo::merge
