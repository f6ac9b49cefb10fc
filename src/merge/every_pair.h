#pragma once

#include "merge/merge.h"

namespace tombolo::merge {

/// `merge` by the plain walk in which every instruction of one side meets every one of the other.
/// It gives the same outcomes at the cost of the product of the lengths: the slow twin to compare
/// with, and what merging comes down to when a class or a property is erased.
[[nodiscard]] Result<Merged> merge_every_pair(std::span<const Entry> local,
                                              std::span<const Entry> incoming,
                                              const DeployedRules& deployed = {});

}  // namespace tombolo::merge
