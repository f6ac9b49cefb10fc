#pragma once

#include <cstdint>
#include <string_view>

namespace tombolo {

/// The type of a property's value, or of the elements of a collection. The numbers are those of
/// column types in changesets (docs/changeset-format.md, "Payload type codes") and are stored.
enum class PropertyType : std::uint8_t {
  kMixed = 0,  ///< Any scalar, link or, from protocol 13, a nested list or dictionary.
  kInt = 1,
  kBool = 2,
  kString = 3,
  kBinary = 4,
  kTimestamp = 5,
  kFloat = 6,
  kDouble = 7,
  kDecimal = 8,
  kLink = 9,  ///< To one class, embedded or not; to any top-level class if the target is "".
  kObjectId = 10,
  kUuid = 11,
};

/// How many values a property holds.
enum class CollectionType : std::uint8_t {
  kSingle = 0,
  kList = 1,
  kDictionary = 2,  ///< String keys.
  kSet = 3,
};

/// What kind of class it is. The numbers are those of AddTable.
enum class ClassKind : std::uint8_t {
  kTopLevel = 0,
  kEmbedded = 1,    ///< Lives and dies with the slot that holds it; has no key.
  kAsymmetric = 2,  ///< Upload only.
};

/// By what the objects of a class are found without reading all of them. The numbers are stored.
enum class IndexType : std::uint8_t {
  kNone = 0,
  kGeneral = 1,   ///< The values, in their order.
  kFullText = 2,  ///< The words of texts.
};

/// Whether a property of that kind can have that index.
[[nodiscard]] bool supports_index(PropertyType type,
                                  CollectionType collection,
                                  IndexType index) noexcept;

/// The names as the golden data and the printer write them: "int", "objectid", ...
[[nodiscard]] std::string_view to_string(PropertyType type) noexcept;
[[nodiscard]] std::string_view to_string(CollectionType type) noexcept;
[[nodiscard]] std::string_view to_string(ClassKind kind) noexcept;

}  // namespace tombolo
