#include "tombolo/any_results.h"

#include <algorithm>
#include <string>
#include <utility>

#include "realm_core.h"
#include "result_queries.h"
#include "row_difference.h"
#include "store/query_execution.h"

namespace tombolo {
namespace {

using Rows = std::vector<store::RowId>;

Rows matching_rows(const RealmCore& realm, ClassId class_id, const AnyResults::Queries& queries) {
  return store::find_matching(realm.reader(), class_id, queries);
}

/// Turns touched rows into positions. Where rows are in ascending order, before and after, the
/// position of a touched row is found by bisection.
class ResultsObserver final : public ChangeObserver {
 public:
  using Callback = std::function<void(const AnyResults&, const CollectionChanges&)>;

  ResultsObserver(const std::shared_ptr<RealmCore>& realm,
                  ClassId class_id,
                  AnyResults::Queries queries,
                  Callback callback)
      : realm_(realm),
        class_id_(class_id),
        queries_(std::move(queries)),
        is_local_(
            std::ranges::all_of(queries_, [](const auto& query) { return is_local(*query); })),
        callback_(std::move(callback)) {}

  ClassId class_id() const noexcept override { return class_id_; }

  bool notify(const TouchedRows& touched, bool is_first) override {
    const auto realm = realm_.lock();
    if (!realm) return false;
    CollectionChanges changes;
    if (is_first) {
      rows_ = matching_rows(*realm, class_id_, queries_);
    } else {
      changes = take_over(matching_rows(*realm, class_id_, queries_), touched);
      if (changes.empty()) return true;
    }
    callback_(AnyResults(realm, class_id_, queries_), changes);
    return true;
  }

 private:
  static std::size_t position_of(const Rows& rows, store::RowId row) {
    return static_cast<std::size_t>(std::ranges::lower_bound(rows, row) - rows.begin());
  }
  static bool holds(const Rows& rows, store::RowId row) {
    return std::ranges::binary_search(rows, row);
  }

  CollectionChanges take_over(Rows now, const TouchedRows& touched) {
    Rows candidates = touched.inserted_or_erased;
    Rows modified;
    if (touched.everything) {
      candidates = rows_;
      candidates.insert(candidates.end(), now.begin(), now.end());
      modified = now;
      std::ranges::sort(modified);
    } else {
      for (const store::ModifiedRow& row : touched.modified) modified.push_back(row.row);
      candidates.insert(candidates.end(), modified.begin(), modified.end());
      std::ranges::sort(modified);
    }
    if (!is_local_) {
      // Any row may have come, gone or moved, though it was not touched itself.
      CollectionChanges changes = row_difference(rows_, now, modified);
      rows_ = std::move(now);
      return changes;
    }
    std::ranges::sort(candidates);
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());

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
    rows_ = std::move(now);
    return changes;
  }

  std::weak_ptr<RealmCore> realm_;
  ClassId class_id_;
  AnyResults::Queries queries_;
  bool is_local_;
  Callback callback_;
  Rows rows_;
};

}  // namespace

AnyResults::AnyResults(std::shared_ptr<RealmCore> realm, ClassId class_id, Queries queries)
    : realm_(std::move(realm)),
      class_id_(class_id),
      queries_(std::move(queries)) {}

const std::vector<store::RowId>& AnyResults::rows() const {
  if (rows_version_ != realm_->content_version()) {
    rows_ = matching_rows(*realm_, class_id_, queries_);
    rows_version_ = realm_->content_version();
  } else {
    (void)realm_->reader();  // Throws when the realm was closed.
  }
  return rows_;
}

std::size_t AnyResults::size() const {
  if (rows_version_ == realm_->content_version()) return rows().size();
  return store::count_matching(realm_->reader(), class_id_, queries_);
}

AnyObject AnyResults::at(std::size_t position) const {
  const auto& all = rows();
  if (position >= all.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                "Requested index " + std::to_string(position) + " in results of size " +
                    std::to_string(all.size()));
  }
  return AnyObject(realm_, {class_id_, all[position]});
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
  AnyResults ordered(realm_, class_id_, queries_);
  ordered.queries_.push_back(make_sort(*realm_, class_id_, property, order));
  return ordered;
}

AnyResults AnyResults::with(std::shared_ptr<const query::BoundQuery> added) const {
  for (const auto& query : queries_) {
    for (const query::BoundDescriptor& descriptor : query->descriptors) {
      if (!std::holds_alternative<query::LimitNode>(descriptor)) continue;
      throw Error(ErrorCode::kInvalidArgument, "Filtering a Results with a limit is not supported");
    }
  }
  AnyResults narrowed(realm_, class_id_, queries_);
  narrowed.queries_.push_back(std::move(added));
  return narrowed;
}

std::string AnyResults::explain() const {
  return store::explain(realm_->reader(), class_id_, queries_);
}

NotificationToken AnyResults::observe(
    std::function<void(const AnyResults&, const CollectionChanges&)> callback) const {
  return realm_->add_change_observer(
      std::make_unique<ResultsObserver>(realm_, class_id_, queries_, std::move(callback)));
}

}  // namespace tombolo
