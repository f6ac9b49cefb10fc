#pragma once

#include <cstddef>

namespace tombolo::changeset {

/// Longest texts and paths that are accepted. Source: docs/changeset-format.md, "Limits".
inline constexpr std::size_t kStringBytesMax = 16'777'199;
inline constexpr std::size_t kBinaryBytesMax = 16'777'200;
inline constexpr std::size_t kPathElementsMax = 256;

}  // namespace tombolo::changeset
