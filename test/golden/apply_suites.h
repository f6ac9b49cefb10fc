#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "changeset/changeset.h"
#include "test/golden/golden_suite.h"
#include "test/support/apply_target.h"

namespace tombolo::test {

/// An implementation of applying that the vectors are tried on.
struct ApplyImplementation {
  std::string name;  ///< Shown behind the file's name.
  std::function<std::unique_ptr<ApplyTarget>()> make;
};

/// The suites of state_after_local.jsonl and apply.jsonl: what a changeset does to a realm.
[[nodiscard]] std::vector<GoldenSuite> apply_suites(const ApplyImplementation& implementation);
/// The same for the model realm.
[[nodiscard]] std::vector<GoldenSuite> model_apply_suites();
/// The same for the store.
[[nodiscard]] std::vector<GoldenSuite> store_apply_suites();

}  // namespace tombolo::test
