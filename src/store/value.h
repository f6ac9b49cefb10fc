#pragma once

#include <cstdint>
#include <string_view>

#include "base/assertion.h"
#include "base/bytes.h"
#include "store/ids.h"
#include "value/decimal128.h"
#include "value/global_key.h"
#include "value/object_id.h"
#include "value/timestamp.h"
#include "value/uuid.h"

namespace tombolo::store {

/// The numbers are those of property types and payloads (docs/changeset-format.md) and are stored.
enum class ValueType : std::uint8_t {
  kNull = 0,
  kInt = 1,
  kBool = 2,
  kString = 3,
  kBinary = 4,
  kTimestamp = 5,
  kFloat = 6,
  kDouble = 7,
  kDecimal = 8,
  kLink = 9,
  kObjectId = 10,
  kUuid = 11,
  kList = 12,
  kDictionary = 13,
  kNewObject = 14,  ///< Never stored.
};

/// What a property or an element of a collection holds: null, a scalar, a link, or a list or
/// dictionary in a mixed value. An embedded object is a link to it. To be written, there are also a
/// new, empty list, dictionary and embedded object. Texts and binaries are views: of memory that
/// the maker owns, or, when the store gave the value, of the transaction's, where they last until
/// its next write or its end.
///
/// Thread:  immutable; as long as what it views.
class Value {
 public:
  constexpr Value() noexcept : integer_(0) {}

