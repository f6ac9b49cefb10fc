#pragma once

#include <lmdb.h>

namespace tombolo::store {

/// The one door for codes of LMDB and of the system calls beneath it: returns on success, else
/// throws an `Error` that names `call` and keeps the code.
///
/// Errors:  `kDiskFull`, `kPermissionDenied`, `kFileCorrupt`, `kFileFormatTooNew`,
///          `kLimitExceeded` (reader slots), or `kStorage`.
void check_lmdb(int code, const char* call);

/// The same for calls that write to the file. A write that the system cut short comes as an
/// input/output error; when the file cannot get more room, that is what was wrong: `kDiskFull`.
///
/// Thread:  the holder of the writer's lock.
void check_lmdb_write(int code, const char* call, MDB_env* environment);

}  // namespace tombolo::store
