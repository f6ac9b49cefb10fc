#pragma once

#include "tombolo/any_results.h"

/// What the conditions and orders of results become: queries that are bound to the realm's schema.

namespace tombolo {

using BoundQueryPtr = std::shared_ptr<const query::BoundQuery>;

/// Errors:  throws `Error{kNotFound}` for a property that the class does not have,
///          `Error{kTypeMismatch}` for an operand of another type.
[[nodiscard]] BoundQueryPtr make_query(const RealmCore& realm,
                                       ClassId class_id,
                                       const Predicate& predicate);

/// Errors:  throws `Error{kInvalidArgument}`, `Error{kLimitExceeded}`.
[[nodiscard]] BoundQueryPtr make_query(const RealmCore& realm,
                                       ClassId class_id,
                                       std::string_view text,
                                       const std::vector<QueryArgument>& arguments,
                                       const QueryNames& names);

/// Errors:  throws `Error{kInvalidArgument}`.
[[nodiscard]] BoundQueryPtr make_sort(const RealmCore& realm,
                                      ClassId class_id,
                                      std::string_view path,
                                      SortOrder order);

/// The canonical text of all conditions and orders, with the arguments in it.
[[nodiscard]] std::string describe(const AnyResults::Queries& queries);

/// Whether what matches depends on nothing but the properties of each object itself, and keeps the
/// order of the rows.
[[nodiscard]] bool is_local(const query::BoundQuery& query);

}  // namespace tombolo
