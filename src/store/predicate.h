#pragma once

#include <cstdint>

#include "store/ids.h"
#include "store/value.h"

namespace tombolo::store {

enum class Comparison : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kBeginsWith,  ///< This and the following: of strings and binaries.
  kEndsWith,
  kContains,
  kLike,  ///< `*` stands for any run and `?` for one character.
};

/// `property comparison operand`. Equality with null finds nulls; null is neither less nor greater
/// than anything. Numbers compare as numbers (0.0 equals -0.0, NaN nothing), strings and binaries
/// by their bytes. A link equals the object it leads to; one to a tombstone is null.
struct Predicate {
  PropertyId property;
  Comparison comparison = Comparison::kEqual;
  Value operand;
  bool ignore_case = false;       ///< Of texts: ASCII and Latin-1 letters.
  bool nulls_are_lowest = false;  ///< Null is less than every value.
};

}  // namespace tombolo::store
