#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong_id.h"

namespace tombolo::client {

/// `changeset` with the global keys made before the file had an ident, those with ident 0, carrying
/// `ident`: objects, and targets of links wherever a value stands. nullopt: it names none.
///
/// Errors:  `kBadChangeset` when the bytes are no changeset.
/// Source:  docs/changeset-format.md, "Object identity".
[[nodiscard]] Result<std::optional<Bytes>> rewrite_global_keys(BytesView changeset,
                                                               ClientFileIdent ident);

}  // namespace tombolo::client
