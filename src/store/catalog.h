#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "schema/schema.h"
#include "store/block_layout.h"
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
  ClassId target;                      ///< Of a link; 0: to any class.
  IndexType index = IndexType::kNone;  ///< Never of the primary key: its index is another.
  GroupId group;                       ///< Where its values are.
  std::uint32_t column = 0;            ///< Position among the columns of the group.
  ColumnForm form;                     ///< Of its column.
  ColumnForm element_form;             ///< Of the elements of a list or set; single: as `form`.

  [[nodiscard]] bool is_collection() const noexcept {
    return collection != CollectionType::kSingle;
  }
  /// Whether values say themselves of which type or class they are (element.h, "any value").
  [[nodiscard]] bool holds_any() const noexcept {
    return type == PropertyType::kMixed || (type == PropertyType::kLink && target == ClassId());
  }
  /// Whether values may be links or have something inside, so that others change with them.
  [[nodiscard]] bool holds_references() const noexcept {
    return type == PropertyType::kMixed || type == PropertyType::kLink;
  }
};

/// A column group: what its columns look like in blocks, and whose values they hold.
struct GroupInfo {
  GroupLayout layout;
  /// By position; nullopt: a gap that an erased property left, or the hidden column of keys.
  std::vector<std::optional<PropertyId>> properties;
};

/// One class as the store keeps it. The first column of the first group holds the key of each
/// object: the primary key, or in a class without one the global key. Of an embedded object it
/// holds the slot that owns it.
///
/// Thread:  immutable.
struct ClassInfo {
  ClassId id;
  std::string name;
  ClassKind kind = ClassKind::kTopLevel;
  std::optional<PropertyId> primary_key;  ///< nullopt: objects have global keys or an owner.
  std::vector<PropertyInfo> properties;   ///< In the order of creation, the primary key first.
  std::vector<GroupInfo> groups;
  PropertyId next_property;
  /// Positions in `properties` by property id.
  std::vector<std::optional<std::uint32_t>> positions;

  [[nodiscard]] bool is_embedded() const noexcept { return kind == ClassKind::kEmbedded; }
  [[nodiscard]] const PropertyInfo* find_property(std::string_view property) const noexcept;
  /// Null for an erased or unknown property.
  [[nodiscard]] const PropertyInfo* find_property(PropertyId property) const noexcept {
    const std::size_t index = property.value();
    if (index >= positions.size() || !positions[index]) return nullptr;
    return &properties[*positions[index]];
  }
  /// The property of the primary key; requires one (asserted).
  [[nodiscard]] const PropertyInfo& key_property() const;

  /// Adds a column to the last group or, when that is wide already, to a new one, and the property.
  PropertyId add_property(const Property& definition, ClassId target);
  void erase_property(PropertyId property);
  /// Adds the column of the key; the first thing done to a new class.
  void add_key(const Property* primary_key);
};

/// The schema of a realm in the form that the store works with. Lookups by id are array accesses.
///
/// Thread:  immutable, shared by the transactions that see the same schema.
class Catalog {
 public:
  Catalog() = default;
  explicit Catalog(std::vector<ClassInfo> classes);
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

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
  std::vector<ClassInfo> classes_;       ///< In the order of creation.
  std::vector<const ClassInfo*> by_id_;  ///< Null for erased classes.
};

/// The record of a class and back.
///
///     class      = 2:u8 kind:u8 has_key:u8 next_property:u32 name groups:u16 group *
///                  properties:u32 property *
///     group      = columns:u16 (storage:u8 has_validity:u8) *
///     property   = id:u32 type:u8 collection:u8 nullable:u8 index:u8 target:u32 group:u16
///                  column:u16 name
///     name       = bytes:u16 byte *
///
/// In files of format 1 the record begins with 1 and properties have no `index`.
///
/// Errors:  `parse_class` throws `Error{kFileCorrupt}`.
[[nodiscard]] Bytes encode_class(const ClassInfo& info);
[[nodiscard]] ClassInfo parse_class(ClassId id, BytesView record);

}  // namespace tombolo::store
