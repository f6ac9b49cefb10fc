#pragma once

#include <compare>

#include "store/value.h"

namespace tombolo::store {

/// The order in which a set keeps its members, and which of them are the same: values of different
/// types never are; numbers of one type are compared as numbers (-0.0 is 0.0, 1.0 is 1 in a
/// decimal), NaN is less than all and the same as any NaN; texts by their bytes; links by class and
/// row. Null comes first. Neither is a collection (asserted).
[[nodiscard]] std::weak_ordering compare_members(const Value& left, const Value& right);

}  // namespace tombolo::store
