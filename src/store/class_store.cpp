#include "store/class_store.h"

#include <algorithm>
#include <cstring>

#include "base/assertion.h"
#include "base/error.h"
#include "store/element.h"

namespace tombolo::store {
namespace {

constexpr std::uint32_t kKeyColumn = 0;

/// Words of an index tuple: those of the key, then the row.
std::uint32_t index_width(const ClassInfo& info, const IndexKeys& keys) {
  if (!info.primary_key) return 3;
  if (keys.hides_values) return kHiddenWords + 1;
  switch (info.key_property().type) {
    case PropertyType::kInt: return 2;
    case PropertyType::kString: return 4;
    default: return 3;
  }
}

/// Keys of the library's own making are not hidden.
Spread spread_of(const ClassInfo& info, const IndexKeys& keys) {
  if (!info.primary_key) return Spread::kAny;
  if (keys.hides_values) return Spread::kEven;
  return info.key_property().type == PropertyType::kInt ? Spread::kNumbers : Spread::kAny;
}

template <typename T>
Bytes bytes_of(const T& value) {
  return to_bytes(std::as_bytes(std::span(&value, 1)));
}

/// A key as the record of a tombstone: its type, then its bytes.
Bytes encode_key(const ObjectKey& key) {
  Bytes bytes;
  switch (key.type()) {
    case ObjectKey::Type::kNull: break;
    case ObjectKey::Type::kInt: bytes = bytes_of(key.as_int()); break;
    case ObjectKey::Type::kString: bytes = to_bytes(as_bytes(key.as_string())); break;
    case ObjectKey::Type::kObjectId: bytes = bytes_of(key.as_object_id()); break;
    case ObjectKey::Type::kUuid: bytes = bytes_of(key.as_uuid()); break;
    case ObjectKey::Type::kGlobalKey: bytes = bytes_of(key.as_global_key()); break;
  }
  bytes.insert(bytes.begin(), static_cast<std::byte>(key.type()));
  return bytes;
}

template <typename T>
T decode_fixed(BytesView bytes) {
  T value;
  if (bytes.size() != sizeof(value)) {
    throw Error(ErrorCode::kFileCorrupt, "the record of a tombstone has a wrong size");
  }
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

ObjectKey decode_key(BytesView record) {
  if (record.empty()) throw Error(ErrorCode::kFileCorrupt, "the record of a tombstone is empty");
  const BytesView bytes = record.subspan(1);
  switch (static_cast<ObjectKey::Type>(record[0])) {
    case ObjectKey::Type::kNull: return ObjectKey::null();
    case ObjectKey::Type::kInt: return ObjectKey::of_int(decode_fixed<std::int64_t>(bytes));
    case ObjectKey::Type::kString: return ObjectKey::of_string(as_text(bytes));
    case ObjectKey::Type::kObjectId: return ObjectKey::of_object_id(decode_fixed<ObjectId>(bytes));
    case ObjectKey::Type::kUuid: return ObjectKey::of_uuid(decode_fixed<Uuid>(bytes));
    case ObjectKey::Type::kGlobalKey:
      return ObjectKey::of_global_key(decode_fixed<GlobalKey>(bytes));
  }
  throw Error(ErrorCode::kFileCorrupt, "the record of a tombstone has an unknown type");
}

Tuple plain_index_tuple(const ObjectKey& key, std::uint64_t row, const HashKey& text_key) {
  switch (key.type()) {
    case ObjectKey::Type::kInt: return {{ordered_word(key.as_int()), row}};
    case ObjectKey::Type::kObjectId: {
      const auto bytes = key.as_object_id().bytes;
      return {{leading_word(bytes.data(), 8), leading_word(bytes.data() + 8, 4), row}};
    }
    case ObjectKey::Type::kUuid: {
      const auto bytes = key.as_uuid().bytes;
      return {{leading_word(bytes.data(), 8), leading_word(bytes.data() + 8, 8), row}};
    }
    case ObjectKey::Type::kGlobalKey:
      return {{key.as_global_key().high, key.as_global_key().low, row}};
    case ObjectKey::Type::kString: {
      const std::string_view text = key.as_string();
      return {{text_word(text, 0), text_word(text, 1), hash_text(text, text_key), row}};
    }
    case ObjectKey::Type::kNull: break;
  }
  TOMBOLO_UNREACHABLE("the null key is not in the index");
}

}  // namespace

ClassStore::ClassStore(KeyValueTransaction& transaction,
                       RealmId realm,
                       const ClassInfo& info,
                       const IndexKeys& index_keys)
    : transaction_(transaction),
      realm_(realm),
      info_(info),
      index_keys_(index_keys),
      index_(transaction,
             realm,
             Space::kPrimaryKeyIndex,
             info.id,
             index_width(info, index_keys),
             spread_of(info, index_keys)),
      backlinks_(transaction, realm, Space::kBacklinks, info.id, 4, Spread::kAny) {
  for (std::uint32_t id = 0; id < info.positions.size(); ++id) {
    properties_.push_back(info.find_property(PropertyId(id)));
  }
  tables_.reserve(info.groups.size());
  for (std::uint16_t group = 0; group < info.groups.size(); ++group) {
    tables_.emplace_back(transaction, BlockPlace{realm, &info, GroupId(group)});
  }
  for (const PropertyInfo& property : info.properties) {
    if (property.index == IndexType::kNone) continue;
    indexes_.emplace_back(transaction, realm, info.id, property, index_keys);
  }
}

void ClassStore::load_counters() {
  Key key(realm_, Space::kClassCounters);
  key.append(info_.id);
  counters_ = {};
  if (const auto record = transaction_.find(key)) {
    if (record->size() != sizeof(counters_)) {
      throw Error(ErrorCode::kFileCorrupt, "the counters of a class have a wrong size");
    }
    std::memcpy(&counters_, record->data(), sizeof(counters_));
  }
  counters_commit_ = transaction_.commit_id();
}

ClassStore::Counters& ClassStore::changed_counters() {
  counters_changed_ = true;
  return counters();
}

/// Keys of the library's own making are not hidden: they tell of no value, and are found in order.
Tuple ClassStore::index_tuple(const ObjectKey& key, std::uint64_t row) const {
  if (!index_keys_.hides_values || key.type() == ObjectKey::Type::kGlobalKey) {
    return plain_index_tuple(key, row, index_keys_.text);
  }
  const auto [first, second] =
      hide_words(plain_index_tuple(key, 0, index_keys_.text).words, index_keys_);
  return {{first, second, row}};
}

std::optional<ClassStore::FoundRow> ClassStore::find(const ObjectKey& key) {
  const auto to_found = [](std::uint64_t row) {
    return FoundRow{RowId(row & ~kTombstoneBit), (row & kTombstoneBit) != 0};
  };
  if (key.type() == ObjectKey::Type::kNull) {
    const std::uint64_t row = counters().null_row;
    return row == 0 ? std::nullopt : std::optional(to_found(row));
  }
  const Tuple wanted = index_tuple(key, 0);
  const std::size_t key_words = index_width(info_, index_keys_) - 1;
  for (auto tuple = index_.find_from(wanted); tuple; tuple = index_.find_from(*tuple)) {
    if (!std::equal(wanted.words.begin(), wanted.words.begin() + key_words, tuple->words.begin())) {
      return std::nullopt;
    }
    const FoundRow found = to_found(tuple->words[key_words]);
    // Of a text the index has only a prefix and a hash.
    if (key.type() != ObjectKey::Type::kString ||
        has_key(found.row, found.is_tombstone, key.as_string())) {
      return found;
    }
    ++tuple->words[key_words];
  }
  return std::nullopt;
}

bool ClassStore::has_key(RowId row, bool is_tombstone, std::string_view key) {
  const auto found = key_of(row);
  if (!found || is_tombstone == contains(row)) {
    throw Error(ErrorCode::kFileCorrupt, "an index leads to no object");
  }
  return found->type() == ObjectKey::Type::kString && found->as_string() == key;
}

std::optional<ObjectKey> ClassStore::key_of(RowId row) {
  if (!contains(row)) {
    const auto record = transaction_.find(tombstone_key(row));
    return record ? std::optional(decode_key(*record)) : std::nullopt;
  }
  if (info_.primary_key) return ObjectKey::of(read(row, info_.key_property()));
  TOMBOLO_ASSERT(!info_.is_embedded());
  return ObjectKey::of_global_key(hidden_key(row));
}

GlobalKey ClassStore::hidden_key(RowId row) {
  const FoundBlock* block = tables_[0].find(row);
  if (!block->has_column(kKeyColumn)) return {};
  const ColumnForm form = tables_[0].place().layout().columns()[kKeyColumn];
  return load_bits<GlobalKey>(block->values(form, kKeyColumn) +
                              block->slot_of(row) * sizeof(GlobalKey));
}

SlotRef ClassStore::owner_of(RowId row) {
  TOMBOLO_ASSERT(info_.is_embedded() && contains(row));
  const GlobalKey key = hidden_key(row);
  return {ClassId(static_cast<std::uint32_t>(key.high >> 32)),
          RowId(key.low),
          PropertyId(static_cast<std::uint32_t>(key.high))};
}

/// The first object at or after `from`.
RowId ClassStore::search_row(RowId from) {
  for (;;) {
    const FoundBlock* block = tables_[0].find_from(from);
    if (block == nullptr) return kNoRow;
    const std::uint64_t first = block->first.value();
    const std::uint64_t start = std::max(from.value(), first);
    for (std::uint64_t slot = start - first; slot < block->rows(); ++slot) {
      if (block->is_present(static_cast<std::uint32_t>(slot))) return RowId(first + slot);
    }
    from = RowId(first + block->rows());
  }
}

/// What the objects have of which no block has the column.
Value ClassStore::default_value(const PropertyInfo& property) {
  static constexpr std::array<std::byte, kFixedElementBytesMax> kZeros{};
  if (property.form.has_validity) return Value::null();
  return property.form.storage == Storage::kText ? text_value(property, {})
                                                 : load_element(property, kZeros.data());
}

Value ClassStore::open_value(const OpenBlock& block,
                             std::uint32_t slot,
                             RowId row,
                             const PropertyInfo& property) {
  return value_of(block, slot, row, property);
}

template <typename Block>
Value ClassStore::long_value(const Block& block,
                             std::uint32_t slot,
                             RowId row,
                             const PropertyInfo& property) {
  return text_value(property,
                    text_of(block.text(property.form, property.column, slot), row, property));
}
template Value ClassStore::long_value(const BlockView&, std::uint32_t, RowId, const PropertyInfo&);

std::string_view ClassStore::text_of(const BlockView::Text& text,
                                     RowId row,
                                     const PropertyInfo& property) {
  if (!text.is_large) return text.bytes;
  const auto large = transaction_.find(large_key(property.id, row));
  if (!large) throw Error(ErrorCode::kFileCorrupt, "a large value is missing");
  return as_text(*large);
}

std::string_view ClassStore::read_text(const FoundBlock& block,
                                       std::uint32_t slot,
                                       const PropertyInfo& property) {
  return text_of(block.text(property.form, property.column, slot),
                 RowId(block.first.value() + slot),
                 property);
}

BytesView ClassStore::read_root(RowId row, const PropertyInfo& property) {
  const FoundBlock* block = tables_[property.group.value()].find(row);
  if (block == nullptr || !block->has_column(property.column)) return {};
  return as_bytes(read_text(*block, block->slot_of(row), property));
}

RowId ClassStore::create(const ObjectKey& key) {
  Counters& counters = changed_counters();
  const RowId row(counters.next_row++);
  ++counters.objects;
  write_key(row, key);
  index(key, row.value());
  index_values(row);
  return row;
}

void ClassStore::change_key(RowId row, const ObjectKey& key) {
  unindex(*key_of(row), row.value());
  write(row, info_.key_property(), key.to_value());
  index(key, row.value());
}

RowId ClassStore::create_embedded(const SlotRef& owner) {
  TOMBOLO_ASSERT(info_.is_embedded());
  Counters& counters = changed_counters();
  const RowId row(counters.next_row++);
  ++counters.objects;
  const BlockTable::OpenSlot at = tables_[0].open(row);
  at.block->set_present(at.slot);
  write_hidden_key(
      at,
      {std::uint64_t{owner.class_id.value()} << 32 | owner.property.value(), owner.row.value()});
  tables_[0].settle(at);
  index_values(row);
  return row;
}

RowId ClassStore::create_tombstone(const ObjectKey& key) {
  Counters& counters = changed_counters();
  const RowId row(counters.next_row++);
  put_tombstone(row, key);
  index(key, row.value() | kTombstoneBit);
  return row;
}

void ClassStore::revive(RowId row, const ObjectKey& key) {
  drop_tombstone(row);
  ++changed_counters().objects;
  write_key(row, key);
  index(key, row.value());
  index_values(row);
}

GlobalKey ClassStore::next_global_key() {
  return {0, counters().next_sequence};
}

void ClassStore::name_own_keys(ClientFileIdent maker) {
  if (info_.primary_key) return;
  for (auto tuple = index_.find_from({}); tuple && tuple->words[0] == 0;
       tuple = index_.find_from({})) {
    const ObjectKey own = ObjectKey::of_global_key({0, tuple->words[1]});
    const ObjectKey named = ObjectKey::of_global_key({maker.value(), tuple->words[1]});
    const std::uint64_t entry = tuple->words[2];
    const RowId row(entry & ~kTombstoneBit);
    unindex(own, entry);
    if ((entry & kTombstoneBit) != 0) {
      transaction_.put(tombstone_key(row), encode_key(named));
    } else {
      const BlockTable::OpenSlot at = tables_[0].open(row);
      write_hidden_key(at, named.as_global_key());
      tables_[0].settle(at);
    }
    index(named, entry);
  }
}

void ClassStore::erase(RowId row) {
  if (!info_.is_embedded()) {
    const auto key = key_of(row);
    TOMBOLO_ASSERT(key);
    unindex(*key, row.value());
  }
  --changed_counters().objects;
  clear_slots(row);
}

void ClassStore::bury(RowId row) {
  const auto key = key_of(row);
  TOMBOLO_ASSERT(key);
  // The key is copied into the record before its slot goes.
  unindex(*key, row.value());
  index(*key, row.value() | kTombstoneBit);
  --changed_counters().objects;
  put_tombstone(row, *key);
  clear_slots(row);
}

void ClassStore::drop_tombstone(RowId row) {
  const auto record = transaction_.find(tombstone_key(row));
  TOMBOLO_ASSERT(record);
  unindex(decode_key(*record), row.value() | kTombstoneBit);
  transaction_.erase(tombstone_key(row));
  --changed_counters().tombstones;
}

void ClassStore::put_tombstone(RowId row, const ObjectKey& key) {
  ++changed_counters().tombstones;
  transaction_.put(tombstone_key(row), encode_key(key));
}

void ClassStore::index(const ObjectKey& key, std::uint64_t row) {
  if (key.type() == ObjectKey::Type::kNull) {
    changed_counters().null_row = row;
    return;
  }
  if (key.type() == ObjectKey::Type::kGlobalKey && key.as_global_key().high == 0) {
    Counters& counters = changed_counters();
    counters.next_sequence = std::max(counters.next_sequence, key.as_global_key().low + 1);
  }
  index_.insert(index_tuple(key, row));
}

void ClassStore::unindex(const ObjectKey& key, std::uint64_t row) {
  if (key.type() == ObjectKey::Type::kNull) {
    changed_counters().null_row = 0;
  } else {
    index_.erase(index_tuple(key, row));
  }
}

void ClassStore::write_key(RowId row, const ObjectKey& key) {
  const BlockTable::OpenSlot at = tables_[0].open(row);
  at.block->set_present(at.slot);
  if (info_.primary_key) {
    write(row, info_.key_property(), key.to_value());
  } else {
    write_hidden_key(at, key.as_global_key());
    tables_[0].settle(at);
  }
}

void ClassStore::write_hidden_key(BlockTable::OpenSlot at, const GlobalKey& key) {
  std::memcpy(at.block->values(kKeyColumn) + at.slot * sizeof(key), &key, sizeof(key));
}

PropertyIndex* ClassStore::find_index(PropertyId property) noexcept {
  const auto found = std::ranges::find(
      indexes_, property, [](const PropertyIndex& index) { return index.property().id; });
  return found == indexes_.end() ? nullptr : &*found;
}

/// Enters the values that a new object has from the start.
void ClassStore::index_values(RowId row) {
  for (PropertyIndex& index : indexes_) index.insert(row, read(row, index.property()));
}

void ClassStore::build_index(PropertyId property) {
  constexpr std::size_t kEntriesInMemory = 1'000'000;
  PropertyIndex* index = find_index(property);
  TOMBOLO_ASSERT(index != nullptr);
  std::vector<Tuple> entries;
  const auto insert = [&] {
    std::ranges::sort(entries);
    for (const Tuple& tuple : entries) index->tuples().insert(tuple);
    index->tuples().flush();
    entries.clear();
  };
  for (RowId row = next_row(kNoRow); row != kNoRow; row = next_row(row)) {
    const std::vector<Tuple> added = index->entries(row, read(row, index->property()));
    entries.insert(entries.end(), added.begin(), added.end());
    if (entries.size() >= kEntriesInMemory) insert();
  }
  insert();
}

void ClassStore::write(RowId row, const PropertyInfo& property, const Value& value) {
  if (property.index != IndexType::kNone) [[unlikely]] {
    find_index(property.id)->replace(row, read(row, property), value);
  }
  BlockTable& table = tables_[property.group.value()];
  const BlockTable::OpenSlot at = table.open(row);
  const ColumnForm form = property.form;
  if (form.has_validity) at.block->set_valid(property.column, at.slot, !value.is_null());
  std::byte* values = at.block->values(property.column);
  if (property.holds_any()) {
    Bytes any;
    append_any(any, value);
    write_text(at, row, property, as_text(any));
  } else if (form.storage == Storage::kText) {
    write_text(at, row, property, value.is_null() ? std::string_view() : value.text());
  } else if (value.is_null()) {
    // Null links and invalid slots are zeros.
    if (form.storage == Storage::kTimestamp) {
      std::memset(values + at.slot * 8, 0, 8);
      std::memset(values + kBlockRowsMax * 8 + at.slot * 4, 0, 4);
    } else {
      const std::size_t bytes = element_bytes(form.storage);
      std::memset(values + at.slot * bytes, 0, bytes);
    }
  } else if (form.storage == Storage::kTimestamp) {
    const Timestamp time = value.as_timestamp();
    std::memcpy(values + at.slot * 8, &time.seconds, 8);
    std::memcpy(values + kBlockRowsMax * 8 + at.slot * 4, &time.nanoseconds, 4);
  } else if (form.storage == Storage::kInteger) {
    std::int64_t number;
    store_element(value, reinterpret_cast<std::byte*>(&number));
    at.block->set_integer(property.column, at.slot, number);
  } else {
    store_element(value, values + at.slot * element_bytes(form.storage));
  }
  table.settle(at);
}

void ClassStore::write_root(RowId row, const PropertyInfo& property, BytesView root) {
  BlockTable& table = tables_[property.group.value()];
  const BlockTable::OpenSlot at = table.open(row);
  write_text(at, row, property, as_text(root));
  table.settle(at);
}

void ClassStore::write_text(BlockTable::OpenSlot at,
                            RowId row,
                            const PropertyInfo& property,
                            std::string_view text) {
  const bool was_large = at.block->text(property.column, at.slot).is_large;
  if (text.size() > kInlineTextBytesMax) {
    // The text may be another value of this transaction's.
    transaction_.put(large_key(property.id, row), to_bytes(as_bytes(text)));
    at.block->set_large(property.column, at.slot);
    return;
  }
  at.block->set_text(property.column, at.slot, text);
  if (was_large) transaction_.erase(large_key(property.id, row));
}

void ClassStore::clear_slots(RowId row) {
  for (PropertyIndex& index : indexes_) index.erase(row, read(row, index.property()));
  for (BlockTable& table : tables_) {
    if (table.find(row) == nullptr) continue;
    const BlockTable::OpenSlot at = table.open(row);
    const auto& columns = table.place().layout().columns();
    const auto& properties = info_.groups[table.place().group.value()].properties;
    for (std::uint32_t column = 0; column < columns.size(); ++column) {
      if (columns[column].storage == Storage::kText && properties[column] &&
          at.block->text(column, at.slot).is_large) {
        transaction_.erase(large_key(*properties[column], row));
      }
    }
    at.block->clear_slot(at.slot);
  }
}

void ClassStore::erase_outside_values(const PropertyInfo& property) {
  for (const Space space : {Space::kLargeValue, Space::kCollection}) {
    Key prefix(realm_, space);
    prefix.append(info_.id).append(property.id);
    transaction_.erase_prefix(prefix);
  }
}

Key ClassStore::tombstone_key(RowId row) const noexcept {
  Key key(realm_, Space::kTombstone);
  key.append(info_.id).append(row);
  return key;
}

Key ClassStore::large_key(PropertyId property, RowId row) const noexcept {
  Key key(realm_, Space::kLargeValue);
  key.append(info_.id).append(property).append(row);
  return key;
}

void ClassStore::flush() {
  for (BlockTable& table : tables_) table.flush();
  index_.flush();
  backlinks_.flush();
  for (PropertyIndex& index : indexes_) index.tuples().flush();
  if (!counters_changed_) return;
  Key key(realm_, Space::kClassCounters);
  key.append(info_.id);
  transaction_.put(key, std::as_bytes(std::span(&counters_, 1)));
  counters_changed_ = false;
}

std::size_t ClassStore::open_memory_bytes() const noexcept {
  std::size_t bytes = index_.open_memory_bytes() + backlinks_.open_memory_bytes();
  for (const BlockTable& table : tables_) bytes += table.open_memory_bytes();
  for (const PropertyIndex& index : indexes_) bytes += index.open_memory_bytes();
  return bytes;
}

}  // namespace tombolo::store
