#include "protocol/json_body.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include <nlohmann/json.hpp>

#include "protocol/decimal.h"
#include "protocol/json_object.h"

namespace tombolo::protocol {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kNotAnObject = "json";

/// In the order of the enumeration.
constexpr std::array<std::string_view, 7> kLevelNames{
    "fatal", "error", "warn", "info", "detail", "debug", "trace"};

/// Reads the members of one JSON object; the first failure sticks.
class ObjectReader {
 public:
  explicit ObjectReader(const Json& object) : object_(object) {
    if (!object.is_object()) problem_ = kNotAnObject;
  }

  [[nodiscard]] std::string_view problem() const noexcept { return problem_; }
  void fail(std::string_view key) noexcept {
    if (problem_.empty()) problem_ = key;
  }

  [[nodiscard]] const Json* find(std::string_view key) const {
    if (!problem_.empty()) return nullptr;
    const auto found = object_.find(key);
    return found != object_.end() ? &*found : nullptr;
  }
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view key) {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (const auto* text = value->get_ptr<const std::string*>()) return *text;
    fail(key);
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::uint64_t> optional_number(std::string_view key,
                                                             std::uint64_t max = kNumberMax) {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    const auto* number = value->get_ptr<const std::uint64_t*>();
    if (number != nullptr && *number <= max) return *number;
    fail(key);
    return std::nullopt;
  }
  [[nodiscard]] std::string text(std::string_view key) {
    return require(key, optional_text(key)).value_or(std::string());
  }
  [[nodiscard]] std::uint64_t number(std::string_view key, std::uint64_t max = kNumberMax) {
    return require(key, optional_number(key, max)).value_or(0);
  }
  [[nodiscard]] bool flag(std::string_view key) {
    const Json* value = find(key);
    if (value != nullptr && value->is_boolean()) return value->get<bool>();
    fail(key);
    return false;
  }

 private:
  template <typename T>
  [[nodiscard]] std::optional<T> require(std::string_view key, std::optional<T> value) {
    if (!value) fail(key);
    return value;
  }

  const Json& object_;
  std::string_view problem_;
};

/// Null (which is no object) when `text` is no JSON object.
[[nodiscard]] Json parse_json(std::string_view text) {
  return parse_json_object(text).value_or(Json());
}

[[nodiscard]] std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Back-off keys that a client can count with; more is a slip of the server's.
constexpr std::uint64_t kRetrySecondsMax = std::numeric_limits<std::int32_t>::max();

[[nodiscard]] std::optional<RetryDelay> read_retry_delay(ObjectReader& reader) {
  const auto interval = reader.optional_number("backoffIntervalSec", kRetrySecondsMax);
  if (!interval) return std::nullopt;
  const std::uint64_t interval_max = reader.number("backoffMaxDelaySec", kRetrySecondsMax);
  const std::uint64_t multiplier = reader.number("backoffMultiplier", kRetrySecondsMax);
  return RetryDelay{std::chrono::seconds(*interval),
                    std::chrono::seconds(interval_max),
                    static_cast<std::uint32_t>(multiplier)};
}

void read_rejected_updates(ObjectReader& reader, std::vector<RejectedUpdate>& updates) {
  constexpr std::string_view kKey = "rejectedUpdates";
  const Json* array = reader.find(kKey);
  if (array == nullptr) return;
  if (!array->is_array()) return reader.fail(kKey);
  for (const Json& element : *array) {
    ObjectReader update(element);
    updates.push_back({update.text("table"), update.text("pk"), update.text("reason")});
    if (!update.problem().empty()) return reader.fail(kKey);
  }
}

}  // namespace

std::string_view read_json(std::string_view json, FlexibleBind& bind) {
  const Json object = parse_json(json);
  ObjectReader reader(object);
  bind.schema_version = reader.optional_number("schemaVersion").value_or(0);
  bind.session_reason = static_cast<SessionReason>(
      reader.optional_number("sessionReason", static_cast<int>(SessionReason::kClientReset))
          .value_or(0));
  bind.migrated_partition = reader.optional_text("migratedPartition");
  return reader.problem();
}

