#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "schema/schema.h"
#include "store/sealing.h"

/// How the values of the properties of a column group share a block.
///
///     block      = rows:u16 objects:u16 columns:u16 0:u16 start:u16 * columns pad presence? column
///                  *
///     presence   = bitmap                       group 0 only: bit i = row `first + i` is an object
///     column     = validity? values pad         at `start` bytes into the block, a multiple of 8;
///                                               start 0 = left out; the low three bits of `start`:
///                                               of ints and links their width, of others 0
///     validity   = bitmap                       nullable scalars only: bit i = not null
///     values     = element * rows               bool 1 byte, float 4, double 8, object id 12,
///                                               decimal, uuid and global key 16, int and link
///                                               1, 2, 4 or 8 (integer_column.h)
///                | seconds:i64 * rows nanoseconds:i32 * rows
///                | end:u16 * rows text *        strings, binaries, mixed values (element.h), roots
///                                               of collections: `end` counts from the first
///                                               text; its top bit = the value is elsewhere
///     bitmap     = u64 * ceil(rows / 64)
///     pad        = zeros up to a multiple of 8
///
/// Numbers are little-endian. What has no value (no object, null, a default) is zeros throughout,
/// (a decimal has the bits of its zero turned over), so a column of nothing else may be left out,
/// as a column that came after the block was written is. The first row of a block is in its key;
/// `rows` of the last blocks may be anything up to `kBlockRowsMax`.
///
/// Source: docs/store.md, "Blocks".

namespace tombolo::store {

/// Rows of a block: more would make arrays longer than scans gain from.
inline constexpr std::uint32_t kBlockRowsMax = 256;
inline constexpr std::uint32_t kBitmapWordsMax = kBlockRowsMax / 64;
/// Bytes that a block is given: two pages of LMDB less the header that stands in front of large
/// values, and the seal of an encrypted file.
inline constexpr std::size_t kBlockBytesMax = 8176 - kSealBytes;
/// Those of a block that was written without room for a seal.
inline constexpr std::size_t kUnsealedBlockBytesMax = 8176;
/// Longer texts are kept outside of blocks, each under its own key.
inline constexpr std::size_t kInlineTextBytesMax = 1024;

/// The form in which a column keeps its elements. The numbers are stored.
enum class Storage : std::uint8_t {
  kBytes1 = 1,
  kBytes4 = 4,
  kBytes8 = 8,
  kBytes12 = 12,
  kBytes16 = 16,
  kTimestamp = 32,
  kText = 33,
  kInteger = 34,  ///< 8 bytes in a changed block, as few as do in a packed one.
};

/// One column of a group; it keeps its form when its property is erased.
struct ColumnForm {
  Storage storage = Storage::kBytes8;
  bool has_validity = false;

  friend bool operator==(const ColumnForm&, const ColumnForm&) = default;
};

/// The form of the column of such a property. A link to any class is kept as a mixed value.
[[nodiscard]] ColumnForm column_form(PropertyType type, CollectionType collection, bool nullable);

/// Bytes of an element of fixed width, of an integer at its widest; for texts what a slot takes
/// beside its text.
[[nodiscard]] constexpr std::size_t element_bytes(Storage storage) noexcept {
  switch (storage) {
    case Storage::kBytes1: return 1;
    case Storage::kBytes4: return 4;
    case Storage::kBytes8: return 8;
    case Storage::kBytes12: return 12;
    case Storage::kBytes16: return 16;
    case Storage::kTimestamp: return sizeof(std::int64_t) + sizeof(std::int32_t);
    case Storage::kText: return sizeof(std::uint16_t);
    case Storage::kInteger: return sizeof(std::int64_t);
  }
  return 0;
}

[[nodiscard]] constexpr std::size_t pad8(std::size_t bytes) noexcept {
  return (bytes + 7) & ~std::size_t{7};
}
[[nodiscard]] constexpr std::size_t bitmap_words(std::size_t rows) noexcept {
  return (rows + 63) / 64;
}

/// The columns of one group, and where they stand in a block that is being changed.
///
/// Thread:  immutable.
class GroupLayout {
 public:
  GroupLayout(std::vector<ColumnForm> columns, bool has_presence);

  [[nodiscard]] const std::vector<ColumnForm>& columns() const noexcept { return columns_; }
  [[nodiscard]] bool has_presence() const noexcept { return has_presence_; }
  /// Bytes of a packed block of `rows` rows without its texts and integers: an upper bound.
  [[nodiscard]] std::size_t packed_bytes(std::size_t rows) const noexcept {
    return packed_bytes_[rows];
  }
  /// Where the validity bitmap and then the elements of a column stand in a changed block.
  [[nodiscard]] std::size_t open_start(std::size_t column) const noexcept {
    return open_starts_[column];
  }
  [[nodiscard]] std::size_t open_bytes() const noexcept { return open_starts_.back(); }

 private:
  std::vector<ColumnForm> columns_;
  bool has_presence_;
  std::array<std::uint16_t, kBlockRowsMax + 1> packed_bytes_{};
  std::vector<std::size_t> open_starts_;
};

}  // namespace tombolo::store
