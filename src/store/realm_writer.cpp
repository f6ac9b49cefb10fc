#include "store/realm_writer.h"

#include <algorithm>

#include "base/assertion.h"
#include "base/error.h"
#include "base/utf8.h"
#include "store/element.h"
#include "store/realm_state.h"
#include "store/recorder.h"
#include "store/value_check.h"

namespace tombolo::store {
namespace {

void check_position(std::uint32_t position, std::uint32_t end) {
  if (position < end) [[likely]]
    return;
  throw Error(ErrorCode::kInvalidArgument,
              "position " + std::to_string(position) + " is beyond the end of the list, " +
                  std::to_string(end));
}

/// A text that peers would refuse must not get into a changeset.
void check_text(const Value& value) {
  if (value.type() == ValueType::kString && !is_valid_utf8(value.as_string())) {
    throw Error(ErrorCode::kInvalidArgument, "a string is not valid UTF-8");
  }
}

/// Every difference between a class asked for and the one that exists that adding cannot bridge.
void compare(const ClassSchema& wanted, const ClassSchema& found, std::string& problems) {
  const auto add = [&](const std::string& problem) {
    problems += (problems.empty() ? "" : "\n") + wanted.name + problem;
  };
  if (wanted.kind != found.kind) add(": the class is of another kind");
  if (wanted.primary_key != found.primary_key) {
    add(": the primary key is '" + found.primary_key + "', not '" + wanted.primary_key + "'");
  }
  for (const Property& property : wanted.properties) {
    const Property* other = found.find_property(property.name);
    if (other == nullptr || are_alike(*other, property)) continue;
    add("." + property.name + ": the type is " + describe(*other) + ", not " + describe(property));
  }
}

}  // namespace

RealmWriter::RealmWriter(std::unique_ptr<RealmState> state) : RealmReader(std::move(state)) {}
RealmWriter::~RealmWriter() = default;

void RealmWriter::set_recording(Recording recording) {
  if (recording == Recording::kOn && recorder_ == nullptr) {
    recorder_ = std::make_unique<Recorder>(*state_);
  }
  state_->recorder = recording == Recording::kOn ? recorder_.get() : nullptr;
}

Recording RealmWriter::recording() const noexcept {
  return state_->recorder == nullptr ? Recording::kOff : Recording::kOn;
}

std::optional<BytesView> RealmWriter::recorded() const {
  return recorder_ == nullptr ? std::nullopt : std::optional(recorder_->changeset());
}

void RealmWriter::finish() {
  for (const ObjectRef& object : std::exchange(only_to_send_, {})) {
    if (catalog().find_class(object.class_id) != nullptr && contains(object)) {
      state_->erase(object, false);
    }
  }
  state_->flush();
}

ClassId RealmWriter::add_class(const ClassSchema& definition) {
  if (catalog().find_class(definition.name) != nullptr) {
    throw Error(ErrorCode::kAlreadyExists, "the class '" + definition.name + "' exists");
  }
  ClassSchema without_others = definition;
  std::erase_if(without_others.properties,
                [&](const Property& property) { return property.name != definition.primary_key; });
  validate({{without_others}}).value();
  add_to_schema({&without_others}, {});
  return catalog().find_class(definition.name)->id;
}

PropertyId RealmWriter::add_property(ClassId class_id, const Property& definition) {
  const ClassInfo* info = catalog().find_class(class_id);
  TOMBOLO_ASSERT(info != nullptr);
  if (info->find_property(definition.name) != nullptr) {
    throw Error(ErrorCode::kAlreadyExists,
                "the property '" + info->name + "." + definition.name + "' exists");
  }
  Schema after = schema();
  const auto owner = std::ranges::find(after.classes, info->name, &ClassSchema::name);
  owner->properties.push_back(definition);
  validate(after).value();
  add_to_schema({}, {{info->name, &definition}});
  return catalog().find_class(class_id)->find_property(definition.name)->id;
}

void RealmWriter::add_schema(const Schema& schema) {
  validate(schema).value();
  const Schema found = this->schema();
  std::vector<const ClassSchema*> classes;
  std::vector<std::pair<std::string, const Property*>> properties;
  std::string problems;
  for (const ClassSchema& wanted : schema.classes) {
    const ClassSchema* existing = found.find_class(wanted.name);
    if (existing == nullptr) {
      classes.push_back(&wanted);
    } else {
      compare(wanted, *existing, problems);
    }
    for (const Property& property : wanted.properties) {
      const bool exists = existing != nullptr ? existing->find_property(property.name) != nullptr
                                              : property.name == wanted.primary_key;
      if (exists) continue;
      properties.emplace_back(wanted.name, &property);
    }
  }
  if (!problems.empty()) throw Error(ErrorCode::kSchemaMismatch, problems);
  if (!classes.empty() || !properties.empty()) add_to_schema(classes, properties);
}

/// Adds what was checked: all classes, then all properties, so that every link finds its target.
void RealmWriter::add_to_schema(
    const std::vector<const ClassSchema*>& classes,
    const std::vector<std::pair<std::string, const Property*>>& properties) {
  std::vector<ClassInfo> changed = state_->begin_schema_change();
  for (const ClassSchema* definition : classes) state_->add_class(changed, *definition);
  for (const auto& [owner, definition] : properties) {
    const auto info = std::ranges::find(changed, owner, &ClassInfo::name);
    state_->add_property(changed, info->id, *definition);
  }
  state_->end_schema_change(std::move(changed));
  for (const auto& [owner, definition] : properties) {
    const ClassInfo* info = catalog().find_class(owner);
    state_->build_index(info->id, info->find_property(definition->name)->id);
  }
  if (state_->recorder == nullptr) return;
  for (const ClassSchema* definition : classes) {
    state_->recorder->add_class(*catalog().find_class(definition->name));
  }
  for (const auto& [owner, definition] : properties) {
    const ClassInfo* info = catalog().find_class(owner);
    state_->recorder->add_property(*info, *info->find_property(definition->name));
  }
}

void RealmWriter::set_indexes(const Schema& schema) {
  validate(schema).value();
  struct Change {
    ClassId class_id;
    PropertyId property;
    IndexType index;
  };
  std::vector<Change> changes;
  for (const ClassSchema& wanted : schema.classes) {
    const ClassInfo* info = catalog().find_class(wanted.name);
    if (info == nullptr) continue;
    for (const PropertyInfo& property : info->properties) {
      const Property* other = wanted.find_property(property.name);
      if (other == nullptr || property.id == info->primary_key || other->index == property.index ||
          !supports_index(property.type, property.collection, other->index)) {
        continue;
      }
      changes.push_back({info->id, property.id, other->index});
    }
  }
  if (changes.empty()) return;
  std::vector<ClassInfo> changed = state_->begin_schema_change();
  for (const Change& change : changes) {
    state_->set_index(changed, change.class_id, change.property, change.index);
  }
  state_->end_schema_change(std::move(changed));
  for (const Change& change : changes) state_->build_index(change.class_id, change.property);
}

void RealmWriter::erase_class(ClassId class_id) {
  const ClassInfo* erased = catalog().find_class(class_id);
  TOMBOLO_ASSERT(erased != nullptr);
  for (const ClassInfo& other : catalog().classes()) {
    for (const PropertyInfo& property : other.properties) {
      if (other.id != class_id && property.type == PropertyType::kLink &&
          property.target == class_id) {
        throw Error(
            ErrorCode::kInvalidSchema,
            "the class '" + erased->name + "' is the target of " + place_of(other, property));
      }
    }
  }
  if (state_->recorder != nullptr) state_->recorder->erase_class(*erased);
  state_->erase_class(class_id);
}

void RealmWriter::erase_property(ClassId class_id, PropertyId property) {
  const ClassInfo& info = state_->class_store(class_id).info();
  const PropertyInfo& erased = state_->property(class_id, property);
  if (info.primary_key == property) {
    throw Error(ErrorCode::kInvalidArgument, "the primary key cannot be removed");
  }
  if (state_->recorder != nullptr) state_->recorder->erase_property(info, erased);
  state_->erase_property(class_id, property);
}

void RealmWriter::change_key(ObjectRef object, const Value& value) {
  TOMBOLO_ASSERT(state_->recorder == nullptr);
  ClassStore& store = state_->class_store(object.class_id);
  const ClassInfo& info = store.info();
  TOMBOLO_ASSERT(info.primary_key);
  if (!contains(object)) throw Error(ErrorCode::kObjectDeleted, "the object was deleted before");
  check_value(*state_, SlotRef{object.class_id, object.row, *info.primary_key}, value);
  check_text(value);
  // What the value is a view of may move when the index changes.
  const bool is_text = value.type() == ValueType::kString;
  const std::string text(is_text ? value.as_string() : std::string_view());
  const ObjectKey key = is_text ? ObjectKey::of_string(text) : ObjectKey::of(value);
  const auto taken = store.find(key);
  if (taken && taken->row == object.row) return;
  if (taken && (taken->is_tombstone || value.is_null())) {
    throw Error(ErrorCode::kDuplicateKey,
                "an object of class '" + info.name + "' has that primary key already");
  }
  store.change_key(object.row, key);
  if (state_->tracker != nullptr) state_->tracker->modified(object, *info.primary_key);
  state_->limit_memory();
}

Created RealmWriter::create(ClassId class_id, const ObjectKey& key) {
  const ClassInfo& info = state_->class_store(class_id).info();
  if (!is_key_of(info, key)) {
    throw Error(ErrorCode::kTypeMismatch,
                "objects of class '" + info.name + "' have keys of another type");
  }
  if (key.type() == ObjectKey::Type::kString) {
    const Value value = key.to_value();
    check_value(*state_, SlotRef{class_id, kNoRow, *info.primary_key}, value);
    check_text(value);
  }
  const Created created = state_->create(class_id, state_->to_stored(key));
  if (created.is_new && state_->recorder != nullptr) {
    state_->recorder->create({class_id, created.row}, key);
    if (info.kind == ClassKind::kAsymmetric) only_to_send_.push_back({class_id, created.row});
  }
  state_->limit_memory();
  return created;
}

RowId RealmWriter::create_keyless(ClassId class_id) {
  ClassStore& store = state_->class_store(class_id);
  if (store.info().primary_key) {
    throw Error(ErrorCode::kTypeMismatch,
                "objects of class '" + store.info().name + "' have a primary key");
  }
  return create(class_id, state_->to_public(ObjectKey::of_global_key(store.next_global_key()))).row;
}

void RealmWriter::erase(ObjectRef object) {
  if (!contains(object)) throw Error(ErrorCode::kObjectDeleted, "the object was deleted before");
  const ClassKind kind = state_->class_store(object.class_id).info().kind;
  if (kind == ClassKind::kEmbedded) return take_out(object);
  std::vector<Backlink> links;
  for_each_backlink(object, [&](const Backlink& link) {
    links.push_back(link);
    return true;
  });
  for (const Backlink& link : links) nullify(link, object);
  if (state_->recorder != nullptr && kind == ClassKind::kTopLevel) state_->recorder->erase(object);
  state_->erase(object, false);
  state_->limit_memory();
}

/// Takes away what links to an object that is about to be deleted.
void RealmWriter::nullify(const Backlink& link, ObjectRef target) {
  const SlotRef& slot = link.origin;
  const PropertyInfo& property = state_->property(slot.class_id, slot.property);
  if (property.is_collection()) return nullify_in(slot, target);
  const Value value = state_->read(slot.object(), property);
  if (value.is_collection()) return nullify_in({slot, value.as_collection()}, target);
  state_->write(slot.object(), property, Value::null());
}

void RealmWriter::nullify_in(const CollectionRef& collection, ObjectRef target) {
  for (std::uint32_t position = state_->open(collection).tree.size(); position-- > 0;) {
    const OpenCollection opened = state_->open(collection);
    const Value value = RealmState::value_at(opened, position);
    if (value.is_collection()) {
      nullify_in({collection.slot, value.as_collection()}, target);
    } else if (value.type() == ValueType::kLink && value.as_link() == target) {
      switch (opened.kind) {
        case CollectionType::kSet: state_->set_erase(collection, value); break;
        case CollectionType::kDictionary:
          state_->dictionary_set(
              collection, parse_entry(opened.tree.find(position)).key, Value::null());
          break;
        default: state_->list_erase(collection, position);
      }
    }
  }
}

/// Removes an embedded object from where it stands.
void RealmWriter::take_out(ObjectRef embedded) {
  const SlotRef slot = owner_of(embedded);
  const PropertyInfo& property = state_->property(slot.class_id, slot.property);
  if (!property.is_collection()) {
    state_->write(slot.object(), property, Value::null());
  } else {
    const OpenCollection opened = state_->open(slot);
    const std::uint32_t position = state_->position_of(opened, Value::of_link(embedded));
    if (opened.kind == CollectionType::kList) {
      state_->list_erase(slot, position);
    } else {
      state_->dictionary_set(slot, parse_entry(opened.tree.find(position)).key, Value::null());
    }
  }
  state_->limit_memory();
}

void RealmWriter::invalidate(ObjectRef object) {
  if (!contains(object)) throw Error(ErrorCode::kObjectDeleted, "the object was deleted before");
  state_->erase(object, true);
  state_->limit_memory();
}

RowId RealmWriter::link_target(ClassId class_id, const ObjectKey& key) {
  const ClassInfo& info = state_->class_store(class_id).info();
  if (!is_key_of(info, key)) {
    throw Error(ErrorCode::kTypeMismatch,
                "objects of class '" + info.name + "' have keys of another type");
  }
  return state_->link_target(class_id, state_->to_stored(key));
}

const PropertyInfo& RealmWriter::writable_property(ClassStore& store,
                                                   RowId row,
                                                   PropertyId property) {
  const PropertyInfo* info = store.find_property(property);
  TOMBOLO_ASSERT(info != nullptr);
  if (!store.contains(row)) {
    throw Error(ErrorCode::kObjectDeleted,
                "the object of class '" + store.info().name + "' was deleted");
  }
  if (store.info().primary_key == property) {
    throw Error(ErrorCode::kInvalidArgument,
                place_of(store.info(), *info) + " is the primary key and cannot be changed");
  }
  return *info;
}

const PropertyInfo& RealmWriter::writable_property(ClassStore& store,
                                                   RowId row,
                                                   PropertyId property,
                                                   const Value& value) {
  const PropertyInfo& info = writable_property(store, row, property);
  if (info.is_collection()) {
    throw Error(ErrorCode::kTypeMismatch,
                place_of(store.info(), info) + " is a " + std::string(to_string(info.collection)));
  }
  check_value(*state_, store.info(), info, value);
  check_content(value);
  return info;
}

std::uint32_t RealmWriter::writable_size(const CollectionRef& collection, CollectionType kind) {
  ClassStore& store = state_->class_store(collection.slot.class_id);
  const PropertyInfo& property =
      writable_property(store, collection.slot.row, collection.slot.property);
  if (collection.is_nested() || property.is_collection()) {
    const OpenCollection opened = state_->open(collection);
    if (opened.kind == kind) return opened.tree.size();
  }
  throw Error(ErrorCode::kTypeMismatch,
              place_of(store.info(), property) + " is no " + std::string(to_string(kind)));
}

void RealmWriter::check_writable(const CollectionRef& where, const Value& value) {
  check_value(*state_, where, value);
  check_content(value);
}

void RealmWriter::check_content(const Value& value) {
  check_text(value);
  if (value.type() == ValueType::kLink && !contains(value.as_link())) {
    throw Error(ErrorCode::kObjectDeleted, "the target of the link was deleted");
  }
}

Value RealmWriter::to_value(NewContent content) {
  switch (content) {
    case NewContent::kObject: return Value::new_object();
    case NewContent::kList: return Value::new_list();
    case NewContent::kDictionary: return Value::new_dictionary();
  }
  TOMBOLO_UNREACHABLE("content of no kind");
}

void RealmWriter::set(ObjectRef object, PropertyId property, const Value& value, WriteKind kind) {
  ClassStore& store = state_->class_store(object.class_id);
  const PropertyInfo& info = writable_property(store, object.row, property, value);
  if (info.holds_references()) {
    (void)put_reference(object, info, value, kind);
  } else {
    state_->write_scalar(store, object.row, info, value, kind);
  }
  state_->limit_memory();
}

Value RealmWriter::set(ObjectRef object, PropertyId property, NewContent content) {
  const Value value = to_value(content);
  ClassStore& store = state_->class_store(object.class_id);
  const PropertyInfo& info = writable_property(store, object.row, property, value);
  const Value stored = put_reference(object, info, value, WriteKind::kExplicit);
  state_->limit_memory();
  return stored;
}

Value RealmWriter::put_reference(ObjectRef object,
                                 const PropertyInfo& property,
                                 const Value& value,
                                 WriteKind kind) {
  if (value.is_collection()) {
    const Value before = state_->read(object, property);
    if (before.type() == value.type()) return before;
  }
  const bool changes_nothing = kind == WriteKind::kDefault &&
                               property.type == PropertyType::kLink && value.is_null() &&
                               state_->read(object, property).is_null();
  return changes_nothing ? value : state_->write(object, property, value, kind);
}

void RealmWriter::add_int(ObjectRef object, PropertyId property, std::int64_t operand) {
  ClassStore& store = state_->class_store(object.class_id);
  const PropertyInfo& info = writable_property(store, object.row, property);
  const ClassInfo& owner = store.info();
  const bool may_be_int = info.type == PropertyType::kInt || info.type == PropertyType::kMixed;
  if (info.is_collection() || !may_be_int) {
    throw Error(ErrorCode::kTypeMismatch, place_of(owner, info) + " is no int");
  }
  const Value before = state_->read(object, info);
  if (before.type() != ValueType::kInt) {
    throw Error(ErrorCode::kTypeMismatch,
                place_of(owner, info) + (before.is_null() ? " is null" : " is no int"));
  }
  state_->add_int(object, info, operand);
  state_->limit_memory();
}

Value RealmWriter::insert(const CollectionRef& list, std::uint32_t position, const Value& value) {
  const std::uint32_t size = writable_size(list, CollectionType::kList);
  check_writable(list, value);
  check_position(position, size + 1);
  const Value stored = state_->list_insert(list, position, value);
  state_->limit_memory();
  return stored;
}

Value RealmWriter::replace(const CollectionRef& list, std::uint32_t position, const Value& value) {
  const std::uint32_t size = writable_size(list, CollectionType::kList);
  check_writable(list, value);
  check_position(position, size);
  if (value.is_collection()) {
    const Value before = RealmState::value_at(state_->open(list), position);
    if (before.type() == value.type()) return before;
  }
  const Value stored = state_->list_set(list, position, value);
  state_->limit_memory();
  return stored;
}

void RealmWriter::list_move(const CollectionRef& list, std::uint32_t from, std::uint32_t to) {
  const std::uint32_t size = writable_size(list, CollectionType::kList);
  check_position(from, size);
  check_position(to, size);
  if (from == to) return;
  if (RealmState::value_at(state_->open(list), from).is_collection()) {
    throw Error(ErrorCode::kInvalidArgument, "a list or dictionary in a list cannot be moved");
  }
  state_->list_move(list, from, to);
  state_->limit_memory();
}

void RealmWriter::list_erase(const CollectionRef& list, std::uint32_t position) {
  check_position(position, writable_size(list, CollectionType::kList));
  state_->list_erase(list, position);
  state_->limit_memory();
}

bool RealmWriter::set_insert(const CollectionRef& set, const Value& value) {
  (void)writable_size(set, CollectionType::kSet);
  check_writable(set, value);
  const bool is_new = state_->set_insert(set, value);
  state_->limit_memory();
  return is_new;
}

bool RealmWriter::set_erase(const CollectionRef& set, const Value& value) {
  (void)writable_size(set, CollectionType::kSet);
  check_value(*state_, set, value);
  const bool was_there = state_->set_erase(set, value);
  state_->limit_memory();
  return was_there;
}

Value RealmWriter::put(const CollectionRef& dictionary, std::string_view key, const Value& value) {
  (void)writable_size(dictionary, CollectionType::kDictionary);
  check_writable(dictionary, value);
  check_dictionary_key(key);
  if (value.is_collection()) {
    const OpenCollection opened = state_->open(dictionary);
    const auto found = RealmState::find_key(opened.tree, key);
    const Value before =
        found.is_equal ? RealmState::value_at(opened, found.position) : Value::null();
    if (before.type() == value.type()) return before;
  }
  const Value stored = state_->dictionary_set(dictionary, key, value);
  state_->limit_memory();
  return stored;
}

bool RealmWriter::dictionary_erase(const CollectionRef& dictionary, std::string_view key) {
  (void)writable_size(dictionary, CollectionType::kDictionary);
  const bool was_there = state_->dictionary_erase(dictionary, key);
  state_->limit_memory();
  return was_there;
}

void RealmWriter::clear(const CollectionRef& collection, CollectionType kind) {
  // A nested one is cleared even when it is empty: others may have put something in.
  if (writable_size(collection, kind) == 0 && !collection.is_nested()) return;
  state_->clear(collection);
  state_->limit_memory();
}

void RealmWriter::list_clear(const CollectionRef& list) {
  clear(list, CollectionType::kList);
}
void RealmWriter::set_clear(const CollectionRef& set) {
  clear(set, CollectionType::kSet);
}
void RealmWriter::dictionary_clear(const CollectionRef& dictionary) {
  clear(dictionary, CollectionType::kDictionary);
}

void RealmWriter::set_file_ident(ClientFileIdent ident) {
  state_->set_file_ident(ident);
}

HistoryWriter RealmWriter::history() {
  return {state_->transaction(), state_->realm()};
}

MetadataWriter RealmWriter::metadata() {
  return {state_->transaction(), state_->realm()};
}

}  // namespace tombolo::store
