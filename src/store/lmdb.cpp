#include "store/lmdb.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/open_file_limit.h"

namespace tombolo::store {
namespace {

ErrorCode to_error_code(int code) noexcept {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ErrorCode::kDiskFull;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::kPermissionDenied;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND: return ErrorCode::kFileCorrupt;
    case MDB_VERSION_MISMATCH: return ErrorCode::kFileFormatTooNew;
    case EMFILE:
    case ENFILE:
    case MDB_READERS_FULL: return ErrorCode::kLimitExceeded;
    default: return ErrorCode::kStorage;
  }
}

/// Whether the file cannot be made longer: tried out behind its end, and taken back.
bool is_without_room(MDB_env* environment) noexcept {
  constexpr std::size_t kTriedBytes = std::size_t{64} << 10;
  static constexpr std::array<std::byte, kTriedBytes> kZeros{};
  mdb_filehandle_t file = -1;
  struct stat before {};
  if (mdb_env_get_fd(environment, &file) != MDB_SUCCESS || ::fstat(file, &before) != 0) {
    return false;
  }
  const ssize_t written = ::pwrite(file, kZeros.data(), kZeros.size(), before.st_size);
  const bool is_cut_short = written < 0 ? to_error_code(errno) == ErrorCode::kDiskFull
                                        : static_cast<std::size_t>(written) < kZeros.size();
  const bool is_taken_back = ::ftruncate(file, before.st_size) == 0;
  return is_cut_short && is_taken_back;
}

}  // namespace

void check_lmdb(int code, const char* call) {
  if (code == MDB_SUCCESS) [[likely]]
    return;
  // LMDB numbers its own codes below zero and passes those of the system through.
  const char* domain = code < 0 ? "lmdb" : "errno";
  throw Error(to_error_code(code),
              code == EMFILE ? describe_open_file_limit() : mdb_strerror(code),
              ForeignError{domain, code, call});
}

void check_lmdb_write(int code, const char* call, MDB_env* environment) {
  if (code == EIO && is_without_room(environment)) {
    throw Error(ErrorCode::kDiskFull, mdb_strerror(ENOSPC), ForeignError{"errno", code, call});
  }
  check_lmdb(code, call);
}

}  // namespace tombolo::store
