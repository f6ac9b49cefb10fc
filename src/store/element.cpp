#include "store/element.h"

#include <cstring>
#include <type_traits>

#include "base/assertion.h"
#include "base/error.h"

namespace tombolo::store {
namespace {

template <typename T>
void store_bits(std::byte* to, const T& value) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(to, &value, sizeof(value));
}

template <typename T>
void append_bits(Bytes& out, const T& value) {
  std::array<std::byte, sizeof(T)> bytes;
  store_bits(bytes.data(), value);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Bytes of an element of such a type, which is neither a text nor a collection.
std::ptrdiff_t fixed_bytes(ValueType type) {
  return static_cast<std::ptrdiff_t>(element_bytes(
      column_form(static_cast<PropertyType>(type), CollectionType::kSingle, false).storage));
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
    case ValueType::kBinary:
    case ValueType::kList:
    case ValueType::kDictionary:
    case ValueType::kNewObject: break;
  }
  TOMBOLO_UNREACHABLE("a value without fixed width");
}

void append_any(Bytes& out, const Value& value) {
  if (value.is_null()) return;
  out.push_back(static_cast<std::byte>(value.type()));
  switch (value.type()) {
    case ValueType::kString:
    case ValueType::kBinary: {
      const BytesView text = as_bytes(value.text());
      out.insert(out.end(), text.begin(), text.end());
      return;
    }
    case ValueType::kLink:
      append_bits(out, value.as_link().class_id.value());
      append_bits(out, value.as_link().row.value());
      return;
    case ValueType::kList:
    case ValueType::kDictionary: return append_bits(out, value.as_collection().value());
    default: {
      std::array<std::byte, kFixedElementBytesMax> buffer;
      store_element(value, buffer.data());
      out.insert(out.end(), buffer.begin(), buffer.begin() + fixed_bytes(value.type()));
    }
  }
}

Value load_any(BytesView bytes) {
  if (bytes.empty()) return Value::null();
  const auto type = static_cast<ValueType>(bytes[0]);
  const BytesView rest = bytes.subspan(1);
  const auto check = [&](std::size_t wanted) {
    if (rest.size() != wanted) {
      throw Error(ErrorCode::kFileCorrupt, "a mixed value has a wrong size");
    }
  };
  switch (type) {
    case ValueType::kString: return Value::of_string(as_text(rest));
    case ValueType::kBinary: return Value::of_binary(rest);
    case ValueType::kLink:
      check(sizeof(std::uint32_t) + sizeof(std::uint64_t));
      return Value::of_link({ClassId(load_bits<std::uint32_t>(rest.data())),
                             RowId(load_bits<std::uint64_t>(rest.data() + 4))});
    case ValueType::kList:
      check(sizeof(std::uint64_t));
      return Value::of_list(CollectionId(load_bits<std::uint64_t>(rest.data())));
    case ValueType::kDictionary:
      check(sizeof(std::uint64_t));
      return Value::of_dictionary(CollectionId(load_bits<std::uint64_t>(rest.data())));
    case ValueType::kInt:
    case ValueType::kBool:
    case ValueType::kTimestamp:
    case ValueType::kFloat:
    case ValueType::kDouble:
    case ValueType::kDecimal:
    case ValueType::kObjectId:
    case ValueType::kUuid:
      check(static_cast<std::size_t>(fixed_bytes(type)));
      return load_element(static_cast<PropertyType>(type), ClassId(), rest.data());
    case ValueType::kNull:
    case ValueType::kNewObject: break;
  }
  throw Error(ErrorCode::kFileCorrupt, "a mixed value has an unknown type");
}

ElementBytes::ElementBytes(const PropertyInfo& property, const Value& value) {
  if (property.holds_any()) {
    append_any(any_, value);
    view_ = BytesView(any_);
  } else if (value.type() == ValueType::kString || value.type() == ValueType::kBinary) {
    view_ = as_bytes(value.text());
  } else if (!value.is_null()) {
    store_element(value, buffer_.data());
    view_ = BytesView(buffer_).first(static_cast<std::size_t>(fixed_bytes(value.type())));
  }
}

Bytes encode_entry(std::string_view key, const Value& value) {
  Bytes entry;
  append_bits(entry, static_cast<std::uint32_t>(key.size()));
  const BytesView bytes = as_bytes(key);
  entry.insert(entry.end(), bytes.begin(), bytes.end());
  append_any(entry, value);
  return entry;
}

DictionaryEntry parse_entry(std::optional<BytesView> element) {
  std::uint32_t key_bytes = 0;
  if (!element || element->size() < sizeof(key_bytes)) {
    throw Error(ErrorCode::kFileCorrupt, "an entry of a dictionary is cut");
  }
  std::memcpy(&key_bytes, element->data(), sizeof(key_bytes));
  const BytesView rest = element->subspan(sizeof(key_bytes));
  if (rest.size() < key_bytes) {
    throw Error(ErrorCode::kFileCorrupt, "the key of a dictionary entry is cut");
  }
  return {as_text(rest.first(key_bytes)), rest.subspan(key_bytes)};
}

}  // namespace tombolo::store
