#include "test/support/model_realm.h"

#include <algorithm>
#include <functional>

namespace tombolo::test {
namespace {

using namespace changeset;  // NOLINT: the whole file is about its types

/// Source: docs/changeset-format.md, "Limits".
constexpr std::size_t kNestingLevelsMax = 100;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kBadChangeset, what);
}
void require(bool holds, const std::string& otherwise) {
  if (!holds) refuse(otherwise);
}

/// What a single slot may hold: a property that is no collection, a list element, the value of a
/// dictionary key.
struct SlotType {
  PropertyType type = PropertyType::kMixed;
  bool nullable = true;
  std::string target;
};

SlotType element_type(const Property& property) {
  return {property.type, property.nullable, property.target};
}

/// A value that a path leads to, with all that is known about it.
struct Place {
  ModelValue* value;
  SlotType type;
  /// Not kSingle: the value is the collection of a property, and `type` that of its elements.
  CollectionType collection;
  bool is_property;            ///< Of a class or of an embedded class.
  std::size_t nesting_levels;  ///< Of collections in a Mixed value around it.
};

/// Applies the instructions of one changeset to tables that nobody else sees. Every refusal is
/// thrown as `kBadChangeset`.
class Applier {
 public:
  Applier(ModelRealm::Tables& tables, const Changeset& changeset)
      : tables_(tables),
        changeset_(changeset) {}

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

 private:
  // Names and keys.

  [[nodiscard]] std::string text(StringIndex index) const {
    return std::string(changeset_.string(index));
  }

  [[nodiscard]] ModelRealm::Table* find_table(std::string_view name) {
    const auto found = tables_.find(name);
    return found == tables_.end() ? nullptr : &found->second;
  }

  [[nodiscard]] ModelRealm::Table& get_table(std::string_view name) {
    ModelRealm::Table* found = find_table(name);
    require(found != nullptr, "no class " + std::string(name));
    return *found;
  }

  [[nodiscard]] bool is_embedded(std::string_view class_name) {
    const ModelRealm::Table* table = find_table(class_name);
    return table != nullptr && table->schema.kind == ClassKind::kEmbedded;
  }

  /// The key, if it is of the kind that the class needs.
  [[nodiscard]] ModelKey key_for(const ClassSchema& schema, const PrimaryKey& key) {
    require(schema.kind != ClassKind::kEmbedded, "an embedded object has no key");
    const Property* property = schema.find_property(schema.primary_key);
    const auto is = [&](PropertyType type) { return property && property->type == type; };
    bool fits = false;
    ModelKey found;
    switch (key.type) {
      case PayloadType::kNull: fits = property && property->nullable; break;
      case PayloadType::kInt:
        fits = is(PropertyType::kInt);
        found = key.integer;
        break;
      case PayloadType::kString:
        fits = is(PropertyType::kString);
        found = text(key.string);
        break;
      case PayloadType::kObjectId:
        fits = is(PropertyType::kObjectId);
        found = key.object_id;
        break;
      case PayloadType::kUuid:
        fits = is(PropertyType::kUuid);
        found = key.uuid;
        break;
      default: fits = property == nullptr; found = key.global_key;
    }
    require(fits, "a key of the wrong kind for " + schema.name);
    return found;
  }

  // Schema.

  void add_table(const Instruction& instruction) {
    const TableSpec& spec = instruction.table_spec;
    ClassSchema added{.name = text(instruction.table), .kind = spec.kind};
    const bool has_key =
        spec.kind != ClassKind::kEmbedded && spec.primary_key_type != PayloadType::kGlobalKey;
    if (has_key) {
      added.primary_key = text(spec.primary_key);
      added.properties.push_back({.name = added.primary_key,
                                  .type = static_cast<PropertyType>(spec.primary_key_type),
                                  .nullable = spec.primary_key_nullable});
      require(!added.primary_key.empty(), "a primary key without a name");
      require(added.primary_key.size() <= kPropertyNameBytesMax, "a property name is too long");
    }
    require(added.name.size() <= kClassNameBytesMax, "a class name is too long");

    const ModelRealm::Table* existing = find_table(added.name);
    if (existing == nullptr) {
      tables_[added.name].schema = std::move(added);
      return;
    }
    const ClassSchema& schema = existing->schema;
    const bool same_key =
        schema.primary_key == added.primary_key &&
        (!has_key || *schema.find_property(added.primary_key) == added.properties.front());
    require(schema.kind == added.kind && same_key, "existing table has different properties");
  }

