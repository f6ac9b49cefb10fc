#include "store/applier.h"

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/assertion.h"
#include "base/error.h"
#include "changeset/reader.h"
#include "store/realm_state.h"

namespace tombolo::store {

using changeset::ChangesetReader;
using changeset::Instruction;
using changeset::LinkTarget;
using changeset::Opcode;
using changeset::PathElement;
using changeset::Payload;
using changeset::PayloadType;
using changeset::PrimaryKey;
using changeset::StringIndex;

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kBadChangeset, what);
}

/// Whether a failure says that an instruction does not fit, and not that the world failed.
bool is_refusal(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kBadChangeset:
    case ErrorCode::kTypeMismatch:
    case ErrorCode::kObjectDeleted:
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kInvalidSchema:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kLimitExceeded: return true;
    default: return false;
  }
}

bool same_key(const PrimaryKey& left, const PrimaryKey& right) noexcept {
  if (left.type != right.type) return false;
  switch (left.type) {
    case PayloadType::kInt: return left.integer == right.integer;
    case PayloadType::kString: return left.string == right.string;
    case PayloadType::kObjectId: return left.object_id == right.object_id;
    case PayloadType::kUuid: return left.uuid == right.uuid;
    case PayloadType::kGlobalKey: return left.global_key == right.global_key;
    default: return true;
  }
}

}  // namespace

/// Executes one instruction after the other. What it knows of names lasts for one changeset, and
/// for as long as the schema stays as it is.
class Applier::Machine {
 public:
  explicit Machine(RealmWriter& realm) : realm_(realm), state_(realm.state()) {}

  [[nodiscard]] Result<void> apply(BytesView bytes) {
    const Recording recording = realm_.recording();
    realm_.set_recording(Recording::kOff);
    Result<void> result = apply_all(bytes);
    realm_.set_recording(recording);
    return result;
  }

 private:
  [[nodiscard]] Result<void> apply_all(BytesView bytes) {
    reader_.reset(bytes);
    forget_names();
    for (std::size_t position = 0;; ++position) {
      const Result<const Instruction*> instruction = reader_.next();
      if (!instruction) return instruction.error();
      if (*instruction == nullptr) return {};
      try {
        apply(**instruction);
      } catch (const Error& error) {
        if (!is_refusal(error.code())) throw;
        return Error::caused_by(ErrorCode::kBadChangeset, describe(**instruction, position), error);
      }
      state_.limit_memory();
    }
  }

  void apply(const Instruction& instruction) {
    switch (instruction.opcode) {
      case Opcode::kAddTable: return add_table(instruction);
      case Opcode::kEraseTable: return erase_table(instruction);
      case Opcode::kAddColumn: return add_column(instruction);
      case Opcode::kEraseColumn: return erase_column(instruction);
      case Opcode::kCreateObject: return create_object(instruction);
      case Opcode::kEraseObject: return erase_object(instruction);
      case Opcode::kUpdate: return update(instruction);
      case Opcode::kAddInteger: return add_integer(instruction);
      case Opcode::kArrayInsert: return array_insert(instruction);
      case Opcode::kArrayMove: return array_move(instruction);
      case Opcode::kArrayErase: return array_erase(instruction);
      case Opcode::kClear: return clear(instruction);
      case Opcode::kSetInsert:
      case Opcode::kSetErase: refuse("the property is no set");
    }
  }

  // Names and keys.

  void forget_names() {
    classes_.clear();
    properties_.clear();
    object_.reset();
  }

  [[nodiscard]] ClassStore& class_of(StringIndex table) {
    if (table.value() >= classes_.size()) classes_.resize(table.value() + 1);
    ClassStore*& store = classes_[table.value()];
    if (store == nullptr) {
      const ClassInfo* info = state_.catalog().find_class(reader_.string(table));
      if (info == nullptr) refuse("the class does not exist");
      store = &state_.class_store(info->id);
    }
    return *store;
  }

