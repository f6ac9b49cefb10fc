#include "base/directory.h"

#include <system_error>

#include "base/error.h"

namespace tombolo {
namespace {

ErrorCode to_error_code(const std::error_code& failure) noexcept {
  if (failure == std::errc::permission_denied || failure == std::errc::operation_not_permitted ||
      failure == std::errc::read_only_file_system) {
    return ErrorCode::kPermissionDenied;
  }
  return failure == std::errc::no_space_on_device ? ErrorCode::kDiskFull : ErrorCode::kStorage;
}

}  // namespace

void make_directories(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) {
    throw Error(to_error_code(failure),
                "cannot make the directory " + path.string() + ": " + failure.message(),
                {"errno", failure.value(), "mkdir"});
  }
}

}  // namespace tombolo
