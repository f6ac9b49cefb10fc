#include "query/static_type.h"

#include <algorithm>
#include <string>

namespace tombolo::query {
namespace {

using Kind = StaticType::Kind;

constexpr std::uint32_t kNumeric = type_bit(ValueKind::kInt) | type_bit(ValueKind::kFloat) |
                                   type_bit(ValueKind::kDouble) | type_bit(ValueKind::kDecimal);
constexpr std::uint32_t kArray = type_bit(ValueKind::kList);
constexpr std::uint32_t kDictionary = type_bit(ValueKind::kDictionary);

struct NamedTypes {
  std::string_view names;  ///< Separated by blanks.
  std::uint32_t kinds;
};
constexpr NamedTypes kNamedTypes[] = {
    {"null", type_bit(ValueKind::kNull)},
    {"int integer int16 int32 int64 short long byte char", type_bit(ValueKind::kInt)},
    {"bool boolean", type_bit(ValueKind::kBool)},
    {"string", type_bit(ValueKind::kString)},
    {"binary data bytearray byte[] bindata", type_bit(ValueKind::kBinary)},
    {"date datetimeoffset timestamp", type_bit(ValueKind::kTimestamp)},
    {"float", type_bit(ValueKind::kFloat)},
    {"double", type_bit(ValueKind::kDouble)},
    {"decimal decimal128", type_bit(ValueKind::kDecimal)},
    {"objectid", type_bit(ValueKind::kObjectId)},
    {"uuid guid", type_bit(ValueKind::kUuid)},
    {"objectlink link", type_bit(ValueKind::kLink)},
    {"object dictionary", kDictionary},
    {"array list", kArray},
    {"numeric", kNumeric},
    {"collection", kArray | kDictionary},
};

}  // namespace

Kind static_kind(PropertyType type) noexcept {
  switch (type) {
    case PropertyType::kMixed: return Kind::kMixed;
    case PropertyType::kInt: return Kind::kInt;
    case PropertyType::kBool: return Kind::kBool;
    case PropertyType::kString: return Kind::kString;
    case PropertyType::kBinary: return Kind::kBinary;
    case PropertyType::kTimestamp: return Kind::kTimestamp;
    case PropertyType::kFloat: return Kind::kFloat;
    case PropertyType::kDouble: return Kind::kDouble;
    case PropertyType::kDecimal: return Kind::kDecimal;
    case PropertyType::kLink: return Kind::kLink;
    case PropertyType::kObjectId: return Kind::kObjectId;
    case PropertyType::kUuid: return Kind::kUuid;
  }
  return Kind::kNull;
}

Kind static_kind(const Value& value) noexcept {
  switch (value.kind()) {
    case ValueKind::kNull: return Kind::kNull;
    case ValueKind::kBool: return Kind::kBool;
    case ValueKind::kInt: return Kind::kInt;
    case ValueKind::kFloat: return Kind::kFloat;
    case ValueKind::kDouble: return Kind::kDouble;
    case ValueKind::kDecimal: return Kind::kDecimal;
    case ValueKind::kString: return Kind::kString;
    case ValueKind::kBinary: return Kind::kBinary;
    case ValueKind::kTimestamp: return Kind::kTimestamp;
    case ValueKind::kObjectId: return Kind::kObjectId;
    case ValueKind::kUuid: return Kind::kUuid;
    case ValueKind::kLink: return Kind::kLink;
    case ValueKind::kList:
    case ValueKind::kSet:
    case ValueKind::kDictionary: return Kind::kMixed;
    case ValueKind::kTypes: return Kind::kTypes;
  }
  return Kind::kNull;
}

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::kNull: return "null";
    case Kind::kMixed: return "mixed";
    case Kind::kInt: return "int";
    case Kind::kBool: return "bool";
    case Kind::kString: return "string";
    case Kind::kBinary: return "binary";
    case Kind::kTimestamp: return "timestamp";
    case Kind::kFloat: return "float";
    case Kind::kDouble: return "double";
    case Kind::kDecimal: return "decimal128";
    case Kind::kLink: return "link";
    case Kind::kObjectId: return "objectId";
    case Kind::kUuid: return "uuid";
    case Kind::kTypes: return "typeOfValue";
  }
  return "?";
}

std::optional<std::uint32_t> parse_type_name(std::string_view name) {
  if (name.empty() || name.find(' ') != name.npos) return std::nullopt;
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  for (const NamedTypes& entry : kNamedTypes) {
    const std::string padded = " " + std::string(entry.names) + " ";
    if (padded.find(" " + lower + " ") != padded.npos) return entry.kinds;
  }
  return std::nullopt;
}

std::string_view type_names() noexcept {
  static const std::string names = [] {
    std::string all;
    for (const NamedTypes& entry : kNamedTypes) {
      all.append(all.empty() ? "" : " ").append(entry.names);
    }
    return all;
  }();
  return names;
}

std::uint32_t types_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::kNull: return type_bit(ValueKind::kNull);
    case Kind::kInt: return type_bit(ValueKind::kInt);
    case Kind::kBool: return type_bit(ValueKind::kBool);
    case Kind::kString: return type_bit(ValueKind::kString);
    case Kind::kBinary: return type_bit(ValueKind::kBinary);
    case Kind::kTimestamp: return type_bit(ValueKind::kTimestamp);
    case Kind::kFloat: return type_bit(ValueKind::kFloat);
    case Kind::kDouble: return type_bit(ValueKind::kDouble);
    case Kind::kDecimal: return type_bit(ValueKind::kDecimal);
    case Kind::kLink: return type_bit(ValueKind::kLink);
    case Kind::kObjectId: return type_bit(ValueKind::kObjectId);
    case Kind::kUuid: return type_bit(ValueKind::kUuid);
    case Kind::kMixed:
    case Kind::kTypes: return 0;
  }
  return 0;
}

}  // namespace tombolo::query
