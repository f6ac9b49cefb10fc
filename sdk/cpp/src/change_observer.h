#pragma once

#include <memory>
#include <vector>

#include "store/change_log.h"

namespace tombolo {

/// What commits did since an observer was last told.
struct PendingChanges {
  bool everything =
      false;  ///< Commits of other processes are among them: anything may have changed.
  std::vector<std::shared_ptr<const store::Commit>> commits;  ///< That concern it, oldest first.

  [[nodiscard]] bool none() const noexcept { return !everything && commits.empty(); }

  /// Calls `visit(const store::RealmChanges&)` for what each commit did to the realm of the file.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const auto& commit : commits) {
      for (const store::RealmChanges& changes : commit->realms) {
        if (changes.realm == store::kDefaultRealm) visit(changes);
      }
    }
  }
};

/// Something that wants to know of changes to objects.
class ChangeObserver {
 public:
  virtual ~ChangeObserver() = default;
  [[nodiscard]] virtual bool concerns(const store::RealmChanges& changes) const = 0;
  /// Tells the application; called once without changes first. False: nothing more will come.
  virtual bool notify(const PendingChanges& changes, bool is_first) = 0;
};

}  // namespace tombolo
