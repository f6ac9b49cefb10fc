#include "store/lmdb.h"

#include <cerrno>
#include <string>

#include "base/error.h"

namespace tombolo::store {
namespace {

ErrorCode to_error_code(int code) noexcept {
  switch (code) {
    case ENOSPC:
    case EDQUOT: return ErrorCode::kDiskFull;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::kPermissionDenied;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND: return ErrorCode::kFileCorrupt;
    case MDB_VERSION_MISMATCH: return ErrorCode::kFileFormatTooNew;
    case MDB_READERS_FULL: return ErrorCode::kLimitExceeded;
    default: return ErrorCode::kStorage;
  }
}

}  // namespace

void check_lmdb(int code, const char* call) {
  if (code == MDB_SUCCESS) [[likely]]
    return;
  // LMDB numbers its own codes below zero and passes those of the system through.
  const char* domain = code < 0 ? "lmdb" : "errno";
  throw Error(to_error_code(code), mdb_strerror(code), ForeignError{domain, code, call});
}

}  // namespace tombolo::store
