#include "store/open_block.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "base/assertion.h"

namespace tombolo::store {
namespace {

/// Bytes left behind in the heap before they are collected.
constexpr std::size_t kHeapWasteMax = 16'384;

void write_zeros(std::byte* from, std::byte* to) noexcept {
  std::memset(from, 0, static_cast<std::size_t>(to - from));
}

}  // namespace

OpenBlock::OpenBlock(const GroupLayout& layout, RowId first)
    : layout_(&layout),
      first_(first),
      bytes_(new std::byte[layout.open_bytes()]()),
      widths_(layout.columns().size()) {
  for (const ColumnForm& form : layout.columns()) {
    if (form.storage == Storage::kInteger) integer_row_bytes_ += integer_bytes(0);
  }
}

OpenBlock::OpenBlock(const GroupLayout& layout, RowId first, const BlockView& packed)
    : OpenBlock(layout, first) {
  rows_ = packed.rows();
  objects_ = packed.objects();
  const std::size_t bitmap_bytes = bitmap_words(rows_) * 8;
  if (layout.has_presence()) std::memcpy(presence_.data(), packed.presence(), bitmap_bytes);
  for (std::uint32_t column = 0; column < layout.columns().size(); ++column) {
    if (!packed.has_column(column)) continue;
    const ColumnForm& form = layout.columns()[column];
    if (form.has_validity) {
      std::memcpy(bytes_.get() + layout.open_start(column), packed.validity(column), bitmap_bytes);
    }
    const std::byte* from = packed.values(form, column);
    if (form.storage == Storage::kTimestamp) {
      std::memcpy(values(column), from, rows_ * 8);
      std::memcpy(values(column) + kBlockRowsMax * 8, from + rows_ * 8, rows_ * 4);
    } else if (form.storage == Storage::kInteger) {
      const IntegerWidth width = packed.integer_width(column);
      note_width(column, width);
      widen_integers(from, width, rows_, values(column));
    } else if (form.storage != Storage::kText) {
      std::memcpy(values(column), from, rows_ * element_bytes(form.storage));
    } else {
      for (std::uint32_t slot = 0; slot < rows_; ++slot) {
        const BlockView::Text text = packed.text(form, column, slot);
        set_text(column, slot, text.bytes);
        if (text.is_large) set_large(column, slot);
      }
    }
  }
}

void OpenBlock::set_present(std::uint32_t slot) noexcept {
  extend(slot);
  presence_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  ++objects_;
}

void OpenBlock::clear_slot(std::uint32_t slot) noexcept {
  if (layout_->has_presence() && is_present(slot)) {
    presence_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    --objects_;
  }
  for (std::uint32_t column = 0; column < layout_->columns().size(); ++column) {
    set_valid(column, slot, false);
    const Storage storage = layout_->columns()[column].storage;
    if (storage == Storage::kText) {
      TextRef& ref = texts(column)[slot];
      heap_live_bytes_ -= ref.bytes;
      ref = {};
    } else if (storage == Storage::kTimestamp) {
      std::memset(values(column) + slot * 8, 0, 8);
      std::memset(values(column) + kBlockRowsMax * 8 + slot * 4, 0, 4);
    } else {
      const std::size_t bytes = element_bytes(storage);
      std::memset(values(column) + slot * bytes, 0, bytes);
    }
  }
}

void OpenBlock::set_valid(std::uint32_t column, std::uint32_t slot, bool valid) noexcept {
  auto* words = reinterpret_cast<std::uint64_t*>(bytes_.get() + layout_->open_start(column));
  const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
  words[slot / 64] = valid ? words[slot / 64] | bit : words[slot / 64] & ~bit;
}

void OpenBlock::note_width(std::uint32_t column, IntegerWidth width) noexcept {
  if (width <= widths_[column]) [[likely]]
    return;
  integer_row_bytes_ += integer_bytes(width) - integer_bytes(widths_[column]);
  widths_[column] = width;
}

void OpenBlock::set_integer(std::uint32_t column, std::uint32_t slot, std::int64_t value) noexcept {
  std::memcpy(values(column) + slot * sizeof(value), &value, sizeof(value));
  note_width(column, width_of_fold(fold_integer(value)));
}

void OpenBlock::set_text(std::uint32_t column, std::uint32_t slot, std::string_view text) {
  TOMBOLO_ASSERT(text.size() <= kBlockBytesMax);
  TextRef& ref = texts(column)[slot];
  heap_live_bytes_ -= ref.bytes;
  ref = {};
  if (text.empty()) return;
  if (heap_.capacity() == 0) heap_.reserve(kTypicalHeapBytes);
  const auto offset = static_cast<std::uint32_t>(heap_.size());
  if (!heap_.empty() && text.data() >= heap_.data() && text.data() < heap_.data() + heap_.size()) {
    // The text is this block's own: appending may move it.
    const auto from = static_cast<std::size_t>(text.data() - heap_.data());
    heap_.resize(heap_.size() + text.size());
    std::memcpy(heap_.data() + offset, heap_.data() + from, text.size());
  } else {
    heap_.insert(heap_.end(), text.begin(), text.end());
  }
  ref = {offset, static_cast<std::uint32_t>(text.size()) & 0x7fff'ffffU, 0};
  heap_live_bytes_ += text.size();
  if (heap_.size() > heap_live_bytes_ + kHeapWasteMax) collect_heap();
}

void OpenBlock::set_large(std::uint32_t column, std::uint32_t slot) noexcept {
  TextRef& ref = texts(column)[slot];
  heap_live_bytes_ -= ref.bytes;
  ref = {0, 0, 1};
}

void OpenBlock::collect_heap() {
  std::vector<char> kept;
  kept.reserve(heap_live_bytes_ + kHeapWasteMax);
  for (std::uint32_t column = 0; column < layout_->columns().size(); ++column) {
    if (layout_->columns()[column].storage != Storage::kText) continue;
    for (std::uint32_t slot = 0; slot < rows_; ++slot) {
      TextRef& ref = texts(column)[slot];
      if (ref.bytes == 0) continue;
      const char* from = heap_.data() + ref.offset;
      ref.offset = static_cast<std::uint32_t>(kept.size());
      kept.insert(kept.end(), from, from + ref.bytes);
    }
  }
  heap_ = std::move(kept);
}

void OpenBlock::copy_slot(const OpenBlock& from, std::uint32_t from_slot, std::uint32_t to_slot) {
  extend(to_slot);
  if (layout_->has_presence() && from.is_present(from_slot)) set_present(to_slot);
  for (std::uint32_t column = 0; column < layout_->columns().size(); ++column) {
    const ColumnForm& form = layout_->columns()[column];
    if (form.has_validity) set_valid(column, to_slot, from.is_valid(column, from_slot));
    if (form.storage == Storage::kText) {
      const BlockView::Text text = from.text(column, from_slot);
      set_text(column, to_slot, text.bytes);
      if (text.is_large) set_large(column, to_slot);
    } else if (form.storage == Storage::kTimestamp) {
      std::memcpy(values(column) + to_slot * 8, from.values(column) + from_slot * 8, 8);
      const std::size_t nanoseconds = kBlockRowsMax * 8;
      std::memcpy(values(column) + nanoseconds + to_slot * 4,
                  from.values(column) + nanoseconds + from_slot * 4,
                  4);
    } else if (form.storage == Storage::kInteger) {
      set_integer(column, to_slot, load_integer(from.values(column), from_slot, kWidestInteger));
    } else {
      const std::size_t bytes = element_bytes(form.storage);
      std::memcpy(values(column) + to_slot * bytes, from.values(column) + from_slot * bytes, bytes);
    }
  }
}

std::unique_ptr<OpenBlock> OpenBlock::split(std::uint32_t slot) {
  TOMBOLO_ASSERT(slot > 0 && slot < rows_);
  auto tail = std::make_unique<OpenBlock>(*layout_, RowId(first_.value() + slot));
  for (std::uint32_t from = slot; from < rows_; ++from) {
    tail->copy_slot(*this, from, from - slot);
    clear_slot(from);
  }
  rows_ = slot;
  return tail;
}

std::optional<std::uint32_t> OpenBlock::longest_text(std::uint32_t slot) const noexcept {
  std::optional<std::uint32_t> longest;
  for (std::uint32_t column = 0; column < layout_->columns().size(); ++column) {
    if (layout_->columns()[column].storage != Storage::kText) continue;
    const std::uint32_t bytes = texts(column)[slot].bytes;
    if (bytes > 0 && (!longest || bytes > texts(*longest)[slot].bytes)) longest = column;
  }
  return longest;
}

bool OpenBlock::is_all_default(std::uint32_t column) const noexcept {
  const ColumnForm& form = layout_->columns()[column];
  const std::byte* from = bytes_.get() + layout_->open_start(column);
  const std::byte* to = bytes_.get() + layout_->open_start(column + 1);
  if (form.storage == Storage::kText && !form.has_validity) {
    const TextRef* refs = texts(column);
    return std::all_of(
        refs, refs + rows_, [](TextRef ref) { return ref.bytes + ref.is_large == 0; });
  }
  // What is valid but zero, "" above all, shows in the bitmap in front of the elements.
  return std::all_of(from, to, [](std::byte byte) { return byte == std::byte{0}; });
}

std::size_t OpenBlock::pack(std::byte* out) const noexcept {
  std::uint32_t rows = rows_;
  if (layout_->has_presence()) {
    if (objects_ == 0) return 0;
    while (!is_present(rows - 1)) --rows;
  }
  const std::size_t columns = layout_->columns().size();
  const std::array<std::uint16_t, 4> header{static_cast<std::uint16_t>(rows),
                                            static_cast<std::uint16_t>(objects_),
                                            static_cast<std::uint16_t>(columns),
                                            0};
  std::memcpy(out, header.data(), sizeof(header));
  std::byte* starts = out + sizeof(header);
  std::byte* end = starts + pad8(columns * 2);
  write_zeros(starts, end);
  if (layout_->has_presence()) {
    std::memcpy(end, presence_.data(), bitmap_words(rows) * 8);
    end += bitmap_words(rows) * 8;
  }
  bool has_content = layout_->has_presence();
  for (std::uint32_t column = 0; column < columns; ++column) {
    if (is_all_default(column)) continue;
    has_content = true;
    const bool is_integer = layout_->columns()[column].storage == Storage::kInteger;
    const IntegerWidth width =
        is_integer ? width_of_integers(values(column), rows) : IntegerWidth{0};
    const auto start = static_cast<std::uint16_t>((end - out) | width);
    std::memcpy(starts + column * 2, &start, sizeof(start));
    end = pack_column(column, rows, width, end);
  }
  return has_content ? static_cast<std::size_t>(end - out) : 0;
}

std::byte* OpenBlock::pack_column(std::uint32_t column,
                                  std::uint32_t rows,
                                  IntegerWidth width,
                                  std::byte* out) const noexcept {
  const ColumnForm& form = layout_->columns()[column];
  const std::byte* from = values(column);
  if (form.has_validity) {
    std::memcpy(out, validity(column), bitmap_words(rows) * 8);
    out += bitmap_words(rows) * 8;
  }
  if (form.storage == Storage::kTimestamp) {
    std::memcpy(out, from, rows * 8);
    std::memcpy(out + rows * 8, from + kBlockRowsMax * 8, rows * 4);
    std::byte* end = out + rows * 12;
    std::byte* padded = out + rows * 8 + pad8(rows * 4);
    write_zeros(end, padded);
    return padded;
  }
  const bool is_integer = form.storage == Storage::kInteger;
  const std::size_t fixed_bytes =
      rows * (is_integer ? integer_bytes(width) : element_bytes(form.storage));
  std::byte* end = out + pad8(fixed_bytes);
  write_zeros(out + fixed_bytes, end);
  if (is_integer) {
    narrow_integers(from, rows, width, out);
    return end;
  }
  if (form.storage != Storage::kText) {
    std::memcpy(out, from, fixed_bytes);
    return end;
  }
  std::uint16_t text_end = 0;
  for (std::uint32_t slot = 0; slot < rows; ++slot) {
    const TextRef ref = texts(column)[slot];
    if (ref.bytes != 0) std::memcpy(end + text_end, heap_.data() + ref.offset, ref.bytes);
    text_end = static_cast<std::uint16_t>(text_end + ref.bytes);
    const auto stored = static_cast<std::uint16_t>(text_end | (ref.is_large ? kLargeTextBit : 0));
    std::memcpy(out + slot * 2, &stored, sizeof(stored));
  }
  std::byte* padded = end + pad8(text_end);
  write_zeros(end + text_end, padded);
  return padded;
}

}  // namespace tombolo::store
