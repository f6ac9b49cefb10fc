#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "base/assertion.h"
#include "query/constant.h"
#include "value/decimal128.h"
#include "value/object_id.h"
#include "value/timestamp.h"
#include "value/uuid.h"

namespace tombolo::query {

/// In the order in which values of different kinds are sorted; numbers are one kind there.
enum class ValueKind : std::uint8_t {
  kNull,
  kBool,
  kInt,
  kFloat,
  kDouble,
  kDecimal,
  kString,
  kBinary,
  kTimestamp,
  kObjectId,
  kUuid,
  kLink,
  kList,
  kSet,
  kDictionary,
  kTypes,  ///< What `@type` gives: a set of kinds.
};

/// A collection of a source. What it means is the source's; it lasts until the source is told to
/// release what it opened.
struct CollectionHandle {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

/// What a query reads, computes and compares. Texts are views of memory of the source or the query.
class Value {
 public:
  constexpr Value() noexcept : integer_(0) {}

  [[nodiscard]] static constexpr Value of_bool(bool value) noexcept {
    Value result(ValueKind::kBool);
    result.integer_ = value ? 1 : 0;
    return result;
  }
  [[nodiscard]] static constexpr Value of_int(std::int64_t value) noexcept {
    Value result(ValueKind::kInt);
    result.integer_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_float(float value) noexcept {
    Value result(ValueKind::kFloat);
    result.real_ = static_cast<double>(value);
    return result;
  }
  [[nodiscard]] static constexpr Value of_double(double value) noexcept {
    Value result(ValueKind::kDouble);
    result.real_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_decimal(const Decimal128& value) noexcept {
    Value result(ValueKind::kDecimal);
    result.decimal_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_string(std::string_view value) noexcept {
    Value result(ValueKind::kString);
    result.text_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_binary(std::string_view value) noexcept {
    Value result(ValueKind::kBinary);
    result.text_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_timestamp(Timestamp value) noexcept {
    Value result(ValueKind::kTimestamp);
    result.timestamp_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_object_id(const ObjectId& value) noexcept {
    Value result(ValueKind::kObjectId);
    result.object_id_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_uuid(const Uuid& value) noexcept {
    Value result(ValueKind::kUuid);
    result.uuid_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_link(ObjectHandle value) noexcept {
    Value result(ValueKind::kLink);
    result.object_ = value;
    return result;
  }
  /// `kind` is one of the three kinds of collections.
  [[nodiscard]] static constexpr Value of_collection(ValueKind kind,
                                                     CollectionHandle value) noexcept {
    Value result(kind);
    result.collection_ = value;
    return result;
  }
  /// A bit for each kind: `1 << kind`.
  [[nodiscard]] static constexpr Value of_types(std::uint32_t kinds) noexcept {
    Value result(ValueKind::kTypes);
    result.integer_ = kinds;
    return result;
  }

  [[nodiscard]] constexpr ValueKind kind() const noexcept { return kind_; }
  [[nodiscard]] constexpr bool is_null() const noexcept { return kind_ == ValueKind::kNull; }
  [[nodiscard]] constexpr bool is_number() const noexcept {
    return kind_ >= ValueKind::kInt && kind_ <= ValueKind::kDecimal;
  }
  [[nodiscard]] constexpr bool is_text() const noexcept {
    return kind_ == ValueKind::kString || kind_ == ValueKind::kBinary;
  }
  [[nodiscard]] constexpr bool is_collection() const noexcept {
    return kind_ >= ValueKind::kList && kind_ <= ValueKind::kDictionary;
  }
  [[nodiscard]] constexpr bool is_link() const noexcept { return kind_ == ValueKind::kLink; }

  // Each requires a kind that has it.
  [[nodiscard]] constexpr bool as_bool() const noexcept { return integer_ != 0; }
  [[nodiscard]] constexpr std::int64_t as_int() const noexcept { return integer_; }
  [[nodiscard]] constexpr double as_real() const noexcept { return real_; }  ///< Float or double.
  [[nodiscard]] constexpr const Decimal128& as_decimal() const noexcept { return decimal_; }
  [[nodiscard]] constexpr std::string_view as_text() const noexcept { return text_; }
  [[nodiscard]] constexpr Timestamp as_timestamp() const noexcept { return timestamp_; }
  [[nodiscard]] constexpr const ObjectId& as_object_id() const noexcept { return object_id_; }
  [[nodiscard]] constexpr const Uuid& as_uuid() const noexcept { return uuid_; }
  [[nodiscard]] constexpr ObjectHandle as_link() const noexcept { return object_; }
  [[nodiscard]] constexpr CollectionHandle as_collection() const noexcept { return collection_; }
  [[nodiscard]] constexpr std::uint32_t as_types() const noexcept {
    return static_cast<std::uint32_t>(integer_);
  }

 private:
  explicit constexpr Value(ValueKind kind) noexcept : integer_(0), kind_(kind) {}

  union {
    std::int64_t integer_;
    double real_;
    Decimal128 decimal_;
    std::string_view text_;
    Timestamp timestamp_;
    ObjectId object_id_;
    Uuid uuid_;
    ObjectHandle object_;
    CollectionHandle collection_;
  };
  ValueKind kind_ = ValueKind::kNull;
};

/// The order of two numbers by exact value; beside a decimal a double counts with 15 and a float
/// with 7 significant digits. NaN is equal to itself and below every other number.
[[nodiscard]] std::weak_ordering compare_numbers(const Value& left, const Value& right);

/// The order of two values; unordered when they are of kinds that are not compared, such as a
/// string and a number, or when one alone is null. Collections and links that differ are unordered.
[[nodiscard]] std::partial_ordering compare(const Value& left, const Value& right);

/// The order in which values of any kinds are sorted, null first. Collections of one kind are
/// equivalent.
[[nodiscard]] std::weak_ordering order(const Value& left, const Value& right);

enum class ArithmeticOperator : std::uint8_t;
/// The result in the widest of the two types; null when one is no number. Ints wrap around; an int
/// divided by zero is the smallest int for a negative dividend and else the largest.
[[nodiscard]] Value compute(ArithmeticOperator op, const Value& left, const Value& right);

/// The number as a decimal, rounded as `compare_numbers` does.
[[nodiscard]] Decimal128 to_decimal(const Value& number);

}  // namespace tombolo::query