  [[nodiscard]] static constexpr Value null() noexcept { return Value(); }
  [[nodiscard]] static constexpr Value of_int(std::int64_t value) noexcept {
    Value result(ValueType::kInt);
    result.integer_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_bool(bool value) noexcept {
    Value result(ValueType::kBool);
    result.boolean_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_string(std::string_view value) noexcept {
    Value result(ValueType::kString);
    result.text_ = value;
    return result;
  }
  [[nodiscard]] static Value of_binary(BytesView value) noexcept {
    Value result(ValueType::kBinary);
    result.text_ = tombolo::as_text(value);
    return result;
  }
  [[nodiscard]] static constexpr Value of_timestamp(Timestamp value) noexcept {
    Value result(ValueType::kTimestamp);
    result.timestamp_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_float(float value) noexcept {
    Value result(ValueType::kFloat);
    result.single_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_double(double value) noexcept {
    Value result(ValueType::kDouble);
    result.real_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_decimal(Decimal128 value) noexcept {
    Value result(ValueType::kDecimal);
    result.decimal_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_link(ObjectRef value) noexcept {
    Value result(ValueType::kLink);
    result.link_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_object_id(ObjectId value) noexcept {
    Value result(ValueType::kObjectId);
    result.object_id_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_uuid(Uuid value) noexcept {
    Value result(ValueType::kUuid);
    result.uuid_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_list(CollectionId value) noexcept {
    Value result(ValueType::kList);
    result.collection_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value of_dictionary(CollectionId value) noexcept {
    Value result(ValueType::kDictionary);
    result.collection_ = value;
    return result;
  }
  [[nodiscard]] static constexpr Value new_list() noexcept { return of_list(CollectionId()); }
  [[nodiscard]] static constexpr Value new_dictionary() noexcept {
    return of_dictionary(CollectionId());
  }
  [[nodiscard]] static constexpr Value new_object() noexcept {
    return Value(ValueType::kNewObject);
  }

  [[nodiscard]] constexpr ValueType type() const noexcept { return type_; }
  [[nodiscard]] constexpr bool is_null() const noexcept { return type_ == ValueType::kNull; }
  [[nodiscard]] constexpr bool is_collection() const noexcept {
    return type_ == ValueType::kList || type_ == ValueType::kDictionary;
  }

  // Each requires the type it names (asserted).
  [[nodiscard]] std::int64_t as_int() const { return require(ValueType::kInt).integer_; }
  [[nodiscard]] bool as_bool() const { return require(ValueType::kBool).boolean_; }
  [[nodiscard]] std::string_view as_string() const { return require(ValueType::kString).text_; }
  [[nodiscard]] BytesView as_binary() const { return as_bytes(require(ValueType::kBinary).text_); }
  [[nodiscard]] Timestamp as_timestamp() const { return require(ValueType::kTimestamp).timestamp_; }
  [[nodiscard]] float as_float() const { return require(ValueType::kFloat).single_; }
  [[nodiscard]] double as_double() const { return require(ValueType::kDouble).real_; }
  [[nodiscard]] Decimal128 as_decimal() const { return require(ValueType::kDecimal).decimal_; }
  [[nodiscard]] ObjectRef as_link() const { return require(ValueType::kLink).link_; }
  [[nodiscard]] ObjectId as_object_id() const { return require(ValueType::kObjectId).object_id_; }
  [[nodiscard]] Uuid as_uuid() const { return require(ValueType::kUuid).uuid_; }
  /// Which list or dictionary it is, within the slot that it was read from.
  [[nodiscard]] CollectionId as_collection() const {
    TOMBOLO_ASSERT(is_collection());
    return collection_;
  }
  /// The bytes of a string or a binary, whichever it is.
  [[nodiscard]] std::string_view text() const {
    TOMBOLO_ASSERT(type_ == ValueType::kString || type_ == ValueType::kBinary);
    return text_;
  }

 private:
  explicit constexpr Value(ValueType type) noexcept : integer_(0), type_(type) {}
  [[nodiscard]] const Value& require(ValueType type) const {
    TOMBOLO_ASSERT(type_ == type);
    return *this;
  }

  union {
    std::int64_t integer_;
    bool boolean_;
    std::string_view text_;
    Timestamp timestamp_;
    float single_;
    double real_;
    Decimal128 decimal_;
    ObjectRef link_;
    ObjectId object_id_;
    Uuid uuid_;
    CollectionId collection_;
  };
  ValueType type_ = ValueType::kNull;
};

/// Whether both are the same value of the same type, bit by bit: -0.0 differs from 0.0, a NaN
/// equals itself, and 1.0 differs from 1 in a decimal. A list or dictionary equals only itself.
[[nodiscard]] bool identical(const Value& left, const Value& right) noexcept;

/// What identifies an object within its class: the value of the primary key, or a `GlobalKey` in a
/// class without one. A text is a view, as in `Value`.
class ObjectKey {
 public:
  enum class Type : std::uint8_t { kNull, kInt, kString, kObjectId, kUuid, kGlobalKey };

  constexpr ObjectKey() noexcept : integer_(0) {}

  [[nodiscard]] static constexpr ObjectKey null() noexcept { return ObjectKey(); }
  [[nodiscard]] static constexpr ObjectKey of_int(std::int64_t value) noexcept {
    ObjectKey result(Type::kInt);
    result.integer_ = value;
    return result;
  }
  [[nodiscard]] static constexpr ObjectKey of_string(std::string_view value) noexcept {
    ObjectKey result(Type::kString);
    result.text_ = value;
    return result;
  }
  [[nodiscard]] static constexpr ObjectKey of_object_id(ObjectId value) noexcept {
    ObjectKey result(Type::kObjectId);
    result.object_id_ = value;
    return result;
  }
  [[nodiscard]] static constexpr ObjectKey of_uuid(Uuid value) noexcept {
    ObjectKey result(Type::kUuid);
    result.uuid_ = value;
    return result;
  }
  [[nodiscard]] static constexpr ObjectKey of_global_key(GlobalKey value) noexcept {
    ObjectKey result(Type::kGlobalKey);
    result.global_key_ = value;
    return result;
  }
  /// The key that a value of a primary key property is; `value` is null or of a type that a primary
  /// key may have (asserted).
  [[nodiscard]] static ObjectKey of(const Value& value);

  [[nodiscard]] constexpr Type type() const noexcept { return type_; }
  [[nodiscard]] std::int64_t as_int() const { return require(Type::kInt).integer_; }
  [[nodiscard]] std::string_view as_string() const { return require(Type::kString).text_; }
  [[nodiscard]] ObjectId as_object_id() const { return require(Type::kObjectId).object_id_; }
  [[nodiscard]] Uuid as_uuid() const { return require(Type::kUuid).uuid_; }
  [[nodiscard]] GlobalKey as_global_key() const { return require(Type::kGlobalKey).global_key_; }
  /// The key as a value of the primary key property; a `GlobalKey` is none (asserted).
  [[nodiscard]] Value to_value() const;

 private:
  explicit constexpr ObjectKey(Type type) noexcept : integer_(0), type_(type) {}
  [[nodiscard]] const ObjectKey& require(Type type) const {
    TOMBOLO_ASSERT(type_ == type);
    return *this;
  }

  union {
    std::int64_t integer_;
    std::string_view text_;
    ObjectId object_id_;
    Uuid uuid_;
    GlobalKey global_key_;
  };
  Type type_ = Type::kNull;
};

[[nodiscard]] bool operator==(const ObjectKey& left, const ObjectKey& right) noexcept;

}  // namespace tombolo::store
