#include "store/block_layout.h"

#include <algorithm>
#include <limits>

#include "base/assertion.h"

namespace tombolo::store {
namespace {

/// In a changed block a text is a position and a length in the block's heap.
constexpr std::size_t kOpenTextBytes = 8;

std::size_t open_column_bytes(const ColumnForm& column) noexcept {
  const std::size_t bytes =
      column.storage == Storage::kText ? kOpenTextBytes : element_bytes(column.storage);
  return kBitmapWordsMax * sizeof(std::uint64_t) + bytes * kBlockRowsMax;
}

std::size_t packed_column_bytes(const ColumnForm& column, std::size_t rows) noexcept {
  const std::size_t validity = column.has_validity ? bitmap_words(rows) * 8 : 0;
  if (column.storage == Storage::kTimestamp) return validity + rows * 8 + pad8(rows * 4);
  if (column.storage == Storage::kInteger) return validity + 7;
  const std::size_t elements = pad8(rows * element_bytes(column.storage));
  // Texts are padded too; seven bytes cover that.
  return validity + elements + (column.storage == Storage::kText ? 7 : 0);
}

Storage storage_of(PropertyType type) {
  switch (type) {
    case PropertyType::kInt:
    case PropertyType::kLink: return Storage::kInteger;
    case PropertyType::kDouble: return Storage::kBytes8;
    case PropertyType::kBool: return Storage::kBytes1;
    case PropertyType::kFloat: return Storage::kBytes4;
    case PropertyType::kObjectId: return Storage::kBytes12;
    case PropertyType::kDecimal:
    case PropertyType::kUuid: return Storage::kBytes16;
    case PropertyType::kTimestamp: return Storage::kTimestamp;
    case PropertyType::kString:
    case PropertyType::kBinary:
    case PropertyType::kMixed: return Storage::kText;
  }
  TOMBOLO_UNREACHABLE("a column of an unknown type");
}

}  // namespace

ColumnForm column_form(PropertyType type, CollectionType collection, bool nullable) {
  if (collection != CollectionType::kSingle) return {Storage::kText, false};
  // Of links and mixed values zeros are null.
  return {storage_of(type),
          nullable && type != PropertyType::kLink && type != PropertyType::kMixed};
}

GroupLayout::GroupLayout(std::vector<ColumnForm> columns, bool has_presence)
    : columns_(std::move(columns)),
      has_presence_(has_presence) {
  for (std::size_t rows = 0; rows <= kBlockRowsMax; ++rows) {
    std::size_t bytes = 8 + pad8(columns_.size() * 2);
    if (has_presence_) bytes += bitmap_words(rows) * 8;
    for (const ColumnForm& column : columns_) bytes += packed_column_bytes(column, rows);
    packed_bytes_[rows] = static_cast<std::uint16_t>(
        std::min<std::size_t>(bytes, std::numeric_limits<std::uint16_t>::max()));
  }
  std::size_t start = 0;
  for (const ColumnForm& column : columns_) {
    open_starts_.push_back(start);
    start += open_column_bytes(column);
  }
  open_starts_.push_back(start);
}

}  // namespace tombolo::store
