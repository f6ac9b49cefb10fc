#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/bytes.h"
#include "changeset/varint.h"

namespace tombolo::changeset {

/// Reads the scalars of the binary form from bytes that may be hostile.
///
/// The first failure sticks: the cursor then stands at the end, every further read gives zero, and
/// the caller asks `failed()` once when it has read a whole instruction.
class ByteCursor {
 public:
  ByteCursor() = default;
  explicit ByteCursor(BytesView bytes) noexcept
      : begin_(reinterpret_cast<const std::uint8_t*>(bytes.data())),
        next_(begin_),
        end_(begin_ + bytes.size()) {}
  /// Begins at `offset`, which lies within the bytes.
  ByteCursor(BytesView bytes, std::size_t offset) noexcept : ByteCursor(bytes) { next_ += offset; }

  [[nodiscard]] bool at_end() const noexcept { return next_ == end_; }
  [[nodiscard]] std::size_t offset() const noexcept {
    return static_cast<std::size_t>(next_ - begin_);
  }

  [[nodiscard]] bool failed() const noexcept { return failure_ != nullptr; }
  [[nodiscard]] const char* failure() const noexcept { return failure_; }  ///< Null: none.
  [[nodiscard]] std::size_t failure_offset() const noexcept { return failure_offset_; }
  /// Records that the item at `offset` is wrong, unless an earlier one was.
  void fail(const char* what, std::size_t offset) noexcept {
    if (failure_ == nullptr) {
      failure_ = what;
      failure_offset_ = offset;
    }
    next_ = end_;
  }

  template <std::unsigned_integral T>
  [[nodiscard]] T read_unsigned() noexcept {
    if (next_ != end_ && *next_ < 0x40) return *next_++;
    if constexpr (kVarintBytesMax < T >> kShortBytesMax) {
      Magnitude magnitude;
      if (read_short(magnitude) && !magnitude.negative) {
        next_ += magnitude.code_bytes;
        return static_cast<T>(magnitude.bits);
      }
    }
    return static_cast<T>(read_long_unsigned(std::numeric_limits<T>::max(), kVarintBytesMax<T>));
  }

  template <std::signed_integral T>
  [[nodiscard]] T read_signed() noexcept {
    if (next_ != end_ && *next_ < 0x40) return *next_++;
    if constexpr (kVarintBytesMax < T >> kShortBytesMax) {
      Magnitude magnitude;
      if (read_short(magnitude)) {
        next_ += magnitude.code_bytes;
        return static_cast<T>(magnitude.signed_value());
      }
    }
    return static_cast<T>(read_long_signed(
        static_cast<std::uint64_t>(std::numeric_limits<T>::max()), kVarintBytesMax<T>));
  }

  /// Passes over an integer of any type, or a coefficient, without looking at its value.
  void skip_integer() noexcept {
    while (next_ != end_ && (*next_ & 0x80) != 0) ++next_;
    if (next_ == end_) {
      fail("the bytes end inside of an integer", offset());
    } else {
      ++next_;
    }
  }

  /// The next `count` bytes, which stay where they are.
  [[nodiscard]] std::string_view read_bytes(std::uint64_t count) noexcept {
    if (count > static_cast<std::uint64_t>(end_ - next_)) {
      fail("the bytes end inside of a value", offset());
      return {};
    }
    const auto* first = reinterpret_cast<const char*>(next_);
    next_ += count;
    return {first, static_cast<std::size_t>(count)};
  }

  /// A trivially copyable value that is stored as its bytes.
  template <typename T>
  [[nodiscard]] T read_raw() noexcept {
    T value{};
    const std::string_view bytes = read_bytes(sizeof(T));
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  /// A 113-bit coefficient: the shape of an integer whose last byte has seven value bits, no sign.
  [[nodiscard]] unsigned __int128 read_coefficient() noexcept;

 private:
  struct Magnitude {
    std::uint64_t bits = 0;
    bool negative = false;
    std::uint32_t code_bytes = 0;

    [[nodiscard]] std::int64_t signed_value() const noexcept {
      const auto value = static_cast<std::int64_t>(bits);
      return negative ? -value - 1 : value;
    }
  };
  /// Codes of up to this many bytes fit into every type that takes more.
  static constexpr std::size_t kShortBytesMax = 4;

  /// Looks at a code of up to `kShortBytesMax` bytes without a loop; false where the code is longer
  /// or the end is near. It does not move the cursor.
  [[nodiscard]] bool read_short(Magnitude& magnitude) const noexcept {
    if (static_cast<std::size_t>(end_ - next_) < kShortBytesMax) return false;
    const std::uint32_t word = std::uint32_t{next_[0]} | std::uint32_t{next_[1]} << 8 |
                               std::uint32_t{next_[2]} << 16 | std::uint32_t{next_[3]} << 24;
    const std::uint32_t last_bytes = ~word & 0x8080'8080;
    if (last_bytes == 0) return false;
    const auto count = static_cast<std::uint32_t>(std::countr_zero(last_bytes)) / 8 + 1;
    const std::uint32_t bits = ((word & 0x7F) | (word >> 1 & 0x3F80) | (word >> 2 & 0x1F'C000) |
                                (word >> 3 & 0xFE0'0000)) &
                               ((std::uint32_t{1} << 7 * count) - 1);
    const std::uint32_t sign = std::uint32_t{1} << (7 * count - 1);
    magnitude = {.bits = bits & ~sign, .negative = (bits & sign) != 0, .code_bytes = count};
    return true;
  }
  [[nodiscard]] Magnitude read_magnitude(std::uint64_t max, std::size_t bytes_max) noexcept;
  [[nodiscard]] std::uint64_t read_long_unsigned(std::uint64_t max, std::size_t bytes_max) noexcept;
  [[nodiscard]] std::int64_t read_long_signed(std::uint64_t max, std::size_t bytes_max) noexcept;

  const std::uint8_t* begin_ = nullptr;
  const std::uint8_t* next_ = nullptr;
  const std::uint8_t* end_ = nullptr;
  const char* failure_ = nullptr;
  std::size_t failure_offset_ = 0;
};

}  // namespace tombolo::changeset
