#include "query/query_schema.h"

#include <algorithm>

namespace tombolo::query {

const QueryProperty* QueryClass::find_property(std::string_view property) const noexcept {
  const auto found = std::ranges::find_if(properties, [&](const QueryProperty& candidate) {
    return candidate.name == property ||
           (!candidate.public_name.empty() && candidate.public_name == property);
  });
  return found == properties.end() ? nullptr : &*found;
}

std::optional<std::size_t> QuerySchema::find_class(std::string_view name) const noexcept {
  const auto found = std::ranges::find(classes, name, &QueryClass::name);
  if (found == classes.end()) return std::nullopt;
  return static_cast<std::size_t>(found - classes.begin());
}

const QueryClass* QuerySchema::find_class_by_id(std::uint32_t id) const noexcept {
  const auto found = std::ranges::find(classes, id, &QueryClass::id);
  return found == classes.end() ? nullptr : &*found;
}

QuerySchema make_query_schema(const Schema& schema) {
  QuerySchema result;
  for (const ClassSchema& declared : schema.classes) {
    QueryClass& made = result.classes.emplace_back();
    made.name = declared.name;
    made.kind = declared.kind;
    made.primary_key = declared.primary_key;
    made.id = static_cast<std::uint32_t>(result.classes.size() - 1);
  }
  for (std::size_t i = 0; i < schema.classes.size(); ++i) {
    for (const Property& declared : schema.classes[i].properties) {
      QueryProperty& made = result.classes[i].properties.emplace_back();
      made.name = declared.name;
      made.type = declared.type;
      made.collection = declared.collection;
      made.nullable = declared.nullable;
      if (!declared.target.empty()) made.target = result.find_class(declared.target);
      made.id = static_cast<std::uint32_t>(result.classes[i].properties.size() - 1);
    }
  }
  return result;
}

}  // namespace tombolo::query
