#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "store/ids.h"
#include "store/realm_reader.h"
#include "store/value.h"

namespace tombolo::store {

enum class Comparison : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
};

/// `property comparison operand`. Equality with null finds nulls; null is neither less nor greater
/// than anything. Numbers compare as numbers (0.0 equals -0.0, NaN nothing), strings and binaries
/// by their bytes. A link equals the object it leads to; one to a tombstone is null.
struct Predicate {
  PropertyId property;
  Comparison comparison = Comparison::kEqual;
  Value operand;
};

/// How many objects of the class match all predicates; all objects when there is none.
///
/// Errors:  throws `Error{kTypeMismatch}` when an operand does not have the type of its property or
///          the type has no order, `kInvalidArgument` for a list.
[[nodiscard]] std::uint64_t count_matching(const RealmReader& realm,
                                           ClassId class_id,
                                           std::span<const Predicate> predicates);

/// Calls `visit` for these objects in row order until it answers false. `visit` may not write.
void for_each_matching(const RealmReader& realm,
                       ClassId class_id,
                       std::span<const Predicate> predicates,
                       const std::function<bool(RowId)>& visit);

}  // namespace tombolo::store
