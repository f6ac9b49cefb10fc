#pragma once

#include <cstdint>

namespace tombolo::store {

/// How much of a file holds something; the rest is free pages, which commits to come use again.
struct FileUsage {
  std::uint64_t total_bytes = 0;
  std::uint64_t used_bytes = 0;
};

}  // namespace tombolo::store
