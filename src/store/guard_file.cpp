#include "store/guard_file.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "store/lmdb.h"

namespace tombolo::store {
namespace {

constexpr off_t kOpenByte = 0;
constexpr off_t kWriterByte = 1;
constexpr off_t kWaitByte = 2;

/// Locks of open file descriptions: unlike those of processes they survive that another part of the
/// process closes the same file.
int change_lock(int descriptor, short type, off_t byte, int command) noexcept {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  int result = 0;
  do {
    result = fcntl(descriptor, command, &lock);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

}  // namespace

GuardFile::GuardFile(const std::filesystem::path& path, Access access)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (descriptor_ < 0 && access == Access::kReading && (errno == EACCES || errno == EROFS)) {
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0 && errno == ENOENT) return;
  }
  if (descriptor_ < 0) check_lmdb(errno, "open");
  const bool is_brief = access == Access::kBrief;
  const bool is_shared = access == Access::kShared || access == Access::kReading;
  const short type = is_shared ? F_RDLCK : F_WRLCK;
  int code = change_lock(descriptor_, is_brief ? F_WRLCK : F_RDLCK, kWaitByte, F_OFD_SETLKW);
  if (code == 0) code = change_lock(descriptor_, type, kOpenByte, F_OFD_SETLK);
  if (code == 0 && !is_brief) code = change_lock(descriptor_, F_UNLCK, kWaitByte, F_OFD_SETLK);
  if (code == 0) return;
  ::close(descriptor_);
  if (code == EAGAIN || code == EACCES) {
    throw Error(ErrorCode::kFileInUse,
                "'" + path.string() + "' is held by another process",
                ForeignError{"errno", code, "fcntl"});
  }
  check_lmdb(code, "fcntl");
}

GuardFile::~GuardFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void GuardFile::lock_writer() {
  check_lmdb(change_lock(descriptor_, F_WRLCK, kWriterByte, F_OFD_SETLKW), "fcntl");
}

void GuardFile::unlock_writer() noexcept {
  // Unlocking a range that is locked cannot fail.
  (void)change_lock(descriptor_, F_UNLCK, kWriterByte, F_OFD_SETLK);
}

}  // namespace tombolo::store
