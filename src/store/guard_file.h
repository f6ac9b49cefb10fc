#pragma once

#include <filesystem>

namespace tombolo::store {

/// The locks between processes that LMDB does not have, on three bytes of a file beside the
/// database: who may have it open (byte 0), who writes (byte 1), and that others wait with opening
/// it (byte 2). The system releases them when a process ends, however it ends.
///
/// Errors:  throws `Error`: `kFileInUse`, `kPermissionDenied`, `kStorage`.
/// Thread:  `lock_writer` and `unlock_writer` by one thread at a time.
class GuardFile {
 public:
  enum class Access : unsigned char {
    kShared,
    kReading,  ///< Shared; where nothing may be written, without the file if there is none.
    kExclusive,
    kBrief,  ///< Exclusive; who comes meanwhile waits instead of failing.
  };

  /// Takes the first lock, or fails with `kFileInUse`.
  GuardFile(const std::filesystem::path& path, Access access);
  ~GuardFile();
  GuardFile(const GuardFile&) = delete;
  GuardFile& operator=(const GuardFile&) = delete;

  /// Waits for writers of other processes.
  void lock_writer();
  void unlock_writer() noexcept;

 private:
  int descriptor_;  ///< -1: there is no file.
};

}  // namespace tombolo::store
