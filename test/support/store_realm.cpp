#include "test/support/store_realm.h"

#include <algorithm>
#include <bit>
#include <span>

#include "base/hex.h"
#include "store/applier.h"
#include "test/support/canonical_json.h"
#include "test/support/model_value.h"

namespace tombolo::test {
namespace {

using nlohmann::json;
using store::ClassInfo;
using store::ObjectKey;
using store::ObjectRef;
using store::PropertyInfo;
using store::RealmReader;
using store::RowId;
using store::Value;
using store::ValueType;

ModelKey to_model_key(const ObjectKey& key) {
  switch (key.type()) {
    case ObjectKey::Type::kNull: return std::monostate{};
    case ObjectKey::Type::kInt: return key.as_int();
    case ObjectKey::Type::kString: return std::string(key.as_string());
    case ObjectKey::Type::kObjectId: return key.as_object_id();
    case ObjectKey::Type::kUuid: return key.as_uuid();
    case ObjectKey::Type::kGlobalKey: return key.as_global_key();
  }
  return std::monostate{};
}

template <typename Id>
std::string id_hex(const Id& id) {
  return to_hex(std::as_bytes(std::span(id.bytes)));
}

template <typename Float>
std::string float_hex(Float value) {
  auto bytes = std::bit_cast<std::array<std::byte, sizeof(Float)>>(value);
  std::ranges::reverse(bytes);
  return to_hex(bytes);
}

json object_json(const RealmReader& realm, ObjectRef object);
json collection_json(const RealmReader& realm, const store::CollectionRef& ref);

/// `slot`: that the value stands in.
json value_json(const RealmReader& realm, const store::SlotRef& slot, const Value& value) {
  switch (value.type()) {
    case ValueType::kNull: return nullptr;
    case ValueType::kInt: return "i:" + std::to_string(value.as_int());
    case ValueType::kBool: return value.as_bool();
    case ValueType::kString: return "s:" + std::string(value.as_string());
    case ValueType::kBinary: return "b:" + to_hex(value.as_binary());
    case ValueType::kTimestamp:
      return "t:" + std::to_string(value.as_timestamp().seconds) + ":" +
             std::to_string(value.as_timestamp().nanoseconds);
    case ValueType::kFloat: return "f:" + float_hex(value.as_float());
    case ValueType::kDouble: return "d:" + float_hex(value.as_double());
    case ValueType::kDecimal: return "D:" + decimal_text(value.as_decimal());
    case ValueType::kObjectId: return "o:" + id_hex(value.as_object_id());
    case ValueType::kUuid: return "u:" + id_hex(value.as_uuid());
    case ValueType::kLink: {
      const ObjectRef target = value.as_link();
      if (realm.catalog().find_class(target.class_id)->is_embedded()) {
        return {{"obj", object_json(realm, target)}};
      }
      return "l:" + realm.catalog().find_class(target.class_id)->name + ":" +
             key_text(to_model_key(realm.key_of(target)));
    }
    case ValueType::kList:
    case ValueType::kDictionary: return collection_json(realm, {slot, value.as_collection()});
    case ValueType::kNewObject: break;
  }
  return nullptr;
}

json initial_json(const PropertyInfo& property) {
  switch (property.collection) {
    case CollectionType::kList: return json::array();
    case CollectionType::kSet: return {{"set", json::array()}};
    case CollectionType::kDictionary: return {{"dict", json::object()}};
    case CollectionType::kSingle: break;
  }
  if (property.nullable) return nullptr;
  switch (property.type) {
    case PropertyType::kInt: return "i:0";
    case PropertyType::kBool: return false;
    case PropertyType::kString: return "s:";
    case PropertyType::kBinary: return "b:";
    case PropertyType::kTimestamp: return "t:0:0";
    case PropertyType::kFloat: return "f:00000000";
    case PropertyType::kDouble: return "d:0000000000000000";
    case PropertyType::kDecimal: return "D:0E0";
    case PropertyType::kObjectId: return "o:" + id_hex(ObjectId());
    case PropertyType::kUuid: return "u:" + id_hex(Uuid());
    default: return nullptr;
  }
}

json collection_json(const RealmReader& realm, const store::CollectionRef& ref) {
  const store::CollectionReader collection = realm.collection(ref);
  json elements = json::array();
  json entries = json::object();
  for (std::uint32_t i = 0; i < collection.size(); ++i) {
    if (collection.is_hidden(i)) continue;
    json element = value_json(realm, ref.slot, collection.get(i));
    if (collection.kind() == CollectionType::kDictionary) {
      entries[std::string(collection.key(i))] = std::move(element);
    } else {
      elements.push_back(std::move(element));
    }
  }
  switch (collection.kind()) {
    case CollectionType::kDictionary: return {{"dict", std::move(entries)}};
    case CollectionType::kSet:
      std::ranges::sort(elements.get_ref<json::array_t&>(), {}, [](const json& element) {
        return element.dump();
      });
      return {{"set", std::move(elements)}};
    default: return elements;
  }
}

json object_json(const RealmReader& realm, ObjectRef object) {
  const ClassInfo& info = *realm.catalog().find_class(object.class_id);
  json fields = json::object();
  for (const PropertyInfo& property : info.properties) {
    if (property.id == info.primary_key) continue;
    const store::SlotRef slot{object.class_id, object.row, property.id};
    json value = property.is_collection() ? collection_json(realm, slot)
                                          : value_json(realm, slot, realm.get(object, property.id));
    if (value != initial_json(property)) fields[property.name] = std::move(value);
  }
  return fields;
}

}  // namespace

json state_json(const RealmReader& realm) {
  json state = json::object();
  for (const ClassInfo& info : realm.catalog().classes()) {
    if (info.is_embedded()) continue;
    for (RowId row = realm.first_row(info.id); row != store::kNoRow;
         row = realm.next_row(info.id, row)) {
      const ObjectKey key = realm.key_of({info.id, row});
      state[info.name][key_text(to_model_key(key))] = object_json(realm, {info.id, row});
    }
  }
  return state;
}

json schema_json(const RealmReader& realm) {
  json schema = json::object();
  for (const ClassSchema& info : realm.schema().classes) {
    json& form = schema[info.name];
    form["kind"] = to_string(info.kind);
    form["cols"] = json::object();
    for (const Property& property : info.properties) {
      if (property.name == info.primary_key) {
        form["pk"] = property.name + ":" + type_text(property);
      } else {
        form["cols"][property.name] = type_text(property);
      }
    }
  }
  return schema;
}

store::EncryptionKey encryption_key(std::uint8_t number) {
  store::EncryptionKey key{};
  key.front() = std::byte{number};
  return key;
}

void StoreRealm::reset() {
  environment_.reset();
  directory_.emplace();
  reopen();
}

void StoreRealm::reopen() {
  environment_.reset();
  environment_ = store::Environment::open(
      path(), {.durability = store::Durability::kDeferred, .encryption_key = key_});
}

Result<void> StoreRealm::apply(BytesView changeset) {
  store::WriteTransaction transaction = environment_->begin_write();
  const Result<void> result = store::Applier(transaction.realm()).apply(changeset);
  if (result) transaction.commit();
  return result;
}

json StoreRealm::state() const {
  return state_json(environment_->begin_read().realm());
}

json StoreRealm::schema() const {
  return schema_json(environment_->begin_read().realm());
}

}  // namespace tombolo::test
