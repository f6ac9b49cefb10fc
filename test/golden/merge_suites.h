#pragma once

#include <vector>

#include "test/golden/golden_suite.h"

namespace tombolo::test {

/// The suites of merge.jsonl and chain.jsonl. Each file is checked twice: with the four rules
/// switched to what clients in use do, where everything must be as recorded; and with our own,
/// where a case in which one of the four rules decided must end in one state instead.
[[nodiscard]] std::vector<GoldenSuite> merge_suites();

}  // namespace tombolo::test
