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
/// ascending order. An object that was created and erased in the same transaction is in none.
struct ClassChanges {
  ClassId class_id;
  std::vector<RowId> inserted;  ///< Revived tombstones too.
  std::vector<RowId> erased;
  std::vector<ModifiedRow> modified;
};

struct RealmChanges {
  RealmId realm;
  bool schema_changed = false;
  std::vector<ClassChanges> classes;
};

/// A commit, as told to observers in the process that made it.
///
/// Thread:  immutable, shared.
struct Commit {
  CommitId id;
  std::vector<RealmChanges> realms;
};

}  // namespace tombolo::store
