#include "tombolo/any_results.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "observed_paths.h"
#include "realm_core.h"
#include "result_queries.h"
#include "result_source.h"
#include "row_difference.h"
#include "store/query_execution.h"

namespace tombolo {
namespace {

using Rows = std::vector<store::RowId>;

/// Turns changed rows into positions. Where rows are in ascending order, before and after, the
/// position of a changed row is found by bisection.
class ResultsObserver final : public ChangeObserver {
 public:
  using Callback = std::function<void(const AnyResults&, const CollectionChanges&)>;

  ResultsObserver(const std::shared_ptr<RealmCore>& realm,
                  ClassId class_id,
                  AnyResults::Queries queries,
                  ResultSource source,
                  const KeyPaths& paths,
                  Callback callback)
      : realm_(realm),
        class_id_(class_id),
        queries_(std::move(queries)),
        source_(source),
        is_local_(
            std::holds_alternative<std::monostate>(source_) &&
            std::ranges::all_of(queries_, [](const auto& query) { return is_local(*query); })),
        paths_(realm->reader().catalog(), class_id, paths, kCollectionLevels),
        callback_(std::move(callback)) {}

  bool concerns(const store::RealmChanges& changes) const override {
    return !is_local_ || paths_.concerns(changes);
  }

  bool notify(const PendingChanges& pending, bool is_first) override {
    const auto realm = realm_.lock();
    if (!realm) return false;
    CollectionChanges changes;
    if (is_first) {
      rows_ = all_now(*realm);
    } else {
      changes = pending.everything ? replace_all(*realm) : take_over(*realm, pending);
      if (changes.empty()) return true;
    }
    callback_(AnyResults(realm, class_id_, queries_, source_), changes);
    return true;
  }

 private:
  static std::size_t position_of(const Rows& rows, store::RowId row) {
    return static_cast<std::size_t>(std::ranges::lower_bound(rows, row) - rows.begin());
  }
  static bool holds(const Rows& rows, store::RowId row) {
    return std::ranges::binary_search(rows, row);
  }

  Rows all_now(const RealmCore& realm) const {
    return matching_rows(realm, class_id_, queries_, source_).to_vector();
  }

  /// Every object may have changed.
  CollectionChanges replace_all(const RealmCore& realm) {
    Rows now = all_now(realm);
    Rows modified = now;
    std::ranges::sort(modified);
    return compare_anew(std::move(now), modified);
  }

  CollectionChanges take_over(const RealmCore& realm, const PendingChanges& pending) {
    Rows modified;
    for (const auto& [row, bits] : paths_.find_modified(realm.reader(), pending)) {
      modified.push_back(row);
    }
    // Any row may have come, gone or moved, though it was not changed itself.
    if (!is_local_) return compare_anew(all_now(realm), modified);

    Rows candidates = modified;
    pending.for_each([&](const store::RealmChanges& changes) {
      for (const store::ClassChanges& of_class : changes.classes) {
        if (of_class.class_id != class_id_) continue;
        candidates.insert(candidates.end(), of_class.inserted.begin(), of_class.inserted.end());
        candidates.insert(candidates.end(), of_class.erased.begin(), of_class.erased.end());
        for (const store::ModifiedRow& row : of_class.modified) candidates.push_back(row.row);
      }
    });
    std::ranges::sort(candidates);
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    return compare(rows_now(realm, candidates), candidates, modified);
  }

  /// How many objects are checked one by one: a scan of all takes about as long.
  std::size_t checked_max(const store::RealmReader& reader) const {
    constexpr std::size_t kAtLeast = 2;
    constexpr std::size_t kScannedPerChecked = 64;
    return kAtLeast + reader.object_count(class_id_) / kScannedPerChecked;
  }

  CollectionChanges compare_anew(Rows now, const Rows& modified) {
    CollectionChanges changes = row_difference(rows_, now, modified);
    rows_ = std::move(now);
    return changes;
  }

  /// What matches now, when only `candidates` may have come or gone; nullopt: the same objects.
  std::optional<Rows> rows_now(const RealmCore& realm, const Rows& candidates) const {
    const store::RealmReader& reader = realm.reader();
    if (reader.catalog().find_class(class_id_) == nullptr) return Rows();
    if (!queries_.empty() && candidates.size() > checked_max(reader)) {
      return all_now(realm);
    }
    Rows present;
    std::ranges::copy_if(candidates, std::back_inserter(present), [&](store::RowId row) {
      return reader.contains({class_id_, row});
    });
    if (!queries_.empty()) present = matching_among(realm, class_id_, queries_, present);
    const bool is_same = std::ranges::all_of(
        candidates, [&](store::RowId row) { return holds(rows_, row) == holds(present, row); });
    if (is_same) return std::nullopt;
    Rows rest;
    std::ranges::set_difference(rows_, candidates, std::back_inserter(rest));
    Rows now;
    std::ranges::set_union(rest, present, std::back_inserter(now));
    return now;
  }

