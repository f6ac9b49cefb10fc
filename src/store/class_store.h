#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "store/block_table.h"
#include "store/catalog.h"
#include "store/element.h"
#include "store/ids.h"
#include "store/index_words.h"
#include "store/key_value.h"
#include "store/property_index.h"
#include "store/tuple_set.h"
#include "store/value.h"

namespace tombolo::store {

/// The objects of one class: rows, keys, values. It knows nothing of what links mean.
///
/// A tombstone has no slot in any block. It is an index entry whose row carries `kTombstoneBit` and
/// a record of its key, so that scans never meet one.
///
/// Thread:  that of the transaction.
class ClassStore {
 public:
  ClassStore(KeyValueTransaction& transaction,
             RealmId realm,
             const ClassInfo& info,
             const IndexKeys& index_keys);

  [[nodiscard]] const ClassInfo& info() const noexcept { return info_; }
  /// Null for an erased or unknown property.
  [[nodiscard]] const PropertyInfo* find_property(PropertyId property) const noexcept {
    const std::size_t index = property.value();
    return index < properties_.size() ? properties_[index] : nullptr;
  }
  [[nodiscard]] std::uint64_t object_count() { return counters().objects; }
  [[nodiscard]] bool has_tombstones() { return counters().tombstones != 0; }
  /// Whether it has none, as far as that is known without a look into the file.
  [[nodiscard]] bool surely_has_no_tombstones() const noexcept {
    return counters_commit_ == transaction_.commit_id() && counters_.tombstones == 0;
  }

  struct FoundRow {
    RowId row;
    bool is_tombstone = false;
  };
  /// The object or tombstone of a key of the class's kind.
  [[nodiscard]] std::optional<FoundRow> find(const ObjectKey& key);
  [[nodiscard]] bool contains(RowId row) {
    const FoundBlock* block = tables_[0].find(row);
    return block != nullptr && block->is_present(block->slot_of(row));
  }
  [[nodiscard]] bool is_tombstone(RowId row) {
    return has_tombstones() && transaction_.find(tombstone_key(row)).has_value();
  }
  /// The key of an object or a tombstone; nullopt when there is neither.
  [[nodiscard]] std::optional<ObjectKey> key_of(RowId row);
  /// The first object in a row after `row`; `kNoRow` at the end.
  [[nodiscard]] RowId next_row(RowId row) {
    const RowId next = row.next();
    const FoundBlock* block = tables_[0].find_again(next);
    const bool is_next = block != nullptr && block->view.is_present(block->slot_of(next));
    return is_next ? next : search_row(next);
  }

  /// The value of a single property of an object that is there, as it is stored: a link may lead to
  /// a tombstone.
  [[nodiscard]] Value read(RowId row, const PropertyInfo& property) {
    return value_in(tables_[property.group.value()].find(row), row, property);
  }
  /// The block with that value when this object's blocks are those that were found last, else null.
  [[nodiscard]] const FoundBlock* find_again(RowId row,
                                             const PropertyInfo& property) const noexcept {
    const FoundBlock* block = tables_[0].find_again(row);
    if (block == nullptr || !block->view.is_present(block->slot_of(row))) return nullptr;
    return property.group == GroupId() ? block : tables_[property.group.value()].find_again(row);
  }
  /// `read` from that block.
  [[nodiscard]] Value read_again(const FoundBlock& block, RowId row, const PropertyInfo& property) {
    return value_of(block.view, block.slot_of(row), row, property);
  }
  /// The root of a property's own collection.
  [[nodiscard]] BytesView read_root(RowId row, const PropertyInfo& property);
  /// The slot that holds an embedded object.
  [[nodiscard]] SlotRef owner_of(RowId row);

  /// The text of a slot of a column that the block has.
  [[nodiscard]] std::string_view read_text(const FoundBlock& block,
                                           std::uint32_t slot,
                                           const PropertyInfo& property);

  /// A new row for a key that is not there.
  RowId create(const ObjectKey& key);
  /// A new row for an object that `owner` is going to hold; the class is embedded.
  RowId create_embedded(const SlotRef& owner);
  /// Gives an object another primary key. For the time being several may have the same, but for
  /// null: `find` finds the one in the first row then.
  void change_key(RowId row, const ObjectKey& key);
  RowId create_tombstone(const ObjectKey& key);
  void revive(RowId row, const ObjectKey& key);
  /// A new name for a collection in a mixed value of this class.
  [[nodiscard]] CollectionId next_collection() {
    return CollectionId(++changed_counters().last_collection);
  }
  /// The next global key of this file.
  [[nodiscard]] GlobalKey next_global_key();
  /// Takes the object out of its blocks and the index.
  void erase(RowId row);
  /// The same, but a tombstone keeps its row and key.
  void bury(RowId row);
  void drop_tombstone(RowId row);

  /// Gives the global keys that were made in this file, those of ident 0, the ident `maker`:
  /// objects and tombstones stay what they are for everybody else.
  void name_own_keys(ClientFileIdent maker);

  void write(RowId row, const PropertyInfo& property, const Value& value);
  void write_root(RowId row, const PropertyInfo& property, BytesView root);
  /// Erases what the property keeps outside of blocks, for all objects.
  void erase_outside_values(const PropertyInfo& property);

  /// The index of a property; null when it has none.
  [[nodiscard]] PropertyIndex* find_index(PropertyId property) noexcept;
  /// Enters the values of all objects into the index, which is empty.
  void build_index(PropertyId property);

