#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/result.h"
#include "query/ast.h"

namespace tombolo::query {

/// The longest text that is parsed. A tree takes up to a hundred times the memory of its text, and
/// texts come from outside; lists of a hundred thousand ids fit several times.
inline constexpr std::size_t kQueryBytesMax = std::size_t{16} << 20;
/// How deep parentheses, NOT and SUBQUERY may nest. Chains of `and`, `or` and arithmetic do not
/// nest, however long they are.
inline constexpr std::size_t kQueryDepthMax = 200;
/// How many elements a key path may have.
inline constexpr std::size_t kPathElementsMax = 64;

/// Reads a query. What comes from outside is safe to give: sizes and depths are bounded.
///
/// Errors:  `kInvalidArgument`: "Invalid predicate: '<text>': " and what was expected in which
///          column; `kLimitExceeded` for a text that is too long or nests too deeply.
/// Source:  docs/query-language.md.
[[nodiscard]] Result<Ast> parse(std::string_view text);

/// Reads a key path alone, as `$K0` takes it: names, brackets and at its end perhaps `.@count`.
[[nodiscard]] Result<PathExpression> parse_key_path(std::string_view text);

/// Reads a region alone, as an argument of GEOWITHIN may hold it.
[[nodiscard]] Result<RegionExpression> parse_region(std::string_view text);

/// The column, in characters from 1, at which the byte `offset` of `text` stands.
[[nodiscard]] std::size_t column_of(std::string_view text, std::size_t offset) noexcept;

/// The text as errors show it: its beginning, when it is long.
[[nodiscard]] std::string excerpt(std::string_view text);

}  // namespace tombolo::query
