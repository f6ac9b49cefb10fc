#include <array>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "changeset/writer.h"
#include "test/support/generators.h"

namespace tombolo::test {
namespace {

using namespace changeset;  // NOLINT: the whole file is about its types

constexpr std::string_view kEmbeddedClass = "Part";

/// A value to be written: null, a scalar or a link, or one of the kinds without content.
struct Draft {
  PayloadType kind = PayloadType::kNull;  ///< Not kNull: this kind; `value` is not used.
  ModelValue value;
};

/// The address of a value. Names become indexes when it is written.
struct Route {
  std::string class_name;
  ModelKey key;
  std::string field;
  std::vector<std::variant<std::uint32_t, std::string>> path;

  [[nodiscard]] Route then(std::variant<std::uint32_t, std::string> element) const {
    Route longer = *this;
    longer.path.push_back(std::move(element));
    return longer;
  }
};

// Owned values as a writer takes them.

PrimaryKey to_key(ChangesetWriter& writer, const ModelKey& key) {
  if (const auto* integer = std::get_if<std::int64_t>(&key)) return PrimaryKey(*integer);
  if (const auto* text = std::get_if<std::string>(&key)) return PrimaryKey(writer.intern(*text));
  if (const auto* global = std::get_if<GlobalKey>(&key)) return PrimaryKey(*global);
  if (const auto* id = std::get_if<ObjectId>(&key)) return PrimaryKey(*id);
  if (const auto* uuid = std::get_if<Uuid>(&key)) return PrimaryKey(*uuid);
  return {};
}

Payload to_payload(ChangesetWriter& writer, const Draft& draft) {
  const ModelValue& value = draft.value;
  if (draft.kind != PayloadType::kNull || value.is_null()) return Payload(draft.kind);
  if (const auto* integer = value.as<std::int64_t>()) return Payload::of_int(*integer);
  if (const auto* boolean = value.as<bool>()) return Payload::of_bool(*boolean);
  if (const auto* text = value.as<std::string>()) return Payload::of_string(*text);
  if (const auto* binary = value.as<ModelBinary>()) return Payload::of_binary(binary->bytes);
  if (const auto* time = value.as<Timestamp>()) return Payload::of_timestamp(*time);
  if (const auto* single = value.as<float>()) return Payload::of_float(*single);
  if (const auto* real = value.as<double>()) return Payload::of_double(*real);
  if (const auto* decimal = value.as<Decimal128>()) return Payload::of_decimal(*decimal);
  if (const auto* id = value.as<ObjectId>()) return Payload::of_object_id(*id);
  if (const auto* uuid = value.as<Uuid>()) return Payload::of_uuid(*uuid);
  const auto& link = *value.as<ModelLink>();
  const StringIndex target = writer.intern(link.target);
  return Payload::of_link({.table = target, .object = to_key(writer, link.key)});
}

/// A `Place` with the path it views.
struct WrittenPlace {
  WrittenPlace(ChangesetWriter& writer, const Route& route) {
    place.table = writer.intern(route.class_name);
    place.object = to_key(writer, route.key);
    place.field = writer.intern(route.field);
    for (const auto& element : route.path) {
      const auto* position = std::get_if<std::uint32_t>(&element);
      elements.push_back(position != nullptr
                             ? PathElement::index(*position)
                             : PathElement::key(writer.intern(std::get<std::string>(element))));
    }
    place.path = elements;
  }
  WrittenPlace(const WrittenPlace&) = delete;
  WrittenPlace& operator=(const WrittenPlace&) = delete;

