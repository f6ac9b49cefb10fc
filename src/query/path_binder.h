#pragma once

#include <optional>

#include "query/bind_context.h"
#include "query/static_type.h"

namespace tombolo::query {

/// Where a key path leads.
struct PathTarget {
  BoundPath path;
  StaticType type;
  const QueryProperty* property = nullptr;  ///< The last one named; null: backlinks by `@links`.
  const QueryClass* owner = nullptr;        ///< Its class.
  /// The path ends in a collection, whose elements are not stepped to yet.
  std::optional<CollectionType> open_collection;
  std::optional<CollectionType> last_collection;  ///< The last that was stepped through.
  bool ends_in_index = false;
  bool ends_in_backlinks = false;
  bool counts_backlinks = false;  ///< `@links`, without a class: there is nothing but its count.
  bool is_lengths = false;        ///< `.length`.
  bool is_typed_key = false;      ///< The entry of a dictionary that is not of mixed values.

  /// A property of the class itself, of one value.
  [[nodiscard]] bool is_own_property() const noexcept {
    return path.steps.size() == 1 && path.steps[0].kind == BoundStep::Kind::kProperty &&
           !open_collection;
  }
  /// Steps to the elements of the collection at the end, if there is one.
  void enter_collection();
};

/// Looks up what a path names.
///
/// Errors:  `BindFailure`.
[[nodiscard]] PathTarget bind_path(const BindContext& context,
                                   const BindScope& scope,
                                   const Path& path);

/// The same for SORT and DISTINCT (`clause`), which take to-one links and one value at the end.
/// nullopt: the path goes through a collection, which is noted as an error of reading.
[[nodiscard]] std::optional<BoundPath> bind_order_path(const BindContext& context,
                                                       std::size_t class_index,
                                                       const Path& path,
                                                       std::string_view clause);

/// The elements of a path, those of its argument if it is one, and the suffix that the argument
/// ends with.
[[nodiscard]] PathExpression resolve_path(const BindContext& context, const Path& path);

}  // namespace tombolo::query
