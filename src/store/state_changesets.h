#pragma once

#include <cstddef>
#include <functional>

#include "base/bytes.h"
#include "store/realm_reader.h"

namespace tombolo::store {

/// Tells what a realm holds as changesets which, applied in order to an empty realm, make the same:
/// first the schema, then the objects, then their values. Each is handed to `take` as soon as it
/// has `bytes_target` bytes; there is at least one, and the views last for the call.
///
/// Thread:  that of the transaction.
void tell_state(const RealmReader& realm,
                std::size_t bytes_target,
                const std::function<void(BytesView changeset)>& take);

}  // namespace tombolo::store
