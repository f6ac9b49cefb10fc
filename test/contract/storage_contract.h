#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "server/storage.h"

namespace tombolo::test {

/// One implementation under the contract of `server::Storage`.
struct StorageKind {
  std::string name;
  /// An empty storage; what it needs on disk goes with it.
  std::function<std::shared_ptr<server::Storage>()> make;
};

/// Run by each implementation: see storage_contract_test.cpp.
class StorageContract : public ::testing::TestWithParam<StorageKind> {
 protected:
  const std::shared_ptr<server::Storage> storage = GetParam().make();
};

}  // namespace tombolo::test
