#include "test/support/model_value.h"

#include <span>

#include "base/hex.h"

namespace tombolo::test {
namespace {

template <typename Id>
std::string id_hex(const Id& id) {
  return to_hex(std::as_bytes(std::span(id.bytes)));
}

std::string hex_digits(std::uint64_t bits) {
  std::string digits(16, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, bits >>= 4) {
    *digit = "0123456789abcdef"[bits & 0xF];
  }
  return digits;
}

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace

ModelValue initial_value(const Property& property) {
  switch (property.collection) {
    case CollectionType::kList: return {ModelList{}};
    case CollectionType::kDictionary: return {ModelDictionary{}};
    case CollectionType::kSet: return {ModelSet{}};
    case CollectionType::kSingle: break;
  }
  if (property.nullable) return {};
  switch (property.type) {
    case PropertyType::kMixed:
    case PropertyType::kLink: return {};
    case PropertyType::kInt: return {std::int64_t{0}};
    case PropertyType::kBool: return {false};
    case PropertyType::kString: return {std::string()};
    case PropertyType::kBinary: return {ModelBinary{}};
    case PropertyType::kTimestamp: return {Timestamp{}};
    case PropertyType::kFloat: return {0.0F};
    case PropertyType::kDouble: return {0.0};
    case PropertyType::kDecimal: return {Decimal128{}};
    case PropertyType::kObjectId: return {ObjectId{}};
    case PropertyType::kUuid: return {Uuid{}};
  }
  return {};
}

bool same_in_set(const ModelValue& left, const ModelValue& right) {
  if (left.data.index() != right.data.index()) return false;
  return std::visit(Overloaded{
                        [](const ModelList&, const ModelList&) { return false; },
                        [](const ModelSet&, const ModelSet&) { return false; },
                        [](const ModelDictionary&, const ModelDictionary&) { return false; },
                        [](const ModelObject&, const ModelObject&) { return false; },
                        [](float a, float b) { return a == b || (a != a && b != b); },
                        [](double a, double b) { return a == b || (a != a && b != b); },
                        [](const Decimal128& a, const Decimal128& b) {
                          return a == b || numerically_equal(a, b);
                        },
                        []<typename T>(const T& a, const T& b) { return a == b; },
                        [](const auto&, const auto&) { return false; },
                    },
                    left.data,
                    right.data);
}

std::string key_text(const ModelKey& key) {
  return std::visit(Overloaded{
                        [](std::monostate) -> std::string { return "n:"; },
                        [](std::int64_t value) { return "i:" + std::to_string(value); },
                        [](const std::string& value) { return "s:" + value; },
                        [](const GlobalKey& value) {
                          return "g:" + hex_digits(value.high) + "-" + hex_digits(value.low);
                        },
                        [](const ObjectId& value) { return "o:" + id_hex(value); },
                        [](const Uuid& value) { return "u:" + id_hex(value); },
                    },
                    key);
}

std::string type_text(const Property& property) {
  std::string text(to_string(property.type));
  if (property.type == PropertyType::kLink) {
    text += "(" + property.target + ")";
  } else if (property.type != PropertyType::kMixed && property.nullable) {
    text += "?";
  }
  switch (property.collection) {
    case CollectionType::kSingle: break;
    case CollectionType::kList: text += "[]"; break;
    case CollectionType::kSet: text += "<>"; break;
    case CollectionType::kDictionary: text += "{}"; break;
  }
  return text;
}

}  // namespace tombolo::test
