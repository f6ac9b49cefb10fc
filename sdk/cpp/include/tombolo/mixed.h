#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "tombolo/any_object.h"
#include "tombolo/value.h"

namespace tombolo {

class Mixed;

namespace detail {

// What a mixed property takes, as a view.
template <std::same_as<bool> T>
[[nodiscard]] Value view_of(T value) {
  return Value::of_bool(value);
}
template <std::integral T>
requires(!std::same_as<T, bool>) [[nodiscard]] Value view_of(T value) {
  return Value::of_int(static_cast<std::int64_t>(value));
}
[[nodiscard]] inline Value view_of(float value) {
  return Value::of_float(value);
}
[[nodiscard]] inline Value view_of(double value) {
  return Value::of_double(value);
}
[[nodiscard]] inline Value view_of(std::string_view value) {
  return Value::of_string(value);
}
[[nodiscard]] inline Value view_of(const Binary& value) {
  return Value::of_binary(value);
}
[[nodiscard]] inline Value view_of(Timestamp value) {
  return Value::of_timestamp(value);
}
[[nodiscard]] inline Value view_of(Decimal128 value) {
  return Value::of_decimal(value);
}
[[nodiscard]] inline Value view_of(ObjectId value) {
  return Value::of_object_id(value);
}
[[nodiscard]] inline Value view_of(Uuid value) {
  return Value::of_uuid(value);
}
[[nodiscard]] inline Value view_of(const AnyObject& object) {
  return object.as_link();
}
[[nodiscard]] inline Value view_of(const Value& value) {
  return value;
}
[[nodiscard]] inline Value view_of(std::nullopt_t) {
  return Value::null();
}
/// A template, so that nothing is converted to a `Mixed` first.
template <std::same_as<Mixed> T>
[[nodiscard]] Value view_of(const T& value) {
  return value.value();
}
/// `Object` of whatever model.
template <typename T>
requires requires(const T& object) {
  { object.any() } -> std::same_as<const AnyObject&>;
}
[[nodiscard]] Value view_of(const T& object) {
  return object.any().as_link();
}

template <typename T>
concept Viewable = requires(const T& value) {
  { view_of(value) } -> std::same_as<Value>;
};

}  // namespace detail

/// What a mixed property or element holds: null, a scalar or a link; it owns its text or bytes. Of
/// a list or dictionary it tells only that it is one.
///
/// Thread:  immutable; links are of one realm.
class Mixed {
 public:
  Mixed() noexcept = default;
  template <detail::Viewable T>
  requires(!std::same_as<T, Mixed>) Mixed(const T& value)
      : value_(detail::view_of(value)) {  // NOLINT: what it holds names it
    if (has_text()) text_ = value_.text();
  }

  [[nodiscard]] ValueType type() const noexcept { return value_.type(); }
  [[nodiscard]] bool is_null() const noexcept { return value_.is_null(); }
  /// Views what this holds, for as long as it is there.
  [[nodiscard]] Value value() const {
    switch (type()) {
      case ValueType::kString: return Value::of_string(text_);
      case ValueType::kBinary: return Value::of_binary(as_bytes(text_));
      default: return value_;
    }
  }

  /// Bit by bit, as the store compares.
  friend bool operator==(const Mixed& left, const Mixed& right) {
    return identical(left.value(), right.value());
  }

 private:
  [[nodiscard]] bool has_text() const noexcept {
    return type() == ValueType::kString || type() == ValueType::kBinary;
  }

  Value value_;
  std::string text_;
};

}  // namespace tombolo
