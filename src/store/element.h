#pragma once

#include <cstddef>

#include "store/block_layout.h"
#include "store/catalog.h"
#include "store/value.h"

namespace tombolo::store {

/// The form of what a property holds: of its value, or of the elements of its list.
[[nodiscard]] ColumnForm element_form(const PropertyInfo& property);

/// Longest element of fixed width.
inline constexpr std::size_t kFixedElementBytesMax = 16;

/// A decimal as it is stored, and back: 0 with exponent 0 is zeros, as the default of every type
/// is.
[[nodiscard]] constexpr Decimal128 flip_decimal(Decimal128 value) noexcept {
  value.high ^= Decimal128().high;
  return value;
}

/// The bytes of a value of fixed width (a timestamp as seconds, then nanoseconds) to and from
/// memory at any address. Neither null nor text.
void store_element(const Value& value, std::byte* to);
[[nodiscard]] Value load_element(const PropertyInfo& property, const std::byte* from);

/// The text of a string or binary property as a value.
[[nodiscard]] Value text_value(const PropertyInfo& property, std::string_view text);

}  // namespace tombolo::store
