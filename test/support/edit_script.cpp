#include "test/support/edit_script.h"

#include <charconv>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "changeset/writer.h"

namespace tombolo::test {
namespace {

using namespace changeset;  // NOLINT: the whole file is about its types

using Words = std::vector<std::string>;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, "edit script: " + what);
}

Words split(std::string_view text, char separator) {
  Words parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  std::erase_if(parts, [](const std::string& part) { return part.empty(); });
  return parts;
}

std::optional<std::int64_t> as_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "T5": class T, key 5.
struct ObjectName {
  std::string table;
  std::int64_t key = 0;

  explicit ObjectName(const std::string& text) : table(text.substr(0, 1)) {
    const auto number = as_number(std::string_view(text).substr(1));
    if (!number) refuse("no object: " + text);
    key = *number;
  }
};

/// "el[1].x": a property and the steps inside.
struct PathName {
  using Step = std::variant<std::uint32_t, std::string>;
  std::string field;
  std::vector<Step> steps;

  explicit PathName(const std::string& text) {
    std::string name;
    const auto end_name = [&] {
      if (name.empty()) return;
      if (field.empty()) {
        field = name;
      } else {
        steps.emplace_back(name);
      }
      name.clear();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '.') {
        end_name();
      } else if (text[i] == '[') {
        end_name();
        const std::size_t close = text.find(']', i);
        steps.emplace_back(
            static_cast<std::uint32_t>(std::stoul(text.substr(i + 1, close - i - 1))));
        i = close;
      } else {
        name += text[i];
      }
    }
    end_name();
  }
};

class Recording {
 public:
  explicit Recording(const ModelRealm& realm) : realm_(realm) {}

  void run(const Words& words) {
    const std::string& verb = words.at(0);
    if (verb == "on") {
      object_ = ObjectName(words.at(1));
    } else if (verb == "create") {
      create(ObjectName(words.at(1)));
    } else if (verb == "delete") {
      erase(ObjectName(words.at(1)));
    } else if (verb == "class" || verb == "embedded") {
      add_class(words);
    } else if (verb == "column") {
      add_column(words.at(1), words.at(2));
    } else if (verb == "drop") {
      drop(words.at(1), words.at(2));
    } else {
      edit(PathName(words.at(0)), words);
    }
  }
  [[nodiscard]] Bytes bytes() const { return to_bytes(writer_.bytes()); }

 private:
  /// Records an instruction and executes it. `write(writer)` interns what it needs.
  template <typename Write>
  void emit(Write write) {
    ChangesetWriter alone;
    write(alone);
    write(writer_);
    realm_.apply(alone.bytes()).value();
  }

  template <typename Write>
  void emit_at(const PathName& path, Write write) {
    emit([&](ChangesetWriter& writer) {
      std::vector<PathElement> elements;
      Place place{.table = writer.intern(object_.table),
                  .object = key(object_.key),
                  .field = writer.intern(path.field)};
      for (const PathName::Step& step : path.steps) {
        if (const auto* const index = std::get_if<std::uint32_t>(&step)) {
          elements.push_back(PathElement::index(*index));
        } else {
          elements.push_back(PathElement::key(writer.intern(std::get<std::string>(step))));
        }
      }
      place.path = elements;
      write(writer, place);
    });
  }

  [[nodiscard]] static PrimaryKey key(std::int64_t number) {
    PrimaryKey made;
    made.type = PayloadType::kInt;
    made.integer = number;
    return made;
  }

  [[nodiscard]] static Payload value(ChangesetWriter& writer, const std::string& text) {
    Payload payload;
    if (text == "null") return payload;
    if (const auto number = as_number(text)) {
      payload.type = PayloadType::kInt;
      payload.integer = *number;
    } else if (text == "new") {
      payload.type = PayloadType::kObjectValue;
    } else if (text == "list") {
      payload.type = PayloadType::kList;
    } else if (text == "dict") {
      payload.type = PayloadType::kDictionary;
    } else if (text == "erased") {
      payload.type = PayloadType::kErased;
    } else if (text.starts_with("->")) {
      const ObjectName target(text.substr(2));
      payload.type = PayloadType::kLink;
      payload.link = {.table = writer.intern(target.table), .object = key(target.key)};
    } else {
      payload.type = PayloadType::kString;
      payload.text = text;
    }
    return payload;
  }

