#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace tombolo::changeset {

/// Memory for bytes that are appended. What it grows by is not zeroed, and where it is large the
/// system moves its pages instead of copying them.
///
/// Thread:  one thread at a time.
class OutputBuffer {
 public:
  [[nodiscard]] std::uint8_t* data() noexcept { return bytes_.get(); }
  [[nodiscard]] const std::uint8_t* data() const noexcept { return bytes_.get(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// Makes room for `capacity` bytes in all, no less than it has; what it holds stays.
  ///
  /// Errors:  throws `std::bad_alloc`.
  void grow(std::size_t capacity) {
    void* const grown = std::realloc(bytes_.get(), capacity);
    if (grown == nullptr) throw std::bad_alloc();
    static_cast<void>(bytes_.release());
    bytes_.reset(static_cast<std::uint8_t*>(grown));
    capacity_ = capacity;
  }

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const noexcept { std::free(bytes); }
  };
  std::unique_ptr<std::uint8_t, Free> bytes_;
  std::size_t capacity_ = 0;
};

}  // namespace tombolo::changeset
