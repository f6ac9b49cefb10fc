// How the model realm writes down what it holds.

#include <algorithm>
#include <bit>
#include <span>

#include "base/hex.h"
#include "test/support/canonical_json.h"
#include "test/support/model_realm.h"

namespace tombolo::test {
namespace {

using nlohmann::json;

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

/// The JSON text by which the elements of a set are ordered.
std::string dump(const json& element) {
  return element.dump();
}

class StateWriter {
 public:
  explicit StateWriter(const ModelRealm::Tables& tables) : tables_(tables) {}

  [[nodiscard]] json object(const ModelObject& object) const {
    const ClassSchema& schema = tables_.find(object.class_name)->second.schema;
    json fields = json::object();
    for (const Property& property : schema.properties) {
      const auto found = object.fields.find(property.name);
      if (found == object.fields.end()) continue;
      json value = write(found->second, property.type == PropertyType::kLink);
      if (value != write(initial_value(property), false)) fields[property.name] = std::move(value);
    }
    return fields;
  }

 private:
  /// `only_links`: the property holds links and nothing else, so that a collection leaves out
  /// those that lead nowhere.
  [[nodiscard]] json write(const ModelValue& value, bool only_links) const {
    return std::visit([&](const auto& content) { return form(content, only_links); }, value.data);
  }

  [[nodiscard]] json form(std::monostate, bool) const { return nullptr; }
  [[nodiscard]] json form(std::int64_t value, bool) const { return "i:" + std::to_string(value); }
  [[nodiscard]] json form(bool value, bool) const { return value; }
  [[nodiscard]] json form(const std::string& value, bool) const { return "s:" + value; }
  [[nodiscard]] json form(const ModelBinary& value, bool) const {
    return "b:" + to_hex(as_bytes(value.bytes));
  }
  [[nodiscard]] json form(const Timestamp& value, bool) const {
    return "t:" + std::to_string(value.seconds) + ":" + std::to_string(value.nanoseconds);
  }
  [[nodiscard]] json form(float value, bool) const { return "f:" + float_hex(value); }
  [[nodiscard]] json form(double value, bool) const { return "d:" + float_hex(value); }
  [[nodiscard]] json form(const Decimal128& value, bool) const {
    return "D:" + decimal_text(value);
  }
  [[nodiscard]] json form(const ObjectId& value, bool) const { return "o:" + id_hex(value); }
  [[nodiscard]] json form(const Uuid& value, bool) const { return "u:" + id_hex(value); }
  [[nodiscard]] json form(const ModelLink& value, bool) const {
    if (!exists(value)) return nullptr;
    return "l:" + value.target + ":" + key_text(value.key);
  }
  [[nodiscard]] json form(const ModelList& value, bool only_links) const {
    return elements(value.elements, only_links);
  }
  [[nodiscard]] json form(const ModelSet& value, bool only_links) const {
    json sorted = elements(value.elements, only_links);
    std::ranges::sort(sorted.get_ref<json::array_t&>(), {}, &dump);
    return {{"set", std::move(sorted)}};
  }
  [[nodiscard]] json form(const ModelDictionary& value, bool) const {
    json entries = json::object();
    for (const auto& [key, entry] : value.entries) entries[key] = write(entry, false);
    return {{"dict", std::move(entries)}};
  }
  [[nodiscard]] json form(const ModelObject& value, bool) const { return {{"obj", object(value)}}; }

  [[nodiscard]] json elements(const std::vector<ModelValue>& elements, bool only_links) const {
    json list = json::array();
    for (const ModelValue& element : elements) {
      const auto* link = element.as<ModelLink>();
      if (only_links && link != nullptr && !exists(*link)) continue;
      list.push_back(write(element, only_links));
    }
    return list;
  }

  [[nodiscard]] bool exists(const ModelLink& link) const {
    const auto table = tables_.find(link.target);
    return table != tables_.end() && table->second.objects.contains(link.key);
  }

  const ModelRealm::Tables& tables_;
};

}  // namespace

json ModelRealm::state() const {
  const StateWriter writer(tables_);
  json state = json::object();
  for (const auto& [name, table] : tables_) {
    for (const auto& [key, object] : table.objects) {
      state[name][key_text(key)] = writer.object(object);
    }
  }
  return state;
}

json ModelRealm::schema() const {
  json schema = json::object();
  for (const auto& [name, table] : tables_) {
    json& form = schema[name];
    form["kind"] = to_string(table.schema.kind);
    form["cols"] = json::object();
    for (const Property& property : table.schema.properties) {
      if (property.name == table.schema.primary_key) {
        form["pk"] = property.name + ":" + type_text(property);
      } else {
        form["cols"][property.name] = type_text(property);
      }
    }
  }
  return schema;
}

}  // namespace tombolo::test
