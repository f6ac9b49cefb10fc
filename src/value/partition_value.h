#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "value/object_id.h"
#include "value/uuid.h"

namespace tombolo {

/// What partition-based sync divides an app's data by; `std::monostate` is null.
using PartitionValue =
    std::variant<std::monostate, std::string, std::int32_t, std::int64_t, ObjectId, Uuid>;

/// The value as canonical Extended JSON, which is how it travels and how it names a server file:
/// `"team-7"`, `{"$numberInt":"7"}`, `{"$numberLong":"7"}`, `{"$oid":"..."}`, `{"$uuid":"..."}`,
/// `null`. Equal values have equal texts.
[[nodiscard]] std::string to_partition_text(const PartitionValue& value);

/// The value that `text` spells, with any JSON spacing and escapes; nullopt for anything else.
[[nodiscard]] std::optional<PartitionValue> parse_partition_text(std::string_view text);

}  // namespace tombolo
