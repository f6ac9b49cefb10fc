#pragma once

#include <vector>

#include "test/golden/golden_suite.h"

namespace tombolo::test {

/// The suites of changesets.jsonl and changesets_invalid.jsonl: the binary form.
[[nodiscard]] std::vector<GoldenSuite> changeset_suites();

}  // namespace tombolo::test
