#include "server/signing_key.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/random.h"

namespace tombolo::server {
namespace {

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
constexpr std::size_t kFileBytes = 2 * sizeof(SigningKey) + 1;

[[noreturn]] void throw_errno(const char* call, const std::filesystem::path& path) {
  const int number = errno;
  ErrorCode code = ErrorCode::kStorage;
  if (number == ENOSPC) code = ErrorCode::kDiskFull;
  if (number == EACCES || number == EPERM || number == EROFS) code = ErrorCode::kPermissionDenied;
  throw Error(code, "signing key " + path.string(), ForeignError{"errno", number, call});
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

FileDescriptor open_file(const std::filesystem::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly);
  if (fd < 0) throw_errno("open", path);
  return FileDescriptor(fd);
}

SigningKey read_key(const FileDescriptor& file, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_errno("fstat", path);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw Error(
        ErrorCode::kPermissionDenied,
        "signing key " + path.string() + " is open to others; run: chmod 600 " + path.string());
  }
  // One byte more than a key has, so that a longer file shows.
  std::array<char, kFileBytes + 1> buffer{};
  const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
  if (count < 0) throw_errno("read", path);
  std::string_view text(buffer.data(), static_cast<std::size_t>(count));
  if (text.ends_with('\n')) text.remove_suffix(1);
  const std::optional<Bytes> bytes = parse_hex(text);
  if (!bytes || bytes->size() != sizeof(SigningKey)) {
    throw Error(ErrorCode::kFileCorrupt, "signing key " + path.string() + " holds no key");
  }
  SigningKey key;
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

/// Written under another name first: a crash leaves either no key or a whole one.
SigningKey make_key(const std::filesystem::path& path) {
  SigningKey key;
  fill_random(key);
  const std::string text = to_hex(key) + "\n";

  std::filesystem::path unfinished = path;
  unfinished += ".new";
  {
    const FileDescriptor file = open_file(unfinished, O_WRONLY | O_CREAT | O_TRUNC);
    if (::fchmod(file.get(), kOwnerOnly) != 0) throw_errno("fchmod", unfinished);
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0) throw_errno("write", unfinished);
    if (static_cast<std::size_t>(count) != text.size()) {
      throw Error(ErrorCode::kDiskFull, "signing key " + unfinished.string() + " was cut short");
    }
    if (::fsync(file.get()) != 0) throw_errno("fsync", unfinished);
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0) throw_errno("rename", path);
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const FileDescriptor directory = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (::fsync(directory.get()) != 0) throw_errno("fsync", folder);
  return key;
}

}  // namespace

SigningKey load_or_make_signing_key(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd >= 0) return read_key(FileDescriptor(fd), path);
  if (errno != ENOENT) throw_errno("open", path);
  return make_key(path);
}

}  // namespace tombolo::server