std::string write_json(const FlexibleBind& bind) {
  Json object{{"schemaVersion", bind.schema_version},
              {"sessionReason", static_cast<int>(bind.session_reason)}};
  if (bind.migrated_partition) object["migratedPartition"] = *bind.migrated_partition;
  return dump(object);
}

std::string_view read_json(std::string_view json, ClientError& error) {
  const Json object = parse_json(json);
  ObjectReader reader(object);
  error.message = reader.text("message");
  return reader.problem();
}

std::string write_json(const ClientError& error) {
  return dump(Json{{"message", error.message}});
}

std::string_view read_json(std::string_view json, ServerError& error) {
  const Json object = parse_json(json);
  ObjectReader reader(object);
  error.message = reader.text("message");
  error.log_url = reader.text("logURL");
  error.action = parse_action(reader.text("action"));
  error.try_again = reader.flag("tryAgain");
  error.should_client_reset = reader.flag("shouldClientReset");
  error.is_recovery_mode_disabled = reader.flag("isRecoveryModeDisabled");
  error.retry_delay = read_retry_delay(reader);
  error.partition_query = reader.optional_text("partitionQuery");
  error.previous_schema_version = reader.optional_number("previousSchemaVersion");
  read_rejected_updates(reader, error.rejected_updates);
  if (const auto version = reader.optional_number("rejectedClientVersion"))
    error.rejected_client_version = ClientVersion(*version);
  if (const auto version = reader.optional_number("compensatingWriteServerVersion"))
    error.compensating_write_server_version = ServerVersion(*version);
  if (const auto version = reader.optional_number("integratedClientVersion"))
    error.integrated_client_version = ClientVersion(*version);
  return reader.problem();
}

std::string write_json(const ServerError& error) {
  Json object{{"message", error.message},
              {"logURL", error.log_url},
              {"action", action_info(error.action).name},
              {"tryAgain", error.try_again},
              {"shouldClientReset", error.should_client_reset},
              {"isRecoveryModeDisabled", error.is_recovery_mode_disabled}};
  if (error.retry_delay) {
    object["backoffIntervalSec"] = error.retry_delay->interval.count();
    object["backoffMaxDelaySec"] = error.retry_delay->interval_max.count();
    object["backoffMultiplier"] = error.retry_delay->multiplier;
  }
  if (error.partition_query) object["partitionQuery"] = *error.partition_query;
  if (error.previous_schema_version)
    object["previousSchemaVersion"] = *error.previous_schema_version;
  for (const RejectedUpdate& update : error.rejected_updates)
    object["rejectedUpdates"].push_back(
        {{"table", update.table}, {"pk", update.primary_key}, {"reason", update.reason}});
  if (error.rejected_client_version)
    object["rejectedClientVersion"] = error.rejected_client_version->value();
  if (error.compensating_write_server_version)
    object["compensatingWriteServerVersion"] = error.compensating_write_server_version->value();
  if (error.integrated_client_version)
    object["integratedClientVersion"] = error.integrated_client_version->value();
  return dump(object);
}

std::string_view read_json(std::string_view json, LogMessage& message) {
  const Json object = parse_json(json);
  ObjectReader reader(object);
  message.connection_id = reader.optional_text("co_id").value_or(std::string());
  message.text = reader.optional_text("msg").value_or(std::string());
  // Without a text there is nothing to log, and the level is not looked at.
  if (message.text.empty()) return reader.problem();
  const std::string level = reader.optional_text("level").value_or(std::string());
  if (level.empty()) return reader.problem();
  const auto found = std::ranges::find(kLevelNames, level);
  if (found == kLevelNames.end())
    reader.fail("level");
  else
    message.level = static_cast<LogMessageLevel>(found - kLevelNames.begin());
  return reader.problem();
}

std::string write_json(const LogMessage& message) {
  Json object = Json::object();
  if (!message.connection_id.empty()) object["co_id"] = message.connection_id;
  if (!message.text.empty()) {
    object["level"] = kLevelNames[static_cast<std::size_t>(message.level)];
    object["msg"] = message.text;
  }
  return dump(object);
}

}  // namespace tombolo::protocol