  void erase_table(const Instruction& instruction) {
    const std::string name = text(instruction.table);
    (void)get_table(name);
    for (const auto& [other, table] : tables_) {
      const bool links =
          std::ranges::any_of(table.schema.properties,
                              [&](const Property& property) { return property.target == name; });
      require(other == name || !links, "a class that is linked to is erased");
    }
    tables_.erase(name);
  }

  void add_column(const Instruction& instruction) {
    const ColumnSpec& spec = instruction.column_spec;
    ClassSchema& schema = get_table(changeset_.string(instruction.table)).schema;
    const Property added{
        .name = text(instruction.field),
        .type = spec.type,
        .collection = spec.collection,
        .nullable = spec.nullable,
        .target = spec.type == PropertyType::kLink ? text(spec.target) : "",
    };
    if (const Property* existing = schema.find_property(added.name)) {
      require(*existing == added, "an existing property is different");
      return;
    }
    require(added.name.size() <= kPropertyNameBytesMax, "a property name is too long");
    if (added.type == PropertyType::kLink) {
      if (added.target.empty()) {
        require(added.collection == CollectionType::kSingle ||
                    added.collection == CollectionType::kList,
                "a set or dictionary of links to any class");
      } else {
        (void)get_table(added.target);
      }
    }
    schema.properties.push_back(added);
  }

  void erase_column(const Instruction& instruction) {
    ClassSchema& schema = get_table(changeset_.string(instruction.table)).schema;
    const std::string name = text(instruction.field);
    require(schema.find_property(name) != nullptr, "no property " + name);
    require(name != schema.primary_key, "the primary key is erased");
    std::erase_if(schema.properties,
                  [&](const Property& property) { return property.name == name; });
    for (auto& [_, table] : tables_) {
      for (auto& [key, object] : table.objects) erase_field(object, schema.name, name);
    }
  }

  /// Forgets the field in `object` and in all embedded objects below it that are of the class.
  static void erase_field(ModelObject& object,
                          const std::string& class_name,
                          const std::string& field) {
    if (object.class_name == class_name) object.fields.erase(field);
    for (auto& [_, value] : object.fields) erase_field(value, class_name, field);
  }
  static void erase_field(ModelValue& value,
                          const std::string& class_name,
                          const std::string& field) {
    if (auto* object = value.as<ModelObject>()) erase_field(*object, class_name, field);
    if (auto* list = value.as<ModelList>()) {
      for (ModelValue& element : list->elements) erase_field(element, class_name, field);
    }
    if (auto* dictionary = value.as<ModelDictionary>()) {
      for (auto& [_, entry] : dictionary->entries) erase_field(entry, class_name, field);
    }
  }

  // Objects.

  void create_object(const Instruction& instruction) {
    ModelRealm::Table& table = get_table(changeset_.string(instruction.table));
    const ModelKey key = key_for(table.schema, instruction.object);
    table.objects.try_emplace(key, ModelObject{.class_name = table.schema.name, .fields = {}});
  }

  void erase_object(const Instruction& instruction) {
    ModelRealm::Table& table = get_table(changeset_.string(instruction.table));
    table.objects.erase(key_for(table.schema, instruction.object));
  }

  // Places.

  [[nodiscard]] Place property_place(ModelObject& object,
                                     const std::string& name,
                                     std::size_t nesting_levels) {
    const ClassSchema& schema = get_table(object.class_name).schema;
    const Property* property = schema.find_property(name);
    require(property != nullptr, "no property " + name);
    require(name != schema.primary_key, "the primary key is changed");
    const auto [value, _] = object.fields.try_emplace(name, initial_value(*property));
    return {.value = &value->second,
            .type = element_type(*property),
            .collection = property->collection,
            .is_property = true,
            .nesting_levels = nesting_levels};
  }

