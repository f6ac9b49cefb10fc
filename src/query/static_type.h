#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "query/value.h"
#include "schema/property_type.h"

namespace tombolo::query {

/// What is known of the values of an expression before it is evaluated.
struct StaticType {
  enum class Kind : std::uint8_t {
    kNull,
    kMixed,
    kInt,
    kBool,
    kString,
    kBinary,
    kTimestamp,
    kFloat,
    kDouble,
    kDecimal,
    kLink,
    kObjectId,
    kUuid,
    kTypes,  ///< Of `@type`.
  };

  Kind kind = Kind::kNull;
  std::optional<std::size_t> class_index;  ///< Of links to one class.

  [[nodiscard]] bool is_number() const noexcept {
    return kind == Kind::kInt || kind == Kind::kFloat || kind == Kind::kDouble ||
           kind == Kind::kDecimal;
  }
  [[nodiscard]] bool is_text() const noexcept {
    return kind == Kind::kString || kind == Kind::kBinary;
  }
  [[nodiscard]] bool is(Kind other) const noexcept { return kind == other; }
};

[[nodiscard]] StaticType::Kind static_kind(PropertyType type) noexcept;
[[nodiscard]] StaticType::Kind static_kind(const Value& value) noexcept;

/// As errors and `@type` name it: "int", "string", "objectId".
[[nodiscard]] std::string_view to_string(StaticType::Kind kind) noexcept;

/// The kinds of values that a name of a type stands for, a bit for each; nullopt for an unknown
/// name. Any case of letters.
[[nodiscard]] std::optional<std::uint32_t> parse_type_name(std::string_view name);
/// All names that it takes, for the error.
[[nodiscard]] std::string_view type_names() noexcept;

/// The bit of one kind of value in what `@type` gives.
[[nodiscard]] constexpr std::uint32_t type_bit(ValueKind kind) noexcept {
  return std::uint32_t{1} << static_cast<unsigned>(kind);
}
/// What `@type` gives for a property that holds nothing but `kind`.
[[nodiscard]] std::uint32_t types_of(StaticType::Kind kind) noexcept;

}  // namespace tombolo::query
