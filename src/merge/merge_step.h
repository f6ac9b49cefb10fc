#pragma once

#include "merge/pair_rules.h"

namespace tombolo::merge {

/// Lets two concurrent instructions of different sides meet: first what one does around the other,
/// then the rule for the pair of their kinds. merge_step.cpp holds the table of which pair meets
/// which rule.
///
/// Errors:  a fault makes the whole merge fail; the edits are then of no use.
[[nodiscard]] Fault merge_step(Edit& left, Edit& right, Meeting& meeting);

}  // namespace tombolo::merge
