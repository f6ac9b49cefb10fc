#pragma once

#include <cstddef>
#include <span>

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
/// Shape:   both in history order; discarded ones are passed over. Instructions that rule 5 adds
///          take their part and remain in `meeting.prepended`.
/// Cost:    the product of the lengths, less what is discarded on the way.
[[nodiscard]] Fault walk(std::span<Edit* const> local,
                         std::span<Edit* const> incoming,
                         Meeting& meeting);

/// `walk` for a group of edits that can clash (see `walk_object`) and in which rule 5 adds none:
/// what both sides did to one list, set or counter is merged as a whole.
[[nodiscard]] Fault walk_group(std::span<Edit* const> local,
                               std::span<Edit* const> incoming,
                               Meeting& meeting);

/// Whether a merge of two sides as a whole is quicker than letting all pairs meet.
[[nodiscard]] inline bool is_worth_more_than_pairs(std::span<Edit* const> local,
                                                   std::span<Edit* const> incoming) noexcept {
  constexpr std::size_t kFewPairs = 1024;
  return local.size() * incoming.size() > kFewPairs;
}

}  // namespace tombolo::merge
