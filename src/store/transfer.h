#pragma once

#include "base/result.h"
#include "store/realm_reader.h"
#include "store/realm_writer.h"

namespace tombolo::store {

/// Makes the content of `target` that of `source`, a realm of another file, and writes only what
/// differs: objects of the same key keep their rows, so that live objects and observers see
/// ordinary, fine-grained changes. Nothing is recorded. What `source` has more of the schema is
/// added.
///
/// Objects without primary key are told apart by the global keys that others know them by, so both
/// realms must have the idents by which their own keys are known.
///
/// Errors:  `kSchemaMismatch`, naming every difference that adding cannot bridge: nothing was
///          changed then. Throws `Error{kStorage, kDiskFull, kFileCorrupt}`.
/// Thread:  that of both transactions.
[[nodiscard]] Result<void> transfer(const RealmReader& source, RealmWriter& target);

}  // namespace tombolo::store
