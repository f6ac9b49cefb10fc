#include "test/support/query_dataset.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "base/hex.h"
#include "value/decimal128.h"

namespace tombolo::test {
namespace {

using nlohmann::json;
using query::Constant;
using query::ObjectHandle;
using query::QueryClass;
using query::QueryProperty;
using query::Value;
using query::ValueKind;

double to_double(const json& value) {
  if (value.is_number()) return value.get<double>();
  const std::string text = value.get<std::string>();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  if (text == "-0") return -0.0;
  throw std::invalid_argument("no number: " + text);
}

std::int64_t to_int(const json& value) {
  return std::stoll(value.get<std::string>());
}

Timestamp to_timestamp(const json& typed) {
  return {to_int(typed["seconds"]), typed["nanoseconds"].get<std::int32_t>()};
}

Uuid to_uuid(const std::string& hex) {
  Uuid uuid;
  const Bytes bytes = parse_hex(hex).value();
  std::ranges::transform(bytes, uuid.bytes.begin(), [](std::byte byte) {
    return std::to_integer<std::uint8_t>(byte);
  });
  return uuid;
}

std::optional<PropertyType> find_type(std::string_view name) {
  constexpr std::pair<std::string_view, PropertyType> kTypes[] = {
      {"int", PropertyType::kInt},
      {"bool", PropertyType::kBool},
      {"string", PropertyType::kString},
      {"data", PropertyType::kBinary},
      {"date", PropertyType::kTimestamp},
      {"float", PropertyType::kFloat},
      {"double", PropertyType::kDouble},
      {"decimal128", PropertyType::kDecimal},
      {"objectId", PropertyType::kObjectId},
      {"uuid", PropertyType::kUuid},
      {"mixed", PropertyType::kMixed}};
  const auto* found =
      std::ranges::find(kTypes, name, &std::pair<std::string_view, PropertyType>::first);
  return found == std::end(kTypes) ? std::nullopt : std::optional(found->second);
}

query::GeoPoint to_point(const json& point) {
  if (point.is_array()) return {to_double(point[0]), to_double(point[1])};
  if (point.contains("coordinates")) return to_point(point["coordinates"]);
  return {to_double(point["longitude"]), to_double(point["latitude"])};
}

query::GeoRegion to_region(const json& region) {
  using Shape = query::GeoRegion::Shape;
  if (region.contains("center")) {
    return {Shape::kCircle, {{to_point(region["center"])}}, to_double(region["distance"])};
  }
  if (region.contains("bottomLeft")) {
    return {Shape::kBox, {{to_point(region["bottomLeft"]), to_point(region["topRight"])}}, 0};
  }
  query::GeoRegion polygon{Shape::kPolygon, {}, 0};
  const auto add_ring = [&](const json& ring) {
    auto& points = polygon.rings.emplace_back();
    for (const json& point : ring) points.push_back(to_point(point));
  };
  if (region.contains("coordinates")) {
    std::ranges::for_each(region["coordinates"], add_ring);
    return polygon;
  }
  add_ring(region["outerRing"]);
  if (region.contains("holes")) std::ranges::for_each(region["holes"], add_ring);
  return polygon;
}

}  // namespace

QueryDataset::QueryDataset(const json& description)
    : made_(std::make_shared<query::QuerySchema>()),
      schema_(made_) {
  for (const json& declared : description["schema"]) {
    QueryClass& made = made_->classes.emplace_back();
    made.name = declared["name"];
    made.primary_key = declared.value("primaryKey", "");
    made.kind = declared.value("embedded", false) ? ClassKind::kEmbedded : ClassKind::kTopLevel;
    made.id = static_cast<std::uint32_t>(made_->classes.size() - 1);
  }
  add_properties(description["schema"]);
  tables_.resize(made_->classes.size());
  // Keys first, so that links may lead to objects that come later.
  std::vector<std::pair<ObjectHandle, const json*>> added;
  for (const json& object : description["objects"]) {
    const std::size_t class_index = made_->find_class(object["class"].get<std::string>()).value();
    added.emplace_back(add_object(class_index, object["values"]), &object["values"]);
  }
  for (const auto& [handle, values] : added) fill_object(handle, *values);
}

void QueryDataset::add_properties(const json& description) {
  struct Computed {
    std::size_t class_index;
    std::size_t property;
    std::string origin;
  };
  std::vector<Computed> computed;
  for (std::size_t i = 0; i < description.size(); ++i) {
    QueryClass& owner = made_->classes[i];
    for (const json& declared : description[i]["properties"]) {
      QueryProperty property;
      property.name = declared.value("mapTo", declared["name"].get<std::string>());
      property.public_name = declared["name"];
      property.nullable = declared.value("optional", false);
      property.has_full_text_index = declared.value("indexed", json()) == "full-text";
      property.id = static_cast<std::uint32_t>(owner.properties.size());
      const std::string type = declared["type"];
      const std::string element = declared.value("objectType", type);
      if (type == "linkingObjects") {
        property.type = PropertyType::kLink;
        property.origin = QueryProperty::Origin{made_->find_class(element).value(), 0};
        computed.push_back({i, owner.properties.size(), declared["property"]});
      } else {
        if (type == "list") property.collection = CollectionType::kList;
        if (type == "set") property.collection = CollectionType::kSet;
        if (type == "dictionary") property.collection = CollectionType::kDictionary;
        const auto scalar = find_type(element);
        property.type = scalar.value_or(PropertyType::kLink);
        if (!scalar) property.target = made_->find_class(element).value();
      }
      owner.properties.push_back(std::move(property));
    }
  }
  for (const Computed& entry : computed) {
    auto& origin = *made_->classes[entry.class_index].properties[entry.property].origin;
    origin.property_id = made_->classes[origin.class_index].find_property(entry.origin)->id;
  }
}

ObjectHandle QueryDataset::add_object(std::size_t class_index, const json& values) {
  const QueryClass& owner = made_->classes[class_index];
  std::vector<Row>& table = tables_[class_index];
  const ObjectHandle handle{owner.id, table.size()};
  Row& row = table.emplace_back(owner.properties.size());
  if (const QueryProperty* key = owner.find_property(owner.primary_key)) {
    row[key->id] = make_value(values.at(key->public_name), *key, handle);
  }
  return handle;
}

void QueryDataset::fill_object(ObjectHandle object, const json& values) {
  const QueryClass& owner = made_->classes[object.class_id];
  for (const QueryProperty& property : owner.properties) {
    if (property.origin) continue;
    Value value = make_value(values.at(property.public_name), property, object);
    tables_[object.class_id][object.row][property.id] = value;
  }
}

Value QueryDataset::make_value(const json& typed,
                               const QueryProperty& property,
                               ObjectHandle owner) {
  const std::string type = typed["type"];
  if (type == "null") return {};
  if (type == "bool") return Value::of_bool(typed["value"]);
  if (type == "int") return Value::of_int(to_int(typed["value"]));
  if (type == "float") return Value::of_float(static_cast<float>(to_double(typed["value"])));
  if (type == "double") return Value::of_double(to_double(typed["value"]));
  if (type == "decimal") {
    return Value::of_decimal(parse_decimal128(typed["value"].get<std::string>()).value());
  }
  if (type == "string") return Value::of_string(texts_.emplace_back(typed["value"]));
  if (type == "binary") {
    const Bytes bytes = parse_hex(typed["value"].get<std::string>()).value();
    return Value::of_binary(texts_.emplace_back(as_text(bytes)));
  }
  if (type == "timestamp") return Value::of_timestamp(to_timestamp(typed));
  if (type == "objectid") {
    return Value::of_object_id(parse_object_id(typed["value"].get<std::string>()).value());
  }
  if (type == "uuid") return Value::of_uuid(to_uuid(typed["value"]));
  if (type == "link") {
    const std::size_t target = made_->find_class(typed["table"].get<std::string>()).value();
    const auto found = find_object(static_cast<std::uint32_t>(target),
                                   make_value(typed["object"], property, owner));
    if (!found) return {};
    backlinks_[*found].push_back({owner, property.id});
    return Value::of_link(*found);
  }
  if (type == "object") {
    const ObjectHandle embedded = add_object(property.target.value(), typed["values"]);
    fill_object(embedded, typed["values"]);
    backlinks_[embedded].push_back({owner, property.id});
    return Value::of_link(embedded);
  }
  Collection made;
  for (const auto& [key, element] : typed["items"].items()) {
    const Value value = make_value(element, property, owner);
    // Where only links are, one that leads nowhere is not there.
    if (property.type == PropertyType::kLink && type != "dictionary" && value.is_null()) continue;
    made.elements.push_back(value);
    if (type == "dictionary") made.keys.push_back(key);
  }
  const ValueKind kind = type == "list"  ? ValueKind::kList
                         : type == "set" ? ValueKind::kSet
                                         : ValueKind::kDictionary;
  collections_.push_back(std::move(made));
  return Value::of_collection(kind, {collections_.size() - 1, 0});
}

Constant QueryDataset::argument(const json& typed) const {
  const std::string type = typed["type"];
  if (type == "null") return {};
  if (type == "bool") return {typed["value"].get<bool>()};
  if (type == "int") return {to_int(typed["value"])};
  if (type == "float") return {Constant::Floating{to_double(typed["value"]), true, ""}};
  if (type == "double") return {Constant::Floating{to_double(typed["value"]), false, ""}};
  if (type == "decimal") return {parse_decimal128(typed["value"].get<std::string>()).value()};
  if (type == "string") return {typed["value"].get<std::string>()};
  if (type == "binary") {
    const Bytes bytes = parse_hex(typed["value"].get<std::string>()).value();
    return {Constant::Binary{std::string(as_text(bytes))}};
  }
  if (type == "timestamp") return {to_timestamp(typed)};
  if (type == "objectid") return {parse_object_id(typed["value"].get<std::string>()).value()};
  if (type == "uuid") return {to_uuid(typed["value"])};
  if (type == "link") {
    return {Constant::Object{typed["table"].get<std::string>(), argument(typed["object"])}};
  }
  if (type == "geo") return {to_region(typed["value"])};
  Constant::List list;
  for (const json& element : typed["items"]) list.push_back(argument(element));
  return {std::move(list)};
}

std::vector<ObjectHandle> QueryDataset::objects(std::string_view class_name) const {
  const std::size_t class_index = made_->find_class(class_name).value();
  std::vector<ObjectHandle> all;
  for (std::size_t row = 0; row < tables_[class_index].size(); ++row) {
    all.push_back({static_cast<std::uint32_t>(class_index), row});
  }
  return all;
}

json QueryDataset::key_of(ObjectHandle object) const {
  const QueryClass& owner = made_->classes[object.class_id];
  const Value& key =
      tables_[object.class_id][object.row][owner.find_property(owner.primary_key)->id];
  if (key.kind() == ValueKind::kInt) return key.as_int();
  return std::string(key.as_text());
}

Value QueryDataset::get(ObjectHandle object, std::uint32_t property) {
  return tables_[object.class_id][object.row][property];
}

const QueryDataset::Collection& QueryDataset::collection(query::CollectionHandle handle) const {
  return collections_[handle.first];
}

std::size_t QueryDataset::size(query::CollectionHandle handle) {
  return collection(handle).elements.size();
}

Value QueryDataset::element(query::CollectionHandle handle, std::size_t index) {
  return collection(handle).elements[index];
}

std::string_view QueryDataset::key(query::CollectionHandle dictionary, std::size_t index) {
  return collection(dictionary).keys[index];
}

std::optional<Value> QueryDataset::find(query::CollectionHandle dictionary, std::string_view key) {
  const Collection& entries = collection(dictionary);
  const auto found = std::ranges::find(entries.keys, key);
  if (found == entries.keys.end()) return std::nullopt;
  return entries.elements[static_cast<std::size_t>(found - entries.keys.begin())];
}

void QueryDataset::for_each_backlink(ObjectHandle target,
                                     std::uint32_t class_id,
                                     std::uint32_t property,
                                     const std::function<void(ObjectHandle)>& visit) {
  const auto found = backlinks_.find(target);
  if (found == backlinks_.end()) return;
  for (const Backlink& link : found->second) {
    if (link.origin.class_id == class_id && link.property == property) visit(link.origin);
  }
}

std::uint64_t QueryDataset::count_backlinks(ObjectHandle target) {
  const auto found = backlinks_.find(target);
  return found == backlinks_.end() ? 0 : found->second.size();
}

std::optional<ObjectHandle> QueryDataset::find_object(std::uint32_t class_id, const Value& key) {
  const QueryClass& owner = made_->classes[class_id];
  const QueryProperty* property = owner.find_property(owner.primary_key);
  if (property == nullptr) return std::nullopt;
  for (std::size_t row = 0; row < tables_[class_id].size(); ++row) {
    if (compare(tables_[class_id][row][property->id], key) == 0) {
      return ObjectHandle{class_id, row};
    }
  }
  return std::nullopt;
}

}  // namespace tombolo::test
