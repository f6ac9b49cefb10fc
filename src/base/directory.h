#pragma once

#include <filesystem>

namespace tombolo {

/// Makes the directory and those above it that are absent.
///
/// Errors:  throws `Error`: `kPermissionDenied`, `kDiskFull`, or `kStorage` with the errno.
void make_directories(const std::filesystem::path& path);

}  // namespace tombolo
