#include "test/support/store_writing.h"

#include <optional>
#include <string>
#include <variant>

#include "base/error.h"
#include "store/realm_state.h"

namespace tombolo::test {
namespace {

using namespace changeset;  // NOLINT: the whole file is about its types
using store::CollectionReader;
using store::CollectionRef;
using store::NewContent;
using store::ObjectKey;
using store::ObjectRef;
using store::PropertyInfo;
using store::RealmWriter;
using store::SlotRef;
using store::Value;
using store::ValueType;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, what);
}

/// Where an instruction goes: a property, a whole collection, or a place in one.
struct Spot {
  SlotRef slot;
  const PropertyInfo* property;
  std::optional<CollectionRef> collection;
  bool is_whole = false;
  std::uint32_t position = 0;
  std::string_view key = {};
  Value value = {};
};

using Content = std::variant<Value, NewContent>;

class Writing {
 public:
  Writing(RealmWriter& realm, const Changeset& changeset) : realm_(realm), changeset_(changeset) {}

  void perform(const Instruction& instruction) {
    switch (instruction.opcode) {
      case Opcode::kAddTable: return add_table(instruction);
      case Opcode::kAddColumn: return add_column(instruction);
      case Opcode::kEraseTable: return realm_.erase_class(class_of(instruction.table).id);
      case Opcode::kEraseColumn: {
        const store::ClassInfo& info = class_of(instruction.table);
        return realm_.erase_property(info.id, info.find_property(name(instruction.field))->id);
      }
      case Opcode::kCreateObject:
        (void)realm_.create(class_of(instruction.table).id, key_of(instruction.object));
        return;
      case Opcode::kEraseObject:
        return realm_.erase(object_of(instruction.table, instruction.object));
      case Opcode::kUpdate: return update(instruction);
      case Opcode::kAddInteger: {
        const Spot spot = spot_of(instruction);
        return realm_.add_int(spot.slot.object(), spot.property->id, instruction.value.integer);
      }
      case Opcode::kArrayInsert: return insert(instruction);
      case Opcode::kArrayMove: {
        const Spot spot = spot_of(instruction);
        return realm_.list_move(*spot.collection, spot.position, instruction.move_to);
      }
      case Opcode::kArrayErase: {
        const Spot spot = spot_of(instruction);
        return realm_.list_erase(*spot.collection, spot.position);
      }
      case Opcode::kClear: return clear(instruction);
      case Opcode::kSetInsert:
      case Opcode::kSetErase: {
        const Spot spot = spot_of(instruction);
        const auto content = content_of(instruction.value);
        if (!content) return;
        const Value& value = std::get<Value>(*content);
        (void)(instruction.opcode == Opcode::kSetInsert
                   ? realm_.set_insert(*spot.collection, value)
                   : realm_.set_erase(*spot.collection, value));
      }
    }
  }

 private:
  [[nodiscard]] std::string_view name(StringIndex index) const { return changeset_.string(index); }
  [[nodiscard]] const store::ClassInfo& class_of(StringIndex table) const {
    const store::ClassInfo* found = realm_.catalog().find_class(name(table));
    if (found == nullptr) refuse("no class " + std::string(name(table)));
    return *found;
  }
  [[nodiscard]] ObjectKey key_of(const PrimaryKey& key) const {
    switch (key.type) {
      case PayloadType::kInt: return ObjectKey::of_int(key.integer);
      case PayloadType::kString: return ObjectKey::of_string(name(key.string));
      case PayloadType::kObjectId: return ObjectKey::of_object_id(key.object_id);
      case PayloadType::kUuid: return ObjectKey::of_uuid(key.uuid);
      case PayloadType::kGlobalKey: return ObjectKey::of_global_key(key.global_key);
      default: return ObjectKey::null();
    }
  }
  [[nodiscard]] ObjectRef object_of(StringIndex table, const PrimaryKey& key) const {
    const store::ClassInfo& info = class_of(table);
    const auto row = realm_.find(info.id, key_of(key));
    if (!row) refuse("no such object of " + info.name);
    return {info.id, *row};
  }

  void add_table(const Instruction& instruction) {
    const TableSpec& spec = instruction.table_spec;
    ClassSchema added{
        .name = std::string(name(instruction.table)), .kind = spec.kind, .primary_key = ""};
    if (spec.kind != ClassKind::kEmbedded && spec.primary_key_type != PayloadType::kGlobalKey) {
      added.primary_key = name(spec.primary_key);
      added.properties.push_back({.name = added.primary_key,
                                  .type = static_cast<PropertyType>(spec.primary_key_type),
                                  .nullable = spec.primary_key_nullable});
    }
    (void)realm_.add_class(added);
  }
  void add_column(const Instruction& instruction) {
    const ColumnSpec& spec = instruction.column_spec;
    Property added{.name = std::string(name(instruction.field)),
                   .type = spec.type,
                   .collection = spec.collection,
                   .nullable = spec.nullable};
    if (spec.type == PropertyType::kLink) added.target = name(spec.target);
    (void)realm_.add_property(class_of(instruction.table).id, added);
  }

