#pragma once

#include <filesystem>

namespace tombolo::store {

/// A new, empty directory of the system's place for temporary files that only this user can look
/// into. It goes with this object, and all that is in it.
///
/// Errors:  throws `Error`: `kDiskFull`, `kPermissionDenied`, `kStorage`.
class PrivateDirectory {
 public:
  PrivateDirectory();
  ~PrivateDirectory();
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tombolo::store
