#include "store/applier.h"

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assertion.h"
#include "base/error.h"
#include "changeset/reader.h"
#include "store/realm_state.h"
#include "store/value_check.h"

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

/// What a path leads to: a property, a collection that a property is, an element of a list or an
/// entry of a dictionary. It may be missing where something is about to be put there.
struct Spot {
  enum class Kind : std::uint8_t { kProperty, kCollection, kElement, kEntry };
  Kind kind;
  /// The slot of the property, or the collection that it is or stands in.
  CollectionRef where;
  const PropertyInfo* property;
  CollectionType collection;  ///< Of `where`, unless that is a single property.
  std::uint32_t position = 0;
  std::uint32_t size = 0;  ///< Of the list.
  std::string_view key = {};
};

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
      case Opcode::kSetInsert: return set_insert(instruction);
      case Opcode::kSetErase: return set_erase(instruction);
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

  /// The property that a path instruction names, of an object that is there.
  [[nodiscard]] Spot property_spot(const Instruction& instruction) {
    ClassStore& store = class_of(instruction.table);
    if (!object_ || object_->store != &store || !same_key(object_->key, instruction.object)) {
      const auto found = store.find(key_of(store, instruction.object));
      if (!found || found->is_tombstone) refuse("the object does not exist");
      object_ = {&store, instruction.object, found->row};
    }
    return spot_of(store, object_->row, instruction.field);
  }
  [[nodiscard]] Spot spot_of(const ClassStore& store, RowId row, StringIndex field) {
    const PropertyInfo& property = property_of(store, field);
    return {.kind = property.is_collection() ? Spot::Kind::kCollection : Spot::Kind::kProperty,
            .where = SlotRef{store.info().id, row, property.id},
            .property = &property,
            .collection = property.collection};
  }

  /// One step further in. The last step of an Update may lead to a key that is not there.
  [[nodiscard]] Spot step(const Spot& outer, PathElement element, bool may_be_missing) {
    Spot inner = outer;
    if (outer.kind != Spot::Kind::kCollection) {
      const Value value = value_of(outer);
      if (value.type() == ValueType::kLink && state_.is_embedded(value.as_link().class_id)) {
        if (!element.is_key()) refuse("a position where an embedded object is");
        const ObjectRef object = value.as_link();
        return spot_of(state_.class_store(object.class_id), object.row, element.name());
      }
      if (!value.is_collection()) refuse("the path leads into a value that has no inside");
      inner.where.id = value.as_collection();
      inner.collection =
          value.type() == ValueType::kList ? CollectionType::kList : CollectionType::kDictionary;
    }
    if (element.is_index()) {
      if (inner.collection != CollectionType::kList) refuse("a position where no list is");
      inner.kind = Spot::Kind::kElement;
      inner.position = element.position();
      inner.size = state_.open(inner.where).tree.size();
      if (!may_be_missing && inner.position >= inner.size) {
        refuse("the position is beyond the end of the list");
      }
      return inner;
    }
    if (inner.collection != CollectionType::kDictionary) {
      refuse("a name where neither a dictionary nor an embedded object is");
    }
    inner.kind = Spot::Kind::kEntry;
    inner.key = reader_.string(element.name());
    if (!may_be_missing &&
        !RealmState::find_key(state_.open(inner.where).tree, inner.key).is_equal) {
      refuse("the dictionary has no such key");
    }
    return inner;
  }

  /// Where the path ends.
  [[nodiscard]] Spot spot(const Instruction& instruction, bool may_be_missing = false) {
    Spot found = property_spot(instruction);
    const std::span<const PathElement> path = reader_.path(instruction);
    for (std::size_t i = 0; i < path.size(); ++i) {
      found = step(found, path[i], may_be_missing && i + 1 == path.size());
    }
    return found;
  }

  [[nodiscard]] Value value_of(const Spot& spot) {
    switch (spot.kind) {
      case Spot::Kind::kProperty: return state_.read(spot.where.slot.object(), *spot.property);
      case Spot::Kind::kElement:
        return RealmState::value_at(state_.open(spot.where), spot.position);
      case Spot::Kind::kEntry: {
        const OpenCollection opened = state_.open(spot.where);
        const auto found = RealmState::find_key(opened.tree, spot.key);
        return found.is_equal ? RealmState::value_at(opened, found.position) : Value::null();
      }
      case Spot::Kind::kCollection: break;
    }
    refuse("the path ends on a whole collection");
  }
  void write(const Spot& spot, const Value& value) {
    switch (spot.kind) {
      case Spot::Kind::kProperty:
        (void)state_.write(spot.where.slot.object(), *spot.property, value);
        return;
      case Spot::Kind::kElement: (void)state_.list_set(spot.where, spot.position, value); return;
      case Spot::Kind::kEntry: (void)state_.dictionary_set(spot.where, spot.key, value); return;
      case Spot::Kind::kCollection: refuse("the path ends on a whole collection");
    }
  }

  /// The element that an instruction on a list is about, or for insertion the place for it.
  [[nodiscard]] Spot list_spot(const Instruction& instruction) {
    const Spot found = spot(instruction, true);
    if (found.kind != Spot::Kind::kElement) refuse("the path leads to no element of a list");
    check_size(found, instruction);
    return found;
  }
  static void check_size(const Spot& element, const Instruction& instruction) {
    if (instruction.prior_size == element.size) return;
    refuse("the list has " + std::to_string(element.size) + " elements, not " +
           std::to_string(instruction.prior_size));
  }
  static void check_position(const Spot& element) {
    if (element.position >= element.size) refuse("the position is beyond the end of the list");
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
  [[nodiscard]] Value value_for(const Spot& spot, const Payload& payload) {
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
      case PayloadType::kLink: value = link_for(*spot.property, payload.link); break;
      case PayloadType::kObjectValue: value = Value::new_object(); break;
      case PayloadType::kList: value = Value::new_list(); break;
      case PayloadType::kDictionary: value = Value::new_dictionary(); break;
      default: refuse("the property cannot hold such a value");
    }
    check_value(state_, spot.where, value);
    return value;
  }

  [[nodiscard]] Value link_for(const PropertyInfo& property, const LinkTarget& link) {
    const auto [class_id, key] = target_for(property, link);
    return Value::of_link({class_id, state_.link_target(class_id, key)});
  }
  [[nodiscard]] std::pair<ClassId, ObjectKey> target_for(const PropertyInfo& property,
                                                         const LinkTarget& link) {
    ClassStore& store = class_of(link.table);
    const ObjectKey key = key_of(store, link.object);
    const bool fits = store.info().kind == ClassKind::kTopLevel && property.holds_references() &&
                      (property.holds_any() || property.target == store.info().id);
    if (!fits) refuse("the property cannot hold a link to that class");
    return {store.info().id, key};
  }

  void update(const Instruction& instruction) {
    const Spot found = spot(instruction, true);
    if (found.kind == Spot::Kind::kCollection) refuse("the path ends on a whole collection");
    if (found.kind == Spot::Kind::kElement) {
      check_size(found, instruction);
      check_position(found);
    }
    if (instruction.value.type == PayloadType::kErased) {
      if (found.kind != Spot::Kind::kEntry) refuse("only an entry of a dictionary is erased");
      (void)state_.dictionary_erase(found.where, found.key);
      return;
    }
    if (found.kind == Spot::Kind::kEntry) check_dictionary_key(found.key);
    const Value value = value_for(found, instruction.value);
    // What is there already stays, with its contents, but for an object at a dictionary key.
    if (value.is_collection() && value_of(found).type() == value.type()) return;
    if (value.type() == ValueType::kNewObject && found.kind != Spot::Kind::kEntry &&
        !value_of(found).is_null()) {
      return;
    }
    write(found, value);
  }

  void add_integer(const Instruction& instruction) {
    const Spot found = spot(instruction);
    const bool is_int =
        found.kind == Spot::Kind::kProperty && (found.property->type == PropertyType::kInt ||
                                                found.property->type == PropertyType::kMixed);
    if (!is_int) refuse("the property is no int");
    const Value before = value_of(found);
    if (before.is_null()) return;
    if (before.type() != ValueType::kInt) refuse("the value is no int");
    state_.add_int(found.where.slot.object(), *found.property, instruction.value.integer);
  }

  void array_insert(const Instruction& instruction) {
    const Spot element = list_spot(instruction);
    if (element.position > element.size) refuse("the position is beyond the end of the list");
    (void)state_.list_insert(
        element.where, element.position, value_for(element, instruction.value));
  }

  void array_move(const Instruction& instruction) {
    const Spot element = list_spot(instruction);
    check_position(element);
    if (instruction.move_to >= element.size) refuse("the position is beyond the end of the list");
    if (instruction.move_to == element.position) refuse("the element is moved to where it is");
    state_.list_move(element.where, element.position, instruction.move_to);
  }

  void array_erase(const Instruction& instruction) {
    const Spot element = list_spot(instruction);
    check_position(element);
    state_.list_erase(element.where, element.position);
  }

  void clear(const Instruction& instruction) {
    const Spot found = spot(instruction);
    const CollectionType stated = instruction.collection;
    if (found.kind == Spot::Kind::kCollection) {
      if (stated != CollectionType::kSingle && stated != found.collection) {
        refuse("a collection of another kind is cleared");
      }
      return state_.clear(found.where);
    }
    if (stated != CollectionType::kList && stated != CollectionType::kDictionary) {
      refuse("a value is cleared that cannot be a collection");
    }
    const Value empty =
        stated == CollectionType::kList ? Value::new_list() : Value::new_dictionary();
    check_value(state_, found.where, empty);
    const Value before = value_of(found);
    if (before.type() == empty.type()) {
      return state_.clear({found.where.slot, before.as_collection()});
    }
    write(found, empty);
  }

  [[nodiscard]] Spot set_spot(const Instruction& instruction) {
    const Spot found = spot(instruction);
    if (found.kind != Spot::Kind::kCollection || found.collection != CollectionType::kSet) {
      refuse("the path leads to no set");
    }
    return found;
  }
  void set_insert(const Instruction& instruction) {
    const Spot set = set_spot(instruction);
    (void)state_.set_insert(set.where, value_for(set, instruction.value));
  }
  void set_erase(const Instruction& instruction) {
    const Spot set = set_spot(instruction);
    if (instruction.value.type == PayloadType::kLink) {
      const auto [class_id, key] = target_for(*set.property, instruction.value.link);
      if (!state_.class_store(class_id).find(key)) return;  // It makes no tombstone.
    }
    (void)state_.set_erase(set.where, value_for(set, instruction.value));
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
