#pragma once

#include <span>

#include "merge/pair_rules.h"

namespace tombolo::merge {

/// Merges what both sides did to the values of one set, with the outcome of letting all meet pair
/// by pair: only changes of equal values can clash, so each meets those of its value.
///
/// Shape:   all are SetInsert or SetErase of one path, in history order, none discarded.
/// Cost:    for n local and m incoming ones, (n + m) log(n + m) and the product for each value.
///          Decimals all meet: equal ones can be written in many ways.
[[nodiscard]] Fault merge_set(std::span<Edit* const> local,
                              std::span<Edit* const> incoming,
                              Meeting& meeting);

}  // namespace tombolo::merge
