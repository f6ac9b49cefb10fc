#include "value_conversion.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>

namespace tombolo::node {
namespace {

/// Largest integer up to which a JavaScript number is exact.
constexpr std::int64_t kSafeInteger = (std::int64_t{1} << 53) - 1;

Napi::Value bytes_to_js(Napi::Env env, std::span<const std::uint8_t> bytes) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, bytes.size());
  std::memcpy(array.Data(), bytes.data(), bytes.size());
  return array;
}

double to_milliseconds(Timestamp time) {
  return static_cast<double>(time.seconds) * 1000.0 + std::floor(time.nanoseconds / 1e6);
}

Timestamp from_milliseconds(double milliseconds) {
  const double seconds = std::trunc(milliseconds / 1000.0);
  return {static_cast<std::int64_t>(seconds),
          static_cast<std::int32_t>((milliseconds - seconds * 1000.0) * 1e6)};
}

[[noreturn]] void refuse(PropertyType type) {
  throw Error(ErrorCode::kTypeMismatch,
              "the value is not of type '" + std::string(to_string(type)) + "'");
}

double number_of(const Napi::Value& value, PropertyType type) {
  if (!value.IsNumber()) refuse(type);
  return value.As<Napi::Number>().DoubleValue();
}

std::int64_t integer_of(const Napi::Value& value) {
  if (value.IsBigInt()) {
    bool lossless = false;
    const std::int64_t integer = value.As<Napi::BigInt>().Int64Value(&lossless);
    if (!lossless) throw Error(ErrorCode::kTypeMismatch, "the integer needs more than 64 bits");
    return integer;
  }
  return static_cast<std::int64_t>(number_of(value, PropertyType::kInt));
}

BytesView view_of(const Napi::Value& value, PropertyType type) {
  if (value.IsArrayBuffer()) {
    auto buffer = value.As<Napi::ArrayBuffer>();
    return {static_cast<const std::byte*>(buffer.Data()), buffer.ByteLength()};
  }
  if (value.IsTypedArray()) {
    auto array = value.As<Napi::TypedArray>();
    return {static_cast<const std::byte*>(array.ArrayBuffer().Data()) + array.ByteOffset(),
            array.ByteLength()};
  }
  if (value.IsDataView()) {
    auto view = value.As<Napi::DataView>();
    return {static_cast<const std::byte*>(view.ArrayBuffer().Data()) + view.ByteOffset(),
            view.ByteLength()};
  }
  refuse(type);
}

template <typename T>
T fixed_bytes_of(const Napi::Value& value, PropertyType type) {
  const BytesView bytes = view_of(value, type);
  T result;
  if (bytes.size() != result.bytes.size()) refuse(type);
  std::memcpy(result.bytes.data(), bytes.data(), bytes.size());
  return result;
}

}  // namespace

Napi::Value to_js(Napi::Env env, const Value& value) {
  switch (value.type()) {
    case ValueType::kNull: return env.Null();
    case ValueType::kInt: {
      const std::int64_t integer = value.as_int();
      if (integer > kSafeInteger || integer < -kSafeInteger) {
        return Napi::BigInt::New(env, integer);
      }
      return Napi::Number::New(env, static_cast<double>(integer));
    }
    case ValueType::kBool: return Napi::Boolean::New(env, value.as_bool());
    case ValueType::kString: {
      const std::string_view text = value.as_string();
      return Napi::String::New(env, text.data(), text.size());
    }
    case ValueType::kBinary: {
      const BytesView bytes = value.as_binary();
      Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes.size());
      if (!bytes.empty()) std::memcpy(buffer.Data(), bytes.data(), bytes.size());
      return buffer;
    }
    case ValueType::kTimestamp:
      return Napi::Number::New(env, to_milliseconds(value.as_timestamp()));
    case ValueType::kFloat: return Napi::Number::New(env, value.as_float());
    case ValueType::kDouble: return Napi::Number::New(env, value.as_double());
    case ValueType::kDecimal: {
      const Decimal128 decimal = value.as_decimal();
      std::uint8_t bytes[16];
      std::memcpy(bytes, &decimal.low, 8);
      std::memcpy(bytes + 8, &decimal.high, 8);
      return bytes_to_js(env, bytes);
    }
    case ValueType::kLink:
      return Napi::Number::New(env, static_cast<double>(value.as_link().row.value()));
    case ValueType::kObjectId: return bytes_to_js(env, value.as_object_id().bytes);
    case ValueType::kUuid: return bytes_to_js(env, value.as_uuid().bytes);
    case ValueType::kList:
    case ValueType::kDictionary:
      return Napi::Number::New(env, static_cast<double>(value.as_collection().value()));
    case ValueType::kNewObject: break;
  }
  throw Error(ErrorCode::kInternal, "a value that is only written was read");
}

