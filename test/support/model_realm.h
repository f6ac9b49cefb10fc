#pragma once

#include <map>
#include <string>
#include <string_view>

#include "changeset/changeset.h"
#include "schema/schema.h"
#include "test/support/apply_target.h"
#include "test/support/model_value.h"

namespace tombolo::test {

/// The slow, obvious twin of the store: classes and objects in maps, every rule of applying a
/// changeset spelled out for every type. What stores and merges do is compared with it.
///
/// Source:  docs/changeset-format.md, "Applying a changeset".
class ModelRealm final : public ApplyTarget {
 public:
  /// A class and its objects.
  struct Table {
    ClassSchema schema;
    std::map<ModelKey, ModelObject> objects;
  };
  using Tables = std::map<std::string, Table, std::less<>>;

  void reset() override { tables_.clear(); }
  [[nodiscard]] Result<void> apply(BytesView changeset) override;
  [[nodiscard]] Result<void> apply(const changeset::Changeset& changeset);
  [[nodiscard]] nlohmann::json state() const override;
  [[nodiscard]] nlohmann::json schema() const override;

  [[nodiscard]] const Tables& tables() const noexcept { return tables_; }

 private:
  Tables tables_;
};

}  // namespace tombolo::test
