#include "test/contract/storage_contract.h"

#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "server/storage_embedded.h"
#include "test/support/memory_storage.h"
#include "test/support/temporary_directory.h"

namespace tombolo::test {
namespace {

/// Embedded storage in a directory of its own.
class TemporaryEmbeddedStorage final : public server::Storage {
 public:
  std::unique_ptr<server::StorageSnapshot> snapshot() override { return storage_.snapshot(); }
  std::unique_ptr<server::StorageTransaction> begin() override { return storage_.begin(); }

 private:
  static store::EnvironmentOptions options() {
    store::EnvironmentOptions options;
    options.durability = store::Durability::kDeferred;
    return options;
  }

  const TemporaryDirectory directory_;
  server::EmbeddedStorage storage_{store::Environment::open(directory_.file("storage"), options())};
};

template <typename Implementation>
StorageKind kind(std::string name) {
  return {std::move(name), [] { return std::make_shared<Implementation>(); }};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(All,
                         StorageContract,
                         ::testing::Values(kind<MemoryStorage>("Memory"),
                                           kind<TemporaryEmbeddedStorage>("Embedded")),
                         [](const auto& test) { return test.param.name; });

}  // namespace tombolo::test
