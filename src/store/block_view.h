#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "store/block_layout.h"
#include "store/integer_column.h"

namespace tombolo::store {

/// A packed block as it lies in mapped memory. It may stand at any address: small blocks share a
/// page with others.
///
/// Errors:  the constructor throws `Error{kFileCorrupt}` when the parts do not fit the whole; after
///          it every access is in bounds.
/// Thread:  as long as the bytes that it views.
class BlockView {
 public:
  BlockView() = default;
  BlockView(BytesView packed, const GroupLayout& layout);

  [[nodiscard]] std::uint32_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::uint32_t objects() const noexcept { return objects_; }

  /// Requires group 0 and `slot` < `rows()`.
  [[nodiscard]] bool is_present(std::uint32_t slot) const noexcept { return bit(presence_, slot); }
  [[nodiscard]] const std::byte* presence() const noexcept { return presence_; }

  /// Whether the column is there at all; else all its slots have the default.
  [[nodiscard]] bool has_column(std::uint32_t column) const noexcept {
    return column < columns_ && start(column) != 0;
  }
  /// The validity bitmap of a column that is there and has one.
  [[nodiscard]] const std::byte* validity(std::uint32_t column) const noexcept {
    return data_ + start(column);
  }
  /// Whether the slot of such a column holds a value other than null.
  [[nodiscard]] bool is_valid(std::uint32_t column, std::uint32_t slot) const noexcept {
    return bit(validity(column), slot);
  }
  /// The width of the elements of a column of integers that is there.
  [[nodiscard]] IntegerWidth integer_width(std::uint32_t column) const noexcept {
    return static_cast<IntegerWidth>(start_word(column) & kWidthMask);
  }
  /// The elements of a column that is there.
  [[nodiscard]] const std::byte* values(const ColumnForm& form,
                                        std::uint32_t column) const noexcept {
    return data_ + start(column) + (form.has_validity ? bitmap_words(rows_) * 8 : 0);
  }
  /// Seconds of timestamps that stand in front of their nanoseconds.
  [[nodiscard]] std::size_t seconds_count() const noexcept { return rows_; }
  /// Where a column of a block that was not checked yet may start: to be fetched, not to be read.
  [[nodiscard]] static const std::byte* column_start(BytesView packed,
                                                     std::uint32_t column) noexcept {
    const std::size_t at = 8 + std::size_t{column} * 2;
    std::uint16_t start = 0;
    if (at + sizeof(start) <= packed.size()) {
      std::memcpy(&start, packed.data() + at, sizeof(start));
    }
    return packed.data() + std::min<std::size_t>(start & ~kWidthMask, packed.size());
  }
  /// The text of a slot of a column that is there. `is_large`: it is kept elsewhere.
  struct Text {
    std::string_view bytes;
    bool is_large = false;
  };
  [[nodiscard]] Text text(const ColumnForm& form, std::uint32_t column, std::uint32_t slot) const;

  /// All texts of a column that is there, one behind the other. Large ones are none of them.
  struct Texts {
    std::string_view bytes;
    const std::byte* ends = nullptr;  ///< Of each slot a `std::uint16_t`, as in the block.

    /// Where in `bytes` the text of the slot ends, and whether it is kept elsewhere.
    [[nodiscard]] std::size_t end(std::uint32_t slot) const noexcept;
    [[nodiscard]] bool is_large(std::uint32_t slot) const noexcept;
  };
  [[nodiscard]] Texts texts(const ColumnForm& form, std::uint32_t column) const;

  [[nodiscard]] static bool bit(const std::byte* bitmap, std::uint32_t slot) noexcept {
    return ((static_cast<unsigned>(bitmap[slot / 8]) >> (slot % 8)) & 1U) != 0;
  }

 private:
  static constexpr std::uint16_t kWidthMask = 7;

  [[nodiscard]] std::uint16_t start_word(std::uint32_t column) const noexcept {
    std::uint16_t word;
    std::memcpy(&word, data_ + 8 + std::size_t{column} * 2, sizeof(word));
    return word;
  }
  [[nodiscard]] std::size_t start(std::uint32_t column) const noexcept {
    return start_word(column) & ~std::size_t{kWidthMask};
  }
  void check_column(const GroupLayout& layout, std::uint32_t column) const;

  const std::byte* data_ = nullptr;
  const std::byte* presence_ = nullptr;
  std::uint16_t bytes_ = 0;
  std::uint16_t rows_ = 0;
  std::uint16_t objects_ = 0;
  std::uint16_t columns_ = 0;
};

/// The top bit of the end of a text: the value is kept elsewhere.
inline constexpr std::uint16_t kLargeTextBit = 0x8000;

inline std::size_t BlockView::Texts::end(std::uint32_t slot) const noexcept {
  std::uint16_t number;
  std::memcpy(&number, ends + std::size_t{slot} * sizeof(number), sizeof(number));
  return number & ~kLargeTextBit;
}
inline bool BlockView::Texts::is_large(std::uint32_t slot) const noexcept {
  std::uint16_t number;
  std::memcpy(&number, ends + std::size_t{slot} * sizeof(number), sizeof(number));
  return (number & kLargeTextBit) != 0;
}

}  // namespace tombolo::store
