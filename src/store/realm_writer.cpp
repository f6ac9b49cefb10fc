#include "store/realm_writer.h"

#include <algorithm>

#include "base/assertion.h"
#include "base/error.h"
#include "base/utf8.h"
#include "changeset/limits.h"
#include "store/realm_state.h"
#include "store/recorder.h"

namespace tombolo::store {
namespace {

std::string place_of(const ClassInfo& owner, const PropertyInfo& property) {
  return "'" + owner.name + "." + property.name + "'";
}

std::string type_name(ValueType type) {
  if (type == ValueType::kNull) return "null";
  return std::string(to_string(static_cast<PropertyType>(type)));
}

/// What the format has room for but this version does not do yet.
void check_supported(const Property& property, const std::string& owner) {
  const bool is_supported = property.type != PropertyType::kMixed &&
                            (property.collection == CollectionType::kSingle ||
                             property.collection == CollectionType::kList) &&
                            (property.type != PropertyType::kLink || !property.target.empty());
  if (is_supported) return;
  std::string kind(to_string(property.type));
  if (property.type == PropertyType::kLink && property.target.empty()) kind = "link to any class";
  if (property.collection != CollectionType::kSingle) {
    kind = std::string(to_string(property.collection)) + " of " + kind;
  }
  throw Error(ErrorCode::kInvalidSchema,
              owner + "." + property.name + ": a " + kind + " is not supported yet");
}

void check_supported(const ClassSchema& definition) {
  if (definition.kind == ClassKind::kEmbedded) {
    throw Error(ErrorCode::kInvalidSchema,
                definition.name + ": an embedded class is not supported yet");
  }
}

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

std::string describe(const Property& property) {
  std::string text(to_string(property.type));
  if (property.type == PropertyType::kLink) text += "(" + property.target + ")";
  if (property.nullable) text += "?";
  if (property.collection != CollectionType::kSingle) {
    text += " " + std::string(to_string(property.collection));
  }
  return text;
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
    if (other == nullptr || *other == property) continue;
    add("." + property.name + ": the type is " + describe(*other) + ", not " + describe(property));
  }
}

}  // namespace

void check_value(const ClassInfo& owner, const PropertyInfo& property, const Value& value) {
  if (value.is_null()) {
    if (property.nullable) return;
    throw Error(ErrorCode::kTypeMismatch, place_of(owner, property) + " cannot be null");
  }
  if (static_cast<PropertyType>(value.type()) != property.type ||
      (property.type == PropertyType::kLink && value.as_link().class_id != property.target)) {
    throw Error(ErrorCode::kTypeMismatch,
                place_of(owner, property) + " is of type " + std::string(to_string(property.type)) +
                    " and cannot hold " +
                    (property.type == PropertyType::kLink && value.type() == ValueType::kLink
                         ? "a link to another class"
                         : type_name(value.type())));
  }
  const std::size_t bytes_max = property.type == PropertyType::kString ? changeset::kStringBytesMax
                                                                       : changeset::kBinaryBytesMax;
  const bool is_text =
      property.type == PropertyType::kString || property.type == PropertyType::kBinary;
  if (is_text && value.text().size() > bytes_max) {
    throw Error(ErrorCode::kLimitExceeded,
                place_of(owner, property) + ": " + std::to_string(value.text().size()) +
                    " bytes are more than a value may have");
  }
}

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

void RealmWriter::flush() {
  state_->flush();
}

