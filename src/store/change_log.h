#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "store/ids.h"

namespace tombolo::store {

/// An object of which properties changed. Bit n of `properties` stands for property id n; bit 63
/// for 63 and every later one.
struct ModifiedRow {
  RowId row;
  std::uint64_t properties = 0;

  friend bool operator==(const ModifiedRow&, const ModifiedRow&) = default;
};

/// What a commit did to the objects of a class, each row at most once over the three lists, in
/// ascending order. An object that was created and erased in the same transaction is in none. An
/// object is also modified where an object that it links to became a tombstone, or one again.
struct ClassChanges {
  ClassId class_id;
  std::vector<RowId> inserted;  ///< Revived tombstones too.
  std::vector<RowId> erased;
  std::vector<ModifiedRow> modified;
};

/// What was done to the elements of a collection, at stored positions: in a set those of the order
/// of members, in a dictionary those of the order of keys.
struct ElementChange {
  enum class Kind : std::uint8_t {
    kInsert,  ///< `count` elements, the first at `position`.
    kErase,   ///< The same.
    kSet,     ///< The element at `position`, to whatever value.
    kMove,    ///< The element at `position`, so that it stands at `to`.
    kClear,
  };
  Kind kind;
  std::uint32_t position = 0;
  std::uint32_t count = 1;
  std::uint32_t to = 0;

  friend bool operator==(const ElementChange&, const ElementChange&) = default;
};

/// What was done to one collection, in that order. The object is among the modified ones, or has
/// been created or erased since.
struct ElementChanges {
  CollectionRef collection;
  std::vector<ElementChange> changes;
};

struct RealmChanges {
  RealmId realm;
  bool schema_changed = false;
  std::vector<ClassChanges> classes;        ///< By class id.
  std::vector<ElementChanges> collections;  ///< By reference.
};

/// A commit, as told to observers in the process that made it.
///
/// Thread:  immutable, shared.
struct Commit {
  CommitId id;
  std::vector<RealmChanges> realms;
};

}  // namespace tombolo::store
