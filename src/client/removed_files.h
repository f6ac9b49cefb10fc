#pragma once

#include <cstdint>
#include <filesystem>

#include "base/logging.h"

namespace tombolo::client {

/// Which files of a removed user go.
enum class FilesToRemove : std::uint8_t {
  kAll,
  kUploaded,  ///< Those with nothing that the server does not have.
};

/// Removes the realm files in `folder`, and the folder if it is empty then. Copies that client
/// resets left behind stay, and so do files that are open, in this process or another, or that
/// cannot be removed, and encrypted ones of `kUploaded` that this process has not synced: it does
/// not know their key. `logger`, if not null, is told.
///
/// Returns whether all is done: no file was passed over that may go later.
/// Thread:  any; it waits for files that are being closed.
bool remove_realm_files(const std::filesystem::path& folder, FilesToRemove files, Logger* logger);

}  // namespace tombolo::client
