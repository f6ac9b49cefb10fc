#pragma once

#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace tombolo::store {

/// A file that closes itself; one that it makes is its owner's only.
class FileDescriptor {
 public:
  FileDescriptor(const std::string& path, int flags) noexcept
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~FileDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace tombolo::store
