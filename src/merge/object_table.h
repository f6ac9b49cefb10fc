#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "changeset/instruction.h"
#include "changeset/string_lookup.h"
#include "merge/edit.h"

namespace tombolo::merge {

/// What two instructions must have in common to meet: an object, or for the schema a class or one
/// of its properties. Names are those of the merge's name table, so equal bytes mean equal things.
struct ObjectKey {
  std::uint32_t table = 0;
  std::int32_t kind = 0;  ///< Type of the primary key, or one of the kinds below.
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  static constexpr std::int32_t kClass = 100;
  static constexpr std::int32_t kProperty = 101;

  [[nodiscard]] static ObjectKey of_object(StringIndex table, const changeset::PrimaryKey& key);
  [[nodiscard]] static ObjectKey of_class(StringIndex table) {
    return {.table = table.value(), .kind = kClass};
  }
  [[nodiscard]] static ObjectKey of_property(StringIndex table, StringIndex field) {
    return {.table = table.value(), .kind = kProperty, .low = field.value()};
  }

  friend bool operator==(const ObjectKey&, const ObjectKey&) noexcept = default;
};
static_assert(std::has_unique_object_representations_v<ObjectKey>, "keys are hashed as bytes");

/// Numbers objects in the order in which they come up.
class ObjectTable {
  [[nodiscard]] static std::string_view text_of(const ObjectKey& key) noexcept {
    return {reinterpret_cast<const char*>(&key), sizeof key};
  }
  [[nodiscard]] auto texts() const {
    return [this](StringIndex known) { return text_of(keys_[known.value()]); };
  }

 public:
  ObjectNumber find_or_add(const ObjectKey& key) {
    const StringIndex found = lookup_.find_or_add(text_of(key), texts());
    if (found.value() == keys_.size()) keys_.push_back(key);
    return ObjectNumber(found.value());
  }
  [[nodiscard]] std::optional<ObjectNumber> find(const ObjectKey& key) const {
    const auto found = lookup_.find(text_of(key), texts());
    if (!found) return std::nullopt;
    return ObjectNumber(found->value());
  }
  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }

 private:
  std::vector<ObjectKey> keys_;
  changeset::StringLookup lookup_;
};

inline ObjectKey ObjectKey::of_object(StringIndex table, const changeset::PrimaryKey& key) {
  ObjectKey made{.table = table.value(), .kind = static_cast<std::int32_t>(key.type)};
  switch (key.type) {
    case PayloadType::kInt: made.low = static_cast<std::uint64_t>(key.integer); break;
    case PayloadType::kString: made.low = key.string.value(); break;
    case PayloadType::kGlobalKey:
      made.high = key.global_key.high;
      made.low = key.global_key.low;
      break;
    case PayloadType::kObjectId: std::memcpy(&made.high, &key.object_id, sizeof(ObjectId)); break;
    case PayloadType::kUuid: std::memcpy(&made.high, &key.uuid, sizeof(Uuid)); break;
    default: break;  // null
  }
  return made;
}

}  // namespace tombolo::merge
