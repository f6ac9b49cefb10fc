#include "store/value_order.h"

#include <cmath>

#include "base/assertion.h"

namespace tombolo::store {
namespace {

template <typename Float>
std::weak_ordering compare_floats(Float left, Float right) {
  const auto order = left <=> right;
  if (order < 0) return std::weak_ordering::less;
  if (order > 0) return std::weak_ordering::greater;
  if (order == 0) return std::weak_ordering::equivalent;
  return std::isnan(right) <=> std::isnan(left);
}

std::weak_ordering compare_decimals(const Decimal128& left, const Decimal128& right) {
  const std::partial_ordering order = compare(left, right);
  if (order < 0) return std::weak_ordering::less;
  if (order > 0) return std::weak_ordering::greater;
  if (order == 0) return std::weak_ordering::equivalent;
  return is_nan(right) <=> is_nan(left);
}

}  // namespace

std::weak_ordering compare_members(const Value& left, const Value& right) {
  if (left.type() != right.type()) return left.type() <=> right.type();
  switch (left.type()) {
    case ValueType::kNull: return std::weak_ordering::equivalent;
    case ValueType::kInt: return left.as_int() <=> right.as_int();
    case ValueType::kBool: return left.as_bool() <=> right.as_bool();
    case ValueType::kString:
    case ValueType::kBinary: return left.text() <=> right.text();
    case ValueType::kTimestamp: return left.as_timestamp() <=> right.as_timestamp();
    case ValueType::kFloat: return compare_floats(left.as_float(), right.as_float());
    case ValueType::kDouble: return compare_floats(left.as_double(), right.as_double());
    case ValueType::kDecimal: return compare_decimals(left.as_decimal(), right.as_decimal());
    case ValueType::kLink: return left.as_link() <=> right.as_link();
    case ValueType::kObjectId: return left.as_object_id() <=> right.as_object_id();
    case ValueType::kUuid: return left.as_uuid() <=> right.as_uuid();
    case ValueType::kList:
    case ValueType::kDictionary:
    case ValueType::kNewObject: break;
  }
  TOMBOLO_UNREACHABLE("a collection is no member of a set");
}

}  // namespace tombolo::store
