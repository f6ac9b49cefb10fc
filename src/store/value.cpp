#include "store/value.h"

#include <bit>

namespace tombolo::store {

bool identical(const Value& left, const Value& right) noexcept {
  if (left.type() != right.type()) return false;
  switch (left.type()) {
    case ValueType::kNull: return true;
    case ValueType::kInt: return left.as_int() == right.as_int();
    case ValueType::kBool: return left.as_bool() == right.as_bool();
    case ValueType::kString:
    case ValueType::kBinary: return left.text() == right.text();
    case ValueType::kTimestamp: return left.as_timestamp() == right.as_timestamp();
    case ValueType::kFloat:
      return std::bit_cast<std::uint32_t>(left.as_float()) ==
             std::bit_cast<std::uint32_t>(right.as_float());
    case ValueType::kDouble:
      return std::bit_cast<std::uint64_t>(left.as_double()) ==
             std::bit_cast<std::uint64_t>(right.as_double());
    case ValueType::kDecimal: return left.as_decimal() == right.as_decimal();
    case ValueType::kLink: return left.as_link() == right.as_link();
    case ValueType::kObjectId: return left.as_object_id() == right.as_object_id();
    case ValueType::kUuid: return left.as_uuid() == right.as_uuid();
    case ValueType::kList:
    case ValueType::kDictionary: return left.as_collection() == right.as_collection();
    case ValueType::kNewObject: return false;
  }
  return false;
}

ObjectKey ObjectKey::of(const Value& value) {
  switch (value.type()) {
    case ValueType::kNull: return null();
    case ValueType::kInt: return of_int(value.as_int());
    case ValueType::kString: return of_string(value.as_string());
    case ValueType::kObjectId: return of_object_id(value.as_object_id());
    case ValueType::kUuid: return of_uuid(value.as_uuid());
    default: TOMBOLO_UNREACHABLE("the value is of a type that no primary key has");
  }
}

Value ObjectKey::to_value() const {
  switch (type_) {
    case Type::kNull: return Value::null();
    case Type::kInt: return Value::of_int(integer_);
    case Type::kString: return Value::of_string(text_);
    case Type::kObjectId: return Value::of_object_id(object_id_);
    case Type::kUuid: return Value::of_uuid(uuid_);
    case Type::kGlobalKey: break;
  }
  TOMBOLO_UNREACHABLE("a global key is no value");
}

bool operator==(const ObjectKey& left, const ObjectKey& right) noexcept {
  if (left.type() != right.type()) return false;
  switch (left.type()) {
    case ObjectKey::Type::kNull: return true;
    case ObjectKey::Type::kInt: return left.as_int() == right.as_int();
    case ObjectKey::Type::kString: return left.as_string() == right.as_string();
    case ObjectKey::Type::kObjectId: return left.as_object_id() == right.as_object_id();
    case ObjectKey::Type::kUuid: return left.as_uuid() == right.as_uuid();
    case ObjectKey::Type::kGlobalKey: return left.as_global_key() == right.as_global_key();
  }
  return false;
}

}  // namespace tombolo::store
