#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "change_observer.h"
#include "store/realm_reader.h"
#include "tombolo/notification.h"

namespace tombolo {

/// Which properties of an object of a class, and of the objects that it links to, an observer
/// watches: key paths, bound to a schema.
///
///     level     0       1       2
///     path      owner . dogs  . *           a property of each level, or all of them
///
/// What changed on a level is found in the change log; the objects of level 0 that lead there are
/// found backwards, from link to link. So the cost grows with what changed and what links to it,
/// and not with the objects that are watched.
///
/// Thread:  the realm's.
class ObservedPaths {
 public:
  /// `paths` absent: everything on `levels` levels.
  ///
  /// Errors:  throws `Error{kInvalidArgument}` for a path that leads nowhere.
  ObservedPaths(const store::Catalog& catalog,
                store::ClassId root,
                const KeyPaths& paths,
                std::size_t levels);

  /// Whether objects on any level changed.
  [[nodiscard]] bool concerns(const store::RealmChanges& changes) const;

  /// An object of the root class, and by which of its properties, as bits of the change log.
  using Found = std::pair<store::RowId, std::uint64_t>;
  /// The objects that are not what they were on a watched path, in ascending order. They may have
  /// been created or erased since. `only` leaves out all others.
  [[nodiscard]] std::vector<Found> find_modified(
      const store::RealmReader& realm,
      const PendingChanges& changes,
      std::optional<store::RowId> only = std::nullopt) const;

 private:
  /// The watched properties of each class that may stand there, as bits of the change log.
  using Level = std::map<store::ClassId, std::uint64_t>;
  using Path = std::vector<Level>;

  void add_path(const store::Catalog& catalog, std::string_view text);
  void add_everything(const store::Catalog& catalog, std::size_t levels);

  store::ClassId root_;
  std::vector<Path> paths_;
};

/// Levels on which a change is one of the collection that the objects are in, unless it is observed
/// by key paths: its objects and three links on.
inline constexpr std::size_t kCollectionLevels = 4;

/// The bit of a property in the change log.
[[nodiscard]] std::uint64_t change_bit(store::PropertyId property) noexcept;

}  // namespace tombolo