  [[nodiscard]] const ModelObject* find_object(const ObjectName& name) const {
    const auto table = realm_.tables().find(name.table);
    if (table == realm_.tables().end()) return nullptr;
    const auto object = table->second.objects.find(ModelKey(name.key));
    return object == table->second.objects.end() ? nullptr : &object->second;
  }
  /// What is at the path; null when nothing was ever there.
  [[nodiscard]] const ModelValue* find(const PathName& path) const {
    const ModelObject* const object = find_object(object_);
    if (object == nullptr) refuse("there is no object " + object_.table);
    const auto field = object->fields.find(path.field);
    const ModelValue* found = field == object->fields.end() ? nullptr : &field->second;
    for (const PathName::Step& step : path.steps) {
      if (found == nullptr) return nullptr;
      if (const auto* const index = std::get_if<std::uint32_t>(&step)) {
        const ModelList* const list = found->as<ModelList>();
        found =
            list != nullptr && *index < list->elements.size() ? &list->elements[*index] : nullptr;
        continue;
      }
      const std::string& name = std::get<std::string>(step);
      const std::map<std::string, ModelValue>* entries = nullptr;
      if (const auto* const dictionary = found->as<ModelDictionary>())
        entries = &dictionary->entries;
      if (const auto* const embedded = found->as<ModelObject>()) entries = &embedded->fields;
      if (entries == nullptr || !entries->contains(name)) return nullptr;
      found = &entries->at(name);
    }
    return found;
  }
  [[nodiscard]] std::uint32_t list_size(const PathName& path) const {
    const ModelValue* const found = find(path);
    const ModelList* const list = found == nullptr ? nullptr : found->as<ModelList>();
    return list == nullptr ? 0 : static_cast<std::uint32_t>(list->elements.size());
  }

  void create(const ObjectName& name) {
    object_ = name;
    if (find_object(name) != nullptr) return;
    emit([&](ChangesetWriter& writer) {
      writer.create_object(writer.intern(name.table), key(name.key));
    });
  }

  /// A deleted object's incoming links are removed first.
  void erase(const ObjectName& name) {
    const ModelLink link{name.table, ModelKey(name.key)};
    const ObjectName focus = object_;
    const auto links_here = [&](const ModelValue& found) {
      return found.as<ModelLink>() != nullptr && *found.as<ModelLink>() == link;
    };
    const ModelRealm before = realm_;
    for (const auto& [table_name, table] : before.tables()) {
      for (const auto& [object_key, object] : table.objects) {
        if (std::get_if<std::int64_t>(&object_key) == nullptr) continue;
        object_ = ObjectName(table_name + std::to_string(std::get<std::int64_t>(object_key)));
        for (const auto& [field, found] : object.fields) {
          if (links_here(found)) assign(PathName(field), "null", false);
          const ModelList* const list = found.as<ModelList>();
          for (std::size_t i = list == nullptr ? 0 : list->elements.size(); i-- > 0;) {
            if (links_here(list->elements[i])) {
              erase_element(PathName(field), static_cast<std::uint32_t>(i));
            }
          }
        }
      }
    }
    object_ = focus;
    emit([&](ChangesetWriter& writer) {
      writer.erase_object(writer.intern(name.table), key(name.key));
    });
  }

  /// "class N int", "class N int id2", "embedded N".
  void add_class(const Words& words) {
    emit([&](ChangesetWriter& writer) {
      TableSpec spec;
      const StringIndex table = writer.intern(words.at(1));
      if (words[0] == "embedded") {
        spec.kind = ClassKind::kEmbedded;
      } else {
        spec.primary_key = writer.intern(words.size() > 3 ? words[3] : "_id");
        spec.primary_key_type = words.at(2) == "int" ? PayloadType::kInt : PayloadType::kString;
      }
      writer.add_table(table, spec);
    });
  }

  /// `type`: "int?", "string[]", "mixed<>" (a set), "->E{}" (a dictionary).
  void add_column(const std::string& place, std::string type) {
    const PathName path(place);
    ColumnSpec spec;
    if (type.ends_with("[]")) spec.collection = CollectionType::kList;
    if (type.ends_with("<>")) spec.collection = CollectionType::kSet;
    if (type.ends_with("{}")) spec.collection = CollectionType::kDictionary;
    if (spec.collection != CollectionType::kSingle) type.resize(type.size() - 2);
    spec.nullable = type.ends_with("?");
    if (spec.nullable) type.pop_back();
    std::string target;
    if (type.starts_with("->")) {
      spec.type = PropertyType::kLink;
      target = type.substr(2);
      spec.nullable = spec.collection == CollectionType::kSingle ||
                      spec.collection == CollectionType::kDictionary;
    } else if (type == "mixed") {
      spec.type = PropertyType::kMixed;
      spec.nullable = true;
    } else {
      spec.type = type == "int" ? PropertyType::kInt : PropertyType::kString;
    }
    emit([&](ChangesetWriter& writer) {
      const StringIndex table = writer.intern(path.field);
      const StringIndex field = writer.intern(std::get<std::string>(path.steps.at(0)));
      spec.target = writer.intern(target);
      writer.add_column(table, field, spec);
    });
  }

  void drop(const std::string& kind, const std::string& place) {
    emit([&](ChangesetWriter& writer) {
      const PathName path(place);
      const StringIndex table = writer.intern(path.field);
      if (kind == "class") {
        writer.erase_table(table);
      } else {
        writer.erase_column(table, writer.intern(std::get<std::string>(path.steps.at(0))));
      }
    });
  }

