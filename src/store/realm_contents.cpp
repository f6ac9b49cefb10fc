// What stands in the properties and collections of a realm: values, and what they lead to.

#include <cstring>
#include <utility>

#include "base/assertion.h"
#include "base/error.h"
#include "store/element.h"
#include "store/realm_state.h"
#include "store/value_order.h"

namespace tombolo::store {
namespace {

/// In front of the root of a nested collection.
struct NestedHeader {
  CollectionType kind = CollectionType::kList;
  std::uint8_t level = 0;
  std::uint16_t reserved = 0;
  std::uint32_t reserved_too = 0;
  std::uint64_t parent = 0;
};
static_assert(sizeof(NestedHeader) == 16);

ColumnForm element_form(const PropertyInfo& property, CollectionType kind) noexcept {
  return kind == CollectionType::kDictionary ? ColumnForm{Storage::kText, false}
                                             : property.element_form;
}

}  // namespace

Value RealmState::write(ObjectRef object,
                        const PropertyInfo& property,
                        const Value& value,
                        WriteKind kind) {
  if (!property.holds_references()) {
    write_scalar(class_store(object.class_id), object.row, property, value, kind);
    return value;
  }
  const SlotRef slot{object.class_id, object.row, property.id};
  check_nesting(slot, value);
  const Value before = read(object, property);
  if (recorder != nullptr) {
    // Receivers are to drop what the object before held.
    const bool replaces = value.type() == ValueType::kNewObject && !before.is_null();
    if (replaces) recorder->set(slot, Value::null(), WriteKind::kExplicit);
    recorder->set(slot, value, kind);
  }
  const Value stored = acquire(slot, value);
  class_store(object.class_id).write(object.row, property, stored);
  release(slot, before);
  note_modified(slot);
  return stored;
}

void RealmState::add_int(ObjectRef object, const PropertyInfo& property, std::int64_t operand) {
  const SlotRef slot{object.class_id, object.row, property.id};
  const std::uint64_t sum = static_cast<std::uint64_t>(read(object, property).as_int()) +
                            static_cast<std::uint64_t>(operand);
  if (recorder != nullptr) recorder->add_int(slot, operand);
  class_store(object.class_id)
      .write(object.row, property, Value::of_int(static_cast<std::int64_t>(sum)));
  note_modified(slot);
}

void RealmState::check_nesting(const CollectionRef& where, const Value& value) {
  if (!value.is_collection() || !where.is_nested()) return;
  if (open(where).level >= kNestingLevelsMax) {
    throw Error(ErrorCode::kLimitExceeded, "collections are nested more than 100 levels deep");
  }
}

Value RealmState::acquire(const CollectionRef& where, const Value& value) {
  switch (value.type()) {
    case ValueType::kLink: add_backlink(value.as_link(), where.slot); return value;
    case ValueType::kNewObject: {
      const ClassId class_id = property(where.slot.class_id, where.slot.property).target;
      const ObjectRef object{class_id, class_store(class_id).create_embedded(where.slot)};
      note_inserted(object);
      return Value::of_link(object);
    }
    case ValueType::kList:
    case ValueType::kDictionary: {
      const bool is_list = value.type() == ValueType::kList;
      NestedHeader header;
      header.kind = is_list ? CollectionType::kList : CollectionType::kDictionary;
      header.level = static_cast<std::uint8_t>(where.is_nested() ? open(where).level + 1 : 1);
      header.parent = where.id.value();
      const CollectionRef made{where.slot, class_store(where.slot.class_id).next_collection()};
      transaction_.put(collection_key(realm_, made), std::as_bytes(std::span(&header, 1)));
      return is_list ? Value::of_list(made.id) : Value::of_dictionary(made.id);
    }
    default: return value;
  }
}

void RealmState::release(const SlotRef& slot, const Value& value) {
  if (value.is_collection()) {
    const CollectionRef nested{slot, value.as_collection()};
    release_elements(nested);
    transaction_.erase_prefix(collection_key(realm_, nested));
  } else if (value.type() == ValueType::kLink) {
    const ObjectRef target = value.as_link();
    if (!is_embedded(target.class_id)) return remove_backlink(target, slot);
    if (class_store(target.class_id).contains(target.row)) erase(target, false);
  }
}

void RealmState::release_slot(const SlotRef& slot, const PropertyInfo& property) {
  if (property.is_collection()) return release_elements(slot);
  release(slot, read(slot.object(), property));
}

void RealmState::release_elements(const CollectionRef& collection) {
  std::optional<OpenCollection> opened;
  for (std::uint32_t position = 0;; ++position) {
    if (!opened) opened.emplace(open(collection));
    if (!opened->property->holds_references() || position >= opened->tree.size()) return;
    const Value value = value_at(*opened, position);
    if (value.type() != ValueType::kLink && !value.is_collection()) continue;
    opened.reset();  // Releasing writes.
    release(collection.slot, value);
  }
}

OpenCollection RealmState::open(const CollectionRef& collection) {
  ClassStore& store = class_store(collection.slot.class_id);
  const PropertyInfo* property = store.info().find_property(collection.slot.property);
  TOMBOLO_ASSERT(property != nullptr);
  if (!collection.is_nested()) {
    TOMBOLO_ASSERT(property->is_collection());
    return {collection,
            property,
            property->collection,
            0,
            CollectionId(),
            CollectionTree(transaction_,
                           realm_,
                           collection,
                           element_form(*property, property->collection),
                           store.read_root(collection.slot.row, *property))};
  }
  const auto record = transaction_.find(collection_key(realm_, collection));
  if (!record) {
    throw Error(ErrorCode::kObjectDeleted,
                "the collection is no longer valid: it was removed from where it stood");
  }
  NestedHeader header;
  if (record->size() < sizeof(header)) {
    throw Error(ErrorCode::kFileCorrupt, "the record of a collection is cut");
  }
  std::memcpy(&header, record->data(), sizeof(header));
  const bool is_whole =
      (header.kind == CollectionType::kList || header.kind == CollectionType::kDictionary) &&
      header.level >= 1 && header.level <= kNestingLevelsMax &&
      header.parent < collection.id.value() && property->type == PropertyType::kMixed;
  if (!is_whole) throw Error(ErrorCode::kFileCorrupt, "the record of a collection is damaged");
  return {collection,
          property,
          header.kind,
          header.level,
          CollectionId(header.parent),
          CollectionTree(transaction_,
                         realm_,
                         collection,
                         {Storage::kText, false},
                         record->subspan(sizeof(header)))};
}

void RealmState::put_root(const OpenCollection& collection, const Bytes& root) {
  const SlotRef& slot = collection.ref.slot;
  if (!collection.ref.is_nested()) {
    class_store(slot.class_id).write_root(slot.row, *collection.property, root);
    return;
  }
  NestedHeader header;
  header.kind = collection.kind;
  header.level = static_cast<std::uint8_t>(collection.level);
  header.parent = collection.parent.value();
  Bytes record = to_bytes(std::as_bytes(std::span(&header, 1)));
  record.insert(record.end(), root.begin(), root.end());
  transaction_.put(collection_key(realm_, collection.ref), record);
}

Value RealmState::value_at(const OpenCollection& collection, std::uint32_t position) {
  const auto element = collection.tree.find(position);
  return collection.kind == CollectionType::kDictionary
             ? load_any(parse_entry(element).value)
             : element_value(*collection.property, element);
}

CollectionTree::Found RealmState::find_member(const CollectionTree& set,
                                              const PropertyInfo& property,
                                              const Value& value) {
  return set.search([&](std::optional<BytesView> element) {
    return compare_members(element_value(property, element), value);
  });
}

CollectionTree::Found RealmState::find_key(const CollectionTree& dictionary, std::string_view key) {
  return dictionary.search([&](std::optional<BytesView> element) -> std::weak_ordering {
    return parse_entry(element).key <=> key;
  });
}

std::uint32_t& RealmState::last_position(const CollectionRef& collection) {
  constexpr std::size_t kPositionsMax = 1024;
  if (positions_.size() > kPositionsMax) positions_.clear();
  return positions_[collection];
}

/// What is new there and has an inside is likely to be written to next.
void RealmState::note_position(const CollectionRef& collection,
                               std::uint32_t position,
                               const Value& written) {
  if (written.type() == ValueType::kNewObject || written.is_collection()) {
    last_position(collection) = position;
  }
}

std::uint32_t RealmState::position_of(const OpenCollection& collection, const Value& content) {
  // Mostly what was asked for last, or the next one.
  std::uint32_t& found = last_position(collection.ref);
  const std::uint32_t size = collection.tree.size();
  for (std::uint32_t tried = 0; tried < 2 && found < size; ++tried, ++found) {
    if (identical(value_at(collection, found), content)) return found;
  }
  for (found = 0; found < size; ++found) {
    if (identical(value_at(collection, found), content)) return found;
  }
  throw Error(ErrorCode::kFileCorrupt, "a collection does not hold what belongs to it");
}

Value RealmState::list_insert(const CollectionRef& list,
                              std::uint32_t position,
                              const Value& value) {
  check_nesting(list, value);
  if (recorder != nullptr) recorder->list_insert(list, position, value, open(list).tree.size());
  const Value stored = acquire(list, value);
  OpenCollection opened = open(list);
  const ElementBytes element(*opened.property, stored);
  put_root(opened, opened.tree.insert(position, element.view()));
  note_position(list, position, value);
  note_change(list, {ElementChange::Kind::kInsert, position});
  return stored;
}

Value RealmState::list_set(const CollectionRef& list, std::uint32_t position, const Value& value) {
  check_nesting(list, value);
  Value before;
  {
    const OpenCollection opened = open(list);
    const std::uint32_t size = opened.tree.size();
    if (recorder != nullptr && value.type() == ValueType::kNewObject) {
      recorder->list_erase(list, position, size);
      recorder->list_insert(list, position, value, size - 1);
    } else if (recorder != nullptr) {
      recorder->list_set(list, position, value, size);
    }
    if (opened.property->holds_references()) before = value_at(opened, position);
  }
  const Value stored = acquire(list, value);
  OpenCollection opened = open(list);
  const ElementBytes element(*opened.property, stored);
  put_root(opened, opened.tree.replace(position, element.view()));
  release(list.slot, before);
  note_change(list, {ElementChange::Kind::kSet, position});
  return stored;
}

void RealmState::list_move(const CollectionRef& list, std::uint32_t from, std::uint32_t to) {
  std::optional<Bytes> element;
  {
    OpenCollection opened = open(list);
    if (recorder != nullptr) recorder->list_move(list, from, to, opened.tree.size());
    if (const auto found = opened.tree.find(from)) element = to_bytes(*found);
    put_root(opened, opened.tree.erase(from));
  }
  OpenCollection opened = open(list);
  put_root(opened,
           opened.tree.insert(to, element ? std::optional(BytesView(*element)) : std::nullopt));
  note_change(list, {ElementChange::Kind::kMove, from, 1, to});
}

void RealmState::list_erase(const CollectionRef& list, std::uint32_t position) {
  OpenCollection opened = open(list);
  if (recorder != nullptr) recorder->list_erase(list, position, opened.tree.size());
  const Value before =
      opened.property->holds_references() ? value_at(opened, position) : Value::null();
  put_root(opened, opened.tree.erase(position));
  release(list.slot, before);
  note_change(list, {ElementChange::Kind::kErase, position});
}

bool RealmState::set_insert(const CollectionRef& set, const Value& value) {
  CollectionTree::Found found{};
  {
    const OpenCollection opened = open(set);
    found = find_member(opened.tree, *opened.property, value);
  }
  if (found.is_equal) return false;
  if (recorder != nullptr) recorder->set_insert(set, value);
  const Value stored = acquire(set, value);
  OpenCollection opened = open(set);
  const ElementBytes element(*opened.property, stored);
  put_root(opened, opened.tree.insert(found.position, element.view()));
  note_change(set, {ElementChange::Kind::kInsert, found.position});
  return true;
}

bool RealmState::set_erase(const CollectionRef& set, const Value& value) {
  OpenCollection opened = open(set);
  const CollectionTree::Found found = find_member(opened.tree, *opened.property, value);
  if (!found.is_equal) return false;
  if (recorder != nullptr) recorder->set_erase(set, value);
  const Value before =
      opened.property->holds_references() ? value_at(opened, found.position) : Value::null();
  put_root(opened, opened.tree.erase(found.position));
  release(set.slot, before);
  note_change(set, {ElementChange::Kind::kErase, found.position});
  return true;
}

Value RealmState::dictionary_set(const CollectionRef& dictionary,
                                 std::string_view key,
                                 const Value& value) {
  check_nesting(dictionary, value);
  const std::string kept_key(key);
  CollectionTree::Found found{};
  Value before;
  {
    const OpenCollection opened = open(dictionary);
    found = find_key(opened.tree, kept_key);
    if (found.is_equal) before = value_at(opened, found.position);
  }
  if (recorder != nullptr) recorder->dictionary_set(dictionary, kept_key, value);
  const Value stored = acquire(dictionary, value);
  const Bytes entry = encode_entry(kept_key, stored);
  OpenCollection opened = open(dictionary);
  put_root(opened,
           found.is_equal ? opened.tree.replace(found.position, BytesView(entry))
                          : opened.tree.insert(found.position, BytesView(entry)));
  release(dictionary.slot, before);
  note_position(dictionary, found.position, value);
  note_change(
      dictionary,
      {found.is_equal ? ElementChange::Kind::kSet : ElementChange::Kind::kInsert, found.position});
  return stored;
}

bool RealmState::dictionary_erase(const CollectionRef& dictionary, std::string_view key) {
  const std::string kept_key(key);
  OpenCollection opened = open(dictionary);
  const CollectionTree::Found found = find_key(opened.tree, kept_key);
  if (!found.is_equal) return false;
  if (recorder != nullptr) recorder->dictionary_erase(dictionary, kept_key);
  const Value before = value_at(opened, found.position);
  put_root(opened, opened.tree.erase(found.position));
  release(dictionary.slot, before);
  note_change(dictionary, {ElementChange::Kind::kErase, found.position});
  return true;
}

void RealmState::clear(const CollectionRef& collection) {
  if (recorder != nullptr) recorder->clear(collection, open(collection).kind);
  release_elements(collection);
  OpenCollection opened = open(collection);
  opened.tree.clear();
  put_root(opened, {});
  note_change(collection, {ElementChange::Kind::kClear});
}

}  // namespace tombolo::store