  std::vector<PathElement> elements;
  Place place;
};

/// The classes that `RealmEditor::create_classes` makes.
std::vector<ClassSchema> editor_classes(const EditorOptions& options) {
  std::vector<Property> properties;
  const auto add = [&](PropertyType type, std::string target) {
    const std::string name = std::string(to_string(type)) + target;
    const bool link = type == PropertyType::kLink;
    const bool always_nullable = link || type == PropertyType::kMixed;
    const auto add_one = [&](std::string prefix, CollectionType collection, bool nullable) {
      properties.push_back({.name = prefix + name,
                            .type = type,
                            .collection = collection,
                            .nullable = nullable,
                            .target = target});
    };
    add_one("", CollectionType::kSingle, always_nullable);
    if (!always_nullable) add_one("optional_", CollectionType::kSingle, true);
    if (options.lists) add_one("list_", CollectionType::kList, type == PropertyType::kMixed);
    const bool set_fits = target != kEmbeddedClass;
    if (options.sets && set_fits) {
      add_one("set_", CollectionType::kSet, type == PropertyType::kMixed);
    }
    if (options.dictionaries) add_one("dict_", CollectionType::kDictionary, always_nullable);
  };

  for (const PropertyType type : options.types) add(type, "");
  if (options.mixed) add(PropertyType::kMixed, "");
  for (const char* target : {"Item", "Name", "Note"}) add(PropertyType::kLink, target);
  if (options.embedded_objects) add(PropertyType::kLink, std::string(kEmbeddedClass));

  const auto with_key = [&](Property key) {
    std::vector<Property> all{std::move(key)};
    all.insert(all.end(), properties.begin(), properties.end());
    return all;
  };
  std::vector<ClassSchema> classes{
      {.name = "Item",
       .primary_key = "_id",
       .properties = with_key({.name = "_id", .type = PropertyType::kInt})},
      {.name = "Name",
       .primary_key = "_id",
       .properties = with_key({.name = "_id", .type = PropertyType::kString, .nullable = true})},
      {.name = "Note", .primary_key = "", .properties = properties},
  };
  if (options.embedded_objects) {
    classes.push_back({.name = std::string(kEmbeddedClass),
                       .kind = ClassKind::kEmbedded,
                       .primary_key = "",
                       .properties = properties});
  }
  return classes;
}

/// One transaction in the making. Each instruction is applied to the realm at once, so that the
/// next one fits; what is read from the realm lasts only until then.
class Transaction {
 public:
  Transaction(ModelRealm& realm, Random& random, const EditorOptions& options)
      : realm_(realm),
        random_(random),
        options_(options) {}

  void create_class(const ClassSchema& schema) {
    emit([&](ChangesetWriter& writer) {
      const StringIndex table = writer.intern(schema.name);
      TableSpec spec{.kind = schema.kind};
      if (schema.kind != ClassKind::kEmbedded) spec.primary_key = writer.intern(schema.primary_key);
      if (const Property* key = schema.find_property(schema.primary_key)) {
        spec.primary_key_type = static_cast<PayloadType>(key->type);
        spec.primary_key_nullable = key->nullable;
      }
      writer.add_table(table, spec);
    });
  }

  void add_property(const ClassSchema& schema, const Property& property) {
    emit([&](ChangesetWriter& writer) {
      const StringIndex table = writer.intern(schema.name);
      const StringIndex field = writer.intern(property.name);
      ColumnSpec spec{
          .type = property.type, .collection = property.collection, .nullable = property.nullable};
      if (property.type == PropertyType::kLink) spec.target = writer.intern(property.target);
      writer.add_column(table, field, spec);
    });
  }

  void edit(std::size_t instruction_count) {
    while (writer_.instruction_count() < instruction_count) edit_something();
  }

  [[nodiscard]] Bytes bytes() const { return to_bytes(writer_.bytes()); }

 private:
  [[nodiscard]] bool one_in(std::uint64_t count) { return random_.below(count) == 0; }

  template <typename Range>
  [[nodiscard]] const auto& pick(const Range& range) {
    return *std::next(std::begin(range),
                      static_cast<std::ptrdiff_t>(random_.below(std::size(range))));
  }

  template <typename Write>
  void emit(const Write& write) {
    write(writer_);
    single_.reset();
    write(single_);
    realm_.apply(single_.bytes()).value();
  }

  // Objects.

  void edit_something() {
    const ModelRealm::Table& table = pick_table();
    const ModelKey key = any_key(table.schema);
    const auto object = table.objects.find(key);
    if (object == table.objects.end()) return create_object(table.schema.name, key);
    if (options_.erase_objects && one_in(30)) return erase_object(table.schema.name, key);
    edit_object({.class_name = table.schema.name, .key = key, .field = {}, .path = {}},
                table.schema,
                object->second);
  }

  [[nodiscard]] const ModelRealm::Table& pick_table() {
    std::vector<const ModelRealm::Table*> tables;
    for (const auto& [_, table] : realm_.tables()) {
      if (table.schema.kind == ClassKind::kTopLevel) tables.push_back(&table);
    }
    return *pick(tables);
  }

