#include "store/schema_migration.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "store/content_copy.h"

namespace tombolo::store {
namespace {

/// Lines of "- ".
class Differences {
 public:
  void of_class(const ClassSchema& owner, std::string_view what) {
    add("Class '" + owner.name + "' " + std::string(what));
  }
  void of_property(const ClassSchema& owner, const Property& property, std::string_view what) {
    add("Property '" + owner.name + "." + property.name + "' " + std::string(what));
  }
  [[nodiscard]] std::string take() { return std::move(lines_); }

 private:
  void add(const std::string& line) { lines_ += (lines_.empty() ? "- " : "\n- ") + line; }

  std::string lines_;
};

/// Whether the two differ in nothing but whether there may be nulls.
bool differs_in_nulls(const Property& left, const Property& right) {
  Property same = left;
  same.nullable = right.nullable;
  return are_alike(same, right) && left.nullable != right.nullable;
}

/// What no migration bridges: where objects come from and how they are known.
void compare_identity(const ClassSchema& found, const ClassSchema& wanted, Differences& to) {
  const auto names = [](const std::string& key) { return key.empty() ? "none" : "'" + key + "'"; };
  if (found.kind != wanted.kind) to.of_class(wanted, "has become one of another kind.");
  const Property* const old_key = found.find_property(found.primary_key);
  const Property* const new_key = wanted.find_property(wanted.primary_key);
  if (found.primary_key != wanted.primary_key) {
    to.of_class(wanted,
                "has changed its primary key from " + names(found.primary_key) + " to " +
                    names(wanted.primary_key) + ".");
  } else if (old_key != nullptr && new_key != nullptr && !are_alike(*old_key, *new_key)) {
    to.of_property(wanted,
                   *new_key,
                   "is the primary key and has been changed from '" + describe(*old_key) +
                       "' to '" + describe(*new_key) + "'.");
  }
}

void compare_properties(const ClassSchema& found, const ClassSchema& wanted, Differences& to) {
  for (const Property& property : wanted.properties) {
    if (property.name == wanted.primary_key && property.name == found.primary_key) continue;
    const Property* const old = found.find_property(property.name);
    if (old == nullptr) {
      to.of_property(wanted, property, "has been added.");
    } else if (differs_in_nulls(*old, property)) {
      to.of_property(wanted,
                     property,
                     property.nullable ? "has been made optional." : "has been made required.");
    } else if (!are_alike(*old, property)) {
      to.of_property(
          wanted,
          property,
          "has been changed from '" + describe(*old) + "' to '" + describe(property) + "'.");
    }
  }
  for (const Property& property : found.properties) {
    if (wanted.find_property(property.name) == nullptr) {
      to.of_property(found, property, "has been removed.");
    }
  }
}

}  // namespace

std::string describe_schema_changes(const Schema& found, const Schema& wanted) {
  Differences differences;
  for (const ClassSchema& to : wanted.classes) {
    const ClassSchema* const from = found.find_class(to.name);
    if (from == nullptr) continue;
    compare_identity(*from, to, differences);
    compare_properties(*from, to, differences);
  }
  return differences.take();
}

void migrate_schema(RealmWriter& realm, const RealmReader& before, const Schema& wanted) {
  validate(wanted).value();
  const Schema found = realm.schema();
  Differences impossible;
  for (const ClassSchema& to : wanted.classes) {
    if (const auto* from = found.find_class(to.name)) compare_identity(*from, to, impossible);
  }
  if (const std::string lines = impossible.take(); !lines.empty()) {
    throw Error(ErrorCode::kSchemaMismatch, "A migration cannot do this:\n" + lines);
  }

  /// Properties that keep their values although they are made anew.
  struct Kept {
    ClassId class_id;
    PropertyId from;
    std::string name;
  };
  std::vector<Kept> kept;
  for (const ClassSchema& to : wanted.classes) {
    const ClassSchema* const from = found.find_class(to.name);
    if (from == nullptr) continue;
    const ClassId class_id = realm.catalog().find_class(to.name)->id;
    for (const Property& old : from->properties) {
      const Property* const property = to.find_property(old.name);
      if (property != nullptr && are_alike(*property, old)) continue;
      const PropertyId id = realm.catalog().find_class(class_id)->find_property(old.name)->id;
      if (property != nullptr && property->nullable && differs_in_nulls(old, *property)) {
        kept.push_back({class_id, id, old.name});
      }
      realm.erase_property(class_id, id);
    }
  }
  realm.add_schema(wanted);
  ContentCopy copy(before, realm, UnresolvedLinks::kCopied);
  for (const Kept& property : kept) {
    const ClassInfo& info = *realm.catalog().find_class(property.class_id);
    copy.copy_column(property.class_id, property.from, info.find_property(property.name)->id);
  }
}

std::string describe_duplicate_keys(const RealmReader& realm, ClassId class_id) {
  constexpr std::size_t kNamedMax = 5;
  const auto text_of = [](const ObjectKey& key) {
    switch (key.type()) {
      case ObjectKey::Type::kInt: return std::to_string(key.as_int());
      case ObjectKey::Type::kString: return "'" + std::string(key.as_string()) + "'";
      case ObjectKey::Type::kObjectId: return to_string(key.as_object_id());
      case ObjectKey::Type::kUuid: return to_string(key.as_uuid());
      case ObjectKey::Type::kNull:
      case ObjectKey::Type::kGlobalKey: break;
    }
    return std::string("null");
  };
  std::vector<std::string> named;
  for (RowId row = realm.first_row(class_id); row != kNoRow; row = realm.next_row(class_id, row)) {
    const ObjectKey key = realm.key_of({class_id, row});
    if (realm.find(class_id, key) == row) continue;
    const std::string text = text_of(key);
    if (std::ranges::find(named, text) != named.end()) continue;
    if (named.size() == kNamedMax) {
      named.emplace_back("...");
      break;
    }
    named.push_back(text);
  }
  std::string list;
  for (const std::string& text : named) list += (list.empty() ? "" : ", ") + text;
  return list;
}

void erase_all_classes(RealmWriter& realm) {
  // Links go first: a class that one leads to cannot be removed.
  const auto ids = [&] {
    std::vector<ClassId> classes;
    for (const ClassInfo& info : realm.catalog().classes()) classes.push_back(info.id);
    return classes;
  }();
  for (const ClassId class_id : ids) {
    std::vector<PropertyId> links;
    for (const PropertyInfo& property : realm.catalog().find_class(class_id)->properties) {
      if (property.type == PropertyType::kLink) links.push_back(property.id);
    }
    for (const PropertyId property : links) realm.erase_property(class_id, property);
  }
  for (const ClassId class_id : ids) realm.erase_class(class_id);
}

}  // namespace tombolo::store
