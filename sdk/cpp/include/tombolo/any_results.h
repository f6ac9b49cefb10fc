#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "query/bound_query.h"
#include "store/ids.h"
#include "store/row_sequence.h"
#include "tombolo/any_object.h"
#include "tombolo/notification.h"
#include "tombolo/predicate.h"
#include "tombolo/query_argument.h"
#include "tombolo/sort_order.h"

namespace tombolo {

/// A property that has another name in an application, for queries.
struct PublicName {
  std::string class_name;
  std::string property;  ///< As it is stored.
  std::string name;
};
/// A property that gives the objects of a class which link to the object from a property of theirs.
struct LinkingObjects {
  std::string class_name;
  std::string name;
  std::string origin_class;
  std::string origin_property;
};
/// The names that queries may use beside those of the stored schema.
struct QueryNames {
  std::vector<PublicName> public_names;
  std::vector<LinkingObjects> linking_objects;
};

/// The objects of a class that link to an object from one of its properties.
struct LinksTo {
  store::ObjectRef target;
  PropertyId property;
};
/// Where results are taken from: all objects of the class, those in a list or set, or those that
/// link to an object.
using ResultSource = std::variant<std::monostate, store::CollectionRef, LinksTo>;

/// The objects of a class that match queries, in the order of their creation, of the list or set
/// that they are taken from, or in that which the queries ask for; always those of the newest state
/// that the realm has been refreshed to, unless they are a snapshot. Copies share nothing but the
/// realm.
///
/// Errors:  after the realm was closed every call throws `Error{kClosed}`.
/// Thread:  its realm's.
class AnyResults {
 public:
  using Queries = std::vector<std::shared_ptr<const query::BoundQuery>>;

  AnyResults(std::shared_ptr<RealmCore> realm,
             ClassId class_id,
             Queries queries = {},
             ResultSource source = {});

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// Errors:  throws `Error{kInvalidArgument}` for a position beyond the end.
  [[nodiscard]] AnyObject at(std::size_t position) const;
  [[nodiscard]] store::RowId row_at(std::size_t position) const;
  [[nodiscard]] ClassId class_id() const noexcept { return class_id_; }

  /// Those of them that match `predicate` too.
  [[nodiscard]] AnyResults where(const Predicate& predicate) const;

  /// Those of them that match a query of docs/query-language.md; its SORT, DISTINCT and LIMIT apply
  /// after those that were there before.
  ///
  /// Errors:  throws `Error{kInvalidArgument}`: what is wrong with the query, and in which column;
  ///          also for results that have a LIMIT. `kLimitExceeded` for a query that is too long.
  [[nodiscard]] AnyResults filtered(std::string_view query,
                                    const std::vector<QueryArgument>& arguments = {},
                                    const QueryNames& names = {}) const;
  /// The same objects ordered by properties, which may be reached through to-one links
  /// (`"shop.city"`). What they were ordered by before decides between equals.
  ///
  /// Errors:  throws `Error{kInvalidArgument}` for what is no such property.
  [[nodiscard]] AnyResults sorted(std::string_view property,
                                  SortOrder order = SortOrder::kAscending) const;

  /// The conditions and orders as one query, with the arguments in it: its canonical form.
  [[nodiscard]] std::string description() const;
  /// How the objects are found, a line a step.
  [[nodiscard]] std::string explain() const;

  /// The least, greatest, sum and average of a property; nulls do not count. Numbers, and for the
  /// first two dates; nullopt of nothing, but for the sum, which is 0. Sums of ints are ints.
  ///
  /// Errors:  throws `Error{kNotFound}`, `Error{kInvalidArgument}` for a property of another type.
  [[nodiscard]] std::optional<Value> min(PropertyId property) const;
  [[nodiscard]] std::optional<Value> max(PropertyId property) const;
  [[nodiscard]] Value sum(PropertyId property) const;
  [[nodiscard]] std::optional<Value> average(PropertyId property) const;

  /// The rows as they are now, for walks that write on the way.
  [[nodiscard]] const store::RowSequence& rows() const;

  /// Calls back once as soon as possible with no changes, then after each commit that changed which
  /// objects there are or one of them.
  ///
  /// Errors:  as those of `AnyObject::observe`; `kInvalidArgument` for a snapshot.
  NotificationToken observe(
      std::function<void(const AnyResults& results, const CollectionChanges& changes)> callback,
      const KeyPaths& paths = std::nullopt) const;

  /// The objects that there are now, whatever happens to them: those that are deleted later are not
  /// valid any more, but keep their place. Aggregates are of what the results would be now.
  ///
  /// Errors:  throws `Error{kInvalidArgument}` from queries of it.
  [[nodiscard]] AnyResults snapshot() const;

  [[nodiscard]] const std::shared_ptr<RealmCore>& realm_core() const noexcept { return realm_; }

 private:
  /// What the objects that there are depend on.
  struct RowsVersion {
    std::uint64_t state = 0;
    std::uint64_t membership = 0;

    friend bool operator==(const RowsVersion&, const RowsVersion&) = default;
  };
  [[nodiscard]] RowsVersion rows_version() const;
  [[nodiscard]] AnyResults with(std::shared_ptr<const query::BoundQuery> added) const;

  std::shared_ptr<RealmCore> realm_;
  ClassId class_id_;
  ResultSource source_;
  Queries queries_;
  bool is_snapshot_ = false;  ///< `rows_` stay as they are.
  mutable store::RowSequence rows_;
  mutable RowsVersion rows_version_;  ///< Not read yet at first.
  // Where somebody asked last, for a walk from one position to the next.
  mutable std::size_t last_position_ = 0;
  mutable store::RowId last_row_;  ///< `kNoRow`: nowhere.
};

}  // namespace tombolo
