#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "observed_paths.h"
#include "tombolo/any_object.h"

namespace tombolo {

/// Tells an application what happened to a list: at positions that it sees, of the stored ones that
/// the change log has.
class ListObserver final : public ChangeObserver {
 public:
  using Callback = std::function<void(const AnyList&, const CollectionChanges&)>;

  /// Errors:  throws `Error{kInvalidArgument}` for a key path that leads nowhere.
  ListObserver(const std::shared_ptr<RealmCore>& realm,
               store::SlotRef slot,
               const KeyPaths& paths,
               Callback callback);

  bool concerns(const store::RealmChanges& changes) const override;
  bool notify(const PendingChanges& changes, bool is_first) override;

 private:
  /// Stored positions of links to nothing, in ascending order: the application does not see them.
  using Hidden = std::vector<std::uint32_t>;

  [[nodiscard]] bool was_recreated(const PendingChanges& changes) const;
  void remember(const store::CollectionReader& list);
  [[nodiscard]] std::vector<std::uint32_t> modified_positions(const store::RealmReader& realm,
                                                              const store::CollectionReader& list,
                                                              const PendingChanges& changes) const;

  std::weak_ptr<RealmCore> realm_;
  store::SlotRef slot_;
  Callback callback_;
  ObservedPaths list_paths_;                    ///< Of the object that the list belongs to.
  std::optional<ObservedPaths> element_paths_;  ///< Of the objects in the list.
  std::uint32_t size_ = 0;                      ///< Of what the application was told last.
  Hidden hidden_;
};

}  // namespace tombolo
