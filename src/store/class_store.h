#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "store/block_table.h"
#include "store/catalog.h"
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
  [[nodiscard]] std::uint64_t object_count() { return counters().objects; }
  [[nodiscard]] bool has_tombstones() { return counters().tombstones != 0; }

  struct FoundRow {
    RowId row;
    bool is_tombstone = false;
  };
  /// The object or tombstone of a key of the class's kind.
  [[nodiscard]] std::optional<FoundRow> find(const ObjectKey& key);
  [[nodiscard]] bool contains(RowId row) {
    const FoundBlock* block = tables_[0].find(row);
    return block != nullptr &&
           block->is_present(static_cast<std::uint32_t>(row.value() - block->first.value()));
  }
  [[nodiscard]] bool is_tombstone(RowId row);
  /// The key of an object or a tombstone; nullopt when there is neither.
  [[nodiscard]] std::optional<ObjectKey> key_of(RowId row);
  /// The first object in a row after `row`; `kNoRow` at the end.
  [[nodiscard]] RowId next_row(RowId row) {
    const RowId next = row.next();
    return contains(next) ? next : search_row(next);
  }

  /// The value of a single property of an object that is there, as it is stored: a link may lead to
  /// a tombstone.
  [[nodiscard]] Value read(RowId row, const PropertyInfo& property) {
    return value_in(tables_[property.group.value()].find(row), row, property);
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
  [[nodiscard]] Counters& counters();
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
  std::vector<BlockTable> tables_;  ///< By group.
  TupleSet index_;
  TupleSet backlinks_;
  std::vector<PropertyIndex> indexes_;  ///< In the order of the properties that have one.
  Counters counters_;
  std::optional<CommitId> counters_commit_;  ///< The snapshot that they are of.
  bool counters_changed_ = false;
};

/// Marks a row in the index as a tombstone's.
inline constexpr std::uint64_t kTombstoneBit = std::uint64_t{1} << 63;

}  // namespace tombolo::store
