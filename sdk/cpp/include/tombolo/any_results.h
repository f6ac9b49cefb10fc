#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <vector>

#include "tombolo/any_object.h"
#include "tombolo/notification.h"
#include "tombolo/predicate.h"

namespace tombolo {

/// The objects of a class that match a predicate, in the order of their creation; always those of
/// the newest state that the realm has been refreshed to. Copies share nothing but the realm.
///
/// Errors:  after the realm was closed every call throws `Error{kClosed}`.
/// Thread:  its realm's.
class AnyResults {
 public:
  AnyResults(std::shared_ptr<RealmCore> realm, ClassId class_id, Predicate predicate);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// Errors:  throws `Error{kInvalidArgument}` for a position beyond the end.
  [[nodiscard]] AnyObject at(std::size_t position) const;
  [[nodiscard]] ClassId class_id() const noexcept { return class_id_; }

  /// Those of them that match `predicate` too.
  [[nodiscard]] AnyResults where(Predicate predicate) const;

  /// The rows as they are now, for walks that write on the way.
  [[nodiscard]] const std::vector<store::RowId>& rows() const;

  /// Calls back once as soon as possible with no changes, then after each commit that changed which
  /// objects there are or one of them.
  NotificationToken observe(std::function<void(const AnyResults& results,
                                               const CollectionChanges& changes)> callback) const;

  [[nodiscard]] const std::shared_ptr<RealmCore>& realm_core() const noexcept { return realm_; }

 private:
  std::shared_ptr<RealmCore> realm_;
  ClassId class_id_;
  Predicate predicate_;
  mutable std::vector<store::RowId> rows_;
  mutable std::uint64_t rows_version_ = 0;  ///< Of the realm's content; 0: not read yet.
};

}  // namespace tombolo
