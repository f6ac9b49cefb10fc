#include "query_conversion.h"

#include <string>
#include <vector>

#include "value_conversion.h"

namespace tombolo::node {
namespace {

QueryArgument to_argument(const Value& value) {
  switch (value.type()) {
    case ValueType::kInt: return value.as_int();
    case ValueType::kBool: return value.as_bool();
    case ValueType::kString: return std::string(value.as_string());
    case ValueType::kBinary: return to_bytes(value.as_binary());
    case ValueType::kTimestamp: return value.as_timestamp();
    case ValueType::kFloat: return value.as_float();
    case ValueType::kDouble: return value.as_double();
    case ValueType::kDecimal: return value.as_decimal();
    case ValueType::kObjectId: return value.as_object_id();
    case ValueType::kUuid: return value.as_uuid();
    default: return nullptr;
  }
}

GeoRegion to_region(const Napi::Object& region) {
  GeoRegion made;
  made.shape = static_cast<GeoRegion::Shape>(region.Get("shape").As<Napi::Number>().Uint32Value());
  made.radius = region.Get("radius").As<Napi::Number>();
  const auto rings = region.Get("rings").As<Napi::Array>();
  for (std::uint32_t i = 0; i < rings.Length(); ++i) {
    const auto points = rings.Get(i).As<Napi::Array>();
    auto& ring = made.rings.emplace_back();
    for (std::uint32_t j = 0; j < points.Length(); ++j) {
      const auto point = points.Get(j).As<Napi::Array>();
      ring.push_back({point.Get(0U).ToNumber(), point.Get(1U).ToNumber()});
    }
  }
  return made;
}

/// The strings of each row of a table.
std::vector<std::vector<std::string>> to_rows(const Napi::Value& table) {
  std::vector<std::vector<std::string>> rows;
  const auto array = table.As<Napi::Array>();
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto cells = array.Get(i).As<Napi::Array>();
    auto& row = rows.emplace_back();
    for (std::uint32_t j = 0; j < cells.Length(); ++j) row.push_back(cells.Get(j).ToString());
  }
  return rows;
}

}  // namespace

QueryArgument to_query_argument(const Napi::Object& argument) {
  if (argument.Has("list")) {
    const auto list = argument.Get("list").As<Napi::Array>();
    std::vector<QueryArgument> values;
    for (std::uint32_t i = 0; i < list.Length(); ++i) {
      values.push_back(to_query_argument(list.Get(i).As<Napi::Object>()));
    }
    return values;
  }
  if (argument.Has("shape")) return to_region(argument);
  if (argument.Has("row")) {
    return QueryArgument(store::ObjectRef{
        ClassId(argument.Get("classId").As<Napi::Number>().Uint32Value()),
        store::RowId(
            static_cast<std::uint64_t>(argument.Get("row").As<Napi::Number>().Int64Value()))});
  }
  const Napi::Value value = argument.Get("value");
  if (value.IsNull()) return nullptr;
  const auto type =
      static_cast<PropertyType>(argument.Get("type").As<Napi::Number>().Uint32Value());
  const IncomingValue incoming(value, {type, ClassId()});
  return to_argument(incoming.get());
}

QueryNames to_query_names(const Napi::Object& names) {
  QueryNames made;
  for (auto& row : to_rows(names.Get("publicNames"))) {
    made.public_names.push_back({row.at(0), row.at(1), row.at(2)});
  }
  for (auto& row : to_rows(names.Get("linkingObjects"))) {
    made.linking_objects.push_back({row.at(0), row.at(1), row.at(2), row.at(3)});
  }
  return made;
}

}  // namespace tombolo::node
