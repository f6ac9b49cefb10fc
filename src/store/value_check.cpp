#include "store/value_check.h"

#include "base/error.h"
#include "base/utf8.h"
#include "changeset/limits.h"
#include "store/realm_state.h"

namespace tombolo::store {
namespace {

std::string type_name(const Value& value) {
  switch (value.type()) {
    case ValueType::kNull: return "null";
    case ValueType::kList: return "a list";
    case ValueType::kDictionary: return "a dictionary";
    case ValueType::kNewObject: return "an embedded object";
    default: return std::string(to_string(static_cast<PropertyType>(value.type())));
  }
}

/// Whether a value of that kind, but null, can stand there.
bool fits(RealmState& realm, const PropertyInfo& property, const Value& value) {
  switch (value.type()) {
    case ValueType::kList:
    case ValueType::kDictionary:
      return property.type == PropertyType::kMixed && property.collection != CollectionType::kSet &&
             value.as_collection() == CollectionId();
    case ValueType::kNewObject: return realm.holds_objects(property);
    case ValueType::kLink: {
      const ClassId target = value.as_link().class_id;
      if (!property.holds_any()) {
        return property.type == PropertyType::kLink && property.target == target &&
               !realm.is_embedded(target);
      }
      const ClassInfo* info = realm.catalog().find_class(target);
      return info != nullptr && info->kind == ClassKind::kTopLevel;
    }
    default:
      return property.type == PropertyType::kMixed ||
             property.type == static_cast<PropertyType>(value.type());
  }
}

}  // namespace

std::string place_of(const ClassInfo& owner, const PropertyInfo& property) {
  return "'" + owner.name + "." + property.name + "'";
}

void check_value(RealmState& realm, const CollectionRef& where, const Value& value) {
  // In a nested collection there may always be null.
  if (where.is_nested() && value.is_null()) return;
  const ClassInfo& owner = realm.class_store(where.slot.class_id).info();
  check_value(realm, owner, *owner.find_property(where.slot.property), value);
}

void check_value(RealmState& realm,
                 const ClassInfo& owner,
                 const PropertyInfo& property,
                 const Value& value) {
  if (value.is_null()) {
    if (property.nullable) return;
    throw Error(ErrorCode::kTypeMismatch, place_of(owner, property) + " cannot be null");
  }
  if (!fits(realm, property, value)) {
    const bool is_link = property.type == PropertyType::kLink && value.type() == ValueType::kLink;
    throw Error(ErrorCode::kTypeMismatch,
                place_of(owner, property) + " is of type " + std::string(to_string(property.type)) +
                    " and cannot hold " + (is_link ? "a link to another class" : type_name(value)));
  }
  if (value.type() != ValueType::kString && value.type() != ValueType::kBinary) return;
  const std::size_t bytes_max =
      value.type() == ValueType::kString ? changeset::kStringBytesMax : changeset::kBinaryBytesMax;
  if (value.text().size() > bytes_max) {
    throw Error(ErrorCode::kLimitExceeded,
                place_of(owner, property) + ": " + std::to_string(value.text().size()) +
                    " bytes are more than a value may have");
  }
}

void check_dictionary_key(std::string_view key) {
  const bool has_prefix = key.starts_with('$');
  if (has_prefix || key.find('.') != std::string_view::npos) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string("Dictionary::insert: key must not ") +
                    (has_prefix ? "start with '$'" : "contain '.'") + ": '" + std::string(key) +
                    "'");
  }
  if (key.size() > changeset::kStringBytesMax) {
    throw Error(ErrorCode::kLimitExceeded,
                "a dictionary key of " + std::to_string(key.size()) + " bytes is too long");
  }
  if (!is_valid_utf8(key)) {
    throw Error(ErrorCode::kInvalidArgument, "a dictionary key is not valid UTF-8");
  }
}

}  // namespace tombolo::store
