#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/property_type.h"

namespace tombolo {

/// One property of a class. The primary key is a property too and is not repeated elsewhere.
struct Property {
  std::string name;
  PropertyType type = PropertyType::kInt;
  CollectionType collection = CollectionType::kSingle;
  bool nullable = false;  ///< Of the elements, for a collection. Collections are never null.
  std::string target;     ///< Class that a link leads to; "" for any class and for other types.
  /// Of this file alone: changesets do not tell it. A primary key has one of its own whatever this
  /// says.
  IndexType index = IndexType::kNone;

  friend bool operator==(const Property&, const Property&) = default;
};

/// Whether values of both are the same in all that changesets tell: in all but the index.
[[nodiscard]] bool are_alike(const Property& left, const Property& right);

/// Its type for people: "int", "link(City)? list".
[[nodiscard]] std::string describe(const Property& property);

/// One class: its name as applications and changesets write it, without internal prefix.
struct ClassSchema {
  std::string name;
  ClassKind kind = ClassKind::kTopLevel;
  std::string primary_key;  ///< Name of a property in `properties`; "" when there is none.
  std::vector<Property> properties;

  [[nodiscard]] const Property* find_property(std::string_view property) const noexcept;

  friend bool operator==(const ClassSchema&, const ClassSchema&) = default;
};

/// All classes, in the order in which they were declared.
struct Schema {
  std::vector<ClassSchema> classes;

  [[nodiscard]] const ClassSchema* find_class(std::string_view name) const noexcept;

  friend bool operator==(const Schema&, const Schema&) = default;
};

/// Longest class and property names in bytes. Source: docs/changeset-format.md, "Limits".
inline constexpr std::size_t kClassNameBytesMax = 57;
inline constexpr std::size_t kPropertyNameBytesMax = 63;

/// Checks a schema against itself: names, duplicate names, primary keys of a legal type, link
/// targets that exist, nullability that the type allows.
///
/// Errors:  `kInvalidSchema`; the message lists every problem, one per line.
[[nodiscard]] Result<void> validate(const Schema& schema);

}  // namespace tombolo
