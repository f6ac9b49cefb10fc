#pragma once

#include <vector>

#include "store/ids.h"
#include "tombolo/notification.h"

namespace tombolo {

/// What turns `before` into `after`: taking out the deletions, then putting in the insertions, from
/// the first on. A row that changed its place among those that stayed is deleted and inserted; as
/// few are as can be.
///
/// Shape:  no row stands twice in either; `modified` is sorted, and only rows that stay are told as
///         modified.
[[nodiscard]] CollectionChanges row_difference(const std::vector<store::RowId>& before,
                                               const std::vector<store::RowId>& after,
                                               const std::vector<store::RowId>& modified);

}  // namespace tombolo
