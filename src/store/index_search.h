#pragma once

#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include "query/bound_query.h"
#include "query/evaluator.h"
#include "store/realm_reader.h"

namespace tombolo::store {

/// A part of a query and who evaluates it.
struct QueryCondition {
  const query::BoundPredicate* predicate;
  query::Evaluator* evaluator;
};

/// What indexes have found for conditions that all must hold.
struct IndexedObjects {
  std::vector<RowId> rows;                ///< Ascending: all objects that match, perhaps others.
  std::pmr::vector<QueryCondition> rest;  ///< What each of them is still to be asked.
  std::pmr::vector<const PropertyInfo*> properties;  ///< Whose indexes were used.
};

/// Searches the indexes of a class for what has to hold. Of conditions that all must hold the one
/// is taken that leaves the fewest objects; where any of some may hold, each needs an index.
///
/// nullopt: no index helps, or so little that it is cheaper to walk over all objects.
///
/// Shape:   but for the rows, what is needed is taken from `memory`, which outlives the result.
/// Thread:  that of the transaction.
[[nodiscard]] std::optional<IndexedObjects> search_indexes(
    const RealmReader& realm,
    ClassId class_id,
    std::span<const QueryCondition> conditions,
    std::pmr::memory_resource& memory);

}  // namespace tombolo::store
