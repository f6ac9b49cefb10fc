#pragma once

#include <string>

#include "query/bind_context.h"
#include "query/static_type.h"

namespace tombolo::query {

/// A constant or argument that waits for the type of what it is compared or computed with.
struct PendingConstant {
  const Constant* value = nullptr;
  std::optional<std::uint32_t> argument;  ///< It came as this one.
  TextPosition position;
};

/// A value, and the object that it still has to be looked up by.
struct BoundValue {
  Value value;
  std::optional<BoundConstant::Object> object;
};

/// What a constant is beside values of type `target`: a number of that type where nothing is lost,
/// a numeric text as a number, the name of a type as types.
///
/// Shape:   `in_list`: a constant of another type is left as it is, and equals nothing.
/// Errors:  `BindFailure`.
[[nodiscard]] BoundValue bind_constant(const BindContext& context,
                                       const PendingConstant& constant,
                                       const StaticType& target,
                                       bool in_list = false);

/// A region that may be an argument or have arguments as coordinates.
[[nodiscard]] GeoShape bind_region(const BindContext& context, const GeoWithinNode& node);

/// The type of a constant as it stands.
[[nodiscard]] StaticType native_type(const Constant& constant) noexcept;

}  // namespace tombolo::query
