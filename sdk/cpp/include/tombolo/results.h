#pragma once

#include <iterator>
#include <utility>

#include "tombolo/any_results.h"
#include "tombolo/object.h"

namespace tombolo {

/// The objects of model `M` that match a predicate: `AnyResults` with typed objects.
///
///     for (Object<City> city : realm.objects<City>().where(City::population > 1'000'000)) ...
///
/// Errors and Thread: as `AnyResults`.
template <typename M>
class Results {
 public:
  explicit Results(AnyResults results) noexcept : results_(std::move(results)) {}

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Object<M>;
    using difference_type = std::ptrdiff_t;

    Iterator(const AnyResults* results, std::size_t position) noexcept
        : results_(results),
          position_(position) {}
    [[nodiscard]] Object<M> operator*() const { return Object<M>(results_->at(position_)); }
    Iterator& operator++() noexcept {
      ++position_;
      return *this;
    }
    Iterator operator++(int) noexcept { return {results_, position_++}; }
    friend bool operator==(const Iterator& left, const Iterator& right) noexcept {
      return left.position_ == right.position_;
    }

   private:
    const AnyResults* results_;
    std::size_t position_;
  };

  [[nodiscard]] std::size_t size() const { return results_.size(); }
  [[nodiscard]] bool empty() const { return results_.empty(); }
  [[nodiscard]] Object<M> operator[](std::size_t position) const {
    return Object<M>(results_.at(position));
  }
  [[nodiscard]] Iterator begin() const { return {&results_, 0}; }
  [[nodiscard]] Iterator end() const { return {&results_, results_.size()}; }

  [[nodiscard]] Results where(Predicate predicate) const {
    return Results(results_.where(predicate));
  }
  /// Those that match a query of docs/query-language.md, with its arguments:
  /// `filtered("population > $0 AND name BEGINSWITH[c] $1", 1'000'000, "r")`.
  template <typename... Arguments>
  [[nodiscard]] Results filtered(std::string_view query, const Arguments&... arguments) const {
    return Results(results_.filtered(query, {to_argument(arguments)...}));
  }
  [[nodiscard]] Results sorted(std::string_view property,
                               SortOrder order = SortOrder::kAscending) const {
    return Results(results_.sorted(property, order));
  }
  template <typename T>
  [[nodiscard]] Results sorted(const Field<T>& field,
                               SortOrder order = SortOrder::kAscending) const {
    return sorted(field.name, order);
  }

  NotificationToken observe(
      std::function<void(const Results& results, const CollectionChanges& changes)> callback,
      const KeyPaths& paths = std::nullopt) const {
    return results_.observe(
        [callback = std::move(callback)](const AnyResults& results,
                                         const CollectionChanges& changes) {
          callback(Results(results), changes);
        },
        paths);
  }
  [[nodiscard]] Results snapshot() const { return Results(results_.snapshot()); }

  [[nodiscard]] const AnyResults& any() const noexcept { return results_; }

 private:
  template <typename T>
  static QueryArgument to_argument(const T& argument) {
    return QueryArgument(argument);
  }
  template <typename Target>
  static QueryArgument to_argument(const Object<Target>& argument) {
    return QueryArgument(argument.any());
  }

  AnyResults results_;
};

}  // namespace tombolo
