#pragma once

#include <lmdb.h>

namespace tombolo::store {

/// The one door for codes of LMDB and of the system calls beneath it: returns on success, else
/// throws an `Error` that names `call` and keeps the code.
///
/// Errors:  `kDiskFull`, `kPermissionDenied`, `kFileCorrupt`, `kFileFormatTooNew`,
///          `kLimitExceeded` (reader slots), or `kStorage`.
void check_lmdb(int code, const char* call);

}  // namespace tombolo::store
