#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "store/environment.h"
#include "store/realm_reader.h"
#include "test/support/apply_target.h"
#include "test/support/temporary_directory.h"

namespace tombolo::test {

/// A key that tells from others by that number.
[[nodiscard]] store::EncryptionKey encryption_key(std::uint8_t number);

/// What a realm in the store holds, in the form of `ApplyTarget`.
[[nodiscard]] nlohmann::json state_json(const store::RealmReader& realm);
[[nodiscard]] nlohmann::json schema_json(const store::RealmReader& realm);

/// A realm in a store of its own, as a target that changesets are applied to.
class StoreRealm final : public ApplyTarget {
 public:
  /// With a key the file is encrypted.
  explicit StoreRealm(const std::optional<store::EncryptionKey>& key = std::nullopt) : key_(key) {
    reset();
  }

  void reset() override;
  [[nodiscard]] Result<void> apply(BytesView changeset) override;
  [[nodiscard]] nlohmann::json state() const override;
  [[nodiscard]] nlohmann::json schema() const override;

  [[nodiscard]] store::Environment& environment() const { return *environment_; }
  /// Closes the file and opens it again.
  void reopen();

 private:
  [[nodiscard]] std::filesystem::path path() const { return directory_->file("realm"); }

  std::optional<store::EncryptionKey> key_;
  std::optional<TemporaryDirectory> directory_;
  std::shared_ptr<store::Environment> environment_;
};

}  // namespace tombolo::test
