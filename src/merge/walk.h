#pragma once

#include <vector>

#include "merge/merge_step.h"

namespace tombolo::merge {

/// Lets every local edit meet every incoming one: row by row, each row from left to right, so that
/// each instruction meets those of the other side in their order and in the form that all earlier
/// meetings gave them.
///
///               incoming 1   incoming 2   incoming 3
///     local 1        1 ---------> 2 ---------> 3
///     local 2        4 ---------> 5 ---------> 6
///
/// A cell depends on the one to its left and the one above it alone, so the parts of the grid may
/// be walked in any order that respects both.
///
/// Shape:   both in history order. Discarded ones are skipped; instructions that rule 5 adds join
///          `incoming` or, having met what they must, only `meeting.prepended`.
/// Cost:    the product of the lengths, less what is discarded on the way.
[[nodiscard]] Fault walk(const std::vector<Edit*>& local,
                         std::vector<Edit*>& incoming,
                         Meeting& meeting);

}  // namespace tombolo::merge