  /// `candidates` may have come, gone or changed; `modified` have changed. Both are in order.
  CollectionChanges compare(std::optional<Rows> changed,
                            const Rows& candidates,
                            const Rows& modified) {
    const Rows& now = changed ? *changed : rows_;
    CollectionChanges changes;
    for (const store::RowId row : candidates) {
      const bool was_there = holds(rows_, row);
      const bool is_there = holds(now, row);
      if (was_there && !is_there) {
        changes.deletions.push_back(position_of(rows_, row));
      } else if (!was_there && is_there) {
        changes.insertions.push_back(position_of(now, row));
      } else if (was_there && is_there && holds(modified, row)) {
        changes.old_modifications.push_back(position_of(rows_, row));
        changes.new_modifications.push_back(position_of(now, row));
      }
    }
    if (changed) rows_ = *std::move(changed);
    return changes;
  }

  std::weak_ptr<RealmCore> realm_;
  ClassId class_id_;
  AnyResults::Queries queries_;
  ResultSource source_;
  bool is_local_;
  ObservedPaths paths_;
  Callback callback_;
  Rows rows_;
};

}  // namespace

AnyResults::AnyResults(std::shared_ptr<RealmCore> realm,
                       ClassId class_id,
                       Queries queries,
                       ResultSource source)
    : realm_(std::move(realm)),
      class_id_(class_id),
      source_(source),
      queries_(std::move(queries)) {}

/// For all objects of the class only those that come and go count, and not what is written to them.
AnyResults::RowsVersion AnyResults::rows_version() const {
  const store::RealmReader& reader = realm_->reader();
  const bool is_of_all = queries_.empty() && std::holds_alternative<std::monostate>(source_) &&
                         reader.catalog().find_class(class_id_) != nullptr;
  if (!is_of_all) return {realm_->content_version(), 0};
  return {realm_->state_version(), reader.membership_version(class_id_)};
}

const store::RowSequence& AnyResults::rows() const {
  if (!is_snapshot_ && rows_version_ != rows_version()) {
    rows_ = matching_rows(*realm_, class_id_, queries_, source_);
    rows_version_ = rows_version();
    last_row_ = store::kNoRow;
  } else {
    (void)realm_->reader();  // Throws when the realm was closed.
  }
  return rows_;
}

std::size_t AnyResults::size() const {
  const bool is_counted = std::holds_alternative<std::monostate>(source_) &&
                          realm_->reader().catalog().find_class(class_id_) != nullptr;
  if (is_snapshot_ || !is_counted || rows_version_ == rows_version()) return rows().size();
  return store::count_matching(realm_->reader(), class_id_, queries_);
}

AnyObject AnyResults::at(std::size_t position) const {
  return AnyObject(realm_, {class_id_, row_at(position)});
}

store::RowId AnyResults::row_at(std::size_t position) const {
  const auto& all = rows();
  if (position >= all.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                "Requested index " + std::to_string(position) + " in results of size " +
                    std::to_string(all.size()));
  }
  const bool is_next = last_row_ != store::kNoRow && position == last_position_ + 1;
  last_row_ = is_next ? all.next(last_position_, last_row_) : all[position];
  last_position_ = position;
  return last_row_;
}

AnyResults AnyResults::where(const Predicate& predicate) const {
  return with(make_query(*realm_, class_id_, predicate));
}

AnyResults AnyResults::filtered(std::string_view text,
                                const std::vector<QueryArgument>& arguments,
                                const QueryNames& names) const {
  return with(make_query(*realm_, class_id_, text, arguments, names));
}

AnyResults AnyResults::sorted(std::string_view property, SortOrder order) const {
  if (is_snapshot_) throw Error(ErrorCode::kInvalidArgument, "a snapshot cannot be queried");
  AnyResults ordered(realm_, class_id_, queries_, source_);
  ordered.queries_.push_back(make_sort(*realm_, class_id_, property, order));
  return ordered;
}

AnyResults AnyResults::with(std::shared_ptr<const query::BoundQuery> added) const {
  if (is_snapshot_) throw Error(ErrorCode::kInvalidArgument, "a snapshot cannot be queried");
  for (const auto& query : queries_) {
    for (const query::BoundDescriptor& descriptor : query->descriptors) {
      if (!std::holds_alternative<query::LimitNode>(descriptor)) continue;
      throw Error(ErrorCode::kInvalidArgument, "Filtering a Results with a limit is not supported");
    }
  }
  AnyResults narrowed(realm_, class_id_, queries_, source_);
  narrowed.queries_.push_back(std::move(added));
  return narrowed;
}

std::string AnyResults::description() const {
  return describe(queries_);
}

std::string AnyResults::explain() const {
  return explain_matching(*realm_, class_id_, queries_, source_);
}

AnyResults AnyResults::snapshot() const {
  (void)rows();
  AnyResults copy = *this;
  copy.is_snapshot_ = true;
  return copy;
}

NotificationToken AnyResults::observe(
    std::function<void(const AnyResults&, const CollectionChanges&)> callback,
    const KeyPaths& paths) const {
  if (is_snapshot_) {
    throw Error(ErrorCode::kInvalidArgument, "Cannot create asynchronous query for a snapshot");
  }
  return realm_->add_change_observer(std::make_unique<ResultsObserver>(
      realm_, class_id_, queries_, source_, paths, std::move(callback)));
}

}  // namespace tombolo