  [[nodiscard]] const PropertyInfo& property_of(const ClassStore& store, StringIndex field) {
    if (field.value() >= properties_.size()) properties_.resize(field.value() + 1);
    NamedProperty& named = properties_[field.value()];
    if (named.owner != &store) {
      named = {&store, store.info().find_property(reader_.string(field))};
      if (named.property == nullptr) {
        named.owner = nullptr;
        refuse("the property does not exist");
      }
    }
    if (store.info().primary_key == named.property->id) refuse("the primary key cannot be changed");
    return *named.property;
  }

  /// The key, which must be of the kind that the class needs.
  [[nodiscard]] ObjectKey key_of(const ClassStore& store, const PrimaryKey& key) {
    const ObjectKey result = to_object_key(reader_, key);
    if (!is_key_of(store.info(), result)) refuse("the key is not of the class's kind");
    return state_.to_stored(result);
  }

  /// The place of a path instruction: an object that is there and a property that it has.
  struct Target {
    ObjectRef object;
    const PropertyInfo& property;
    [[nodiscard]] SlotRef slot() const { return {object.class_id, object.row, property.id}; }
  };
  [[nodiscard]] Target target_of(const Instruction& instruction) {
    ClassStore& store = class_of(instruction.table);
    if (!object_ || object_->store != &store || !same_key(object_->key, instruction.object)) {
      const auto found = store.find(key_of(store, instruction.object));
      if (!found || found->is_tombstone) refuse("the object does not exist");
      object_ = {&store, instruction.object, found->row};
    }
    return {{store.info().id, object_->row}, property_of(store, instruction.field)};
  }
  [[nodiscard]] Target single_target(const Instruction& instruction) {
    const Target target = target_of(instruction);
    if (target.property.is_list()) refuse("the path ends on a whole list");
    if (instruction.path.count != 0) refuse("the path leads into a value that has no inside");
    return target;
  }

  struct ListPosition {
    Target target;
    std::uint32_t position;
    std::uint32_t size;
  };
  [[nodiscard]] ListPosition list_position(const Instruction& instruction) {
    const Target target = target_of(instruction);
    if (!target.property.is_list()) refuse("the property is no list");
    const std::span<const PathElement> path = reader_.path(instruction);
    if (path.size() != 1 || !path[0].is_index()) refuse("the path leads to no element of the list");
    const std::uint32_t size = state_.list(target.slot(), target.property).size();
    if (instruction.prior_size != size) {
      refuse("the list has " + std::to_string(size) + " elements, not " +
             std::to_string(instruction.prior_size));
    }
    return {target, path[0].position(), size};
  }

  // Schema.

  void add_table(const Instruction& instruction) {
    const changeset::TableSpec& spec = instruction.table_spec;
    const std::string name(reader_.string(instruction.table));
    ClassSchema wanted{.name = name, .kind = spec.kind, .primary_key = {}, .properties = {}};
    if (spec.kind != ClassKind::kEmbedded && spec.primary_key_type != PayloadType::kGlobalKey) {
      wanted.primary_key = reader_.string(spec.primary_key);
      wanted.properties.push_back({.name = wanted.primary_key,
                                   .type = static_cast<PropertyType>(spec.primary_key_type),
                                   .collection = CollectionType::kSingle,
                                   .nullable = spec.primary_key_nullable,
                                   .target = {}});
    }
    const ClassInfo* info = state_.catalog().find_class(name);
    if (info == nullptr) {
      realm_.add_class(wanted);
      return forget_names();
    }
    const bool is_same =
        info->kind == wanted.kind && info->primary_key.has_value() != wanted.primary_key.empty() &&
        (!info->primary_key || (info->key_property().name == wanted.primary_key &&
                                info->key_property().type == wanted.properties.front().type &&
                                info->key_property().nullable == spec.primary_key_nullable));
    if (!is_same) refuse("the class exists with other properties");
  }

