#include "client/private_file.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"

namespace tombolo::client {

void write_private_file(const std::filesystem::path& file, std::string_view text) {
  const auto check = [&](bool succeeded, const char* call) {
    if (!succeeded) {
      const bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
      throw Error(is_full ? ErrorCode::kDiskFull : ErrorCode::kStorage,
                  "cannot write " + file.string(),
                  {"errno", errno, call});
    }
  };
  make_directories(file.parent_path());
  const std::string temporary = file.string() + ".new";
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  check(descriptor >= 0, "open");
  const ssize_t bytes = ::write(descriptor, text.data(), text.size());
  const bool is_cut_short = bytes >= 0 && bytes < static_cast<ssize_t>(text.size());
  const bool written = bytes >= 0 && !is_cut_short && ::fsync(descriptor) == 0;
  const int reason = is_cut_short ? ENOSPC : errno;
  ::close(descriptor);
  errno = reason;
  check(written, "write");
  check(::rename(temporary.c_str(), file.c_str()) == 0, "rename");
}

}  // namespace tombolo::client