  /// The property that a path instruction names.
  [[nodiscard]] Place root(const Instruction& instruction) {
    ModelRealm::Table& table = get_table(changeset_.string(instruction.table));
    const auto object = table.objects.find(key_for(table.schema, instruction.object));
    require(object != table.objects.end(), "no such object");
    return property_place(object->second, text(instruction.field), 0);
  }

  /// What a list or dictionary holds: values of the property's type, or of any type if the
  /// collection stands in a Mixed value.
  [[nodiscard]] static Place content(const Place& collection, ModelValue* value) {
    const bool nested = collection.collection == CollectionType::kSingle;
    return {.value = value,
            .type = nested ? SlotType{} : collection.type,
            .collection = CollectionType::kSingle,
            .is_property = false,
            .nesting_levels = collection.nesting_levels + (nested ? 1 : 0)};
  }

  [[nodiscard]] ModelList& list_at(const Place& place) {
    auto* list = place.value->as<ModelList>();
    require(list != nullptr, "a position where no list is");
    return *list;
  }

  /// The place one step further in, which must exist.
  [[nodiscard]] Place step(const Place& place, PathElement element) {
    if (element.is_index()) {
      ModelList& list = list_at(place);
      require(element.position() < list.elements.size(), "a list position out of range");
      return content(place, &list.elements[element.position()]);
    }
    const std::string name = text(element.name());
    if (auto* object = place.value->as<ModelObject>()) {
      return property_place(*object, name, place.nesting_levels);
    }
    auto* dictionary = place.value->as<ModelDictionary>();
    require(dictionary != nullptr, "a name where neither dictionary nor embedded object is");
    const auto entry = dictionary->entries.find(name);
    require(entry != dictionary->entries.end(), "a missing dictionary key");
    return content(place, &entry->second);
  }

  [[nodiscard]] Place walk(const Instruction& instruction, std::span<const PathElement> path) {
    Place place = root(instruction);
    for (const PathElement element : path) place = step(place, element);
    return place;
  }
  [[nodiscard]] Place whole_path(const Instruction& instruction) {
    return walk(instruction, changeset_.path(instruction));
  }
  /// The collection or embedded object in which the last element of the path names something.
  [[nodiscard]] Place outer_place(const Instruction& instruction) {
    const auto path = changeset_.path(instruction);
    return walk(instruction, path.first(path.size() - 1));
  }

  // Values.

  /// A null, scalar or link that a slot may hold.
  [[nodiscard]] ModelValue plain_value(const SlotType& type, const Payload& payload) {
    if (payload.type == PayloadType::kNull) {
      require(type.nullable, "null where none is allowed");
      return {};
    }
    require(payload.type > PayloadType::kNull, "a value of this kind cannot stand here");
    if (payload.type == PayloadType::kLink) return {link_value(type, payload.link)};
    require(type.type == PropertyType::kMixed ||
                static_cast<int>(type.type) == static_cast<int>(payload.type),
            "a value of the wrong type");
    switch (payload.type) {
      case PayloadType::kInt: return {payload.integer};
      case PayloadType::kBool: return {payload.boolean};
      case PayloadType::kString: return {std::string(payload.text)};
      case PayloadType::kBinary: return {ModelBinary{std::string(payload.text)}};
      case PayloadType::kTimestamp: return {payload.timestamp};
      case PayloadType::kFloat: return {payload.single};
      case PayloadType::kDouble: return {payload.real};
      case PayloadType::kDecimal: return {payload.decimal};
      case PayloadType::kObjectId: return {payload.object_id};
      default: return {payload.uuid};
    }
  }

  [[nodiscard]] ModelLink link_value(const SlotType& type, const LinkTarget& link) {
    const std::string target = text(link.table);
    const ClassSchema& schema = get_table(target).schema;
    require(schema.kind == ClassKind::kTopLevel, "a link to a class that is not top level");
    const bool fits =
        type.type == PropertyType::kMixed ||
        (type.type == PropertyType::kLink && (type.target.empty() || type.target == target));
    require(fits, "a link where none to this class can stand");
    return {.target = target, .key = key_for(schema, link.object)};
  }

