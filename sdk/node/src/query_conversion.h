#pragma once

#include <napi.h>

#include "tombolo/realm.h"

/// What `lib/query-arguments.ts` makes of the arguments of a query, and the names that queries may
/// use.

namespace tombolo::node {

/// Errors:  throws `Error{kTypeMismatch}` for a value of another kind than it says.
[[nodiscard]] QueryArgument to_query_argument(const Napi::Object& argument);

[[nodiscard]] QueryNames to_query_names(const Napi::Object& names);

}  // namespace tombolo::node
