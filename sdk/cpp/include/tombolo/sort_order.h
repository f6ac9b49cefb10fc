#pragma once

#include <cstdint>

namespace tombolo {

enum class SortOrder : std::uint8_t { kAscending, kDescending };

}  // namespace tombolo