Napi::Value to_js(Napi::Env env, const Value& value, const SlotType& slot) {
  if (slot.type != PropertyType::kMixed || value.is_null()) return to_js(env, value);
  Napi::Array tagged = Napi::Array::New(env, 2);
  tagged.Set(0U, static_cast<std::uint32_t>(value.type()));
  tagged.Set(1U, to_js(env, value));
  if (value.type() == ValueType::kLink) tagged.Set(2U, value.as_link().class_id.value());
  return tagged;
}

IncomingValue::IncomingValue(const Napi::Value& value, const SlotType& slot) {
  if (value.IsNull() || value.IsUndefined()) return;
  if (slot.type == PropertyType::kMixed) {
    take_mixed(value);
  } else {
    take(value, slot);
  }
}

void IncomingValue::take_mixed(const Napi::Value& value) {
  if (!value.IsArray()) refuse(PropertyType::kMixed);
  const Napi::Array tagged = value.As<Napi::Array>();
  const auto type = static_cast<ValueType>(tagged.Get(0U).As<Napi::Number>().Uint32Value());
  switch (type) {
    case ValueType::kList: value_ = Value::new_list(); return;
    case ValueType::kDictionary: value_ = Value::new_dictionary(); return;
    case ValueType::kNull:
    case ValueType::kNewObject: refuse(PropertyType::kMixed);
    case ValueType::kLink:
      take(tagged.Get(1U),
           {PropertyType::kLink, ClassId(tagged.Get(2U).As<Napi::Number>().Uint32Value())});
      return;
    default: take(tagged.Get(1U), {static_cast<PropertyType>(type), ClassId()});
  }
}

void IncomingValue::take(const Napi::Value& value, const SlotType& slot) {
  const PropertyType type = slot.type;
  switch (type) {
    case PropertyType::kInt: value_ = Value::of_int(integer_of(value)); return;
    case PropertyType::kBool:
      if (!value.IsBoolean()) refuse(type);
      value_ = Value::of_bool(value.As<Napi::Boolean>());
      return;
    case PropertyType::kString:
      if (!value.IsString()) refuse(type);
      text_ = value.As<Napi::String>().Utf8Value();
      value_ = Value::of_string(text_);
      return;
    case PropertyType::kBinary: value_ = Value::of_binary(view_of(value, type)); return;
    case PropertyType::kTimestamp:
      value_ = Value::of_timestamp(from_milliseconds(number_of(value, type)));
      return;
    case PropertyType::kFloat:
      value_ = Value::of_float(static_cast<float>(number_of(value, type)));
      return;
    case PropertyType::kDouble: value_ = Value::of_double(number_of(value, type)); return;
    case PropertyType::kDecimal: {
      const BytesView bytes = view_of(value, type);
      Decimal128 decimal;
      if (bytes.size() != 16) refuse(type);
      std::memcpy(&decimal.low, bytes.data(), 8);
      std::memcpy(&decimal.high, bytes.data() + 8, 8);
      value_ = Value::of_decimal(decimal);
      return;
    }
    case PropertyType::kLink:
      if (value.IsBoolean()) {
        value_ = Value::new_object();
        return;
      }
      value_ = Value::of_link(
          {slot.target, store::RowId(static_cast<std::uint64_t>(number_of(value, type)))});
      return;
    case PropertyType::kObjectId:
      value_ = Value::of_object_id(fixed_bytes_of<ObjectId>(value, type));
      return;
    case PropertyType::kUuid: value_ = Value::of_uuid(fixed_bytes_of<Uuid>(value, type)); return;
    case PropertyType::kMixed: break;
  }
  refuse(type);
}

}  // namespace tombolo::node