  [[nodiscard]] ModelKey any_key(const ClassSchema& schema) {
    const std::uint64_t number = random_.below(options_.objects_per_class);
    const Property* key = schema.find_property(schema.primary_key);
    if (key == nullptr) return GlobalKey{.high = options_.ident.value(), .low = number};
    if (number == 0 && key->nullable) return {};
    if (key->type == PropertyType::kInt) return static_cast<std::int64_t>(number);
    return "name " + std::to_string(number);
  }

  void create_object(const std::string& class_name, const ModelKey& key) {
    emit([&](ChangesetWriter& writer) {
      const StringIndex table = writer.intern(class_name);
      writer.create_object(table, to_key(writer, key));
    });
  }
  void erase_object(const std::string& class_name, const ModelKey& key) {
    emit([&](ChangesetWriter& writer) {
      const StringIndex table = writer.intern(class_name);
      writer.erase_object(table, to_key(writer, key));
    });
  }

  /// `route` leads to the object: the field is still missing from it, or from its path.
  void edit_object(const Route& route, const ClassSchema& schema, const ModelObject& object) {
    // Mostly where something stands already, so that edits meet and collections grow.
    const Property& property = !object.fields.empty() && !one_in(4)
                                   ? *schema.find_property(pick(object.fields).first)
                                   : pick(schema.properties);
    if (property.name == schema.primary_key) return;
    Route field = route;
    if (field.field.empty()) {
      field.field = property.name;
    } else {
      field = route.then(property.name);
    }
    const auto found = object.fields.find(property.name);
    const ModelValue value = found == object.fields.end() ? initial_value(property) : found->second;
    switch (property.collection) {
      case CollectionType::kSingle: return edit_field(field, property, value);
      case CollectionType::kList: return edit_list(field, property, *value.as<ModelList>());
      case CollectionType::kSet: return edit_set(field, property, *value.as<ModelSet>());
      case CollectionType::kDictionary:
        return edit_dictionary(field, property, *value.as<ModelDictionary>());
    }
  }

  // Values. `type` is the property whose type, nullability and target the values have.

  /// A property that describes what stands in a nested collection.
  [[nodiscard]] static Property nested_type() {
    return {.type = PropertyType::kMixed, .nullable = true};
  }
  [[nodiscard]] bool may_hold_object(const Property& type) const {
    const auto table = realm_.tables().find(type.target);
    return type.type == PropertyType::kLink && table != realm_.tables().end() &&
           table->second.schema.kind == ClassKind::kEmbedded;
  }
  [[nodiscard]] bool path_may_grow(const Route& route) const {
    return route.path.size() < options_.path_elements_max;
  }

  /// A value for a slot; nullopt when there is none, such as a link while no object exists.
  [[nodiscard]] std::optional<Draft> any_value(const Property& type) {
    if (may_hold_object(type)) return Draft{.kind = PayloadType::kObjectValue, .value = {}};
    if (type.nullable && one_in(6)) return Draft{};
    switch (type.type) {
      case PropertyType::kMixed:
        if (options_.nested_collections && one_in(3)) {
          const bool list = one_in(2);
          return Draft{.kind = list ? PayloadType::kList : PayloadType::kDictionary, .value = {}};
        }
        return one_in(4) ? any_link(pick_table()) : any_scalar(pick(options_.types));
      case PropertyType::kLink: return any_link(realm_.tables().find(type.target)->second);
      default: return any_scalar(type.type);
    }
  }

  [[nodiscard]] std::optional<Draft> any_link(const ModelRealm::Table& target) {
    const ModelKey key = any_key(target.schema);
    if (!options_.dangling_links && !target.objects.contains(key)) return std::nullopt;
    return Draft{.value = {ModelLink{.target = target.schema.name, .key = key}}};
  }

