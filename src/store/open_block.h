#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "store/block_layout.h"
#include "store/block_view.h"
#include "store/ids.h"

namespace tombolo::store {

/// What the heap of an open block is reckoned to take.
inline constexpr std::size_t kTypicalHeapBytes = 4096;

/// A block that is being changed: the same content as in a `BlockView`, each column with room for
/// `kBlockRowsMax` elements, texts in a heap where a replaced one leaves its bytes behind until
/// they are worth collecting.
///
/// Thread:  that of its write transaction.
class OpenBlock {
 public:
  /// An empty block that starts at `first`.
  OpenBlock(const GroupLayout& layout, RowId first);
  /// A copy of a packed block.
  OpenBlock(const GroupLayout& layout, RowId first, const BlockView& packed);

  [[nodiscard]] RowId first() const noexcept { return first_; }
  [[nodiscard]] std::uint32_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::uint32_t objects() const noexcept { return objects_; }
  [[nodiscard]] bool is_present(std::uint32_t slot) const noexcept {
    return ((presence_[slot / 64] >> (slot % 64)) & 1U) != 0;
  }
  [[nodiscard]] const std::uint64_t* presence() const noexcept { return presence_.data(); }

  /// Makes `slot` one of the block's, with everything before it.
  void extend(std::uint32_t slot) noexcept { rows_ = std::max(rows_, slot + 1); }
  void set_present(std::uint32_t slot) noexcept;
  /// Takes the object out and makes all its values zeros.
  void clear_slot(std::uint32_t slot) noexcept;

  // Reading a column: as of a `BlockView`, but that all columns are there.

  [[nodiscard]] bool has_column(std::uint32_t /*column*/) const noexcept { return true; }
  [[nodiscard]] const std::uint64_t* validity(std::uint32_t column) const noexcept {
    return reinterpret_cast<const std::uint64_t*>(bytes_.get() + layout_->open_start(column));
  }
  [[nodiscard]] bool is_valid(std::uint32_t column, std::uint32_t slot) const noexcept {
    return ((validity(column)[slot / 64] >> (slot % 64)) & 1U) != 0;
  }
  [[nodiscard]] IntegerWidth integer_width(std::uint32_t /*column*/) const noexcept {
    return kWidestInteger;
  }
  [[nodiscard]] const std::byte* values(const ColumnForm& /*form*/,
                                        std::uint32_t column) const noexcept {
    return values(column);
  }
  [[nodiscard]] std::size_t seconds_count() const noexcept { return kBlockRowsMax; }
  [[nodiscard]] BlockView::Text text(const ColumnForm& /*form*/,
                                     std::uint32_t column,
                                     std::uint32_t slot) const noexcept {
    return text(column, slot);
  }

  void set_valid(std::uint32_t column, std::uint32_t slot, bool valid) noexcept;
  /// The elements of a column; of a timestamp the seconds come first.
  [[nodiscard]] const std::byte* values(std::uint32_t column) const noexcept {
    return bytes_.get() + layout_->open_start(column) + kBitmapWordsMax * sizeof(std::uint64_t);
  }
  [[nodiscard]] std::byte* values(std::uint32_t column) noexcept {
    return bytes_.get() + layout_->open_start(column) + kBitmapWordsMax * sizeof(std::uint64_t);
  }
  [[nodiscard]] BlockView::Text text(std::uint32_t column, std::uint32_t slot) const noexcept {
    const TextRef ref = texts(column)[slot];
    return {{heap_.data() + ref.offset, ref.bytes}, ref.is_large != 0};
  }
  /// Integers are written through this, so that the block knows their widths.
  void set_integer(std::uint32_t column, std::uint32_t slot, std::int64_t value) noexcept;
  /// `text` is at most `kInlineTextBytesMax` long; it may view this block.
  void set_text(std::uint32_t column, std::uint32_t slot, std::string_view text);
  /// Marks the value as kept elsewhere.
  void set_large(std::uint32_t column, std::uint32_t slot) noexcept;

  /// Bytes of the packed form: an upper bound that is kept under `kBlockBytesMax` by splitting.
  [[nodiscard]] std::size_t packed_bytes() const noexcept { return packed_bytes(rows_); }
  /// The same if it had `rows` rows and no more texts.
  [[nodiscard]] std::size_t packed_bytes(std::size_t rows) const noexcept {
    return layout_->packed_bytes(rows) + rows * integer_row_bytes_ + heap_live_bytes_;
  }
  /// Moves the slots from `slot` on into a block of their own.
  [[nodiscard]] std::unique_ptr<OpenBlock> split(std::uint32_t slot);
  /// The column with the longest text in `slot`; nullopt when it has none.
  [[nodiscard]] std::optional<std::uint32_t> longest_text(std::uint32_t slot) const noexcept;

  /// Writes the packed form to the front of `out`, which holds `kBlockBytesMax` bytes, and returns
  /// its length; 0 when the block has no object (group 0) or nothing but defaults (others).
  [[nodiscard]] std::size_t pack(std::byte* out) const noexcept;

 private:
  struct TextRef {
    std::uint32_t offset;
    std::uint32_t bytes : 31;
    std::uint32_t is_large : 1;
  };
  static_assert(sizeof(TextRef) == 8);

  [[nodiscard]] const TextRef* texts(std::uint32_t column) const noexcept {
    return reinterpret_cast<const TextRef*>(values(column));
  }
  [[nodiscard]] TextRef* texts(std::uint32_t column) noexcept {
    return reinterpret_cast<TextRef*>(values(column));
  }
  void note_width(std::uint32_t column, IntegerWidth width) noexcept;
  void collect_heap();
  void copy_slot(const OpenBlock& from, std::uint32_t from_slot, std::uint32_t to_slot);
  [[nodiscard]] bool is_all_default(std::uint32_t column) const noexcept;
  [[nodiscard]] std::byte* pack_column(std::uint32_t column,
                                       std::uint32_t rows,
                                       IntegerWidth width,
                                       std::byte* out) const noexcept;

  const GroupLayout* layout_;
  RowId first_;
  std::uint32_t rows_ = 0;
  std::uint32_t objects_ = 0;
  std::array<std::uint64_t, kBitmapWordsMax> presence_{};
  std::unique_ptr<std::byte[]> bytes_;
  std::vector<IntegerWidth> widths_;   ///< By column: what its integers need at most.
  std::size_t integer_row_bytes_ = 0;  ///< Of all integers of a row at these widths.
  std::vector<char> heap_;
  std::size_t heap_live_bytes_ = 0;
};

}  // namespace tombolo::store
