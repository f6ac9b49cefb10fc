#include "query/value.h"

#include <bit>
#include <cmath>
#include <limits>

#include "query/ast.h"

namespace tombolo::query {
namespace {

bool is_nan(const Value& number) {
  switch (number.kind()) {
    case ValueKind::kFloat:
    case ValueKind::kDouble: return std::isnan(number.as_real());
    case ValueKind::kDecimal: return is_nan(number.as_decimal());
    default: return false;
  }
}

/// Of numbers that are not NaN.
std::weak_ordering weaken(std::partial_ordering ordering) noexcept {
  if (ordering < 0) return std::weak_ordering::less;
  if (ordering > 0) return std::weak_ordering::greater;
  return std::weak_ordering::equivalent;
}

/// An int beside a double, without rounding either.
std::weak_ordering compare_exactly(std::int64_t integer, double real) noexcept {
  constexpr double kTwoTo63 = 9'223'372'036'854'775'808.0;
  if (real >= kTwoTo63) return std::weak_ordering::less;
  if (real < -kTwoTo63) return std::weak_ordering::greater;
  const double whole = std::trunc(real);
  const auto truncated = static_cast<std::int64_t>(whole);
  if (integer != truncated) return integer <=> truncated;
  return weaken(0.0 <=> real - whole);
}

/// What is compared only within its kind: numbers are one.
int rank(ValueKind kind) noexcept {
  const bool is_number = kind >= ValueKind::kInt && kind <= ValueKind::kDecimal;
  return static_cast<int>(is_number ? ValueKind::kInt : kind);
}

std::strong_ordering compare_text(std::string_view left, std::string_view right) noexcept {
  return left.compare(right) <=> 0;
}

std::int64_t compute_ints(ArithmeticOperator op, std::int64_t left, std::int64_t right) noexcept {
  const auto a = static_cast<std::uint64_t>(left);
  const auto b = static_cast<std::uint64_t>(right);
  switch (op) {
    case ArithmeticOperator::kAdd: return static_cast<std::int64_t>(a + b);
    case ArithmeticOperator::kSubtract: return static_cast<std::int64_t>(a - b);
    case ArithmeticOperator::kMultiply: return static_cast<std::int64_t>(a * b);
    case ArithmeticOperator::kDivide:
      if (right == 0) {
        return left < 0 ? std::numeric_limits<std::int64_t>::min()
                        : std::numeric_limits<std::int64_t>::max();
      }
      if (right == -1) return static_cast<std::int64_t>(0 - a);
      return left / right;
  }
  return 0;
}

template <typename T>
T compute_reals(ArithmeticOperator op, T left, T right) noexcept {
  switch (op) {
    case ArithmeticOperator::kAdd: return left + right;
    case ArithmeticOperator::kSubtract: return left - right;
    case ArithmeticOperator::kMultiply: return left * right;
    // IEEE rules for zero, which C++ leaves undefined.
    case ArithmeticOperator::kDivide:
      if (right != 0) return left / right;
      if (left == 0 || std::isnan(left)) return std::numeric_limits<T>::quiet_NaN();
      return std::copysign(std::numeric_limits<T>::infinity(), left) * std::copysign(T{1}, right);
  }
  return 0;
}

Decimal128 compute_decimals(ArithmeticOperator op, const Decimal128& a, const Decimal128& b) {
  switch (op) {
    case ArithmeticOperator::kAdd: return add(a, b);
    case ArithmeticOperator::kSubtract: return subtract(a, b);
    case ArithmeticOperator::kMultiply: return multiply(a, b);
    case ArithmeticOperator::kDivide: return divide(a, b);
  }
  return a;
}

double to_real(const Value& number) noexcept {
  return number.kind() == ValueKind::kInt ? static_cast<double>(number.as_int()) : number.as_real();
}

}  // namespace

Decimal128 to_decimal(const Value& number) {
  constexpr int kFloatDigits = 7;
  constexpr int kDoubleDigits = 15;
  switch (number.kind()) {
    case ValueKind::kInt: return make_decimal128(number.as_int());
    case ValueKind::kFloat: return round_to_decimal128(number.as_real(), kFloatDigits);
    case ValueKind::kDouble: return round_to_decimal128(number.as_real(), kDoubleDigits);
    default: return number.as_decimal();
  }
}

std::weak_ordering compare_numbers(const Value& left, const Value& right) {
  const bool left_is_int = left.kind() == ValueKind::kInt;
  const bool right_is_int = right.kind() == ValueKind::kInt;
  if (left_is_int && right_is_int) return left.as_int() <=> right.as_int();
  const bool left_is_nan = is_nan(left);
  const bool right_is_nan = is_nan(right);
  if (left_is_nan || right_is_nan) return right_is_nan <=> left_is_nan;
  if (left.kind() == ValueKind::kDecimal || right.kind() == ValueKind::kDecimal) {
    return weaken(compare(to_decimal(left), to_decimal(right)));
  }
  if (left_is_int) return compare_exactly(left.as_int(), right.as_real());
  if (right_is_int) return 0 <=> compare_exactly(right.as_int(), left.as_real());
  return weaken(left.as_real() <=> right.as_real());
}

std::partial_ordering compare(const Value& left, const Value& right) {
  if (rank(left.kind()) != rank(right.kind())) return std::partial_ordering::unordered;
  switch (left.kind()) {
    case ValueKind::kNull: return std::partial_ordering::equivalent;
    case ValueKind::kBool: return left.as_bool() <=> right.as_bool();
    case ValueKind::kInt:
    case ValueKind::kFloat:
    case ValueKind::kDouble:
    case ValueKind::kDecimal: return compare_numbers(left, right);
    case ValueKind::kString:
    case ValueKind::kBinary: return compare_text(left.as_text(), right.as_text());
    case ValueKind::kTimestamp: return left.as_timestamp() <=> right.as_timestamp();
    case ValueKind::kObjectId: return left.as_object_id() <=> right.as_object_id();
    case ValueKind::kUuid: return left.as_uuid() <=> right.as_uuid();
    case ValueKind::kLink:
      return left.as_link() == right.as_link() ? std::partial_ordering::equivalent
                                               : std::partial_ordering::unordered;
    case ValueKind::kTypes:
      return (left.as_types() & right.as_types()) != 0 ? std::partial_ordering::equivalent
                                                       : std::partial_ordering::unordered;
    case ValueKind::kList:
    case ValueKind::kSet:
    case ValueKind::kDictionary: return std::partial_ordering::unordered;
  }
  return std::partial_ordering::unordered;
}

std::weak_ordering order(const Value& left, const Value& right) {
  if (rank(left.kind()) != rank(right.kind())) return rank(left.kind()) <=> rank(right.kind());
  if (left.is_link()) return left.as_link() <=> right.as_link();
  if (left.is_collection()) return std::weak_ordering::equivalent;
  return weaken(compare(left, right));
}

Value compute(ArithmeticOperator op, const Value& left, const Value& right) {
  if (!left.is_number() || !right.is_number()) return {};
  switch (std::max(left.kind(), right.kind())) {
    case ValueKind::kInt: return Value::of_int(compute_ints(op, left.as_int(), right.as_int()));
    case ValueKind::kFloat:
      return Value::of_float(
          compute_reals(op, static_cast<float>(to_real(left)), static_cast<float>(to_real(right))));
    case ValueKind::kDouble:
      return Value::of_double(compute_reals(op, to_real(left), to_real(right)));
    default: return Value::of_decimal(compute_decimals(op, to_decimal(left), to_decimal(right)));
  }
}

}  // namespace tombolo::query
