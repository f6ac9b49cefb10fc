#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/assertion.h"
#include "base/bytes.h"
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
[[nodiscard]] inline Value load_element(PropertyType type, ClassId target, const std::byte* from) {
  switch (type) {
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
      return row == kNoRow ? Value::null() : Value::of_link({target, row});
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
[[nodiscard]] inline Value load_element(const PropertyInfo& property, const std::byte* from) {
  return load_element(property.type, property.target, from);
}

/// Any value as bytes: null, a scalar, a link or a collection that says what it is.
///
///     any        =                                null
///                | type:u8 element | type:u8 text the numbers of `ValueType`
///                | 9:u8 class:u32 row:u64         a link
///                | type:u8 id:u64                 a list or dictionary
///
/// Errors:  `load_any` throws `Error{kFileCorrupt}`.
void append_any(Bytes& out, const Value& value);
[[nodiscard]] Value load_any(BytesView bytes);

/// The text of a property that is kept as one, as a value.
[[nodiscard]] inline Value text_value(const PropertyInfo& property, std::string_view text) {
  if (property.type == PropertyType::kString) return Value::of_string(text);
  if (property.type == PropertyType::kBinary) return Value::of_binary(as_bytes(text));
  return load_any(as_bytes(text));
}

/// The bytes of an element of a list or set, as `property` has them; those of a text are the
/// value's own. Null is nullopt, except where any value stands.
class ElementBytes {
 public:
  ElementBytes(const PropertyInfo& property, const Value& value);
  ElementBytes(const ElementBytes&) = delete;
  ElementBytes& operator=(const ElementBytes&) = delete;
  [[nodiscard]] std::optional<BytesView> view() const noexcept { return view_; }

 private:
  std::array<std::byte, kFixedElementBytesMax> buffer_{};
  Bytes any_;
  std::optional<BytesView> view_;
};

/// And back.
[[nodiscard]] inline Value element_value(const PropertyInfo& property,
                                         std::optional<BytesView> element) {
  if (!element) return Value::null();
  if (property.element_form.storage == Storage::kText) {
    return text_value(property, as_text(*element));
  }
  return load_element(property, element->data());
}

/// An entry of a dictionary as an element: `key_bytes:u32 key any`.
struct DictionaryEntry {
  std::string_view key;
  BytesView value;  ///< Any value.
};
[[nodiscard]] Bytes encode_entry(std::string_view key, const Value& value);
/// Errors:  throws `Error{kFileCorrupt}`.
[[nodiscard]] DictionaryEntry parse_entry(std::optional<BytesView> element);

}  // namespace tombolo::store
