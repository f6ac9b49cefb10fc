#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "query/bound_query.h"
#include "query/object_source.h"

namespace tombolo::query {

/// Decides for one object after another whether it matches a query, and puts those that do in the
/// query's order. It asks the source for what it needs, and for nothing twice within a comparison.
///
/// Shape:   the query and the source outlive it. What a constant `obj(...)` stands for is looked up
///          when it is made: it serves one state of the source.
/// Errors:  throws the `read_error` of the query when made; what the source throws goes through.
/// Thread:  any one.
class Evaluator {
 public:
  Evaluator(const BoundQuery& query, ObjectSource& source);

  /// Whether the predicate holds for an object of the queried class.
  [[nodiscard]] bool matches(ObjectHandle object);
  /// The same for a part of the predicate.
  [[nodiscard]] bool matches(const BoundPredicate& predicate, ObjectHandle object);

  /// Applies SORT, DISTINCT and LIMIT, from left to right, to objects in their own order.
  void arrange(std::vector<ObjectHandle>& objects);
  /// The same for one descriptor.
  void arrange(const BoundDescriptor& descriptor, std::vector<ObjectHandle>& objects);

  /// The values of a constant, with objects looked up.
  [[nodiscard]] const std::vector<Value>& constant(std::size_t index) const {
    return constants_.empty() ? query_.constants[index].values : constants_[index];
  }
  /// The values of a constant in order, if they are searched; else none.
  [[nodiscard]] const std::vector<Value>* ordered(std::size_t index) const {
    return ordered_.empty() || ordered_[index].empty() ? nullptr : &ordered_[index];
  }

 private:
  const BoundQuery& query_;
  ObjectSource& source_;
  std::vector<std::vector<Value>> constants_;  ///< Where there are objects among them.
  std::vector<std::vector<Value>> ordered_;    ///< Where there are lists that are searched.
};

/// Whether `left op right` holds for two single values.
[[nodiscard]] bool holds(const BoundComparison& comparison, const Value& left, const Value& right);

/// The objects of `candidates`, in their order, that match, arranged as the query says.
[[nodiscard]] std::vector<ObjectHandle> evaluate(const BoundQuery& query,
                                                 ObjectSource& source,
                                                 const std::vector<ObjectHandle>& candidates);

}  // namespace tombolo::query