  void edit(const PathName& path, const Words& words) {
    const std::string& verb = words.at(1);
    const auto number = [&](std::size_t i) {
      return static_cast<std::uint32_t>(as_number(words.at(i)).value());
    };
    if (verb == "=") return assign(path, words.at(2), words.size() > 3);
    if (verb == "drop") return assign(path, "erased", false);
    if (verb == "+=") {
      return emit_at(path, [&](ChangesetWriter& writer, const Place& place) {
        writer.add_integer(place, as_number(words.at(2)).value());
      });
    }
    if (verb == "append") return insert(path, list_size(path), words.at(2));
    if (verb == "insert") return insert(path, number(2), words.at(3));
    if (verb == "set") return set_element(path, number(2), words.at(3));
    if (verb == "erase") return erase_element(path, number(2));
    if (verb == "move") return move(path, number(2), number(3));
    if (verb == "swap") {
      const std::uint32_t low = number(2);
      const std::uint32_t high = number(3);
      move(path, high, low);
      if (low + 1 != high) move(path, low + 1, high);
      return;
    }
    if (verb == "clear") return clear(path);
    if (verb == "add" || verb == "remove") return change_set(path, verb == "add", words.at(2));
    refuse("unknown verb " + verb);
  }

  void assign(const PathName& path, const std::string& text, bool is_default) {
    const ModelValue* const old = find(path);
    const bool replaces = text == "new" && old != nullptr && !old->is_null();
    if (replaces && !is_in_dictionary(path)) assign(path, "null", false);
    emit_at(path, [&](ChangesetWriter& writer, const Place& place) {
      writer.update(place, value(writer, text), {.is_default = is_default});
    });
  }
  [[nodiscard]] bool is_in_dictionary(PathName path) const {
    if (path.steps.empty()) return false;
    path.steps.pop_back();
    const ModelValue* const container = find(path);
    return container != nullptr && container->as<ModelDictionary>() != nullptr;
  }

  [[nodiscard]] static PathName at(PathName path, std::uint32_t index) {
    path.steps.emplace_back(index);
    return path;
  }
  void insert(const PathName& path, std::uint32_t index, const std::string& text) {
    const std::uint32_t size = list_size(path);
    emit_at(at(path, index), [&](ChangesetWriter& writer, const Place& place) {
      writer.array_insert(place, value(writer, text), size);
    });
  }
  void set_element(const PathName& path, std::uint32_t index, const std::string& text) {
    if (text == "new") {
      erase_element(path, index);
      return insert(path, index, text);
    }
    const std::uint32_t size = list_size(path);
    emit_at(at(path, index), [&](ChangesetWriter& writer, const Place& place) {
      writer.update_element(place, value(writer, text), size);
    });
  }
  void erase_element(const PathName& path, std::uint32_t index) {
    const std::uint32_t size = list_size(path);
    emit_at(at(path, index),
            [&](ChangesetWriter& writer, const Place& place) { writer.array_erase(place, size); });
  }
  void move(const PathName& path, std::uint32_t from, std::uint32_t to) {
    const std::uint32_t size = list_size(path);
    emit_at(at(path, from), [&](ChangesetWriter& writer, const Place& place) {
      writer.array_move(place, {.to = to, .prior_size = size});
    });
  }

  void clear(const PathName& path) {
    CollectionType type = CollectionType::kList;
    bool is_empty = true;
    const ClassSchema& schema = realm_.tables().at(object_.table).schema;
    const bool is_property = path.steps.empty() && schema.find_property(path.field)->collection !=
                                                       CollectionType::kSingle;
    if (is_property) type = schema.find_property(path.field)->collection;
    if (const ModelValue* const found = find(path)) {
      if (const auto* const list = found->as<ModelList>()) is_empty = list->elements.empty();
      if (const auto* const set = found->as<ModelSet>()) is_empty = set->elements.empty();
      if (const auto* const dictionary = found->as<ModelDictionary>()) {
        type = CollectionType::kDictionary;
        is_empty = dictionary->entries.empty();
      }
    }
    if (is_property && is_empty) return;
    emit_at(path, [&](ChangesetWriter& writer, const Place& place) { writer.clear(place, type); });
  }

  /// Records nothing when the set is as wanted already.
  void change_set(const PathName& path, bool adds, const std::string& text) {
    const ModelValue* const found = find(path);
    bool is_member = false;
    if (found != nullptr) {
      const ModelValue wanted = as_number(text) ? ModelValue{*as_number(text)} : ModelValue{text};
      for (const ModelValue& member : found->as<ModelSet>()->elements) {
        is_member = is_member || same_in_set(member, wanted);
      }
    }
    if (is_member == adds) return;
    emit_at(path, [&](ChangesetWriter& writer, const Place& place) {
      if (adds) {
        writer.set_insert(place, value(writer, text));
      } else {
        writer.set_erase(place, value(writer, text));
      }
    });
  }

  ModelRealm realm_;
  ChangesetWriter writer_;
  ObjectName object_{"T1"};
};

}  // namespace

Bytes record(const ModelRealm& realm, std::string_view script) {
  Recording recording(realm);
  for (const std::string& statement : split(script, ';')) recording.run(split(statement, ' '));
  return recording.bytes();
}

}  // namespace tombolo::test
