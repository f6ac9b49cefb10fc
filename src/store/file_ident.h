#pragma once

#include <array>
#include <cstddef>

#include "store/environment.h"

namespace tombolo::store {

/// Tells a file from others, wherever it lies: made with the file and kept when it is compacted. A
/// copy of the bytes has the same one.
using FileIdent = std::array<std::byte, 16>;

/// Thread:  callable from any thread.
[[nodiscard]] FileIdent ident_of(Environment& environment);

}  // namespace tombolo::store