  void erase_table(const Instruction& instruction) {
    realm_.erase_class(class_of(instruction.table).info().id);
    forget_names();
  }

  void add_column(const Instruction& instruction) {
    const ClassInfo& owner = class_of(instruction.table).info();
    const changeset::ColumnSpec& spec = instruction.column_spec;
    Property wanted{.name = std::string(reader_.string(instruction.field)),
                    .type = spec.type,
                    .collection = spec.collection,
                    .nullable = spec.nullable,
                    .target = {}};
    if (spec.type == PropertyType::kLink) wanted.target = reader_.string(spec.target);
    const PropertyInfo* found = owner.find_property(wanted.name);
    if (found == nullptr) {
      realm_.add_property(owner.id, wanted);
      return forget_names();
    }
    const ClassInfo* target = state_.catalog().find_class(found->target);
    const bool is_same =
        found->type == wanted.type && found->collection == wanted.collection &&
        found->nullable == wanted.nullable &&
        (target == nullptr ? wanted.target.empty() : target->name == wanted.target);
    if (!is_same) refuse("the property exists with another type");
  }

  void erase_column(const Instruction& instruction) {
    ClassStore& store = class_of(instruction.table);
    const PropertyId property = property_of(store, instruction.field).id;
    realm_.erase_property(store.info().id, property);
    forget_names();
  }

  // Objects.

  void create_object(const Instruction& instruction) {
    ClassStore& store = class_of(instruction.table);
    const Created created = state_.create(store.info().id, key_of(store, instruction.object));
    object_ = {&store, instruction.object, created.row};
  }

  void erase_object(const Instruction& instruction) {
    ClassStore& store = class_of(instruction.table);
    const auto found = store.find(key_of(store, instruction.object));
    object_.reset();
    if (found && !found->is_tombstone) state_.erase({store.info().id, found->row}, true);
  }

  // Values.

  /// The value as the store keeps it; a link to a missing object makes a tombstone.
  [[nodiscard]] Value value_for(const Target& target, const Payload& payload) {
    Value value;
    switch (payload.type) {
      case PayloadType::kNull: break;
      case PayloadType::kInt: value = Value::of_int(payload.integer); break;
      case PayloadType::kBool: value = Value::of_bool(payload.boolean); break;
      case PayloadType::kString: value = Value::of_string(payload.text); break;
      case PayloadType::kBinary: value = Value::of_binary(as_bytes(payload.text)); break;
      case PayloadType::kTimestamp: value = Value::of_timestamp(payload.timestamp); break;
      case PayloadType::kFloat: value = Value::of_float(payload.single); break;
      case PayloadType::kDouble: value = Value::of_double(payload.real); break;
      case PayloadType::kDecimal: value = Value::of_decimal(payload.decimal); break;
      case PayloadType::kObjectId: value = Value::of_object_id(payload.object_id); break;
      case PayloadType::kUuid: value = Value::of_uuid(payload.uuid); break;
      case PayloadType::kLink: value = link_for(target.property, payload.link); break;
      default: refuse("the property cannot hold such a value");
    }
    check_value(state_.class_store(target.object.class_id).info(), target.property, value);
    return value;
  }

  [[nodiscard]] Value link_for(const PropertyInfo& property, const LinkTarget& link) {
    ClassStore& store = class_of(link.table);
    const ObjectKey key = key_of(store, link.object);
    if (property.type != PropertyType::kLink || property.target != store.info().id) {
      refuse("the property cannot hold a link to that class");
    }
    return Value::of_link({store.info().id, state_.link_target(store.info().id, key)});
  }

  void update(const Instruction& instruction) {
    if (instruction.path.count == 0) {
      const Target target = single_target(instruction);
      state_.write(target.object, target.property, value_for(target, instruction.value));
      return;
    }
    const ListPosition at = list_position(instruction);
    if (at.position >= at.size) refuse("the position is beyond the end of the list");
    state_.list_set(
        at.target.slot(), at.target.property, at.position, value_for(at.target, instruction.value));
  }

