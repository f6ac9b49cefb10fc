#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "tombolo/any_collection.h"
#include "tombolo/sort_order.h"

namespace tombolo {

/// The elements of a list or set of values in the order of the values: live, as the collection is.
/// Null comes first, then values of different kinds in the order of docs/query-language.md; lists
/// and dictionaries count as null. Of equal ones the first in the collection comes first.
///
/// Errors:  as `AnyList`.
/// Thread:  its realm's.
class AnySortedValues {
 public:
  /// `AnyCollection::sorted()` makes it.
  AnySortedValues(AnyCollection collection, SortOrder order) noexcept
      : collection_(std::move(collection)),
        order_(order) {}

  [[nodiscard]] bool is_valid() const { return collection_.is_valid(); }
  [[nodiscard]] std::size_t size() const { return positions().size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] Value get(std::size_t index) const;
  [[nodiscard]] Value operator[](std::size_t index) const { return get(index); }
  [[nodiscard]] PositionIterator<AnySortedValues> begin() const { return {this, 0}; }
  [[nodiscard]] PositionIterator<AnySortedValues> end() const { return {this, size()}; }
  /// Where each of them stands in the collection.
  [[nodiscard]] const std::vector<std::size_t>& positions() const;

  /// As that of the collection, in positions of this order. An element that takes another place in
  /// it is deleted and inserted.
  NotificationToken observe(std::function<void(const AnySortedValues& values,
                                               const CollectionChanges& changes)> callback) const;

  [[nodiscard]] const AnyCollection& collection() const noexcept { return collection_; }

 private:
  AnyCollection collection_;
  SortOrder order_;
  mutable std::vector<std::size_t> positions_;
  mutable std::uint64_t positions_version_ = 0;  ///< The realm's content version; 0: none are read.
};

}  // namespace tombolo
