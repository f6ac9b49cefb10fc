#include "test/support/random_edits.h"

#include <array>

namespace tombolo::test {

using store::CollectionReader;
using store::CollectionRef;
using store::NewContent;
using store::ObjectRef;
using store::PropertyInfo;
using store::RowId;
using store::Value;
using store::ValueType;

namespace {

constexpr std::array kScalarTypes{PropertyType::kInt,
                                  PropertyType::kBool,
                                  PropertyType::kString,
                                  PropertyType::kBinary,
                                  PropertyType::kTimestamp,
                                  PropertyType::kFloat,
                                  PropertyType::kDouble,
                                  PropertyType::kDecimal,
                                  PropertyType::kObjectId,
                                  PropertyType::kUuid};

}  // namespace

bool RandomEdits::is_embedded(store::ClassId class_id) const {
  const store::ClassInfo* info = realm_.catalog().find_class(class_id);
  return info != nullptr && info->is_embedded();
}

void RandomEdits::edit(ObjectRef object) {
  const store::ClassInfo& info = *realm_.catalog().find_class(object.class_id);
  const PropertyInfo& property =
      info.properties[below(static_cast<std::uint32_t>(info.properties.size()))];
  if (property.id == info.primary_key) return;
  if (!property.is_collection()) return edit_single(object, property);
  edit_collection(store::SlotRef{object.class_id, object.row, property.id}, property);
}

void RandomEdits::edit_single(ObjectRef object, const PropertyInfo& property) {
  const store::SlotRef slot{object.class_id, object.row, property.id};
  const Value before = realm_.get(object, property.id);
  if (!one_in(4) && edit_inside(slot, property, before)) return;
  if (before.type() == ValueType::kInt && one_in(3)) {
    return realm_.add_int(object, property.id, below(10));
  }
  const auto draft = any_value(property);
  if (!draft) return;
  if (draft->content) {
    (void)realm_.set(object, property.id, *draft->content);
  } else {
    realm_.set(object,
               property.id,
               draft->value,
               one_in(8) ? store::WriteKind::kDefault : store::WriteKind::kExplicit);
  }
}

bool RandomEdits::edit_inside(const CollectionRef& where,
                              const PropertyInfo& property,
                              const Value& value) {
  if (value.is_collection()) {
    edit_collection({where.slot, value.as_collection()}, property);
    return true;
  }
  if (value.type() != ValueType::kLink || !is_embedded(value.as_link().class_id)) return false;
  if (one_in(8)) {
    realm_.erase(value.as_link());
  } else {
    edit(value.as_link());
  }
  return true;
}

void RandomEdits::edit_collection(const CollectionRef& ref, const PropertyInfo& property) {
  const CollectionReader collection = realm_.collection(ref);
  switch (collection.kind()) {
    case CollectionType::kList: return edit_list(collection, property);
    case CollectionType::kSet: return edit_set(collection, property);
    default: return edit_dictionary(collection, property);
  }
}

void RandomEdits::edit_list(const CollectionReader& list, const PropertyInfo& property) {
  const CollectionRef ref = list.ref();
  const std::uint32_t size = list.size();
  const std::uint32_t position = size == 0 ? 0 : below(size);
  const std::uint64_t choice = size == 0 ? 0 : random_.below(10);
  if (choice < 4 || choice == 6) {
    if (choice == 6 && edit_inside(ref, property, list.get(position))) return;
    const auto draft = any_value(property);
    if (!draft) return;
    const bool replaces = choice == 6 || choice == 3;
    const std::uint32_t at = replaces ? position : below(size + 1);
    if (size == 0 || !replaces) {
      draft->content ? (void)realm_.list_insert(ref, at, *draft->content)
                     : realm_.list_insert(ref, at, draft->value);
    } else {
      draft->content ? (void)realm_.list_set(ref, at, *draft->content)
                     : realm_.list_set(ref, at, draft->value);
    }
  } else if (choice == 4) {
    realm_.list_erase(ref, position);
  } else if (choice == 5) {
    if (!list.get(position).is_collection()) realm_.list_move(ref, position, below(size));
  } else if (choice == 7) {
    realm_.list_clear(ref);
  } else {
    (void)edit_inside(ref, property, list.get(position));
  }
}

void RandomEdits::edit_set(const CollectionReader& set, const PropertyInfo& property) {
  const CollectionRef ref = set.ref();
  if (set.size() > 0 && one_in(3)) {
    const Value member = set.get(below(set.size()));
    (void)realm_.set_erase(ref, member);
  } else if (one_in(12)) {
    realm_.set_clear(ref);
  } else if (const auto draft = any_value(property); draft && !draft->content) {
    (void)realm_.set_insert(ref, draft->value);
  }
}

void RandomEdits::edit_dictionary(const CollectionReader& entries, const PropertyInfo& property) {
  static constexpr std::array<std::string_view, 4> kKeys{"a", "b", "a longer key", ""};
  const CollectionRef ref = entries.ref();
  const std::string key(kKeys[below(kKeys.size())]);
  const auto found = entries.find_key(key);
  if (found && one_in(2) && edit_inside(ref, property, entries.get(*found))) return;
  if (found && one_in(4)) {
    (void)realm_.dictionary_erase(ref, key);
  } else if (one_in(12)) {
    realm_.dictionary_clear(ref);
  } else if (const auto draft = any_value(property)) {
    draft->content ? (void)realm_.dictionary_set(ref, key, *draft->content)
                   : realm_.dictionary_set(ref, key, draft->value);
  }
}

std::optional<RandomEdits::Draft> RandomEdits::any_value(const PropertyInfo& property) {
  if (property.nullable && one_in(6)) return Draft{};
  if (property.type == PropertyType::kLink) {
    if (property.holds_any()) return any_link_to_any_class();
    return is_embedded(property.target) ? Draft{.value = {}, .content = NewContent::kObject}
                                        : any_link(property.target);
  }
  if (property.type != PropertyType::kMixed) {
    return Draft{.value = any_scalar(property.type), .content = std::nullopt};
  }
  switch (random_.below(6)) {
    case 0: return Draft{.value = {}, .content = NewContent::kList};
    case 1: return Draft{.value = {}, .content = NewContent::kDictionary};
    case 2: return any_link_to_any_class();
    default:
      return Draft{.value = any_scalar(kScalarTypes[below(kScalarTypes.size())]),
                   .content = std::nullopt};
  }
}

std::optional<RandomEdits::Draft> RandomEdits::any_link_to_any_class() {
  const auto& classes = realm_.catalog().classes();
  const store::ClassInfo& info = classes[below(static_cast<std::uint32_t>(classes.size()))];
  if (info.kind != ClassKind::kTopLevel) return std::nullopt;
  return any_link(info.id);
}

std::optional<RandomEdits::Draft> RandomEdits::any_link(store::ClassId class_id) {
  RowId row = realm_.first_row(class_id);
  if (row == store::kNoRow) return std::nullopt;
  for (std::uint32_t steps = below(4); steps > 0; --steps) {
    const RowId next = realm_.next_row(class_id, row);
    if (next == store::kNoRow) break;
    row = next;
  }
  return Draft{.value = Value::of_link({class_id, row}), .content = std::nullopt};
}

Value RandomEdits::any_scalar(PropertyType type) {
  const std::uint32_t small = below(5);
  switch (type) {
    case PropertyType::kBool: return Value::of_bool(small % 2 == 0);
    case PropertyType::kString:
      text_ = "text " + std::string(one_in(10) ? random_.below(3000) : small, 'x');
      return Value::of_string(text_);
    case PropertyType::kBinary:
      text_ = std::string(small, '\xFF');
      return Value::of_binary(as_bytes(text_));
    case PropertyType::kTimestamp: return Value::of_timestamp({.seconds = small, .nanoseconds = 0});
    case PropertyType::kFloat: return Value::of_float(static_cast<float>(small) - 1.5F);
    case PropertyType::kDouble: return Value::of_double(static_cast<double>(small) / 4);
    case PropertyType::kDecimal: {
      Decimal128 number;
      number.low = small;
      return Value::of_decimal(number);
    }
    case PropertyType::kObjectId: {
      ObjectId id;
      id.bytes[0] = static_cast<std::uint8_t>(small);
      return Value::of_object_id(id);
    }
    case PropertyType::kUuid: {
      Uuid uuid;
      uuid.bytes[0] = static_cast<std::uint8_t>(small);
      return Value::of_uuid(uuid);
    }
    default: return Value::of_int(small == 0 ? INT64_MIN : small);
  }
}

}  // namespace tombolo::test