  [[nodiscard]] ModelValue embedded_value(const SlotType& type) {
    require(type.type == PropertyType::kLink && is_embedded(type.target),
            "an embedded object where none can stand");
    return {ModelObject{.class_name = type.target, .fields = {}}};
  }

  /// A new list or dictionary in a Mixed slot.
  [[nodiscard]] static ModelValue nested_collection(const Place& slot, PayloadType type) {
    require(slot.type.type == PropertyType::kMixed, "a collection where none can stand");
    require(slot.nesting_levels < kNestingLevelsMax, "collections are nested too deeply");
    if (type == PayloadType::kList) return {ModelList{}};
    return {ModelDictionary{}};
  }

  /// Makes the slot hold a list or dictionary, and keeps its contents if it does already.
  static void become_collection(const Place& slot, PayloadType type) {
    ModelValue empty = nested_collection(slot, type);
    if (slot.value->data.index() != empty.data.index()) *slot.value = std::move(empty);
  }

  static bool is_collection(PayloadType type) {
    return type == PayloadType::kList || type == PayloadType::kDictionary;
  }

  // Instructions with a path.

  void update(const Instruction& instruction) {
    const auto path = changeset_.path(instruction);
    if (path.empty()) return update_field(whole_path(instruction), instruction.value);

    const Place outer = outer_place(instruction);
    if (path.back().is_index()) {
      require(list_at(outer).elements.size() == instruction.prior_size, "a list of another size");
      return update_element(step(outer, path.back()), instruction.value);
    }
    if (outer.value->as<ModelDictionary>() != nullptr) {
      return update_entry(outer, text(path.back().name()), instruction.value);
    }
    update_field(step(outer, path.back()), instruction.value);
  }

  void update_field(const Place& field, const Payload& payload) {
    require(field.collection == CollectionType::kSingle, "a whole collection is written");
    if (payload.type == PayloadType::kObjectValue) {
      ModelValue object = embedded_value(field.type);
      if (field.value->is_null()) *field.value = std::move(object);
    } else if (is_collection(payload.type)) {
      become_collection(field, payload.type);
    } else {
      *field.value = plain_value(field.type, payload);
    }
  }

  void update_element(const Place& element, const Payload& payload) {
    if (payload.type == PayloadType::kObjectValue) {
      (void)embedded_value(element.type);  // The list holds nothing but objects of the class.
    } else if (is_collection(payload.type)) {
      become_collection(element, payload.type);
    } else {
      *element.value = plain_value(element.type, payload);
    }
  }

  void update_entry(const Place& dictionary, const std::string& key, const Payload& payload) {
    auto& entries = dictionary.value->as<ModelDictionary>()->entries;
    if (payload.type == PayloadType::kErased) {
      entries.erase(key);
      return;
    }
    require(!key.starts_with('$') && key.find('.') == key.npos, "a dictionary key with $ or .");
    ModelValue existing;
    if (const auto entry = entries.find(key); entry != entries.end()) existing = entry->second;
    const Place slot = content(dictionary, &existing);
    if (payload.type == PayloadType::kObjectValue) {
      existing = embedded_value(slot.type);
    } else if (is_collection(payload.type)) {
      become_collection(slot, payload.type);
    } else {
      existing = plain_value(slot.type, payload);
    }
    entries[key] = std::move(existing);
  }

  void add_integer(const Instruction& instruction) {
    const Place field = whole_path(instruction);
    require(field.is_property && field.collection == CollectionType::kSingle,
            "only a property is added to");
    require(field.type.type == PropertyType::kInt || field.type.type == PropertyType::kMixed,
            "only an integer is added to");
    if (field.value->is_null()) return;
    auto* integer = field.value->as<std::int64_t>();
    require(integer != nullptr, "only an integer is added to");
    *integer = static_cast<std::int64_t>(static_cast<std::uint64_t>(*integer) +
                                         static_cast<std::uint64_t>(instruction.value.integer));
  }

