#pragma once

#include <cstdint>
#include <string>

namespace tombolo {

/// Raises this process's limit of open files to the most the system allows it without privileges.
/// Each connection takes one descriptor, each open database file four.
///
/// Returns: the limit now in force.
/// Errors:  throws `Error{kInternal}` with errno when the limit cannot be read or set.
std::uint64_t raise_open_file_limit();

/// What to tell who has run out of descriptors: what happened, the limit, and how to raise it.
[[nodiscard]] std::string describe_open_file_limit();

}  // namespace tombolo
