#pragma once

#include <span>
#include <string>

#include "query/ast.h"

namespace tombolo::query {

/// The canonical text of a query: parsing it gives an equal tree. Operators and quantifiers are in
/// upper case, `and` and `or` in lower, groups of `or` and arithmetic in parentheses; what cannot
/// stand between quotes as it is, is written in base64. It may nest deeper than the text it came
/// from, so that of a query near the limits of `parse` may be refused as too deep or too long.
///
/// `arguments` stand in the places of `$0`, `$1`, ...; where there are fewer, these stay. An object
/// among them is written as `L<class>:<row>`, which is not read.
///
/// Source:  docs/query-language.md, "Canonical form".
[[nodiscard]] std::string print(const Ast& query, std::span<const Constant> arguments = {});
[[nodiscard]] std::string print(const PredicateNode& predicate,
                                std::span<const Constant> arguments = {});

}  // namespace tombolo::query
