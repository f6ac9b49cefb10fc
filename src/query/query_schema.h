#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/schema.h"

namespace tombolo::query {

/// A property as queries see it.
struct QueryProperty {
  /// The links of a class that lead to an object: what a computed property gives.
  struct Origin {
    std::size_t class_index = 0;
    std::uint32_t property_id = 0;
  };

  std::string name;
  std::string public_name;  ///< Another name that it may be given by; "": none.
  PropertyType type = PropertyType::kInt;
  CollectionType collection = CollectionType::kSingle;
  bool nullable = false;              ///< Of the elements, for a collection.
  std::optional<std::size_t> target;  ///< The class that a link leads to; nullopt: to any.
  std::uint32_t id = 0;               ///< By which the source knows it.
  bool has_full_text_index = false;
  std::optional<Origin> origin;  ///< Set: a computed property, which the source does not know.
};

struct QueryClass {
  std::string name;
  ClassKind kind = ClassKind::kTopLevel;
  std::string primary_key;  ///< "": none.
  std::uint32_t id = 0;     ///< By which the source knows it.
  std::vector<QueryProperty> properties;

  [[nodiscard]] const QueryProperty* find_property(std::string_view name) const noexcept;
};

/// What a query may name: the classes and properties of a schema, with the numbers by which a
/// source knows them, the names that an SDK adds and the indexes there are.
///
/// Thread:  immutable once queries use it.
struct QuerySchema {
  std::vector<QueryClass> classes;

  [[nodiscard]] std::optional<std::size_t> find_class(std::string_view name) const noexcept;
  [[nodiscard]] const QueryClass* find_class_by_id(std::uint32_t id) const noexcept;
};

/// The classes and properties of `schema`, whose ids are their positions in it.
[[nodiscard]] QuerySchema make_query_schema(const Schema& schema);

}  // namespace tombolo::query