  /// The links to objects of this class: (target row, class << 32 | property, origin row, count).
  [[nodiscard]] TupleSet& backlinks() noexcept { return backlinks_; }
  [[nodiscard]] BlockTable& table(GroupId group) { return tables_[group.value()]; }

  void flush();
  [[nodiscard]] std::size_t open_memory_bytes() const noexcept;

 private:
  /// The record under `Space::kClassCounters`.
  struct Counters {
    std::uint64_t objects = 0;
    std::uint64_t tombstones = 0;
    std::uint64_t next_row = 1;
    std::uint64_t next_sequence = 0;  ///< Of global keys.
    std::uint64_t null_row = 0;       ///< Of the null key, with `kTombstoneBit`; 0: there is none.
    std::uint64_t last_collection = 0;
  };

  [[nodiscard]] RowId search_row(RowId from);
  /// The value in a block of the property's group that has the row; null: no block has it.
  [[nodiscard]] Value value_in(const FoundBlock* block, RowId row, const PropertyInfo& property);
  /// `Block`: `BlockView` or `OpenBlock`.
  template <typename Block>
  [[nodiscard]] Value value_of(const Block& block,
                               std::uint32_t slot,
                               RowId row,
                               const PropertyInfo& property);
  [[nodiscard]] Value open_value(const OpenBlock& block,
                                 std::uint32_t slot,
                                 RowId row,
                                 const PropertyInfo& property);
  [[nodiscard]] static Value default_value(const PropertyInfo& property);
  template <typename Block>
  [[nodiscard]] Value long_value(const Block& block,
                                 std::uint32_t slot,
                                 RowId row,
                                 const PropertyInfo& property);
  /// The text, wherever it is kept.
  [[nodiscard]] std::string_view text_of(const BlockView::Text& text,
                                         RowId row,
                                         const PropertyInfo& property);
  [[nodiscard]] Counters& counters() {
    if (counters_commit_ != transaction_.commit_id()) load_counters();
    return counters_;
  }
  void load_counters();
  [[nodiscard]] Counters& changed_counters();
  [[nodiscard]] Tuple index_tuple(const ObjectKey& key, std::uint64_t row) const;
  [[nodiscard]] bool has_key(RowId row, bool is_tombstone, std::string_view key);
  [[nodiscard]] Key tombstone_key(RowId row) const noexcept;
  [[nodiscard]] Key large_key(PropertyId property, RowId row) const noexcept;
  void put_tombstone(RowId row, const ObjectKey& key);
  void index(const ObjectKey& key, std::uint64_t row);
  void unindex(const ObjectKey& key, std::uint64_t row);
  void write_key(RowId row, const ObjectKey& key);
  void index_values(RowId row);
  /// The 16 bytes of the hidden column of keys.
  [[nodiscard]] GlobalKey hidden_key(RowId row);
  static void write_hidden_key(BlockTable::OpenSlot at, const GlobalKey& key);
  void clear_slots(RowId row);
  void write_text(BlockTable::OpenSlot at,
                  RowId row,
                  const PropertyInfo& property,
                  std::string_view text);

  KeyValueTransaction& transaction_;
  RealmId realm_;
  const ClassInfo& info_;
  const IndexKeys& index_keys_;
  std::vector<const PropertyInfo*> properties_;  ///< By id.
  std::vector<BlockTable> tables_;               ///< By group.
  TupleSet index_;
  TupleSet backlinks_;
  std::vector<PropertyIndex> indexes_;  ///< In the order of the properties that have one.
  Counters counters_;
  std::optional<CommitId> counters_commit_;  ///< The snapshot that they are of.
  bool counters_changed_ = false;
};

inline Value ClassStore::value_in(const FoundBlock* block,
                                  RowId row,
                                  const PropertyInfo& property) {
  if (block == nullptr) return default_value(property);
  const std::uint32_t slot = block->slot_of(row);
  return block->open == nullptr ? value_of(block->view, slot, row, property)
                                : open_value(*block->open, slot, row, property);
}

template <typename Block>
Value ClassStore::value_of(const Block& block,
                           std::uint32_t slot,
                           RowId row,
                           const PropertyInfo& property) {
  const ColumnForm form = property.form;
  if (!block.has_column(property.column)) return default_value(property);
  if (form.has_validity && !block.is_valid(property.column, slot)) return Value::null();
  const std::byte* values = block.values(form, property.column);
  const auto integer = [&] {
    return load_integer(values, slot, block.integer_width(property.column));
  };
  // By type, which says the form of the column too: a choice less.
  switch (property.type) {
    case PropertyType::kInt: return Value::of_int(integer());
    case PropertyType::kDouble: return Value::of_double(load_bits<double>(values + slot * 8));
    case PropertyType::kLink: {
      if (form.storage == Storage::kText) break;
      const RowId target(static_cast<std::uint64_t>(integer()));
      return target == kNoRow ? Value::null() : Value::of_link({property.target, target});
    }
    case PropertyType::kTimestamp:
      return Value::of_timestamp(
          {load_bits<std::int64_t>(values + slot * 8),
           load_bits<std::int32_t>(values + block.seconds_count() * 8 + slot * 4)});
    case PropertyType::kString:
    case PropertyType::kBinary:
    case PropertyType::kMixed: break;
    default: return load_element(property, values + slot * element_bytes(form.storage));
  }
  return long_value(block, slot, row, property);
}

/// Marks a row in the index as a tombstone's.
inline constexpr std::uint64_t kTombstoneBit = std::uint64_t{1} << 63;

}  // namespace tombolo::store
