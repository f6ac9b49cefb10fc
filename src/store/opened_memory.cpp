#include "store/opened_memory.h"

namespace tombolo::store {
namespace {

constexpr std::size_t kCacheLineBytes = 64;

/// Of longer values each is on many pages of its own. A sanitizer sees the end of a value only if
/// that gives memory back to the heap.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TOMBOLO_WATCHES_HEAP
#endif
#endif
#if defined(TOMBOLO_WATCHES_HEAP) || defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kPooledBytesMax = 0;
#else
constexpr std::size_t kPooledBytesMax = std::size_t{8} << 10;
#endif

}  // namespace

OpenedMemory::OpenedMemory(std::size_t bytes_max)
    : bytes_max_(bytes_max),
      pool_({.max_blocks_per_chunk = 0, .largest_required_pool_block = kPooledBytesMax}) {}

OpenedMemory::Bytes OpenedMemory::allocate(std::size_t bytes) {
  if (bytes <= kPooledBytesMax) {
    const std::lock_guard lock(mutex_);
    if (bytes_ + bytes <= bytes_max_) {
      Bytes pooled(static_cast<std::byte*>(pool_.allocate(bytes, kCacheLineBytes)), {this, bytes});
      bytes_ += bytes;
      return pooled;
    }
  }
  return Bytes(new std::byte[bytes], {});
}

void OpenedMemory::Deleter::operator()(std::byte* at) const noexcept {
  if (memory == nullptr) {
    delete[] at;
    return;
  }
  const std::lock_guard lock(memory->mutex_);
  memory->pool_.deallocate(at, bytes, kCacheLineBytes);
  memory->bytes_ -= bytes;
}

}  // namespace tombolo::store
