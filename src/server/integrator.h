#pragma once

#include "base/random.h"
#include "base/result.h"
#include "server/storage.h"
#include "server/upload.h"
#include "server/upload_windows.h"

namespace tombolo::server {

/// Integrates one upload: drops what was integrated before, transforms the rest against the history
/// that its client had not seen, applies it to the state, appends it to the history and records
/// how far the client has come.
///
/// `windows` are told by the caller what becomes of the transaction.
///
/// Errors:  code 212 when the changesets cannot be merged or applied, 208 and 209 when what is
///          stored contradicts the upload. The transaction must then be dropped.
/// Thread:  that of the transaction.
/// Source:  docs/server.md, "Integration"; docs/merge-rules.md, "Histories".
[[nodiscard]] Result<IntegratedUpload> integrate(StorageTransaction& storage,
                                                 const Upload& upload,
                                                 Random& random,
                                                 UploadWindows& windows);

}  // namespace tombolo::server
