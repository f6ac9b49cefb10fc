#include "store/query_condition.h"

#include "query/evaluator.h"
#include "store/query_objects.h"

namespace tombolo::store {

using query::BoundComparison;
using query::BoundPredicate;
using query::BoundStep;
using query::CompareOperator;

namespace {

constexpr std::uint32_t kColumnCost = 1;
constexpr std::uint32_t kTextColumnCost = 8;
constexpr std::uint32_t kTextSearchCost = 24;
constexpr std::uint32_t kObjectCost = 40;
constexpr std::uint32_t kStepCost = 40;
constexpr std::uint32_t kElementsCost = 400;
constexpr std::uint32_t kSubqueryCost = 2'000;

std::uint32_t cost_of(const query::BoundPath& path) {
  std::uint32_t cost = 0;
  for (const BoundStep& step : path.steps) {
    const bool fans_out = step.kind == BoundStep::Kind::kElements ||
                          step.kind == BoundStep::Kind::kBacklinks ||
                          step.kind == BoundStep::Kind::kMixedEach;
    cost += fans_out ? kElementsCost : kStepCost;
  }
  return cost;
}

std::uint32_t cost_of(const query::BoundOperand& operand) {
  if (const auto* path = operand.as<query::PathOperand>()) return cost_of(path->path);
  if (const auto* aggregate = operand.as<query::AggregateOperand>()) {
    return cost_of(aggregate->path);
  }
  if (const auto* subquery = operand.as<query::SubqueryOperand>()) {
    return cost_of(subquery->path) + kSubqueryCost;
  }
  if (const auto* arithmetic = operand.as<query::ArithmeticOperand>()) {
    std::uint32_t cost = cost_of(*arithmetic->first);
    for (const auto& step : arithmetic->rest) cost += cost_of(step.operand);
    return cost;
  }
  return 0;
}

}  // namespace

std::uint32_t cost_of(const BoundPredicate& predicate) {
  if (const auto* comparison = predicate.as<BoundComparison>()) {
    return kObjectCost + cost_of(comparison->left) + cost_of(comparison->right);
  }
  if (const auto* text = predicate.as<query::BoundText>()) {
    return kObjectCost + cost_of(text->path) + kElementsCost;
  }
  if (const auto* geo = predicate.as<query::BoundGeoWithin>()) {
    return kObjectCost + cost_of(geo->path) + kElementsCost;
  }
  return kObjectCost;
}

std::uint32_t column_cost(const PropertyInfo& property, const Predicate& predicate) noexcept {
  if (property.type != PropertyType::kString && property.type != PropertyType::kBinary) {
    return kColumnCost;
  }
  const bool is_search = predicate.comparison >= Comparison::kEndsWith || predicate.ignore_case;
  return is_search ? kTextSearchCost : kTextColumnCost;
}

std::optional<Comparison> to_comparison(CompareOperator op) noexcept {
  switch (op) {
    case CompareOperator::kEqual: return Comparison::kEqual;
    case CompareOperator::kNotEqual: return Comparison::kNotEqual;
    case CompareOperator::kLess: return Comparison::kLess;
    case CompareOperator::kLessOrEqual: return Comparison::kLessOrEqual;
    case CompareOperator::kGreater: return Comparison::kGreater;
    case CompareOperator::kGreaterOrEqual: return Comparison::kGreaterOrEqual;
    case CompareOperator::kBeginsWith: return Comparison::kBeginsWith;
    case CompareOperator::kEndsWith: return Comparison::kEndsWith;
    case CompareOperator::kContains: return Comparison::kContains;
    case CompareOperator::kLike: return Comparison::kLike;
    case CompareOperator::kIn:
    case CompareOperator::kText: return std::nullopt;
  }
  return std::nullopt;
}

const PropertyInfo* own_property(const ClassInfo& info, const query::BoundOperand& operand) {
  const auto* path = operand.as<query::PathOperand>();
  if (path == nullptr || path->map != query::PathOperand::Map::kNone ||
      path->path.steps.size() != 1 || path->path.steps[0].kind != BoundStep::Kind::kProperty ||
      operand.is_list) {
    return nullptr;
  }
  return info.find_property(PropertyId(path->path.steps[0].property));
}

std::optional<Predicate> column_predicate(const ClassInfo& info,
                                          const BoundComparison& comparison,
                                          const query::Evaluator& evaluator) {
  const PropertyInfo* property = own_property(info, comparison.left);
  const auto* constant = comparison.right.as<query::ConstantOperand>();
  const auto op = to_comparison(comparison.op);
  if (property == nullptr || constant == nullptr || comparison.right.is_list || !op ||
      property->collection != CollectionType::kSingle) {
    return std::nullopt;
  }
  const auto operand = to_store_value(evaluator.constant(constant->constant)[0]);
  if (!operand) return std::nullopt;

  const bool is_equality = *op == Comparison::kEqual || *op == Comparison::kNotEqual;
  const bool is_textual = *op >= Comparison::kBeginsWith;
  const Predicate predicate{property->id,
                            *op,
                            *operand,
                            comparison.ignore_case,
                            comparison.nulls == BoundComparison::Nulls::kLowest};
  if (property->holds_any()) return std::nullopt;
  if (operand->is_null()) return is_equality ? std::optional(predicate) : std::nullopt;
  if (static_cast<PropertyType>(operand->type()) != property->type) return std::nullopt;
  switch (property->type) {
    case PropertyType::kInt:
    case PropertyType::kTimestamp:
    case PropertyType::kObjectId:
    case PropertyType::kUuid: return is_textual ? std::nullopt : std::optional(predicate);
    case PropertyType::kFloat:
    case PropertyType::kDouble:
      // NaN is a number of its own unless both sides are of floating point.
      return comparison.is_ieee && !is_textual ? std::optional(predicate) : std::nullopt;
    case PropertyType::kBool:
    case PropertyType::kLink: return is_equality ? std::optional(predicate) : std::nullopt;
    case PropertyType::kString:
    case PropertyType::kBinary: return predicate;
    case PropertyType::kDecimal:
    case PropertyType::kMixed: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace tombolo::store
