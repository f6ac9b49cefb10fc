#pragma once

#include <span>
#include <string>
#include <string_view>

#include "query/bound_query.h"

namespace tombolo::query {

/// Thrown inside the binder alone and turned into the error of a `Result` at its door.
struct BindFailure {
  TextPosition position;
  std::string what;
};

[[noreturn]] inline void fail_binding(TextPosition position, std::string what) {
  throw BindFailure{position, std::move(what)};
}

/// What all parts of the binder work with.
struct BindContext {
  const QuerySchema& schema;
  std::span<const Constant> arguments;
  BoundQuery& query;
  std::string_view text;  ///< Of the whole query, for the columns of errors.

  [[nodiscard]] const QueryClass& class_at(std::size_t index) const {
    return schema.classes[index];
  }
  /// Errors:  fails when there are not so many.
  [[nodiscard]] const Constant& argument(std::uint32_t index, TextPosition position) const;
  /// A copy that lives as long as the query.
  [[nodiscard]] std::string_view keep(std::string owned) const {
    return query.texts.emplace_back(std::move(owned));
  }
  /// Notes what is said only when results are read; the first one counts.
  void fail_reading(TextPosition position, std::string what) const;
};

/// Whose properties names stand for: the queried class, or the elements of a subquery.
struct BindScope {
  std::size_t class_index = 0;
  std::string_view variable;  ///< Of a subquery, with its `$`.
  const BindScope* outer = nullptr;
};

}  // namespace tombolo::query
