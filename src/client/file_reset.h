#pragma once

#include <cstddef>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "store/environment.h"
#include "sync/client_reset.h"
#include "sync/sync_error.h"

namespace tombolo::client {

struct FileResetRequest {
  sync::ClientResetMode mode = sync::ClientResetMode::kRecover;
  protocol::Action action = protocol::Action::kClientReset;  ///< What the server asked for.
  /// The newest change that the server said to have integrated, confirmed or not.
  ClientVersion integrated;
};

/// What follows from the server's demand.
[[nodiscard]] FileResetRequest make_reset_request(sync::ClientResetMode mode,
                                                  const sync::SyncError& demand);

struct FileResetOutcome {
  sync::ResetMethod method = sync::ResetMethod::kDiscardLocal;
  std::size_t recovered = 0;  ///< Transactions that were repeated.
  std::size_t left_out = 0;   ///< Changes in them that had nothing to be repeated on.
};

/// Makes `file` equal to `copy`, a complete download of what the server has, and gives it the
/// copy's identity and progress, in one commit: content, history, progress. With `kRecover`, what
/// was not uploaded is repeated first and is uploaded again. The copy stays as it is.
///
/// The attempt is stored in a commit before that; see `sync::choose_reset_method`.
///
/// Errors:  `kClientReset`, `kSchemaMismatch`, `kBadChangeset`: the file is as it was. Throws
///          `Error{kStorage, kDiskFull, kFileCorrupt}`; likewise.
/// Thread:  one that may wait for the file's writer.
/// Source:  docs/client-reset.md.
[[nodiscard]] Result<FileResetOutcome> reset_file(store::Environment& file,
                                                  store::Environment& copy,
                                                  const FileResetRequest& request);

/// The attempt that has not proved itself yet.
[[nodiscard]] std::optional<sync::ResetAttempt> read_reset_attempt(
    const store::MetadataReader& metadata);
/// Notes that it has.
void clear_reset_attempt(store::Environment& file);

}  // namespace tombolo::client