  /// The elements of the list that the instruction changes, whose size is as the sender knew it.
  [[nodiscard]] std::vector<ModelValue>& elements_of(const Instruction& instruction) {
    std::vector<ModelValue>& elements = list_at(outer_place(instruction)).elements;
    require(elements.size() == instruction.prior_size, "a list of another size");
    return elements;
  }
  [[nodiscard]] std::uint32_t position_of(const Instruction& instruction) const {
    return changeset_.path(instruction).back().position();
  }

  void array_insert(const Instruction& instruction) {
    std::vector<ModelValue>& elements = elements_of(instruction);
    const std::uint32_t position = position_of(instruction);
    require(position <= elements.size(), "a list position out of range");

    const Place element = content(outer_place(instruction), nullptr);
    const PayloadType type = instruction.value.type;
    ModelValue inserted = type == PayloadType::kObjectValue ? embedded_value(element.type)
                          : is_collection(type)             ? nested_collection(element, type)
                                                : plain_value(element.type, instruction.value);
    elements.insert(elements.begin() + position, std::move(inserted));
  }

  void array_move(const Instruction& instruction) {
    std::vector<ModelValue>& elements = elements_of(instruction);
    const std::uint32_t from = position_of(instruction);
    const std::uint32_t to = instruction.move_to;
    require(from < elements.size() && to < elements.size(), "a list position out of range");
    require(from != to, "an element is moved to where it is");
    ModelValue moved = std::move(elements[from]);
    elements.erase(elements.begin() + from);
    elements.insert(elements.begin() + to, std::move(moved));
  }

  void array_erase(const Instruction& instruction) {
    std::vector<ModelValue>& elements = elements_of(instruction);
    const std::uint32_t position = position_of(instruction);
    require(position < elements.size(), "a list position out of range");
    elements.erase(elements.begin() + position);
  }

  void clear(const Instruction& instruction) {
    const Place place = whole_path(instruction);
    const CollectionType stated = instruction.collection;
    if (place.collection != CollectionType::kSingle) {
      require(stated == CollectionType::kSingle || stated == place.collection,
              "a collection of another kind is cleared");
      *place.value = initial_value({.collection = place.collection});
      return;
    }
    require(stated == CollectionType::kList || stated == CollectionType::kDictionary,
            "a value is cleared that cannot be a collection");
    *place.value = nested_collection(
        place, stated == CollectionType::kList ? PayloadType::kList : PayloadType::kDictionary);
  }

  [[nodiscard]] std::vector<ModelValue>& set_elements(const Place& place) {
    auto* set = place.value->as<ModelSet>();
    require(set != nullptr, "what is no set is used as one");
    return set->elements;
  }

  void set_insert(const Instruction& instruction) {
    const Place place = whole_path(instruction);
    std::vector<ModelValue>& elements = set_elements(place);
    ModelValue value = plain_value(place.type, instruction.value);
    if (std::ranges::none_of(elements, std::bind_front(same_in_set, std::cref(value)))) {
      elements.push_back(std::move(value));
    }
  }

  void set_erase(const Instruction& instruction) {
    const Place place = whole_path(instruction);
    std::vector<ModelValue>& elements = set_elements(place);
    const ModelValue value = plain_value(place.type, instruction.value);
    std::erase_if(elements, std::bind_front(same_in_set, std::cref(value)));
  }

  ModelRealm::Tables& tables_;
  const Changeset& changeset_;
};

}  // namespace

Result<void> ModelRealm::apply(BytesView changeset) {
  const Result<Changeset> parsed = parse_view(changeset);
  if (!parsed) return parsed.error();
  return apply(*parsed);
}

Result<void> ModelRealm::apply(const Changeset& changeset) {
  Tables changed = tables_;
  Applier applier(changed, changeset);
  try {
    for (const Instruction& instruction : changeset.instructions) applier.apply(instruction);
  } catch (const Error& error) {
    return error;
  }
  tables_ = std::move(changed);
  return {};
}

}  // namespace tombolo::test
