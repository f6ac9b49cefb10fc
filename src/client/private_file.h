#pragma once

#include <filesystem>
#include <string_view>

namespace tombolo::client {

/// Replaces `file` by `text` so that it is one or the other after a crash, readable by its owner.
///
/// Errors:  throws `Error{kStorage, kDiskFull}`.
void write_private_file(const std::filesystem::path& file, std::string_view text);

}  // namespace tombolo::client