  [[nodiscard]] Draft any_scalar(PropertyType type) {
    static constexpr std::array<std::int64_t, 6> kIntegers{0, 1, -1, 1000, INT64_MAX, INT64_MIN};
    static constexpr std::array<double, 5> kNumbers{0, 1.5, -2.25, 1e300, -1e-300};
    static constexpr std::array<std::string_view, 5> kTexts{
        "", "a", "b", "a text of more than fifteen bytes", "\xC3\xA4\xF0\x9F\x98\x80"};
    const auto small = static_cast<std::uint8_t>(random_.below(4));
    switch (type) {
      case PropertyType::kInt: return {.value = {pick(kIntegers)}};
      case PropertyType::kBool: return {.value = {small % 2 == 0}};
      case PropertyType::kString: return {.value = {std::string(pick(kTexts))}};
      case PropertyType::kBinary: return {.value = {ModelBinary{std::string(small, '\xFF')}}};
      case PropertyType::kTimestamp:
        return {.value = {Timestamp{.seconds = small - 2, .nanoseconds = 500 * (small - 2)}}};
      case PropertyType::kFloat: return {.value = {static_cast<float>(small) - 1.5F}};
      case PropertyType::kDouble: return {.value = {pick(kNumbers)}};
      case PropertyType::kDecimal: {
        const std::uint64_t exponent = 0x303E + 2 * (small % 2);
        return {.value = {Decimal128{.high = exponent << 48, .low = small + 1U}}};
      }
      case PropertyType::kObjectId: return {.value = {ObjectId{{small}}}};
      default: return {.value = {Uuid{{small}}}};
    }
  }

  /// Whether the value makes a collection where one of its kind stands, if that is not wanted.
  [[nodiscard]] bool is_ruled_out(const Draft& draft, const ModelValue& value) const {
    if (options_.redundant_creations) return false;
    return (draft.kind == PayloadType::kList && value.as<ModelList>() != nullptr) ||
           (draft.kind == PayloadType::kDictionary && value.as<ModelDictionary>() != nullptr);
  }

  // Edits of one place, by what it is.

  void edit_field(const Route& route, const Property& type, const ModelValue& value) {
    if (!value.is_null() && !one_in(4) && edit_inside(route, value)) return;
    if (value.as<std::int64_t>() != nullptr && one_in(3)) return add_integer(route);
    std::optional<Draft> draft = any_value(type);
    if (draft && may_hold_object(type) && !value.is_null()) draft = Draft{};  // null comes first
    if (!draft || is_ruled_out(*draft, value)) return;
    const bool is_default = one_in(8);
    emit([&](ChangesetWriter& writer) {
      const WrittenPlace at(writer, route);
      writer.update(at.place, to_payload(writer, *draft), {.is_default = is_default});
    });
  }

  /// Edits what an embedded object or a nested collection holds; false if there is none, or none
  /// that may be entered.
  [[nodiscard]] bool edit_inside(const Route& route, const ModelValue& value) {
    if (!path_may_grow(route)) return false;
    if (const auto* object = value.as<ModelObject>()) {
      const ClassSchema& schema = realm_.tables().find(object->class_name)->second.schema;
      edit_object(route, schema, *object);
      return true;
    }
    if (const auto* list = value.as<ModelList>()) {
      edit_list(route, nested_type(), *list);
      return true;
    }
    if (const auto* dictionary = value.as<ModelDictionary>()) {
      edit_dictionary(route, nested_type(), *dictionary);
      return true;
    }
    return false;
  }

  void add_integer(const Route& route) {
    const Draft operand = any_scalar(PropertyType::kInt);
    emit([&](ChangesetWriter& writer) {
      const WrittenPlace at(writer, route);
      writer.add_integer(at.place, *operand.value.as<std::int64_t>());
    });
  }

  void clear(const Route& route, CollectionType collection) {
    emit([&](ChangesetWriter& writer) {
      const WrittenPlace at(writer, route);
      writer.clear(at.place, collection);
    });
  }

  void edit_list(const Route& route, const Property& type, const ModelList& list) {
    const auto size = static_cast<std::uint32_t>(list.elements.size());
    if (size == 0 || one_in(3)) return insert_element(route, type, size);

    const auto position = static_cast<std::uint32_t>(random_.below(size));
    const Route element = route.then(position);
    if (edit_inside(element, list.elements[position])) return;
    switch (random_.below(8)) {
      case 0:
      case 1:
        return emit([&](ChangesetWriter& writer) {
          const WrittenPlace at(writer, element);
          writer.array_erase(at.place, size);
        });
      case 2:
      case 3: return move_element(element, list, position);
      case 4: return clear(route, CollectionType::kList);
      default: return update_element(element, type, list);
    }
  }

