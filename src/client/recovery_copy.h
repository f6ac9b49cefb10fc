#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "store/environment.h"

namespace tombolo::client {

/// Putting a file aside that cannot sync any more: it is moved to a recovery copy, which opens as a
/// local realm, and the next opening of its path begins anew. That is planned when the server asks
/// for it, and done when nobody has the file open: at the next opening, or when the application
/// asks for it. The plan is a small file beside the realm, so that it outlives the process. The
/// copy of an encrypted file is encrypted with the same key.
///
///     FILE-reset     = the path of the recovery copy
///     recovery copy  = the folder recovered-realms beside FILE, name and time of FILE
///
/// Source:  docs/client-reset.md.

/// Plans it, unless that was done before. Returns where the file will be.
///
/// Errors:  throws `Error{kStorage, kDiskFull, kPermissionDenied}`.
std::filesystem::path plan_recovery_copy(const std::filesystem::path& file);

/// Where the file is to be moved; nullopt: nothing is planned.
///
/// Errors:  throws `Error{kStorage}` for a plan that cannot be read.
[[nodiscard]] std::optional<std::filesystem::path> find_planned_recovery_copy(
    const std::filesystem::path& file);

/// Moves the file, which `key` opens, as planned; without effect when nothing is planned. A crash
/// at any point leaves the file or its copy, and the plan until the end. A session whose last realm
/// was closed is given the moment that it takes to close the file.
///
/// Errors:  throws `Error{kFileInUse}` while the file is open, here or in another process, and what
///          opening and moving it throw.
void make_planned_recovery_copy(const std::filesystem::path& file,
                                const std::optional<store::EncryptionKey>& key = std::nullopt);

/// Opens the file for nobody else. A session that is closing it is waited for.
///
/// Errors:  throws `Error{kFileInUse}` while it is open, and what opening throws.
[[nodiscard]] std::shared_ptr<store::Environment> open_alone(
    const std::filesystem::path& file,
    const std::optional<store::EncryptionKey>& key = std::nullopt);

/// Removes a store file and those beside it.
void remove_store_file(const std::filesystem::path& file);

}  // namespace tombolo::client
