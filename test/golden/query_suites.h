#pragma once

#include <vector>

#include "test/golden/golden_suite.h"

namespace tombolo::test {

/// The suite of queries.jsonl, over the objects of queries_dataset.json.
[[nodiscard]] std::vector<GoldenSuite> query_suites();

}  // namespace tombolo::test
