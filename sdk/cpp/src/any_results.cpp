#include "tombolo/any_results.h"

#include <algorithm>
#include <string>
#include <utility>

#include "realm_core.h"

namespace tombolo {
namespace {

using Rows = std::vector<store::RowId>;

Rows matching_rows(const RealmCore& realm, ClassId class_id, const Predicate& predicate) {
  Rows rows;
  const store::RealmReader& reader = realm.reader();
  if (predicate.comparisons.empty()) {
    rows.reserve(reader.object_count(class_id));
    for (auto row = reader.first_row(class_id); row != store::kNoRow;
         row = reader.next_row(class_id, row)) {
      rows.push_back(row);
    }
    return rows;
  }
  store::for_each_matching(reader, class_id, resolve(realm, class_id, predicate), [&](auto row) {
    rows.push_back(row);
    return true;
  });
  return rows;
}

/// Turns touched rows into positions. Rows are in ascending order, before and after, so that the
/// position of a touched row is found by bisection.
class ResultsObserver final : public ChangeObserver {
 public:
  using Callback = std::function<void(const AnyResults&, const CollectionChanges&)>;

  ResultsObserver(const std::shared_ptr<RealmCore>& realm,
                  ClassId class_id,
                  Predicate predicate,
                  Callback callback)
      : realm_(realm),
        class_id_(class_id),
        predicate_(std::move(predicate)),
        callback_(std::move(callback)) {}

  ClassId class_id() const noexcept override { return class_id_; }

  bool notify(const TouchedRows& touched, bool is_first) override {
    const auto realm = realm_.lock();
    if (!realm) return false;
    CollectionChanges changes;
    if (is_first) {
      rows_ = matching_rows(*realm, class_id_, predicate_);
    } else {
      changes = take_over(matching_rows(*realm, class_id_, predicate_), touched);
      if (changes.empty()) return true;
    }
    callback_(AnyResults(realm, class_id_, predicate_), changes);
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
    } else {
      for (const store::ModifiedRow& row : touched.modified) modified.push_back(row.row);
      candidates.insert(candidates.end(), modified.begin(), modified.end());
      std::ranges::sort(modified);
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
  Predicate predicate_;
  Callback callback_;
  Rows rows_;
};

}  // namespace

AnyResults::AnyResults(std::shared_ptr<RealmCore> realm, ClassId class_id, Predicate predicate)
    : realm_(std::move(realm)),
      class_id_(class_id),
      predicate_(std::move(predicate)) {
  (void)resolve(*realm_, class_id_, predicate_);  // Wrong names are found here, not at first use.
}

const std::vector<store::RowId>& AnyResults::rows() const {
  if (rows_version_ != realm_->content_version()) {
    rows_ = matching_rows(*realm_, class_id_, predicate_);
    rows_version_ = realm_->content_version();
  } else {
    (void)realm_->reader();  // Throws when the realm was closed.
  }
  return rows_;
}

std::size_t AnyResults::size() const {
  if (rows_version_ == realm_->content_version()) return rows().size();
  if (predicate_.comparisons.empty()) return realm_->reader().object_count(class_id_);
  return store::count_matching(
      realm_->reader(), class_id_, resolve(*realm_, class_id_, predicate_));
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

AnyResults AnyResults::where(Predicate predicate) const {
  return AnyResults(realm_, class_id_, predicate_ && std::move(predicate));
}

NotificationToken AnyResults::observe(
    std::function<void(const AnyResults&, const CollectionChanges&)> callback) const {
  return realm_->add_change_observer(
      std::make_unique<ResultsObserver>(realm_, class_id_, predicate_, std::move(callback)));
}

}  // namespace tombolo
