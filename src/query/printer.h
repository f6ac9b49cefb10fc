#pragma once

#include <string>

#include "query/ast.h"

namespace tombolo::query {

/// The canonical text of a query: parsing it gives an equal tree. Operators and quantifiers are in
/// upper case, `and` and `or` in lower, groups of `or` and arithmetic in parentheses; what cannot
/// stand between quotes as it is, is written in base64. It may nest deeper than the text it came
/// from, so that of a query near the limits of `parse` may be refused as too deep or too long.
///
/// Source:  docs/query-language.md, "Canonical form".
[[nodiscard]] std::string print(const Ast& query);
[[nodiscard]] std::string print(const PredicateNode& predicate);

}  // namespace tombolo::query
