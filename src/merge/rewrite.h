#pragma once

#include <span>

#include "merge/edit.h"
#include "merge/merge.h"
#include "merge/name_table.h"

namespace tombolo::merge {

/// The last pass over a changeset that took part in a merge: writes it again as its edits say. The
/// form begins with the changeset's whole string table, unused names too, followed by those that
/// only the prepended instructions need.
///
/// Shape:   `names` are the changeset's own names as numbers of `name_table`; `edits` and
///          `prepended` ascend by position. The bytes were read before and are known to be good.
/// Returns: nullopt when the instructions are what they were; no bytes when none is left.
[[nodiscard]] Outcome rewrite(BytesView changeset,
                              std::span<const StringIndex> names,
                              const NameTable& name_table,
                              std::span<const Edit> edits,
                              std::span<const Edit* const> prepended);

}  // namespace tombolo::merge
