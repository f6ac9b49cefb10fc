#include "store/element.h"

#include <cstring>
#include <type_traits>

#include "base/assertion.h"

namespace tombolo::store {
namespace {

template <typename T>
void store_bits(std::byte* to, const T& value) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(to, &value, sizeof(value));
}

template <typename T>
T load_bits(const std::byte* from) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

}  // namespace

ColumnForm element_form(const PropertyInfo& property) {
  return column_form({.name = {},
                      .type = property.type,
                      .collection = CollectionType::kSingle,
                      .nullable = property.nullable,
                      .target = {}});
}

void store_element(const Value& value, std::byte* to) {
  switch (value.type()) {
    case ValueType::kInt: return store_bits(to, value.as_int());
    case ValueType::kBool: return store_bits(to, static_cast<std::uint8_t>(value.as_bool()));
    case ValueType::kFloat: return store_bits(to, value.as_float());
    case ValueType::kDouble: return store_bits(to, value.as_double());
    case ValueType::kDecimal: return store_bits(to, flip_decimal(value.as_decimal()));
    case ValueType::kLink: return store_bits(to, value.as_link().row.value());
    case ValueType::kObjectId: return store_bits(to, value.as_object_id());
    case ValueType::kUuid: return store_bits(to, value.as_uuid());
    case ValueType::kTimestamp:
      store_bits(to, value.as_timestamp().seconds);
      return store_bits(to + sizeof(std::int64_t), value.as_timestamp().nanoseconds);
    case ValueType::kNull:
    case ValueType::kString:
    case ValueType::kBinary: break;
  }
  TOMBOLO_ASSERT(!"a value without fixed width");
}

Value load_element(const PropertyInfo& property, const std::byte* from) {
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
  TOMBOLO_ASSERT(!"a property without fixed width");
  return Value::null();
}

Value text_value(const PropertyInfo& property, std::string_view text) {
  return property.type == PropertyType::kString ? Value::of_string(text)
                                                : Value::of_binary(as_bytes(text));
}

}  // namespace tombolo::store
