#pragma once

#include <filesystem>

#include "store/environment.h"
#include "store/lmdb.h"

namespace tombolo::store {

/// How much of the file of an open environment is in use.
[[nodiscard]] FileUsage measure_usage(MDB_env* environment);

/// Writes what the newest commit holds, without the free pages between, to a new file beside `file`
/// and puts that in its place. A crash at any point leaves the one or the other, and perhaps the
/// unfinished copy: `FILE-compact`.
///
/// Errors:  throws `Error{kDiskFull, kPermissionDenied, kStorage}`: the file is as it was, and
/// there
///          is no copy.
/// Thread:  nobody else has the file open, and this environment is closed afterwards.
Compaction replace_by_compacted(MDB_env* environment, const std::filesystem::path& file);

/// Removes what a crash has left of a copy.
///
/// Thread:  nobody is compacting the file.
void remove_unfinished_copy(const std::filesystem::path& file);

}  // namespace tombolo::store
