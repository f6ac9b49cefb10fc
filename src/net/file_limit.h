#pragma once

#include <cstdint>

namespace tombolo::net {

/// Raises this process's limit of open files to the most the system allows it without privileges.
/// Each connection takes one.
///
/// Returns: the limit now in force.
/// Errors:  throws `Error{kInternal}` with errno when the limit cannot be read or set.
std::uint64_t raise_open_file_limit();

}  // namespace tombolo::net
