#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "query/ast.h"
#include "query/query_schema.h"

namespace tombolo::test {

/// Makes queries at random: every kind of node, path and constant. With a schema, the names are
/// mostly its own and constants mostly of types that fit, so that many queries can be bound.
///
/// Thread:  any one. The same seed gives the same queries.
class ArbitraryQuery {
 public:
  explicit ArbitraryQuery(std::uint64_t seed) : random_(seed) {}
  ArbitraryQuery(std::uint64_t seed, const query::QuerySchema& schema, std::size_t class_index)
      : random_(seed),
        schema_(&schema),
        class_index_(class_index) {}

  [[nodiscard]] query::Ast query();
  [[nodiscard]] query::PredicateNode predicate(std::size_t depth);

 private:
  /// A number from 0 to `bound` - 1.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
  bool chance(std::size_t of) { return below(of) == 0; }
  template <typename Range>
  const auto& any_of(const Range& range) {
    return range[below(std::size(range))];
  }

  query::Expression expression(std::size_t depth, bool is_value);
  query::Expression path_expression();
  query::Path path(bool is_plain);
  void add_schema_elements(query::Path& path, bool is_plain);
  query::PathElement element(bool is_first);
  query::Constant constant(bool may_be_argument);
  query::Quantifier quantifier();
  query::PredicateNode comparison(std::size_t depth);
  query::PredicateNode geo_within();
  query::DescriptorNode descriptor();
  std::string name();
  std::string text();

  std::mt19937_64 random_;
  const query::QuerySchema* schema_ = nullptr;
  std::size_t class_index_ = 0;
  const query::QueryProperty* last_ = nullptr;  ///< That the last path ended in.
};

}  // namespace tombolo::test
