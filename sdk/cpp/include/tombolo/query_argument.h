#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/constant.h"
#include "tombolo/any_object.h"
#include "tombolo/value.h"

namespace tombolo {

using query::GeoPoint;
using query::GeoRegion;

/// What `$0` in a query stands for: a value, an object, a region of the globe, or a list of values.
/// It owns what it holds.
class QueryArgument {
 public:
  QueryArgument(std::nullptr_t) {}                 // NOLINT: implicit
  QueryArgument(bool value) : constant_{value} {}  // NOLINT: implicit
  template <std::integral T>
  requires(!std::same_as<T, bool>) QueryArgument(T value)
      : constant_{static_cast<std::int64_t>(value)} {}  // NOLINT: implicit
  QueryArgument(double value)                           // NOLINT: implicit
      : constant_{query::Constant::Floating{value, false, ""}} {}
  QueryArgument(float value)  // NOLINT: implicit
      : constant_{query::Constant::Floating{static_cast<double>(value), true, ""}} {}
  QueryArgument(std::string value) : constant_{std::move(value)} {}         // NOLINT: implicit
  QueryArgument(std::string_view value) : constant_{std::string(value)} {}  // NOLINT: implicit
  QueryArgument(const char* value) : constant_{std::string(value)} {}       // NOLINT: implicit
  QueryArgument(Timestamp value) : constant_{value} {}                      // NOLINT: implicit
  QueryArgument(const Decimal128& value) : constant_{value} {}              // NOLINT: implicit
  QueryArgument(const ObjectId& value) : constant_{value} {}                // NOLINT: implicit
  QueryArgument(const Uuid& value) : constant_{value} {}                    // NOLINT: implicit
  QueryArgument(const Binary& value)                                        // NOLINT: implicit
      : constant_{query::Constant::Binary{std::string(as_text(value))}} {}
  QueryArgument(store::ObjectRef value)  // NOLINT: implicit
      : constant_{query::ObjectHandle{value.class_id.value(), value.row.value()}} {}
  QueryArgument(const AnyObject& value) : QueryArgument(value.ref()) {}  // NOLINT: implicit
  QueryArgument(GeoRegion value) : constant_{std::move(value)} {}        // NOLINT: implicit
  QueryArgument(const std::vector<QueryArgument>& values) {              // NOLINT: implicit
    query::Constant::List list;
    for (const QueryArgument& value : values) list.push_back(value.constant_);
    constant_.data = std::move(list);
  }

  [[nodiscard]] const query::Constant& constant() const noexcept { return constant_; }

 private:
  query::Constant constant_;
};

}  // namespace tombolo
