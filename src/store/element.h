#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/assertion.h"
#include "store/block_layout.h"
#include "store/catalog.h"
#include "store/value.h"

namespace tombolo::store {

/// Longest element of fixed width.
inline constexpr std::size_t kFixedElementBytesMax = 16;

/// A decimal as it is stored, and back: 0 with exponent 0 is zeros, as the default of every type
/// is.
[[nodiscard]] constexpr Decimal128 flip_decimal(Decimal128 value) noexcept {
  value.high ^= Decimal128().high;
  return value;
}

template <typename T>
T load_bits(const std::byte* from) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

/// The bytes of a value of fixed width (a timestamp as seconds, then nanoseconds) to and from
/// memory at any address. Neither null nor text.
void store_element(const Value& value, std::byte* to);
[[nodiscard]] inline Value load_element(const PropertyInfo& property, const std::byte* from) {
  switch (property.type) {
    case PropertyType::kInt: return Value::of_int(load_bits<std::int64_t>(from));
    case PropertyType::kBool: return Value::of_bool(load_bits<std::uint8_t>(from) != 0);
    case PropertyType::kFloat: return Value::of_float(load_bits<float>(from));
    case PropertyType::kDouble: return Value::of_double(load_bits<double>(from));
    case PropertyType::kDecimal:
      return Value::of_decimal(flip_decimal(load_bits<Decimal128>(from)));
    case PropertyType::kObjectId: return Value::of_object_id(load_bits<ObjectId>(from));
    case PropertyType::kUuid: return Value::of_uuid(load_bits<Uuid>(from));
    case PropertyType::kLink: {
      const RowId row(load_bits<std::uint64_t>(from));
      return row == kNoRow ? Value::null() : Value::of_link({property.target, row});
    }
    case PropertyType::kTimestamp:
      return Value::of_timestamp(
          {load_bits<std::int64_t>(from), load_bits<std::int32_t>(from + sizeof(std::int64_t))});
    case PropertyType::kString:
    case PropertyType::kBinary:
    case PropertyType::kMixed: break;
  }
  TOMBOLO_UNREACHABLE("a property without fixed width");
}

/// The text of a string or binary property as a value.
[[nodiscard]] inline Value text_value(const PropertyInfo& property, std::string_view text) {
  return property.type == PropertyType::kString ? Value::of_string(text)
                                                : Value::of_binary(as_bytes(text));
}

}  // namespace tombolo::store
