#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "query/object_source.h"
#include "query/query_schema.h"

namespace tombolo::test {

/// Objects in memory that queries are asked about, as a dataset file describes them.
///
/// Shape:  `{"schema": [...], "objects": [...]}`, as golden/README.md says.
class QueryDataset final : public query::ObjectSource {
 public:
  explicit QueryDataset(const nlohmann::json& description);
  QueryDataset(const QueryDataset&) = delete;
  QueryDataset& operator=(const QueryDataset&) = delete;

  [[nodiscard]] const std::shared_ptr<const query::QuerySchema>& schema() const noexcept {
    return schema_;
  }
  /// The objects of a class in the order of their creation.
  [[nodiscard]] std::vector<query::ObjectHandle> objects(std::string_view class_name) const;
  /// The primary key of an object.
  [[nodiscard]] nlohmann::json key_of(query::ObjectHandle object) const;

  /// An argument of a query, as the vectors write values.
  [[nodiscard]] query::Constant argument(const nlohmann::json& typed) const;

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

 private:
  /// The elements of a collection, with keys if it is a dictionary.
  struct Collection {
    std::vector<query::Value> elements;
    std::vector<std::string> keys;
  };
  struct Backlink {
    query::ObjectHandle origin;
    std::uint32_t property = 0;
  };
  using Row = std::vector<query::Value>;

  void add_properties(const nlohmann::json& description);
  query::ObjectHandle add_object(std::size_t class_index, const nlohmann::json& values);
  void fill_object(query::ObjectHandle object, const nlohmann::json& values);
  query::Value make_value(const nlohmann::json& typed,
                          const query::QueryProperty& property,
                          query::ObjectHandle owner);
  const Collection& collection(query::CollectionHandle handle) const;

  std::shared_ptr<query::QuerySchema> made_;
  std::shared_ptr<const query::QuerySchema> schema_;
  std::vector<std::vector<Row>> tables_;  ///< By class.
  std::deque<Collection> collections_;
  std::deque<std::string> texts_;
  std::map<query::ObjectHandle, std::vector<Backlink>> backlinks_;
};

}  // namespace tombolo::test
