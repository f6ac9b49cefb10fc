#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "query/box.h"
#include "query/geo.h"
#include "value/decimal128.h"
#include "value/object_id.h"
#include "value/timestamp.h"
#include "value/uuid.h"

namespace tombolo::query {

/// An object of a source: the class and the row, as the source numbers them.
struct ObjectHandle {
  std::uint32_t class_id = 0;
  std::uint64_t row = 0;

  friend constexpr auto operator<=>(const ObjectHandle&, const ObjectHandle&) noexcept = default;
};

/// A value that is written in a query or given as an argument. It owns what it holds.
struct Constant {
  struct Null {
    friend bool operator==(const Null&, const Null&) = default;
  };
  /// A float or double. A literal keeps its text, from which a decimal is read in full precision.
  struct Floating {
    double value = 0;
    bool is_single = false;
    std::string text;

    friend bool operator==(const Floating& left, const Floating& right) {
      const bool both_nan = left.value != left.value && right.value != right.value;
      return left.is_single == right.is_single && (both_nan || left.value == right.value);
    }
  };
  struct Binary {
    std::string bytes;

    friend bool operator==(const Binary&, const Binary&) = default;
  };
  /// A date that was written, but is none.
  struct BadTimestamp {
    enum class Reason : std::uint8_t { kMixedSigns, kBefore1900, kOutOfRange };
    Reason reason = Reason::kMixedSigns;
    std::string text;

    friend bool operator==(const BadTimestamp&, const BadTimestamp&) = default;
  };
  /// `obj("Class", key)`.
  struct Object {
    std::string class_name;
    Box<Constant> key;

    friend bool operator==(const Object&, const Object&) = default;
  };
  /// `$0`.
  struct Argument {
    std::uint32_t index = 0;

    friend bool operator==(const Argument&, const Argument&) = default;
  };
  using List = std::vector<Constant>;

  std::variant<Null,
               bool,
               std::int64_t,
               Floating,
               std::string,
               Binary,
               Timestamp,
               BadTimestamp,
               Decimal128,  ///< Arguments only, as the following are.
               ObjectId,    ///< Literals too.
               Uuid,        ///< Literals too.
               Object,      ///< Literals too.
               Argument,    ///< Literals only.
               ObjectHandle,
               List,
               GeoRegion>
      data;

  template <typename T>
  [[nodiscard]] const T* as() const noexcept {
    return std::get_if<T>(&data);
  }
  [[nodiscard]] bool is_null() const noexcept { return as<Null>() != nullptr; }

  friend bool operator==(const Constant&, const Constant&) = default;
};

}  // namespace tombolo::query
