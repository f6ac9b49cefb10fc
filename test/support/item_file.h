#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "store/environment.h"
#include "test/support/store_realm.h"
#include "test/support/temporary_directory.h"

namespace tombolo::test {

/// A store file with a class "Item" of every kind of property that matters to sync, and a class
/// "Loose" without primary key.
///
/// Thread:  one.
class ItemFile {
 public:
  /// `ident`: under which others know it; 0 = none.
  explicit ItemFile(std::uint64_t ident = 0);

  [[nodiscard]] static Schema schema();

  /// Runs `edit(realm)` in a transaction and returns what it recorded.
  Bytes write(const std::function<void(store::RealmWriter& realm)>& edit);
  /// One random change of one of few objects.
  void edit_randomly(store::RealmWriter& realm, Random& random) const;

  [[nodiscard]] store::Environment& environment() const { return *environment_; }
  [[nodiscard]] nlohmann::json state() const;
  [[nodiscard]] std::vector<std::int64_t> list_of(std::int64_t key) const;

  // Of a realm with this schema.

  [[nodiscard]] static store::ClassId item(const store::RealmReader& realm);
  [[nodiscard]] static store::PropertyId property(const store::RealmReader& realm,
                                                  const std::string& name);
  [[nodiscard]] static store::ObjectRef object(const store::RealmReader& realm, std::int64_t key);
  [[nodiscard]] static store::SlotRef slot(const store::RealmReader& realm,
                                           std::int64_t key,
                                           const std::string& name);
  static void create(store::RealmWriter& realm, std::int64_t key);
  static void set_list(store::RealmWriter& realm,
                       std::int64_t key,
                       const std::vector<std::int64_t>& values);

 private:
  TemporaryDirectory directory_;
  std::shared_ptr<store::Environment> environment_;
};

}  // namespace tombolo::test
