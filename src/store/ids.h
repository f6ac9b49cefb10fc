#pragma once

#include <cstdint>

#include "base/strong_id.h"

namespace tombolo::store {

/// Names a realm within an environment: a schema, its objects, their history and metadata.
using RealmId = StrongId<struct RealmIdTag, std::uint32_t>;
/// The realm that every environment has from its creation; a client file uses no other.
inline constexpr RealmId kDefaultRealm{1};

/// Names a class within a realm; never given to another class.
using ClassId = StrongId<struct ClassIdTag, std::uint32_t>;
/// Names a property within a class; never given to another property. The primary key has one too.
using PropertyId = StrongId<struct PropertyIdTag, std::uint32_t>;
/// Names an object, or the tombstone in its place, within a class. Ids start at 1, ascend in the
/// order of creation, and are never given to another object.
using RowId = StrongId<struct RowIdTag, std::uint64_t>;
inline constexpr RowId kNoRow{0};

/// Number of a commit in the environment, whatever realms it touched; 0 before the first.
using CommitId = StrongId<struct CommitIdTag, std::uint64_t>;

/// Position of an entry in a realm's own history: in a client file a client version, in a server
/// file a server version. 0 = before the first entry.
using HistoryVersion = StrongId<struct HistoryVersionTag, std::uint64_t>;
/// The version that the origin of a history entry gave it: in a client file the server's, in a
/// server file the client's.
using PeerVersion = StrongId<struct PeerVersionTag, std::uint64_t>;

/// An object and its class.
struct ObjectRef {
  ClassId class_id;
  RowId row;

  friend constexpr auto operator<=>(const ObjectRef&, const ObjectRef&) noexcept = default;
};

/// A property of one object: where a value or a collection is.
struct SlotRef {
  ClassId class_id;
  RowId row;
  PropertyId property;

  [[nodiscard]] constexpr ObjectRef object() const noexcept { return {class_id, row}; }
  friend constexpr auto operator<=>(const SlotRef&, const SlotRef&) noexcept = default;
};

/// Names a list or dictionary in mixed values among those of its class; never given to another.
/// 0: the collection that a property is.
using CollectionId = StrongId<struct CollectionIdTag, std::uint64_t>;

/// A collection: the one that a property is, or one that stands in the mixed values of a property.
struct CollectionRef {
  SlotRef slot;
  CollectionId id;

  // NOLINTNEXTLINE: the slot of a collection property names its collection.
  constexpr CollectionRef(const SlotRef& of, CollectionId nested = CollectionId()) noexcept
      : slot(of),
        id(nested) {}
  constexpr CollectionRef(ClassId class_id, RowId row, PropertyId property) noexcept
      : slot{class_id, row, property} {}

  [[nodiscard]] constexpr bool is_nested() const noexcept { return id != CollectionId(); }
  friend constexpr auto operator<=>(const CollectionRef&, const CollectionRef&) noexcept = default;
};

}  // namespace tombolo::store
