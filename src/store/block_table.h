#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "store/block_directory.h"
#include "store/block_layout.h"
#include "store/block_view.h"
#include "store/catalog.h"
#include "store/ids.h"
#include "store/key_value.h"
#include "store/keys.h"
#include "store/open_block.h"

namespace tombolo::store {

/// A block where it was found: packed in mapped memory, or open because this transaction changed
/// it. Until the next write.
struct FoundBlock {
  RowId first;
  const OpenBlock* open = nullptr;  ///< Null: `view` it is.
  BlockView view;

  [[nodiscard]] std::uint32_t rows() const noexcept { return open ? open->rows() : view.rows(); }
  /// Of a row that has one in the block.
  [[nodiscard]] std::uint32_t slot_of(RowId row) const noexcept {
    return static_cast<std::uint32_t>(row.value() - first.value());
  }
  [[nodiscard]] bool is_present(std::uint32_t slot) const noexcept {
    return open ? open->is_present(slot) : view.is_present(slot);
  }
  [[nodiscard]] bool has_column(std::uint32_t column) const noexcept {
    return open ? open->has_column(column) : view.has_column(column);
  }
  [[nodiscard]] const std::byte* values(const ColumnForm& form,
                                        std::uint32_t column) const noexcept {
    return open ? open->values(form, column) : view.values(form, column);
  }
  [[nodiscard]] BlockView::Text text(const ColumnForm& form,
                                     std::uint32_t column,
                                     std::uint32_t slot) const {
    return open ? open->text(form, column, slot) : view.text(form, column, slot);
  }
};

/// Where in a class a table of blocks stands.
struct BlockPlace {
  RealmId realm;
  const ClassInfo* owner;
  GroupId group;

  [[nodiscard]] const GroupLayout& layout() const { return owner->groups[group.value()].layout; }
};

/// The blocks of one column group of a class: those stored, and over them the ones this transaction
/// has open. Each block covers the rows from its first to before the next block's first.
///
///     stored    [1.....200][201....400][401....600]
///     open                 [201....400]            [601..  <- new objects
///
/// Thread:  that of the transaction.
class BlockTable {
 public:
  BlockTable(KeyValueTransaction& transaction, BlockPlace place);

  /// The block in which `row` has a slot; null when none has.
  [[nodiscard]] const FoundBlock* find(RowId row) {
    if (found_.open != nullptr) {
      if (row.value() - found_.first.value() < found_.open->rows()) return &found_;
    } else if (const FoundBlock* found = find_again(row)) {
      return found;
    }
    return search(row);
  }
  /// The same where it is the stored block that was found last and none is open, else null: it
  /// calls nothing, so that loops pay for no more than they need.
  [[nodiscard]] const FoundBlock* find_again(RowId row) const noexcept {
    return open_.empty() && found_generation_ == transaction_.generation() &&
                   row.value() - found_.first.value() < found_.view.rows()
               ? &found_
               : nullptr;
  }
  /// The block in which `row` has a slot, or else the first one after it; null at the end.
  [[nodiscard]] const FoundBlock* find_from(RowId row);

  /// A slot that can be written. `settle` follows every write that adds a row or a text.
  struct OpenSlot {
    OpenBlock* block;
    std::uint32_t slot;
  };
  /// The slot of `row`, whose block is opened, or made, as needed.
  [[nodiscard]] OpenSlot open(RowId row) {
    if (hot_block_ != nullptr) {
      const std::uint64_t slot = row.value() - hot_block_->first().value();
      if (slot < hot_block_->rows()) [[likely]]
        return {hot_block_, static_cast<std::uint32_t>(slot)};
    }
    return open_or_add(row);
  }
  /// Brings the block, in which that slot was written, back under `kBlockBytesMax`.
  void settle(const OpenSlot& written) {
    if (written.block->packed_bytes() > kBlockBytesMax) [[unlikely]]
      settle_row(RowId(written.block->first().value() + written.slot));
  }

  /// Writes the open blocks out and closes them.
  void flush();
  [[nodiscard]] std::size_t open_memory_bytes() const noexcept { return open_memory_bytes_; }
  [[nodiscard]] const BlockPlace& place() const noexcept { return place_; }

 private:
  friend class BlockWalk;

  struct Entry {
    std::uint64_t first;
    std::uint64_t end;  ///< First row of the next block, or one past the last possible row.
    std::unique_ptr<OpenBlock> block;
  };
  [[nodiscard]] static std::span<const std::uint64_t> words(
      const std::uint64_t& first_row) noexcept {
    return {&first_row, 1};
  }
  using Directory = BlockDirectory<std::uint64_t, words>;
  using StoredBlock = Directory::Entry;

  [[nodiscard]] const FoundBlock* search(RowId row);
  [[nodiscard]] Key key(std::uint64_t first) const noexcept;
  [[nodiscard]] std::optional<StoredBlock> as_stored(const KeyValueTransaction::Item& item) const;
  void set_found(StoredBlock& block);
  [[nodiscard]] std::span<StoredBlock> all_in_snapshot();
  [[nodiscard]] BytesView bytes(StoredBlock& block) {
    if (!block.value.is_sealed()) [[likely]]
      return block.value.bytes();
    return transaction_.read(key(block.first), block.value);
  }
  /// The last open block that starts at or before `row`; null when none does.
  [[nodiscard]] Entry* find_open(std::uint64_t row) noexcept {
    if (hot_ < open_.size() && row >= open_[hot_].first && row < open_[hot_].end) {
      return &open_[hot_];
    }
    return search_open(row);
  }
  [[nodiscard]] Entry* search_open(std::uint64_t row) noexcept;
  [[nodiscard]] std::size_t position_of(const Entry* entry) const noexcept {
    return static_cast<std::size_t>(entry - open_.data());
  }
  std::size_t insert(Entry entry);
  std::size_t open_covering(std::uint64_t row);
  [[nodiscard]] OpenSlot open_or_add(RowId row);
  void settle_row(RowId row);
  void settle_entry(std::size_t index);
  void move_longest_text_out(OpenBlock& block);

  KeyValueTransaction& transaction_;
  BlockPlace place_;
  std::vector<Entry> open_;         ///< Ascending; they do not overlap.
  std::size_t hot_ = 0;             ///< The entry used last,
  OpenBlock* hot_block_ = nullptr;  ///< and its block, for which nothing has to be searched.
  std::size_t open_memory_bytes_ = 0;

  FoundBlock found_;
  std::uint64_t found_generation_ = 0;

  Directory directory_;  ///< In a snapshot only.
};

/// Walks the blocks of a table in row order, while the transaction does not write.
class BlockWalk {
 public:
  /// `column`: the one whose values are going to be read; it is fetched ahead.
  BlockWalk(BlockTable& table, std::uint32_t column);

  /// The next block that starts at or after the end of the one before; null at the end.
  [[nodiscard]] const FoundBlock* next();

 private:
  void fetch_ahead() const noexcept;

  BlockTable& table_;
  std::uint32_t column_;
  std::span<BlockTable::StoredBlock> rest_;  ///< In a snapshot.
  bool is_started_ = false;
  std::shared_ptr<const OpenedValue> holder_;  ///< Of what `found_` shows, where nothing else is.
  FoundBlock found_;
};

}  // namespace tombolo::store
