#pragma once

#include <vector>

#include "tombolo/any_results.h"

namespace tombolo {

/// The objects of the source that match the queries, in the order that these ask for: else that of
/// the source. Nothing where the source is not there any more.
///
/// Errors:  as `store::find_matching`.
[[nodiscard]] store::RowSequence matching_rows(const RealmCore& realm,
                                               ClassId class_id,
                                               const AnyResults::Queries& queries,
                                               const ResultSource& source);

/// Those of `candidates`, objects of the class, that match, in the order that the queries ask for:
/// else their own.
///
/// Errors:  as `store::find_matching`.
[[nodiscard]] std::vector<store::RowId> matching_among(const RealmCore& realm,
                                                       ClassId class_id,
                                                       const AnyResults::Queries& queries,
                                                       const std::vector<store::RowId>& candidates);

/// How `matching_rows` finds them, a line a step.
[[nodiscard]] std::string explain_matching(const RealmCore& realm,
                                           ClassId class_id,
                                           const AnyResults::Queries& queries,
                                           const ResultSource& source);

}  // namespace tombolo
