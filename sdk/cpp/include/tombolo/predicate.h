#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/predicate.h"
#include "tombolo/model.h"

namespace tombolo {

using store::Comparison;

/// One comparison of a property with a value, by name; it owns its operand.
struct PropertyComparison {
  std::string property;
  Comparison comparison = Comparison::kEqual;
  Value operand;
  std::shared_ptr<const std::string> text;  ///< What `operand` views, for strings and binaries.
};

/// Comparisons that all have to hold. Names and types are checked where it is used.
struct Predicate {
  std::vector<PropertyComparison> comparisons;
};

[[nodiscard]] inline Predicate operator&&(Predicate left, Predicate right) {
  for (auto& comparison : right.comparisons) left.comparisons.push_back(std::move(comparison));
  return left;
}

/// A comparison that keeps a copy of the text that `operand` views.
[[nodiscard]] inline Predicate compare(std::string_view property,
                                       Comparison comparison,
                                       const Value& operand) {
  PropertyComparison result{std::string(property), comparison, operand, nullptr};
  if (operand.type() == ValueType::kString || operand.type() == ValueType::kBinary) {
    result.text = std::make_shared<const std::string>(operand.text());
    result.operand = operand.type() == ValueType::kString
                         ? Value::of_string(*result.text)
                         : Value::of_binary(as_bytes(*result.text));
  }
  return Predicate{{std::move(result)}};
}

namespace detail {

template <typename T, typename V>
[[nodiscard]] Predicate compare_field(const Field<T>& field,
                                      Comparison comparison,
                                      const V& value) {
  if constexpr (std::is_same_v<V, std::nullopt_t>) {
    return compare(field.name, comparison, Value::null());
  } else {
    return compare(field.name, comparison, PropertyTraits<T>::to_value(value));
  }
}

}  // namespace detail

template <typename T, typename V>
[[nodiscard]] Predicate operator==(const Field<T>& field, const V& value) {
  return detail::compare_field(field, Comparison::kEqual, value);
}
template <typename T, typename V>
[[nodiscard]] Predicate operator!=(const Field<T>& field, const V& value) {
  return detail::compare_field(field, Comparison::kNotEqual, value);
}
template <typename T, typename V>
[[nodiscard]] Predicate operator<(const Field<T>& field, const V& value) {
  return detail::compare_field(field, Comparison::kLess, value);
}
template <typename T, typename V>
[[nodiscard]] Predicate operator<=(const Field<T>& field, const V& value) {
  return detail::compare_field(field, Comparison::kLessOrEqual, value);
}
template <typename T, typename V>
[[nodiscard]] Predicate operator>(const Field<T>& field, const V& value) {
  return detail::compare_field(field, Comparison::kGreater, value);
}
template <typename T, typename V>
[[nodiscard]] Predicate operator>=(const Field<T>& field, const V& value) {
  return detail::compare_field(field, Comparison::kGreaterOrEqual, value);
}

}  // namespace tombolo
