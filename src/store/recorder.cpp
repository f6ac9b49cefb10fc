#include "store/recorder.h"

#include "base/assertion.h"
#include "base/error.h"
#include "changeset/limits.h"
#include "store/element.h"
#include "store/realm_state.h"

namespace tombolo::store {

using changeset::PathElement;
using changeset::Payload;
using changeset::PayloadType;
using changeset::Place;
using changeset::PrimaryKey;
using changeset::StringIndex;

StringIndex Recorder::class_name(ClassId id) {
  if (id.value() >= names_.size()) names_.resize(id.value() + 1);
  auto& name = names_[id.value()].name;
  if (!name) name = writer_.intern(realm_.class_store(id).info().name);
  return *name;
}

StringIndex Recorder::property_name(ClassId id, PropertyId property) {
  if (id.value() >= names_.size()) names_.resize(id.value() + 1);
  auto& names = names_[id.value()].properties;
  if (property.value() >= names.size()) names.resize(property.value() + 1);
  auto& name = names[property.value()];
  if (!name) name = writer_.intern(realm_.property(id, property).name);
  return *name;
}

PrimaryKey Recorder::to_primary_key(const ObjectKey& key) {
  PrimaryKey result;
  switch (key.type()) {
    case ObjectKey::Type::kNull: result.type = PayloadType::kNull; break;
    case ObjectKey::Type::kInt:
      result.type = PayloadType::kInt;
      result.integer = key.as_int();
      break;
    case ObjectKey::Type::kString:
      result.type = PayloadType::kString;
      result.string = writer_.intern(key.as_string());
      break;
    case ObjectKey::Type::kObjectId:
      result.type = PayloadType::kObjectId;
      result.object_id = key.as_object_id();
      break;
    case ObjectKey::Type::kUuid:
      result.type = PayloadType::kUuid;
      result.uuid = key.as_uuid();
      break;
    case ObjectKey::Type::kGlobalKey:
      result.type = PayloadType::kGlobalKey;
      result.global_key = key.as_global_key();
      break;
  }
  return result;
}

void Recorder::append(PathElement element) {
  if (path_.size() == changeset::kPathElementsMax) {
    throw Error(ErrorCode::kLimitExceeded,
                "embedded objects and collections are nested more than 256 levels deep");
  }
  path_.push_back(element);
}

void Recorder::begin_place(ObjectRef object) {
  if (object_ == object) return;
  const auto key = realm_.class_store(object.class_id).key_of(object.row);
  TOMBOLO_ASSERT(key);
  set_object(object, realm_.to_public(*key));
}

/// All of it or, where memory is short, nothing: no instruction may lead to half of another place.
void Recorder::set_object(ObjectRef object, const ObjectKey& key) {
  const StringIndex table = class_name(object.class_id);
  place_.object = to_primary_key(key);
  place_.table = table;
  object_ = object;
}

/// The path to a property: empty, unless its object is embedded in another.
void Recorder::begin_path(const SlotRef& slot) {
  if (object_ != slot.object()) {
    ClassStore& store = realm_.class_store(slot.class_id);
    if (store.info().is_embedded()) return begin_path_inside(store.owner_of(slot.row), slot);
    begin_place(slot.object());
  }
  path_.clear();
  place_.field = property_name(slot.class_id, slot.property);
}

/// The same of an embedded object, which `owner` holds.
void Recorder::begin_path_inside(const SlotRef& owner, const SlotRef& slot) {
  begin_path(owner);
  if (realm_.property(owner.class_id, owner.property).is_collection()) {
    append_way_in(owner, Value::of_link(slot.object()));
  }
  append(PathElement::key(property_name(slot.class_id, slot.property)));
}

/// From a list or dictionary to what stands in it.
void Recorder::append_way_in(const CollectionRef& outer, const Value& content) {
  const OpenCollection opened = realm_.open(outer);
  const std::uint32_t position = realm_.position_of(opened, content);
  if (opened.kind == CollectionType::kList) return append(PathElement::index(position));
  append(PathElement::key(writer_.intern(parse_entry(opened.tree.find(position)).key)));
}

const Place& Recorder::place(const SlotRef& slot) {
  begin_path(slot);
  place_.path = path_;
  return place_;
}

const Place& Recorder::place(const CollectionRef& where) {
  begin_path(where.slot);
  if (where.is_nested()) {
    // From the inside out, then the way in.
    std::vector<Value> contents;
    CollectionRef outer = where;
    do {
      const OpenCollection opened = realm_.open(outer);
      contents.push_back(opened.kind == CollectionType::kList ? Value::of_list(outer.id)
                                                              : Value::of_dictionary(outer.id));
      outer.id = opened.parent;
    } while (outer.is_nested());
    const bool is_in_property =
        !realm_.property(where.slot.class_id, where.slot.property).is_collection();
    for (; !contents.empty(); contents.pop_back()) {
      const Value content = contents.back();
      if (outer.is_nested() || !is_in_property) append_way_in(outer, content);
      outer.id = content.as_collection();
    }
  }
  place_.path = path_;
  return place_;
}

const Place& Recorder::place(const CollectionRef& list, std::uint32_t position) {
  (void)place(list);
  append(PathElement::index(position));
  place_.path = path_;
  return place_;
}

const Place& Recorder::place(const CollectionRef& dictionary, std::string_view key) {
  (void)place(dictionary);
  append(PathElement::key(writer_.intern(key)));
  place_.path = path_;
  return place_;
}

Payload Recorder::to_payload(const Value& value) {
  Payload payload;
  payload.type = static_cast<PayloadType>(value.type());
  switch (value.type()) {
    case ValueType::kNull: break;
    case ValueType::kInt: payload.integer = value.as_int(); break;
    case ValueType::kBool: payload.boolean = value.as_bool(); break;
    case ValueType::kString:
    case ValueType::kBinary: payload.text = value.text(); break;
    case ValueType::kTimestamp: payload.timestamp = value.as_timestamp(); break;
    case ValueType::kFloat: payload.single = value.as_float(); break;
    case ValueType::kDouble: payload.real = value.as_double(); break;
    case ValueType::kDecimal: payload.decimal = value.as_decimal(); break;
    case ValueType::kObjectId: payload.object_id = value.as_object_id(); break;
    case ValueType::kUuid: payload.uuid = value.as_uuid(); break;
    case ValueType::kLink: {
      const ObjectRef target = value.as_link();
      const StringIndex table = class_name(target.class_id);
      const auto key = realm_.class_store(target.class_id).key_of(target.row);
      TOMBOLO_ASSERT(key);
      payload.link = {.table = table, .object = to_primary_key(realm_.to_public(*key))};
      break;
    }
    case ValueType::kList: payload.type = PayloadType::kList; break;
    case ValueType::kDictionary: payload.type = PayloadType::kDictionary; break;
    case ValueType::kNewObject: payload.type = PayloadType::kObjectValue; break;
  }
  return payload;
}

void Recorder::add_class(const ClassInfo& info) {
  changeset::TableSpec spec;
  spec.kind = info.kind;
  const StringIndex table = class_name(info.id);
  if (info.primary_key) {
    spec.primary_key = property_name(info.id, *info.primary_key);
    // The numbers of property types are those of payload types.
    spec.primary_key_type = static_cast<PayloadType>(info.key_property().type);
    spec.primary_key_nullable = info.key_property().nullable;
  } else if (!info.is_embedded()) {
    spec.primary_key = writer_.intern("");
  }
  writer_.add_table(table, spec);
}

void Recorder::erase_class(const ClassInfo& info) {
  writer_.erase_table(class_name(info.id));
}

void Recorder::add_property(const ClassInfo& info, const PropertyInfo& property) {
  const StringIndex table = class_name(info.id);
  const StringIndex field = property_name(info.id, property.id);
  changeset::ColumnSpec spec;
  spec.type = property.type;
  spec.collection = property.collection;
  spec.nullable = property.nullable;
  if (property.type == PropertyType::kLink) {
    spec.target = property.target == ClassId() ? writer_.intern("") : class_name(property.target);
  }
  writer_.add_column(table, field, spec);
}

void Recorder::erase_property(const ClassInfo& info, const PropertyInfo& property) {
  const StringIndex table = class_name(info.id);
  writer_.erase_column(table, property_name(info.id, property.id));
}

void Recorder::create(ObjectRef object, const ObjectKey& key) {
  set_object(object, key);
  writer_.create_object(place_.table, place_.object);
}

void Recorder::erase(ObjectRef object) {
  begin_place(object);
  writer_.erase_object(place_.table, place_.object);
}

void Recorder::set(const SlotRef& slot, const Value& value, WriteKind kind) {
  const Place& where = place(slot);
  writer_.update(where, to_payload(value), {.is_default = kind == WriteKind::kDefault});
}

void Recorder::add_int(const SlotRef& slot, std::int64_t operand) {
  writer_.add_integer(place(slot), operand);
}

void Recorder::list_insert(const CollectionRef& list,
                           std::uint32_t position,
                           const Value& value,
                           std::uint32_t size) {
  const Place& where = place(list, position);
  writer_.array_insert(where, to_payload(value), size);
}

void Recorder::list_set(const CollectionRef& list,
                        std::uint32_t position,
                        const Value& value,
                        std::uint32_t size) {
  const Place& where = place(list, position);
  writer_.update_element(where, to_payload(value), size);
}

void Recorder::list_move(const CollectionRef& list,
                         std::uint32_t from,
                         std::uint32_t to,
                         std::uint32_t size) {
  writer_.array_move(place(list, from), {.to = to, .prior_size = size});
}

void Recorder::list_erase(const CollectionRef& list, std::uint32_t position, std::uint32_t size) {
  writer_.array_erase(place(list, position), size);
}

void Recorder::set_insert(const CollectionRef& set, const Value& value) {
  const Place& where = place(set);
  writer_.set_insert(where, to_payload(value));
}

void Recorder::set_erase(const CollectionRef& set, const Value& value) {
  const Place& where = place(set);
  writer_.set_erase(where, to_payload(value));
}

void Recorder::dictionary_set(const CollectionRef& dictionary,
                              std::string_view key,
                              const Value& value) {
  const Place& where = place(dictionary, key);
  writer_.update(where, to_payload(value));
}

void Recorder::dictionary_erase(const CollectionRef& dictionary, std::string_view key) {
  writer_.update(place(dictionary, key), Payload(PayloadType::kErased));
}

void Recorder::clear(const CollectionRef& collection, CollectionType kind) {
  writer_.clear(place(collection), kind);
}

}  // namespace tombolo::store
