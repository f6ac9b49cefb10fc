#include "store/query_objects.h"

#include "base/assertion.h"
#include "base/error.h"
#include "store/catalog.h"

namespace tombolo::store {
namespace {

ObjectRef to_ref(query::ObjectHandle object) noexcept {
  return {ClassId(object.class_id), RowId(object.row)};
}

}  // namespace

query::QuerySchema make_query_schema(const Catalog& catalog) {
  query::QuerySchema schema;
  for (const ClassInfo& info : catalog.classes()) {
    query::QueryClass& made = schema.classes.emplace_back();
    made.name = info.name;
    made.kind = info.kind;
    made.id = info.id.value();
    if (info.primary_key) made.primary_key = info.key_property().name;
  }
  for (std::size_t i = 0; i < catalog.classes().size(); ++i) {
    for (const PropertyInfo& info : catalog.classes()[i].properties) {
      query::QueryProperty& made = schema.classes[i].properties.emplace_back();
      made.name = info.name;
      made.type = info.type;
      made.collection = info.collection;
      made.nullable = info.nullable;
      made.id = info.id.value();
      made.has_full_text_index = info.index == IndexType::kFullText;
      const ClassInfo* target =
          info.type == PropertyType::kLink ? catalog.find_class(info.target) : nullptr;
      if (target != nullptr) made.target = schema.find_class(target->name);
    }
  }
  return schema;
}

query::Value to_query_value(const Value& value) {
  switch (value.type()) {
    case ValueType::kNull: return {};
    case ValueType::kInt: return query::Value::of_int(value.as_int());
    case ValueType::kBool: return query::Value::of_bool(value.as_bool());
    case ValueType::kString: return query::Value::of_string(value.text());
    case ValueType::kBinary: return query::Value::of_binary(value.text());
    case ValueType::kTimestamp: return query::Value::of_timestamp(value.as_timestamp());
    case ValueType::kFloat: return query::Value::of_float(value.as_float());
    case ValueType::kDouble: return query::Value::of_double(value.as_double());
    case ValueType::kDecimal: return query::Value::of_decimal(value.as_decimal());
    case ValueType::kLink: return query::Value::of_link(to_handle(value.as_link()));
    case ValueType::kObjectId: return query::Value::of_object_id(value.as_object_id());
    case ValueType::kUuid: return query::Value::of_uuid(value.as_uuid());
    case ValueType::kList:
    case ValueType::kDictionary:
    case ValueType::kNewObject: return {};
  }
  return {};
}

std::optional<Value> to_store_value(const query::Value& value) {
  switch (value.kind()) {
    case query::ValueKind::kNull: return Value::null();
    case query::ValueKind::kBool: return Value::of_bool(value.as_bool());
    case query::ValueKind::kInt: return Value::of_int(value.as_int());
    case query::ValueKind::kFloat: return Value::of_float(static_cast<float>(value.as_real()));
    case query::ValueKind::kDouble: return Value::of_double(value.as_real());
    case query::ValueKind::kDecimal: return Value::of_decimal(value.as_decimal());
    case query::ValueKind::kString: return Value::of_string(value.as_text());
    case query::ValueKind::kBinary: return Value::of_binary(as_bytes(value.as_text()));
    case query::ValueKind::kTimestamp: return Value::of_timestamp(value.as_timestamp());
    case query::ValueKind::kObjectId: return Value::of_object_id(value.as_object_id());
    case query::ValueKind::kUuid: return Value::of_uuid(value.as_uuid());
    case query::ValueKind::kLink: return Value::of_link(to_ref(value.as_link()));
    case query::ValueKind::kList:
    case query::ValueKind::kSet:
    case query::ValueKind::kDictionary:
    case query::ValueKind::kTypes: return std::nullopt;
  }
  return std::nullopt;
}

query::Value RealmObjects::get(query::ObjectHandle object, std::uint32_t property) {
  const ObjectRef ref = to_ref(object);
  const PropertyInfo* info =
      realm_.catalog().find_class(ref.class_id)->find_property(PropertyId(property));
  TOMBOLO_ASSERT(info != nullptr);
  const SlotRef slot{ref.class_id, ref.row, info->id};
  return info->is_collection() ? open(slot) : convert(slot, realm_.get(ref, info->id));
}

query::Value RealmObjects::convert(const SlotRef& slot, const Value& value) {
  if (value.is_collection()) return open({slot, value.as_collection()});
  return to_query_value(value);
}

query::Value RealmObjects::open(const CollectionRef& ref) {
  Opened& opened =
      *collections_.emplace_back(std::make_unique<Opened>(Opened{realm_.collection(ref), 0, {}}));
  const CollectionReader& reader = opened.reader;
  opened.visible_size = reader.visible_size();
  if (opened.visible_size != reader.size()) {
    for (std::uint32_t position = 0; position < reader.size(); ++position) {
      if (!reader.is_hidden(position)) opened.positions.push_back(position);
    }
  }
  query::ValueKind kind = query::ValueKind::kList;
  if (reader.kind() == CollectionType::kSet) kind = query::ValueKind::kSet;
  if (reader.kind() == CollectionType::kDictionary) kind = query::ValueKind::kDictionary;
  return query::Value::of_collection(kind, {collections_.size() - 1, 0});
}

std::size_t RealmObjects::size(query::CollectionHandle collection) {
  return collections_[collection.first]->visible_size;
}

query::Value RealmObjects::element(query::CollectionHandle collection, std::size_t index) {
  const Opened& opened = *collections_[collection.first];
  const auto position = static_cast<std::uint32_t>(index);
  return convert(
      opened.reader.ref().slot,
      opened.reader.get(opened.positions.empty() ? position : opened.positions[position]));
}

std::string_view RealmObjects::key(query::CollectionHandle dictionary, std::size_t index) {
  return collections_[dictionary.first]->reader.key(static_cast<std::uint32_t>(index));
}

std::optional<query::Value> RealmObjects::find(query::CollectionHandle dictionary,
                                               std::string_view key) {
  const CollectionReader& reader = collections_[dictionary.first]->reader;
  const auto position = reader.find_key(key);
  if (!position) return std::nullopt;
  return convert(reader.ref().slot, reader.get(*position));
}

void RealmObjects::for_each_backlink(query::ObjectHandle target,
                                     std::uint32_t class_id,
                                     std::uint32_t property,
                                     const std::function<void(query::ObjectHandle)>& visit) {
  // They are ordered by class, property and row.
  const SlotRef before{ClassId(class_id), kNoRow, PropertyId(property)};
  for (auto link = realm_.next_backlink(to_ref(target), before);
       link && link->origin.class_id == before.class_id && link->origin.property == before.property;
       link = realm_.next_backlink(to_ref(target), link->origin)) {
    for (std::uint32_t i = 0; i < link->count; ++i) visit(to_handle(link->origin.object()));
  }
}

std::uint64_t RealmObjects::count_backlinks(query::ObjectHandle target) {
  std::uint64_t count = 0;
  realm_.for_each_backlink(to_ref(target), [&](const Backlink& link) {
    count += link.count;
    return true;
  });
  return count;
}

std::optional<query::ObjectHandle> RealmObjects::find_object(std::uint32_t class_id,
                                                             const query::Value& key) {
  const auto value = to_store_value(key);
  if (!value) return std::nullopt;
  const auto row = realm_.find(ClassId(class_id), ObjectKey::of(*value));
  if (!row) return std::nullopt;
  return query::ObjectHandle{class_id, row->value()};
}

}  // namespace tombolo::store
