#pragma once

#include <array>
#include <cstddef>
#include <filesystem>

namespace tombolo::server {

/// The secret that signs tokens: whoever knows it can be any user.
using SigningKey = std::array<std::byte, 32>;

/// Reads the key at `path`, or makes one when there is no file: 64 hexadecimal digits and a
/// newline, readable by its owner alone, durable before the call returns.
///
/// Errors:  throws `Error`: `kPermissionDenied` when others may read the file, `kFileCorrupt` when
///          it holds no key, `kStorage` with the errno otherwise.
/// Thread:  at start, by the one process that owns the directory.
[[nodiscard]] SigningKey load_or_make_signing_key(const std::filesystem::path& path);

}  // namespace tombolo::server
