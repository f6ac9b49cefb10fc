#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "query/bound_query.h"
#include "store/realm_reader.h"
#include "store/row_sequence.h"

/// Carrying a query out over the objects of a realm: comparisons of a property with a constant run
/// over its columns, block by block; the rest asks object by object, after what is cheaper.

namespace tombolo::store {

/// Queries of one class that all have to hold; their descriptors apply one after the other. None:
/// all objects.
///
/// Shape:  bound with the schema of `make_query_schema` for the realm, perhaps with more names.
using QueryChain = std::span<const std::shared_ptr<const query::BoundQuery>>;

/// The objects that match, in the order that the queries ask for: else that of their creation.
///
/// Errors:  throws the `read_error` of a query; else as `RealmReader`.
/// Thread:  that of the transaction.
[[nodiscard]] RowSequence find_matching(const RealmReader& realm,
                                        ClassId class_id,
                                        QueryChain queries);

/// How many they are.
[[nodiscard]] std::uint64_t count_matching(const RealmReader& realm,
                                           ClassId class_id,
                                           QueryChain queries);

/// What `find_matching` will do, one line a step.
[[nodiscard]] std::string explain(const RealmReader& realm, ClassId class_id, QueryChain queries);

}  // namespace tombolo::store
