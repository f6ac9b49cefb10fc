#pragma once

#include <cstdint>
#include <optional>

#include "query/bound_query.h"
#include "query/evaluator.h"
#include "store/catalog.h"
#include "store/predicate.h"

/// What conditions of a query mean to the store, and what it costs to ask them.

namespace tombolo::store {

/// Of asking one object, in units of one comparison in a column of numbers.
[[nodiscard]] std::uint32_t cost_of(const query::BoundPredicate& predicate);
/// Of asking a column, for one object.
[[nodiscard]] std::uint32_t column_cost(const PropertyInfo& property,
                                        const Predicate& predicate) noexcept;

[[nodiscard]] std::optional<Comparison> to_comparison(query::CompareOperator op) noexcept;

/// The property of an operand that is a single property of the object itself.
[[nodiscard]] const PropertyInfo* own_property(const ClassInfo& info,
                                               const query::BoundOperand& operand);

/// The comparison of a property of the object itself, on the left, with one constant, if the loop
/// over its column gives what the evaluator gives.
[[nodiscard]] std::optional<Predicate> column_predicate(const ClassInfo& info,
                                                        const query::BoundComparison& comparison,
                                                        const query::Evaluator& evaluator);

}  // namespace tombolo::store
