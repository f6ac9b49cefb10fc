#include "store/block_view.h"

#include "base/error.h"

namespace tombolo::store {
namespace {

[[noreturn]] void throw_corrupt(const char* what) {
  throw Error(ErrorCode::kFileCorrupt, what);
}

std::uint16_t load16(const std::byte* from) noexcept {
  std::uint16_t number;
  std::memcpy(&number, from, sizeof(number));
  return number;
}

}  // namespace

BlockView::BlockView(BytesView packed, const GroupLayout& layout) : data_(packed.data()) {
  if (packed.size() < 8 || packed.size() > kUnsealedBlockBytesMax) {
    throw_corrupt("a block of a wrong size");
  }
  bytes_ = static_cast<std::uint16_t>(packed.size());
  rows_ = load16(data_);
  objects_ = load16(data_ + 2);
  columns_ = load16(data_ + 4);
  const std::size_t directory = 8 + pad8(std::size_t{columns_} * 2);
  const std::size_t presence = layout.has_presence() ? bitmap_words(rows_) * 8 : 0;
  if (rows_ == 0 || rows_ > kBlockRowsMax || objects_ > rows_ ||
      columns_ > layout.columns().size() || directory + presence > bytes_) {
    throw_corrupt("a block with a damaged header");
  }
  presence_ = data_ + directory;
  for (std::uint32_t column = 0; column < columns_; ++column) check_column(layout, column);
}

void BlockView::check_column(const GroupLayout& layout, std::uint32_t column) const {
  const std::size_t from = start(column);
  if (from == 0) return;
  const ColumnForm& form = layout.columns()[column];
  const bool is_integer = form.storage == Storage::kInteger;
  const IntegerWidth width = integer_width(column);
  const std::size_t element = is_integer ? integer_bytes(width) : element_bytes(form.storage);
  const std::size_t needed =
      (form.has_validity ? bitmap_words(rows_) * 8 : 0) + std::size_t{rows_} * element;
  if (width > (is_integer ? kWidestInteger : 0) || from + needed > bytes_) {
    throw_corrupt("a block with a damaged column");
  }
}

BlockView::Text BlockView::text(const ColumnForm& form,
                                std::uint32_t column,
                                std::uint32_t slot) const {
  const std::byte* ends = values(form, column);
  const std::uint16_t end = load16(ends + std::size_t{slot} * 2);
  const std::uint16_t before = slot == 0 ? 0 : load16(ends + std::size_t{slot} * 2 - 2);
  const std::size_t to = end & ~kLargeTextBit;
  const std::size_t from = before & ~kLargeTextBit;
  const std::byte* texts = ends + pad8(std::size_t{rows_} * 2);
  if (from > to || static_cast<std::size_t>(texts - data_) + to > bytes_) {
    throw_corrupt("a block with a damaged text");
  }
  return {{reinterpret_cast<const char*>(texts) + from, to - from}, (end & kLargeTextBit) != 0};
}

BlockView::Texts BlockView::texts(const ColumnForm& form, std::uint32_t column) const {
  Texts all;
  all.ends = values(form, column);
  const std::byte* first = all.ends + pad8(std::size_t{rows_} * 2);
  const std::size_t bytes = all.end(rows_ - 1U);
  std::size_t before = 0;
  for (std::uint32_t slot = 0; slot < rows_; ++slot) {
    const std::size_t end = all.end(slot);
    if (end < before) throw_corrupt("a block with a damaged text");
    before = end;
  }
  if (static_cast<std::size_t>(first - data_) + bytes > bytes_) {
    throw_corrupt("a block with a damaged text");
  }
  all.bytes = {reinterpret_cast<const char*>(first), bytes};
  return all;
}

}  // namespace tombolo::store
