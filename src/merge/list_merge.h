#pragma once

#include <span>

#include "merge/pair_rules.h"

namespace tombolo::merge {

/// Whether `merge_list` can take the edit: an insertion, an erasure or a write of an element of a
/// list whose own place no list instruction can change.
[[nodiscard]] bool is_flat_list_edit(const Edit& edit);

/// Merges what both sides did to one list, with the outcome of letting all meet pair by pair.
///
/// Edits meet for nothing when an element lies between them that neither side erases: all they do
/// to one another is to count. Such elements cut the list into regions:
///
///     base       a   b   c   d   e   f   g         local: erases c, writes f
///     regions  [ ]   [ ( c ) ]           [ ]       incoming: inserts before a, c, d, at the end
///                                [f]
///
/// Each edit is traced back to its region. Those of a region meet with their indexes counted from
/// the region's start; where nothing but insertions is in one gap, by `merge_gap`. Then the start
/// of each region is added again as it is when all that comes before has been executed.
///
/// Shape:   all are flat edits of one container, in history order, none discarded.
/// Cost:    for n local and m incoming ones, (n + m) log(n + m) and the product within a region.
/// Errors:  as letting them meet: a side that contradicts itself about the list is left to that.
[[nodiscard]] Fault merge_list(std::span<Edit* const> local,
                               std::span<Edit* const> incoming,
                               Meeting& meeting);

}  // namespace tombolo::merge
