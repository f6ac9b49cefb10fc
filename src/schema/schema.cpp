#include "schema/schema.h"

#include <algorithm>
#include <unordered_set>

namespace tombolo {
namespace {

bool may_be_primary_key(const Property& property) {
  if (property.collection != CollectionType::kSingle) return false;
  return property.type == PropertyType::kInt || property.type == PropertyType::kString ||
         property.type == PropertyType::kObjectId || property.type == PropertyType::kUuid;
}

/// Collects problems, one per line, each with the place it was found in.
class Problems {
 public:
  void add(std::string_view place, std::string_view what) {
    if (!text_.empty()) text_ += '\n';
    text_.append(place).append(": ").append(what);
  }
  [[nodiscard]] bool none() const { return text_.empty(); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void check_property(const Schema& schema,
                    const ClassSchema& owner,
                    const Property& property,
                    Problems& problems) {
  const std::string place = owner.name + "." + property.name;
  if (property.name.empty()) problems.add(place, "the property has no name");
  if (property.name.size() > kPropertyNameBytesMax) {
    problems.add(place, "Name too long: it has more than 63 bytes");
  }
  if (!supports_index(property.type, property.collection, property.index)) {
    problems.add(place,
                 property.index == IndexType::kFullText
                     ? "only a string can have a full-text index"
                     : "a property of this type cannot be indexed");
  }
  if (property.type != PropertyType::kLink) {
    if (!property.target.empty()) problems.add(place, "only a link has a target class");
    if (property.type == PropertyType::kMixed && !property.nullable &&
        property.collection != CollectionType::kDictionary) {
      problems.add(place, "a mixed value is always nullable");
    }
    return;
  }
  const bool elements_may_be_null = property.collection == CollectionType::kSingle ||
                                    property.collection == CollectionType::kDictionary;
  if (property.nullable != elements_may_be_null) {
    problems.add(place,
                 elements_may_be_null ? "a link is always nullable"
                                      : "a list or set of links holds no null");
  }
  if (property.target.empty()) {
    if (property.collection == CollectionType::kSet ||
        property.collection == CollectionType::kDictionary) {
      problems.add(place, "a set or dictionary of links needs a target class");
    }
    return;
  }
  const ClassSchema* target = schema.find_class(property.target);
  if (target == nullptr) {
    problems.add(place, "the target class '" + property.target + "' does not exist");
  } else if (target->kind == ClassKind::kAsymmetric) {
    problems.add(place, "a link may not lead to the asymmetric class '" + property.target + "'");
  } else if (target->kind == ClassKind::kEmbedded && property.collection == CollectionType::kSet) {
    problems.add(place, "a set holds no embedded objects");
  }
}

void check_class(const Schema& schema, const ClassSchema& candidate, Problems& problems) {
  if (candidate.name.empty()) problems.add("class", "a class has no name");
  if (candidate.name.size() > kClassNameBytesMax) {
    problems.add(candidate.name, "Name too long: it has more than 57 bytes");
  }
  std::unordered_set<std::string_view> names;
  for (const Property& property : candidate.properties) {
    if (!names.insert(property.name).second) {
      problems.add(candidate.name + "." + property.name, "the property is declared twice");
    }
    check_property(schema, candidate, property, problems);
  }
  if (candidate.primary_key.empty()) return;
  if (candidate.kind == ClassKind::kEmbedded) {
    problems.add(candidate.name, "an embedded class has no primary key");
  }
  const Property* key = candidate.find_property(candidate.primary_key);
  if (key == nullptr) {
    problems.add(candidate.name, "the primary key '" + candidate.primary_key + "' is no property");
  } else if (!may_be_primary_key(*key)) {
    problems.add(candidate.name + "." + key->name,
                 "a primary key is an int, a string, an objectid or a uuid");
  } else if (key->index == IndexType::kFullText) {
    problems.add(candidate.name + "." + key->name, "a primary key has no full-text index");
  }
}

}  // namespace

bool are_alike(const Property& left, const Property& right) {
  Property other = right;
  other.index = left.index;
  return left == other;
}

std::string describe(const Property& property) {
  std::string text(to_string(property.type));
  if (property.type == PropertyType::kLink) text += "(" + property.target + ")";
  if (property.nullable) text += "?";
  if (property.collection != CollectionType::kSingle) {
    text += " " + std::string(to_string(property.collection));
  }
  return text;
}

const Property* ClassSchema::find_property(std::string_view property) const noexcept {
  const auto found = std::ranges::find(properties, property, &Property::name);
  return found == properties.end() ? nullptr : &*found;
}

const ClassSchema* Schema::find_class(std::string_view name) const noexcept {
  const auto found = std::ranges::find(classes, name, &ClassSchema::name);
  return found == classes.end() ? nullptr : &*found;
}

Result<void> validate(const Schema& schema) {
  Problems problems;
  std::unordered_set<std::string_view> names;
  for (const ClassSchema& candidate : schema.classes) {
    if (!names.insert(candidate.name).second) {
      problems.add(candidate.name, "the class is declared twice");
    }
    check_class(schema, candidate, problems);
  }
  if (!problems.none()) return Error(ErrorCode::kInvalidSchema, problems.text());
  return {};
}

bool supports_index(PropertyType type, CollectionType collection, IndexType index) noexcept {
  if (index == IndexType::kNone) return true;
  if (collection != CollectionType::kSingle) return false;
  switch (type) {
    case PropertyType::kString: return index <= IndexType::kFullText;
    case PropertyType::kMixed:
    case PropertyType::kInt:
    case PropertyType::kBool:
    case PropertyType::kTimestamp:
    case PropertyType::kObjectId:
    case PropertyType::kUuid: return index == IndexType::kGeneral;
    case PropertyType::kBinary:
    case PropertyType::kFloat:
    case PropertyType::kDouble:
    case PropertyType::kDecimal:
    case PropertyType::kLink: break;
  }
  return false;
}

std::string_view to_string(PropertyType type) noexcept {
  switch (type) {
    case PropertyType::kMixed: return "mixed";
    case PropertyType::kInt: return "int";
    case PropertyType::kBool: return "bool";
    case PropertyType::kString: return "string";
    case PropertyType::kBinary: return "binary";
    case PropertyType::kTimestamp: return "timestamp";
    case PropertyType::kFloat: return "float";
    case PropertyType::kDouble: return "double";
    case PropertyType::kDecimal: return "decimal";
    case PropertyType::kLink: return "link";
    case PropertyType::kObjectId: return "objectid";
    case PropertyType::kUuid: return "uuid";
  }
  return "?";
}

std::string_view to_string(CollectionType type) noexcept {
  switch (type) {
    case CollectionType::kSingle: return "single";
    case CollectionType::kList: return "list";
    case CollectionType::kDictionary: return "dictionary";
    case CollectionType::kSet: return "set";
  }
  return "?";
}

std::string_view to_string(ClassKind kind) noexcept {
  switch (kind) {
    case ClassKind::kTopLevel: return "top";
    case ClassKind::kEmbedded: return "embedded";
    case ClassKind::kAsymmetric: return "asymmetric";
  }
  return "?";
}

}  // namespace tombolo