  void insert_element(const Route& route, const Property& type, std::uint32_t size) {
    const auto position = static_cast<std::uint32_t>(random_.below(size + std::uint64_t{1}));
    const std::optional<Draft> draft = any_value(type);
    if (!draft) return;
    emit([&](ChangesetWriter& writer) {
      const WrittenPlace at(writer, route.then(position));
      writer.array_insert(at.place, to_payload(writer, *draft), size);
    });
  }

  void update_element(const Route& element, const Property& type, const ModelList& list) {
    const auto size = static_cast<std::uint32_t>(list.elements.size());
    const std::optional<Draft> draft = any_value(type);
    if (!draft || draft->kind == PayloadType::kObjectValue) return;  // erased and inserted instead
    if (is_ruled_out(*draft, list.elements[std::get<std::uint32_t>(element.path.back())])) return;
    emit([&](ChangesetWriter& writer) {
      const WrittenPlace at(writer, element);
      writer.update_element(at.place, to_payload(writer, *draft), size);
    });
  }

  /// Nested collections are not moved: no device does.
  void move_element(const Route& element, const ModelList& list, std::uint32_t position) {
    const ModelValue& moved = list.elements[position];
    const auto size = static_cast<std::uint32_t>(list.elements.size());
    const auto to = static_cast<std::uint32_t>(random_.below(size));
    if (to == position || moved.as<ModelList>() != nullptr ||
        moved.as<ModelDictionary>() != nullptr) {
      return;
    }
    emit([&](ChangesetWriter& writer) {
      const WrittenPlace at(writer, element);
      writer.array_move(at.place, {.to = to, .prior_size = size});
    });
  }

  void edit_set(const Route& route, const Property& type, const ModelSet& set) {
    if (!set.elements.empty() && one_in(8)) return clear(route, CollectionType::kSet);
    const bool erase = !set.elements.empty() && one_in(3);
    std::optional<Draft> draft = erase ? Draft{.value = pick(set.elements)} : any_value(type);
    if (!draft || draft->kind != PayloadType::kNull) return;  // a set nests nothing
    emit([&](ChangesetWriter& writer) {
      const WrittenPlace at(writer, route);
      const Payload value = to_payload(writer, *draft);
      erase ? writer.set_erase(at.place, value) : writer.set_insert(at.place, value);
    });
  }

  void edit_dictionary(const Route& route,
                       const Property& type,
                       const ModelDictionary& dictionary) {
    static constexpr std::array<std::string_view, 4> kKeys{"a", "b", "c", ""};
    if (!dictionary.entries.empty() && one_in(10)) return clear(route, CollectionType::kDictionary);

    const std::string key(pick(kKeys));
    const Route entry = route.then(key);
    const auto found = dictionary.entries.find(key);
    const bool present = found != dictionary.entries.end();
    if (present && !one_in(3) && edit_inside(entry, found->second)) return;
    const std::optional<Draft> draft =
        present && one_in(4) ? Draft{.kind = PayloadType::kErased, .value = {}} : any_value(type);
    if (!draft || (present && is_ruled_out(*draft, found->second))) return;
    emit([&](ChangesetWriter& writer) {
      const WrittenPlace at(writer, entry);
      writer.update(at.place, to_payload(writer, *draft));
    });
  }

  ModelRealm& realm_;
  Random& random_;
  const EditorOptions& options_;
  ChangesetWriter writer_;
  ChangesetWriter single_;  ///< For one instruction at a time.
};

}  // namespace

RealmEditor::RealmEditor(ModelRealm& realm, Random& random, EditorOptions options)
    : realm_(realm),
      random_(random),
      options_(std::move(options)) {}

Bytes RealmEditor::create_classes() {
  Transaction transaction(realm_, random_, options_);
  const std::vector<ClassSchema> classes = editor_classes(options_);
  for (const ClassSchema& schema : classes) transaction.create_class(schema);
  for (const ClassSchema& schema : classes) {
    for (const Property& property : schema.properties) {
      if (property.name != schema.primary_key) transaction.add_property(schema, property);
    }
  }
  return transaction.bytes();
}

Bytes RealmEditor::transaction(std::size_t instruction_count) {
  Transaction transaction(realm_, random_, options_);
  transaction.edit(instruction_count);
  return transaction.bytes();
}

}  // namespace tombolo::test
