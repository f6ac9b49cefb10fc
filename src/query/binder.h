#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "query/bound_query.h"

namespace tombolo::query {

/// Looks up the names of a query, checks its types and puts the arguments in their places.
///
/// Errors:  `kInvalidArgument`: what is wrong, and in which column of the query's text.
[[nodiscard]] Result<std::shared_ptr<const BoundQuery>> bind_query(
    const Ast& query,
    std::shared_ptr<const QuerySchema> schema,
    std::string_view class_name,
    std::span<const Constant> arguments);

/// Parses and binds.
[[nodiscard]] Result<std::shared_ptr<const BoundQuery>> compile(
    std::string_view text,
    std::shared_ptr<const QuerySchema> schema,
    std::string_view class_name,
    std::span<const Constant> arguments);

}  // namespace tombolo::query
