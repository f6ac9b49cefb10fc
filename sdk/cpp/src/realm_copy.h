#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "client/file_kind.h"
#include "store/environment.h"

namespace tombolo {

using client::kKindOfFileKey;
using client::kLocalKind;

/// Writes what `source` holds to the new file `target`, without the history behind it. A copy of
/// `kLocalKind` knows no server; one of the source's own kind syncs as a device of its own that has
/// everything up to here; one of a synced kind from a local source uploads everything.
///
/// With a `key` the copy is encrypted, whether the source is or not.
///
/// The file appears when it is complete, and only its owner may read it.
///
/// Errors:  throws `Error`: `kAlreadyExists`; `kInvalidArgument` for another partition, and for
/// changes
///          that the server has not confirmed where the copy is to sync; `kDiskFull`, `kStorage`,
///          `kPermissionDenied`. Then there is no `target`.
/// Thread:  any; not while the thread has `source`'s write transaction open.
void copy_realm(store::Environment& source,
                const std::filesystem::path& target,
                std::string_view kind,
                const std::optional<store::EncryptionKey>& key = std::nullopt);

}  // namespace tombolo
