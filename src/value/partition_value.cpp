#include "value/partition_value.h"

#include <charconv>

#include <nlohmann/json.hpp>

namespace tombolo {
namespace {

using nlohmann::json;

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

template <typename Integer>
std::optional<PartitionValue> parse_integer(const std::string& digits) {
  Integer value = 0;
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

template <typename Id>
std::optional<PartitionValue> to_value(const std::optional<Id>& id) {
  return id ? std::optional<PartitionValue>(*id) : std::nullopt;
}

}  // namespace

std::string to_partition_text(const PartitionValue& value) {
  const json document = std::visit(Overloaded{
                                       [](std::monostate) { return json(nullptr); },
                                       [](const std::string& text) { return json(text); },
                                       [](std::int32_t number) {
                                         return json{{"$numberInt", std::to_string(number)}};
                                       },
                                       [](std::int64_t number) {
                                         return json{{"$numberLong", std::to_string(number)}};
                                       },
                                       [](const ObjectId& id) {
                                         return json{{"$oid", to_string(id)}};
                                       },
                                       [](const Uuid& uuid) {
                                         return json{{"$uuid", to_string(uuid)}};
                                       },
                                   },
                                   value);
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<PartitionValue> parse_partition_text(std::string_view text) {
  const json document = json::parse(text.begin(), text.end(), nullptr, false);
  if (document.is_null()) return std::monostate{};
  if (document.is_string()) return document.get<std::string>();
  if (!document.is_object() || document.size() != 1) return std::nullopt;

  const auto member = document.begin();
  if (!member->is_string()) return std::nullopt;
  const std::string& content = member->get_ref<const std::string&>();
  if (member.key() == "$numberInt") return parse_integer<std::int32_t>(content);
  if (member.key() == "$numberLong") return parse_integer<std::int64_t>(content);
  if (member.key() == "$oid") return to_value(parse_object_id(content));
  if (member.key() == "$uuid") return to_value(parse_uuid(content));
  return std::nullopt;
}

}  // namespace tombolo
