#include "store/block_table.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "base/assertion.h"
#include "base/error.h"

namespace tombolo::store {
namespace {

/// One past every row.
constexpr std::uint64_t kRowsEnd = std::numeric_limits<std::uint64_t>::max();

}  // namespace

BlockTable::BlockTable(KeyValueTransaction& transaction, BlockPlace place)
    : transaction_(transaction),
      place_(place) {}

Key BlockTable::key(std::uint64_t first) const noexcept {
  Key key(place_.realm, Space::kBlock);
  key.append(place_.owner->id).append(place_.group).append(first);
  return key;
}

std::optional<BlockTable::StoredBlock> BlockTable::as_stored(
    const KeyValueTransaction::Item& item) const {
  const Key prefix = key(0);
  if (item.key.size() != prefix.size() ||
      !starts_with(item.key, prefix.view().first(prefix.size() - sizeof(std::uint64_t)))) {
    return std::nullopt;
  }
  return StoredBlock{read_big_endian<std::uint64_t>(item.key.last(sizeof(std::uint64_t))),
                     item.value};
}

std::span<BlockTable::StoredBlock> BlockTable::all_in_snapshot() {
  directory_.complete(transaction_, key(0), [this](const auto& item) { return as_stored(item); });
  return directory_.entries();
}

void BlockTable::set_found(StoredBlock& block) {
  found_generation_ = 0;
  found_.first = RowId(block.first);
  found_.open = nullptr;
  std::construct_at(&found_.view, bytes(block), place_.layout());
  found_generation_ = transaction_.generation();
}

const FoundBlock* BlockTable::search(RowId row) {
  const std::uint64_t id = row.value();
  if (!open_.empty()) {
    if (const Entry* open = find_open(id); open != nullptr && id < open->end) {
      const OpenBlock& block = *open->block;
      if (id - open->first >= block.rows()) return nullptr;
      found_ = {block.first(), &block, {}};
      found_generation_ = 0;
      return &found_;
    }
    if (found_generation_ == transaction_.generation() && id >= found_.first.value() &&
        id - found_.first.value() < found_.view.rows()) {
      return &found_;
    }
  }
  if (!transaction_.is_writable() &&
      directory_.prepare(
          transaction_, key(0), [this](const auto& item) { return as_stored(item); })) {
    StoredBlock* block = directory_.find(id);
    if (block == nullptr) return nullptr;
    set_found(*block);  // Opened in its place, it is so for the next one.
  } else {
    auto stored = as_stored(transaction_.find_at_or_before(key(id)));
    if (!stored) return nullptr;
    set_found(*stored);
  }
  return id - found_.first.value() < found_.view.rows() ? &found_ : nullptr;
}

const FoundBlock* BlockTable::find_from(RowId row) {
  if (const FoundBlock* found = find(row)) return found;
  // No block has the row: the next one is an open one or a stored one that is not open.
  const auto open = std::ranges::lower_bound(open_, row.value(), {}, &Entry::first);
  auto stored = as_stored(transaction_.find_at_or_after(key(row.value())));
  if (open != open_.end() && (!stored || open->first <= stored->first)) {
    found_ = {open->block->first(), open->block.get(), {}};
    found_generation_ = 0;
    return &found_;
  }
  if (!stored) return nullptr;
  set_found(*stored);
  return &found_;
}

BlockTable::Entry* BlockTable::search_open(std::uint64_t row) noexcept {
  const auto after = std::ranges::upper_bound(open_, row, {}, &Entry::first);
  return after == open_.begin() ? nullptr : &*std::prev(after);
}

std::size_t BlockTable::insert(Entry entry) {
  open_memory_bytes_ += place_.layout().open_bytes() + kTypicalHeapBytes;
  const auto after = std::ranges::upper_bound(open_, entry.first, {}, &Entry::first);
  const auto index = after - open_.begin();
  open_.insert(after, std::move(entry));
  return static_cast<std::size_t>(index);
}

std::size_t BlockTable::open_covering(std::uint64_t row) {
  const Entry* covering = find_open(row);
  if (covering != nullptr && row < covering->end) return position_of(covering);

  const std::size_t next_open = covering != nullptr ? position_of(covering) + 1 : 0;
  std::uint64_t end = next_open < open_.size() ? open_[next_open].first : kRowsEnd;
  auto stored = as_stored(transaction_.find_at_or_before(key(row)));
  // Views end with the next search, so the block is copied before its successor is looked up.
  Entry entry{row, end, nullptr};
  if (stored) {
    entry.first = stored->first;
    entry.block = std::make_unique<OpenBlock>(
        place_.layout(), RowId(stored->first), BlockView(bytes(*stored), place_.layout()));
  } else {
    entry.block = std::make_unique<OpenBlock>(place_.layout(), RowId(row));
  }
  if (const auto next = as_stored(transaction_.next())) entry.end = std::min(end, next->first);
  return insert(std::move(entry));
}

BlockTable::OpenSlot BlockTable::open_or_add(RowId row) {
  const std::uint64_t id = row.value();
  hot_ = open_covering(id);
  Entry& entry = open_[hot_];
  hot_block_ = entry.block.get();
  const std::uint64_t slot = id - entry.first;
  if (slot < entry.block->rows()) return {entry.block.get(), static_cast<std::uint32_t>(slot)};

  // The row is behind the last one of the block: it joins while there is room.
  const bool fits = slot < kBlockRowsMax && entry.block->packed_bytes(slot + 1) <= kBlockBytesMax;
  if (!fits) {
    Entry added{id, entry.end, std::make_unique<OpenBlock>(place_.layout(), row)};
    entry.end = id;
    hot_ = insert(std::move(added));
    hot_block_ = open_[hot_].block.get();
    hot_block_->extend(0);
    return {hot_block_, 0};
  }
  entry.block->extend(static_cast<std::uint32_t>(slot));
  return {entry.block.get(), static_cast<std::uint32_t>(slot)};
}

void BlockTable::settle_row(RowId row) {
  const Entry* entry = find_open(row.value());
  TOMBOLO_ASSERT(entry != nullptr);
  settle_entry(position_of(entry));
}

void BlockTable::settle_entry(std::size_t index) {
  OpenBlock& block = *open_[index].block;
  while (block.packed_bytes() > kBlockBytesMax && block.rows() == 1) move_longest_text_out(block);
  if (block.packed_bytes() <= kBlockBytesMax) return;
  // A last block overflows because objects are added to it: only the newest one moves on, so that
  // blocks end up full, or a few, when a number that is wider than those before widens a column.
  // Elsewhere both halves keep room.
  const bool is_last = open_[index].end == kRowsEnd;
  const auto fitting =
      static_cast<std::uint32_t>(block.rows() * kBlockBytesMax / block.packed_bytes());
  const std::uint32_t at =
      is_last ? std::clamp<std::uint32_t>(fitting, 1, block.rows() - 1) : block.rows() / 2;
  std::unique_ptr<OpenBlock> tail = block.split(at);
  const std::uint64_t first = tail->first().value();
  Entry added{first, open_[index].end, std::move(tail)};
  open_[index].end = first;
  const std::size_t tail_index = insert(std::move(added));
  settle_entry(tail_index);
  settle_entry(index);
}

void BlockTable::move_longest_text_out(OpenBlock& block) {
  const auto column = block.longest_text(0);
  TOMBOLO_ASSERT(column);
  const auto property = place_.owner->groups[place_.group.value()].properties[*column];
  if (property) {
    Key large(place_.realm, Space::kLargeValue);
    large.append(place_.owner->id).append(*property).append(block.first());
    const Bytes text = to_bytes(as_bytes(block.text(*column, 0).bytes));
    transaction_.put(large, text);
    block.set_large(*column, 0);
  } else {
    block.set_text(*column, 0, {});  // What an erased property left.
  }
}

void BlockTable::flush() {
  std::array<std::byte, kBlockBytesMax> packed;
  for (const Entry& entry : open_) {
    const std::size_t bytes = entry.block->pack(packed.data());
    if (bytes == 0) {
      transaction_.erase(key(entry.first));
    } else {
      transaction_.put(key(entry.first), BytesView(packed).first(bytes));
    }
  }
  open_.clear();
  hot_ = 0;
  hot_block_ = nullptr;
  found_.open = nullptr;
  open_memory_bytes_ = 0;
}

BlockWalk::BlockWalk(BlockTable& table, std::uint32_t column) : table_(table), column_(column) {}

const FoundBlock* BlockWalk::next() {
  const bool is_snapshot = !table_.transaction_.is_writable();
  if (!is_started_ && is_snapshot) rest_ = table_.all_in_snapshot();
  const RowId from(is_started_ ? found_.first.value() + found_.rows() : 0);
  is_started_ = true;
  if (!is_snapshot) {
    const FoundBlock* found = table_.find_from(from);
    if (found == nullptr) return nullptr;
    found_ = *found;
    return &found_;
  }
  if (rest_.empty()) return nullptr;
  fetch_ahead();
  BlockTable::StoredBlock& block = rest_.front();
  const BytesView bytes =
      block.value.is_sealed()
          ? table_.transaction_.read_briefly(table_.key(block.first), block.value, holder_)
          : block.value.bytes();
  found_ = {RowId(block.first), nullptr, BlockView(bytes, table_.place_.layout())};
  rest_ = rest_.subspan(1);
  return &found_;
}

/// Each block is on pages of its own, so that without this every one of them begins with a wait for
/// its header and another one for the column. What is sealed has no columns to fetch.
void BlockWalk::fetch_ahead() const noexcept {
  constexpr std::size_t kHeaderDistance = 6;
  constexpr std::size_t kColumnDistance = 3;
  constexpr std::size_t kCacheLineBytes = 64;
  if (kHeaderDistance < rest_.size()) {
    __builtin_prefetch(rest_[kHeaderDistance].value.bytes().data());
  }
  if (kColumnDistance < rest_.size() && !rest_[kColumnDistance].value.is_sealed()) {
    const std::byte* values =
        BlockView::column_start(rest_[kColumnDistance].value.bytes(), column_);
    const ColumnForm& form = table_.place_.layout().columns()[column_];
    // As many as in the block before; integers are narrow more often than not.
    const std::size_t bytes = std::size_t{found_.rows()} *
                              (form.storage == Storage::kInteger ? 2 : element_bytes(form.storage));
    for (std::size_t at = 0; at < bytes; at += kCacheLineBytes) __builtin_prefetch(values + at);
  }
}

}  // namespace tombolo::store
