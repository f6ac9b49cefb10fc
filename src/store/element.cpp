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

}  // namespace

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
  TOMBOLO_UNREACHABLE("a value without fixed width");
}

}  // namespace tombolo::store
