#include "client/removed_files.h"

#include <string>
#include <system_error>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "client/pending_uploads.h"
#include "client/recovery_copy.h"
#include "client/runtime.h"

namespace tombolo::client {
namespace {

bool has_unsent_writes(const std::filesystem::path& file, store::Environment& environment) {
  return find_planned_recovery_copy(file) ||
         read_pending_uploads(environment, system_clock().wall_now()).transactions > 0;
}

std::vector<std::filesystem::path> realm_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code ignored;  // A folder that cannot be read, or is not there, has none for us.
  for (std::filesystem::directory_iterator entry(folder, ignored), end; entry != end;
       entry.increment(ignored)) {
    if (entry->path().extension() == ".realm") files.push_back(entry->path());
  }
  return files;
}

/// Opens it for nobody else. Null: it could be, but its key is not known, nor needed.
std::shared_ptr<store::Environment> open_to_remove(const std::filesystem::path& file,
                                                   FilesToRemove files) {
  try {
    return open_alone(file, Runtime::shared()->kept_key(file));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kWrongKey || files != FilesToRemove::kAll) throw;
    return nullptr;
  }
}

}  // namespace

bool remove_realm_files(const std::filesystem::path& folder, FilesToRemove files, Logger* logger) {
  bool is_done = true;
  for (const std::filesystem::path& file : realm_files(folder)) {
    try {
      const auto environment = open_to_remove(file, files);
      if (files == FilesToRemove::kUploaded && has_unsent_writes(file, *environment)) {
        if (logger != nullptr) logger->warn("unsent_writes_kept file=" + file.string());
        continue;
      }
      remove_store_file(file);  // While nobody else can open it.
      remove_store_file(file.string() + ".fresh");
      std::filesystem::remove(file.string() + "-reset");
    } catch (const std::exception& error) {
      is_done = false;
      if (logger != nullptr) {
        logger->info("file_not_removed file=" + file.string() + " reason=\"" + error.what() + "\"");
      }
    }
  }
  std::error_code ignored;  // It is not empty, or somebody else has removed it.
  std::filesystem::remove(folder, ignored);
  return is_done;
}

}  // namespace tombolo::client
