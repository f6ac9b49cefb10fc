#include "store/private_directory.h"

#include <cerrno>
#include <string>
#include <system_error>

#include <stdlib.h>

#include "store/lmdb.h"

namespace tombolo::store {

PrivateDirectory::PrivateDirectory() {
  std::error_code failure;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(failure);
  check_lmdb(failure.value(), "temp_directory_path");
  std::string name = (folder / "tombolo-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) check_lmdb(errno, "mkdtemp");
  path_ = name;
}

PrivateDirectory::~PrivateDirectory() {
  std::error_code ignored;  // What cannot be removed is the system's to clean up.
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tombolo::store
