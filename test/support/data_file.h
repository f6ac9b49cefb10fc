#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace tombolo::test {

/// Whether `path`, or `path` with ".gz" appended, is a file.
[[nodiscard]] bool data_file_exists(const std::filesystem::path& path);

/// The content of `path`, or else of `path` with ".gz" appended, unpacked.
///
/// Errors:  throws `Error{kNotFound}` when neither can be read, `Error{kInvalidArgument}` when the
///          packed one is damaged.
[[nodiscard]] std::string read_data_file(const std::filesystem::path& path);

/// The values of a JSON Lines file, read in the same way.
///
/// Errors:  as `read_data_file`; a line that is no JSON throws `nlohmann::json::parse_error`.
[[nodiscard]] std::vector<nlohmann::json> read_json_lines(const std::filesystem::path& path);

}  // namespace tombolo::test