  [[nodiscard]] Spot property_spot(ObjectRef object, StringIndex field) const {
    const PropertyInfo* property =
        realm_.catalog().find_class(object.class_id)->find_property(name(field));
    if (property == nullptr) refuse("no property " + std::string(name(field)));
    const SlotRef slot{object.class_id, object.row, property->id};
    if (property->is_collection()) return {slot, property, CollectionRef(slot), true};
    return {slot, property, std::nullopt, false, 0, {}, realm_.state().read(object, *property)};
  }
  [[nodiscard]] Spot spot_of(const Instruction& instruction) const {
    Spot spot = property_spot(object_of(instruction.table, instruction.object), instruction.field);
    for (const PathElement element : changeset_.path(instruction)) {
      if (spot.is_whole || spot.value.is_collection()) {
        if (!spot.is_whole) spot.collection = {spot.slot, spot.value.as_collection()};
        spot.is_whole = false;
        const CollectionReader collection = realm_.collection(*spot.collection);
        if (element.is_index()) {
          spot.position = element.position();
          spot.value = spot.position < collection.size() ? collection.get(spot.position) : Value();
        } else {
          spot.key = name(element.name());
          const auto found = collection.find_key(spot.key);
          spot.value = found ? collection.get(*found) : Value();
        }
      } else {
        if (spot.value.type() != ValueType::kLink) refuse("a path that leads nowhere");
        spot = property_spot(spot.value.as_link(), element.name());
      }
    }
    return spot;
  }

  /// nullopt: a link to an object that is not there.
  [[nodiscard]] std::optional<Content> content_of(const Payload& payload) const {
    switch (payload.type) {
      case PayloadType::kInt: return Value::of_int(payload.integer);
      case PayloadType::kBool: return Value::of_bool(payload.boolean);
      case PayloadType::kString: return Value::of_string(payload.text);
      case PayloadType::kBinary: return Value::of_binary(as_bytes(payload.text));
      case PayloadType::kTimestamp: return Value::of_timestamp(payload.timestamp);
      case PayloadType::kFloat: return Value::of_float(payload.single);
      case PayloadType::kDouble: return Value::of_double(payload.real);
      case PayloadType::kDecimal: return Value::of_decimal(payload.decimal);
      case PayloadType::kObjectId: return Value::of_object_id(payload.object_id);
      case PayloadType::kUuid: return Value::of_uuid(payload.uuid);
      case PayloadType::kLink: {
        const store::ClassInfo& info = class_of(payload.link.table);
        const auto row = realm_.find(info.id, key_of(payload.link.object));
        if (!row) return std::nullopt;
        return Value::of_link({info.id, *row});
      }
      case PayloadType::kObjectValue: return NewContent::kObject;
      case PayloadType::kList: return NewContent::kList;
      case PayloadType::kDictionary: return NewContent::kDictionary;
      default: return Value::null();
    }
  }

  void update(const Instruction& instruction) {
    const Spot spot = spot_of(instruction);
    if (instruction.value.type == PayloadType::kErased) {
      (void)realm_.dictionary_erase(*spot.collection, spot.key);
      return;
    }
    const auto content = content_of(instruction.value);
    if (!content) return;
    const bool is_element =
        spot.collection && realm_.collection(*spot.collection).kind() == CollectionType::kList;
    const auto kind =
        instruction.is_default ? store::WriteKind::kDefault : store::WriteKind::kExplicit;
    if (const auto* made = std::get_if<NewContent>(&*content)) {
      if (!spot.collection) {
        (void)realm_.set(spot.slot.object(), spot.property->id, *made);
      } else if (is_element) {
        (void)realm_.list_set(*spot.collection, spot.position, *made);
      } else {
        (void)realm_.dictionary_set(*spot.collection, spot.key, *made);
      }
      return;
    }
    const Value& value = std::get<Value>(*content);
    if (!spot.collection) {
      realm_.set(spot.slot.object(), spot.property->id, value, kind);
    } else if (is_element) {
      realm_.list_set(*spot.collection, spot.position, value);
    } else {
      realm_.dictionary_set(*spot.collection, spot.key, value);
    }
  }

  void insert(const Instruction& instruction) {
    const Spot spot = spot_of(instruction);
    const auto content = content_of(instruction.value);
    if (!content) return;
    if (const auto* made = std::get_if<NewContent>(&*content)) {
      (void)realm_.list_insert(*spot.collection, spot.position, *made);
    } else {
      realm_.list_insert(*spot.collection, spot.position, std::get<Value>(*content));
    }
  }

  void clear(const Instruction& instruction) {
    const Spot spot = spot_of(instruction);
    const CollectionRef ref =
        spot.is_whole ? *spot.collection : CollectionRef(spot.slot, spot.value.as_collection());
    switch (realm_.collection(ref).kind()) {
      case CollectionType::kSet: return realm_.set_clear(ref);
      case CollectionType::kDictionary: return realm_.dictionary_clear(ref);
      default: return realm_.list_clear(ref);
    }
  }

  RealmWriter& realm_;
  const Changeset& changeset_;
};

}  // namespace

void write_as_application(RealmWriter& realm, const Changeset& changeset) {
  Writing writing(realm, changeset);
  for (const Instruction& instruction : changeset.instructions) writing.perform(instruction);
}

}  // namespace tombolo::test
