#pragma once

#include <vector>

#include "test/golden/golden_suite.h"

namespace tombolo::test {

/// changesets.jsonl, where each transaction is done again through the store's writer: what that
/// records is what the reference recorded.
[[nodiscard]] std::vector<GoldenSuite> writing_suites();

}  // namespace tombolo::test