ClassId RealmWriter::add_class(const ClassSchema& definition) {
  if (catalog().find_class(definition.name) != nullptr) {
    throw Error(ErrorCode::kAlreadyExists, "the class '" + definition.name + "' exists");
  }
  check_supported(definition);
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
  check_supported(definition, info->name);
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
      check_supported(wanted);
    } else {
      compare(wanted, *existing, problems);
    }
    for (const Property& property : wanted.properties) {
      const bool exists = existing != nullptr ? existing->find_property(property.name) != nullptr
                                              : property.name == wanted.primary_key;
      if (exists) continue;
      check_supported(property, wanted.name);
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
  if (state_->recorder == nullptr) return;
  for (const ClassSchema* definition : classes) {
    state_->recorder->add_class(*catalog().find_class(definition->name));
  }
  for (const auto& [owner, definition] : properties) {
    const ClassInfo* info = catalog().find_class(owner);
    state_->recorder->add_property(*info, *info->find_property(definition->name));
  }
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

Created RealmWriter::create(ClassId class_id, const ObjectKey& key) {
  const ClassInfo& info = state_->class_store(class_id).info();
  if (!is_key_of(info, key)) {
    throw Error(ErrorCode::kTypeMismatch,
                "objects of class '" + info.name + "' have keys of another type");
  }
  if (key.type() == ObjectKey::Type::kString) {
    const Value value = key.to_value();
    check_value(info, info.key_property(), value);
    check_text(value);
  }
  const Created created = state_->create(class_id, state_->to_stored(key));
  if (created.is_new && state_->recorder != nullptr) {
    state_->recorder->create({class_id, created.row}, key);
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
  std::vector<Backlink> links;
  for_each_backlink(object, [&](const Backlink& link) {
    links.push_back(link);
    return true;
  });
  for (const Backlink& link : links) nullify(link, object);
  const ClassKind kind = state_->class_store(object.class_id).info().kind;
  if (state_->recorder != nullptr && kind == ClassKind::kTopLevel) state_->recorder->erase(object);
  state_->erase(object, false);
  state_->limit_memory();
}

/// Takes away what links to an object that is about to be deleted.
void RealmWriter::nullify(const Backlink& link, ObjectRef target) {
  const PropertyInfo& property = state_->property(link.origin.class_id, link.origin.property);
  if (!property.is_list()) {
    set(link.origin.object(), link.origin.property, Value::null());
    return;
  }
  for (std::uint32_t position = list(link.origin).size(); position-- > 0;) {
    if (list(link.origin).get(position).as_link() == target) list_erase(link.origin, position);
  }
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

const PropertyInfo& RealmWriter::writable_property(ObjectRef object, PropertyId property) {
  ClassStore& store = state_->class_store(object.class_id);
  const PropertyInfo* info = store.info().find_property(property);
  TOMBOLO_ASSERT(info != nullptr);
  if (!store.contains(object.row)) {
    throw Error(ErrorCode::kObjectDeleted,
                "the object of class '" + store.info().name + "' was deleted");
  }
  if (store.info().primary_key == property) {
    throw Error(ErrorCode::kInvalidArgument,
                place_of(store.info(), *info) + " is the primary key and cannot be changed");
  }
  return *info;
}

const PropertyInfo& RealmWriter::writable_list(const SlotRef& list) {
  const PropertyInfo& property = writable_property(list.object(), list.property);
  if (!property.is_list()) {
    throw Error(ErrorCode::kTypeMismatch,
                place_of(state_->class_store(list.class_id).info(), property) + " is no list");
  }
  return property;
}

void RealmWriter::set(ObjectRef object, PropertyId property, const Value& value, WriteKind kind) {
  const PropertyInfo& info = writable_property(object, property);
  const ClassInfo& owner = state_->class_store(object.class_id).info();
  if (info.is_list()) throw Error(ErrorCode::kTypeMismatch, place_of(owner, info) + " is a list");
  check_value(owner, info, value);
  check_text(value);
  if (value.type() == ValueType::kLink && !contains(value.as_link())) {
    throw Error(ErrorCode::kObjectDeleted, "the target of the link was deleted");
  }
  const bool changes_nothing = kind == WriteKind::kDefault && info.type == PropertyType::kLink &&
                               value.is_null() && state_->read(object, info).is_null();
  if (state_->recorder != nullptr && !changes_nothing) {
    state_->recorder->set({object.class_id, object.row, property}, value, kind);
  }
  state_->write(object, info, value);
  state_->limit_memory();
}

void RealmWriter::add_int(ObjectRef object, PropertyId property, std::int64_t operand) {
  const PropertyInfo& info = writable_property(object, property);
  const ClassInfo& owner = state_->class_store(object.class_id).info();
  if (info.is_list() || info.type != PropertyType::kInt) {
    throw Error(ErrorCode::kTypeMismatch, place_of(owner, info) + " is no int");
  }
  const Value before = state_->read(object, info);
  if (before.is_null()) {
    throw Error(ErrorCode::kTypeMismatch, place_of(owner, info) + " is null");
  }
  if (state_->recorder != nullptr) {
    state_->recorder->add_int({object.class_id, object.row, property}, operand);
  }
  const std::uint64_t sum =
      static_cast<std::uint64_t>(before.as_int()) + static_cast<std::uint64_t>(operand);
  state_->write(object, info, Value::of_int(static_cast<std::int64_t>(sum)));
  state_->limit_memory();
}

void RealmWriter::check_element(const SlotRef& list,
                                const PropertyInfo& property,
                                const Value& value) {
  check_value(state_->class_store(list.class_id).info(), property, value);
  check_text(value);
  if (value.type() == ValueType::kLink && !contains(value.as_link())) {
    throw Error(ErrorCode::kObjectDeleted, "the target of the link was deleted");
  }
}

void RealmWriter::list_insert(const SlotRef& list, std::uint32_t position, const Value& value) {
  const PropertyInfo& property = writable_list(list);
  check_element(list, property, value);
  const std::uint32_t size = state_->list(list, property).size();
  check_position(position, size + 1);
  if (state_->recorder != nullptr) state_->recorder->list_insert(list, position, value, size);
  state_->list_insert(list, property, position, value);
  state_->limit_memory();
}

void RealmWriter::list_set(const SlotRef& list, std::uint32_t position, const Value& value) {
  const PropertyInfo& property = writable_list(list);
  check_element(list, property, value);
  const std::uint32_t size = state_->list(list, property).size();
  check_position(position, size);
  if (state_->recorder != nullptr) state_->recorder->list_set(list, position, value, size);
  state_->list_set(list, property, position, value);
  state_->limit_memory();
}

void RealmWriter::list_move(const SlotRef& list, std::uint32_t from, std::uint32_t to) {
  const PropertyInfo& property = writable_list(list);
  const std::uint32_t size = state_->list(list, property).size();
  check_position(from, size);
  check_position(to, size);
  if (from == to) return;
  if (state_->recorder != nullptr) state_->recorder->list_move(list, from, to, size);
  state_->list_move(list, property, from, to);
  state_->limit_memory();
}

void RealmWriter::list_erase(const SlotRef& list, std::uint32_t position) {
  const PropertyInfo& property = writable_list(list);
  const std::uint32_t size = state_->list(list, property).size();
  check_position(position, size);
  if (state_->recorder != nullptr) state_->recorder->list_erase(list, position, size);
  state_->list_erase(list, property, position);
  state_->limit_memory();
}

void RealmWriter::list_clear(const SlotRef& list) {
  const PropertyInfo& property = writable_list(list);
  if (state_->list(list, property).size() == 0) return;
  if (state_->recorder != nullptr) state_->recorder->list_clear(list);
  state_->list_clear(list, property);
  state_->limit_memory();
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
