#pragma once

#include <vector>

#include "test/golden/golden_suite.h"

namespace tombolo::test {

/// The suite of the recordings in wire/: every sync message reads and writes as recorded.
[[nodiscard]] std::vector<GoldenSuite> wire_suites();

}  // namespace tombolo::test
