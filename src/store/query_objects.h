#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "query/object_source.h"
#include "query/query_schema.h"
#include "store/realm_reader.h"

namespace tombolo::store {

/// What queries may name in a realm. The ids are those of classes and properties. Names that an SDK
/// adds, and computed properties, are the SDK's to add.
[[nodiscard]] query::QuerySchema make_query_schema(const Catalog& catalog);

/// The objects of a realm, as queries ask for them: a handle is a `ClassId` and a `RowId`.
///
/// Errors:  as `RealmReader`.
/// Thread:  that of the transaction, which may not write meanwhile.
class RealmObjects final : public query::ObjectSource {
 public:
  explicit RealmObjects(const RealmReader& realm) noexcept : realm_(realm) {}
  RealmObjects(const RealmObjects&) = delete;
  RealmObjects& operator=(const RealmObjects&) = delete;

  [[nodiscard]] query::Value get(query::ObjectHandle object, std::uint32_t property) override;
  [[nodiscard]] std::size_t size(query::CollectionHandle collection) override;
  [[nodiscard]] query::Value element(query::CollectionHandle collection,
                                     std::size_t index) override;
  [[nodiscard]] std::string_view key(query::CollectionHandle dictionary,
                                     std::size_t index) override;
  [[nodiscard]] std::optional<query::Value> find(query::CollectionHandle dictionary,
                                                 std::string_view key) override;
  void for_each_backlink(query::ObjectHandle target,
                         std::uint32_t class_id,
                         std::uint32_t property,
                         const std::function<void(query::ObjectHandle)>& visit) override;
  [[nodiscard]] std::uint64_t count_backlinks(query::ObjectHandle target) override;
  [[nodiscard]] std::optional<query::ObjectHandle> find_object(std::uint32_t class_id,
                                                               const query::Value& key) override;
  void release() override { collections_.clear(); }

 private:
  /// A collection that a query looks into.
  struct Opened {
    CollectionReader reader;
    std::uint32_t visible_size = 0;
    /// Where the visible elements stand, if some are hidden.
    std::vector<std::uint32_t> positions;
  };

  [[nodiscard]] query::Value open(const CollectionRef& ref);
  /// The value, which stands in that slot.
  [[nodiscard]] query::Value convert(const SlotRef& slot, const Value& value);

  const RealmReader& realm_;
  std::vector<std::unique_ptr<Opened>> collections_;  ///< Most queries open none.
};

/// Null for a list or dictionary in a mixed value.
[[nodiscard]] query::Value to_query_value(const Value& value);
/// The value that a constant of a query is in the store; nullopt: the store keeps none like it.
[[nodiscard]] std::optional<Value> to_store_value(const query::Value& value);

[[nodiscard]] inline query::ObjectHandle to_handle(ObjectRef object) noexcept {
  return {object.class_id.value(), object.row.value()};
}

}  // namespace tombolo::store