  void add_integer(const Instruction& instruction) {
    const Target target = single_target(instruction);
    if (target.property.type != PropertyType::kInt) refuse("the property is no int");
    const Value before = state_.read(target.object, target.property);
    if (before.is_null()) return;
    const std::uint64_t sum = static_cast<std::uint64_t>(before.as_int()) +
                              static_cast<std::uint64_t>(instruction.value.integer);
    state_.write(target.object, target.property, Value::of_int(static_cast<std::int64_t>(sum)));
  }

  void array_insert(const Instruction& instruction) {
    const ListPosition at = list_position(instruction);
    if (at.position > at.size) refuse("the position is beyond the end of the list");
    state_.list_insert(
        at.target.slot(), at.target.property, at.position, value_for(at.target, instruction.value));
  }

  void array_move(const Instruction& instruction) {
    const ListPosition at = list_position(instruction);
    if (at.position >= at.size || instruction.move_to >= at.size) {
      refuse("the position is beyond the end of the list");
    }
    if (at.position == instruction.move_to) refuse("the element is moved to its own place");
    state_.list_move(at.target.slot(), at.target.property, at.position, instruction.move_to);
  }

  void array_erase(const Instruction& instruction) {
    const ListPosition at = list_position(instruction);
    if (at.position >= at.size) refuse("the position is beyond the end of the list");
    state_.list_erase(at.target.slot(), at.target.property, at.position);
  }

  void clear(const Instruction& instruction) {
    const Target target = target_of(instruction);
    const bool is_list = target.property.is_list() && instruction.path.count == 0 &&
                         (instruction.collection == CollectionType::kSingle ||
                          instruction.collection == CollectionType::kList);
    if (!is_list) refuse("the path leads to no list");
    state_.list_clear(target.slot(), target.property);
  }

  [[nodiscard]] std::string describe(const Instruction& instruction, std::size_t position) const {
    std::string text = "instruction " + std::to_string(position) + " on class '" +
                       std::string(reader_.string(instruction.table)) + "'";
    if (changeset::is_path_instruction(instruction.opcode) ||
        instruction.opcode == Opcode::kAddColumn || instruction.opcode == Opcode::kEraseColumn) {
      text += ", property '" + std::string(reader_.string(instruction.field)) + "'";
    }
    return text;
  }

  struct NamedProperty {
    const ClassStore* owner = nullptr;
    const PropertyInfo* property = nullptr;
  };
  struct NamedObject {
    const ClassStore* store;
    PrimaryKey key;
    RowId row;
  };

  RealmWriter& realm_;
  RealmState& state_;
  ChangesetReader reader_;
  std::vector<ClassStore*> classes_;       ///< By string index.
  std::vector<NamedProperty> properties_;  ///< By string index, for the class met last.
  std::optional<NamedObject> object_;      ///< The object of the instruction before.
};

ObjectKey to_object_key(const ChangesetReader& reader, const PrimaryKey& key) {
  switch (key.type) {
    case PayloadType::kInt: return ObjectKey::of_int(key.integer);
    case PayloadType::kString: return ObjectKey::of_string(reader.string(key.string));
    case PayloadType::kObjectId: return ObjectKey::of_object_id(key.object_id);
    case PayloadType::kUuid: return ObjectKey::of_uuid(key.uuid);
    case PayloadType::kGlobalKey: return ObjectKey::of_global_key(key.global_key);
    default: return ObjectKey::null();
  }
}

Applier::Applier(RealmWriter& realm) : machine_(std::make_unique<Machine>(realm)) {}
Applier::~Applier() = default;

Result<void> Applier::apply(BytesView changeset) {
  return machine_->apply(changeset);
}

}  // namespace tombolo::store
