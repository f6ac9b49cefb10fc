#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/schema.h"
#include "store/ids.h"

namespace tombolo::store {

/// Names a column group of a class: the properties whose values share blocks.
using GroupId = StrongId<struct GroupIdTag, std::uint16_t>;

/// One property as the store keeps it.
struct PropertyInfo {
  PropertyId id;
  std::string name;
  PropertyType type = PropertyType::kInt;
  CollectionType collection = CollectionType::kSingle;
  bool nullable = false;
  ClassId target;            ///< Of a link.
  GroupId group;             ///< Where its values are.
  std::uint32_t column = 0;  ///< Position among the columns of the group.

  [[nodiscard]] bool is_list() const noexcept { return collection == CollectionType::kList; }
};

/// One class as the store keeps it.
///
/// Thread:  immutable.
struct ClassInfo {
  ClassId id;
  std::string name;
  ClassKind kind = ClassKind::kTopLevel;
  std::optional<PropertyId> primary_key;  ///< nullopt: objects are identified by global keys.
  /// In the order of creation, the primary key first. Positions are not ids once one was erased.
  std::vector<PropertyInfo> properties;
  /// Groups and columns in them, by position; a column of an erased property stays as a gap.
  std::vector<std::vector<std::optional<PropertyId>>> groups;
  PropertyId next_property;

  [[nodiscard]] const PropertyInfo* find_property(std::string_view property) const noexcept;
  [[nodiscard]] const PropertyInfo* find_property(PropertyId property) const noexcept;
  /// The property of the primary key; requires one (asserted).
  [[nodiscard]] const PropertyInfo& key_property() const;
};

/// The schema of a realm in the form that the store works with. Lookups by id are array accesses.
///
/// Thread:  immutable, shared by the transactions that see the same schema.
class Catalog {
 public:
  /// Null when there is no such class.
  [[nodiscard]] const ClassInfo* find_class(std::string_view name) const noexcept;
  [[nodiscard]] const ClassInfo* find_class(ClassId id) const noexcept {
    const std::size_t index = id.value();
    return index < by_id_.size() ? by_id_[index] : nullptr;
  }
  [[nodiscard]] const std::vector<ClassInfo>& classes() const noexcept { return classes_; }
  /// The same for people and SDKs: classes and properties in the order of creation.
  [[nodiscard]] Schema to_schema() const;

 private:
  friend class CatalogStore;
  std::vector<ClassInfo> classes_;       ///< In the order of creation.
  std::vector<const ClassInfo*> by_id_;  ///< Null for erased classes.
};

}  // namespace tombolo::store
