#include "tombolo/sorted_values.h"

#include <algorithm>
#include <memory>

#include "query/value.h"
#include "realm_core.h"
#include "row_difference.h"
#include "store/query_objects.h"

namespace tombolo {
namespace {

using Positions = std::vector<std::size_t>;

/// Follows elements of a collection from the positions that they had to those that they have.
class MovedPositions {
 public:
  MovedPositions(const CollectionChanges& changes, std::size_t old_size, std::size_t new_size)
      : new_(old_size) {
    auto deleted = changes.deletions.begin();
    auto inserted = changes.insertions.begin();
    std::size_t position = 0;
    std::size_t gone = new_size;  // Elements that are not there any more have numbers of their own.
    for (std::size_t old = 0; old < old_size; ++old) {
      if (deleted != changes.deletions.end() && *deleted == old) {
        ++deleted;
        new_[old] = gone++;
        continue;
      }
      for (; inserted != changes.insertions.end() && *inserted == position; ++inserted) ++position;
      new_[old] = position++;
    }
  }

  [[nodiscard]] std::size_t operator[](std::size_t old) const { return new_.at(old); }

 private:
  Positions new_;
};

std::vector<store::RowId> to_rows(const Positions& positions) {
  std::vector<store::RowId> rows;
  rows.reserve(positions.size());
  for (const std::size_t position : positions) rows.emplace_back(position);
  return rows;
}

/// What happened to the sorted elements, of what happened to the collection.
CollectionChanges sorted_changes(const CollectionChanges& changes,
                                 const Positions& before,
                                 const Positions& after) {
  const MovedPositions moved(changes, before.size(), after.size());
  Positions numbers;
  numbers.reserve(before.size());
  for (const std::size_t position : before) numbers.push_back(moved[position]);
  return row_difference(to_rows(numbers), to_rows(after), to_rows(changes.new_modifications));
}

}  // namespace

const std::vector<std::size_t>& AnySortedValues::positions() const {
  const auto& realm = collection_.realm_core();
  const store::CollectionReader elements = realm->reader().collection(collection_.ref());
  if (positions_version_ == realm->content_version()) return positions_;

  std::vector<std::pair<query::Value, std::size_t>> values;
  values.reserve(elements.size());
  for (std::uint32_t stored = 0; stored < elements.size(); ++stored) {
    if (elements.is_hidden(stored)) continue;
    values.emplace_back(store::to_query_value(elements.get(stored)), values.size());
  }
  const bool is_descending = order_ == SortOrder::kDescending;
  std::ranges::stable_sort(values, [is_descending](const auto& left, const auto& right) {
    const auto order = query::order(left.first, right.first);
    return is_descending ? order > 0 : order < 0;
  });
  positions_.clear();
  positions_.reserve(values.size());
  for (const auto& [value, position] : values) positions_.push_back(position);
  positions_version_ = realm->content_version();
  return positions_;
}

Value AnySortedValues::get(std::size_t index) const {
  const Positions& all = positions();
  if (index >= all.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                "Requested index " + std::to_string(index) + " in sorted values of size " +
                    std::to_string(all.size()));
  }
  return AnyList(collection_.realm_core(), collection_.ref()).get(all[index]);
}

NotificationToken AnySortedValues::observe(
    std::function<void(const AnySortedValues&, const CollectionChanges&)> callback) const {
  auto tell = [order = order_, callback = std::move(callback), before = Positions()](
                  const AnyList& list, const CollectionChanges& changes) mutable {
    const AnySortedValues values(list, order);
    Positions after = values.is_valid() ? values.positions() : Positions();
    const bool is_first = changes.empty();
    CollectionChanges told = is_first ? changes : sorted_changes(changes, before, after);
    before = std::move(after);
    callback(values, told);
  };
  return AnyList(collection_.realm_core(), collection_.ref()).observe(std::move(tell));
}

}  // namespace tombolo
