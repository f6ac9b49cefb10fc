#include "store/query_execution.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <memory>
#include <optional>

#include "query/evaluator.h"
#include "store/catalog.h"
#include "store/column_filter.h"
#include "store/query_objects.h"

namespace tombolo::store {
namespace {

using query::BoundComparison;
using query::BoundPredicate;
using query::BoundStep;
using query::CompareOperator;

/// What it costs to ask an object, in units of one comparison in a column of numbers.
constexpr std::uint32_t kColumnCost = 1;
constexpr std::uint32_t kTextColumnCost = 8;
constexpr std::uint32_t kTextSearchCost = 24;
constexpr std::uint32_t kObjectCost = 40;
constexpr std::uint32_t kStepCost = 40;
constexpr std::uint32_t kElementsCost = 400;
constexpr std::uint32_t kSubqueryCost = 2'000;

std::uint32_t cost_of(const BoundPredicate& predicate);

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

/// The property of an operand that is a single property of the object itself.
const PropertyInfo* own_property(const ClassInfo& info, const query::BoundOperand& operand) {
  const auto* path = operand.as<query::PathOperand>();
  if (path == nullptr || path->map != query::PathOperand::Map::kNone ||
      path->path.steps.size() != 1 || path->path.steps[0].kind != BoundStep::Kind::kProperty ||
      operand.is_list) {
    return nullptr;
  }
  return info.find_property(PropertyId(path->path.steps[0].property));
}

/// The comparison of a property of the object itself, on the left, with one constant, if the loop
/// over its column gives what the evaluator gives.
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

bool is_empty(const Matches& matches) noexcept {
  return std::ranges::all_of(matches, [](std::uint64_t word) { return word == 0; });
}

/// A part of the predicate that is asked of whole blocks.
class BlockNode {
 public:
  explicit BlockNode(std::uint32_t cost) noexcept : cost_(cost) {}
  virtual ~BlockNode() = default;
  BlockNode(const BlockNode&) = delete;
  BlockNode& operator=(const BlockNode&) = delete;

  [[nodiscard]] std::uint32_t cost() const noexcept { return cost_; }
  /// Moves on to the next block; the block, of those that know one.
  virtual const ColumnBlock* advance() = 0;
  /// Which of the candidates, objects in the block that begins with `first`, match.
  [[nodiscard]] virtual Matches evaluate(RowId first, const Matches& candidates) = 0;
  virtual void describe(std::string& lines, std::size_t depth) const = 0;

 private:
  std::uint32_t cost_;
};

using BlockNodes = std::vector<std::unique_ptr<BlockNode>>;

void add_line(std::string& lines, std::size_t depth, std::string_view line) {
  lines.append(depth * 2, ' ').append(line).append("\n");
}

class ColumnNode final : public BlockNode {
 public:
  ColumnNode(const RealmReader& realm,
             const ClassInfo& info,
             const Predicate& predicate,
             std::uint32_t cost)
      : BlockNode(cost),
        filter_(realm, info.id, predicate),
        property_(*info.find_property(predicate.property)) {}

  const ColumnBlock* advance() override { return block_ = filter_.next(); }
  Matches evaluate(RowId, const Matches& candidates) override {
    Matches matches;
    filter_.evaluate(*block_, candidates, matches);
    for (std::size_t i = 0; i < matches.size(); ++i) matches[i] &= candidates[i];
    return matches;
  }
  void describe(std::string& lines, std::size_t depth) const override {
    add_line(lines,
             depth,
             "scan the column '" + property_.name + "' (" + std::string(to_string(property_.type)) +
                 ")");
  }
  [[nodiscard]] const ColumnFilter& filter() const noexcept { return filter_; }

 private:
  ColumnFilter filter_;
  const PropertyInfo& property_;
  const ColumnBlock* block_ = nullptr;
};

/// Asks one object after another.
class ObjectNode final : public BlockNode {
 public:
  ObjectNode(query::Evaluator& evaluator, ClassId class_id, const BoundPredicate& predicate)
      : BlockNode(cost_of(predicate)),
        evaluator_(evaluator),
        class_id_(class_id),
        predicate_(predicate) {}

  const ColumnBlock* advance() override { return nullptr; }
  Matches evaluate(RowId first, const Matches& candidates) override {
    Matches matches{};
    for (std::size_t word = 0; word < candidates.size(); ++word) {
      for (std::uint64_t rest = candidates[word]; rest != 0; rest &= rest - 1) {
        const auto slot = word * 64 + static_cast<std::size_t>(std::countr_zero(rest));
        const query::ObjectHandle object{class_id_.value(), first.value() + slot};
        if (evaluator_.matches(predicate_, object)) matches[word] |= rest & (~rest + 1);
      }
    }
    return matches;
  }
  void describe(std::string& lines, std::size_t depth) const override {
    add_line(lines, depth, "ask each object that is left, at cost " + std::to_string(cost()));
  }

 private:
  query::Evaluator& evaluator_;
  ClassId class_id_;
  const BoundPredicate& predicate_;
};

std::uint32_t total_cost(const BlockNodes& nodes) {
  std::uint32_t cost = 0;
  for (const auto& node : nodes) cost += node->cost();
  return cost;
}

/// AND narrows the candidates, OR asks only those that no operand has yet; cheap ones come first.
class GroupNode final : public BlockNode {
 public:
  GroupNode(bool is_and, BlockNodes operands)
      : BlockNode(total_cost(operands)),
        is_and_(is_and),
        operands_(std::move(operands)) {
    std::ranges::stable_sort(operands_, {}, [](const auto& node) { return node->cost(); });
  }

  const ColumnBlock* advance() override {
    const ColumnBlock* block = nullptr;
    for (const auto& operand : operands_) {
      if (const ColumnBlock* found = operand->advance()) block = found;
    }
    return block;
  }
  Matches evaluate(RowId first, const Matches& candidates) override {
    Matches left = candidates;
    for (const auto& operand : operands_) {
      if (is_empty(left)) break;
      const Matches found = operand->evaluate(first, left);
      for (std::size_t i = 0; i < left.size(); ++i) left[i] &= is_and_ ? found[i] : ~found[i];
    }
    if (!is_and_) {
      for (std::size_t i = 0; i < left.size(); ++i) left[i] = candidates[i] & ~left[i];
    }
    return left;
  }
  void describe(std::string& lines, std::size_t depth) const override {
    add_line(lines, depth, is_and_ ? "all of, in this order:" : "any of, in this order:");
    for (const auto& operand : operands_) operand->describe(lines, depth + 1);
  }

 private:
  bool is_and_;
  BlockNodes operands_;
};

class NotNode final : public BlockNode {
 public:
  explicit NotNode(std::unique_ptr<BlockNode> operand)
      : BlockNode(operand->cost()),
        operand_(std::move(operand)) {}

  const ColumnBlock* advance() override { return operand_->advance(); }
  Matches evaluate(RowId first, const Matches& candidates) override {
    Matches matches = operand_->evaluate(first, candidates);
    for (std::size_t i = 0; i < matches.size(); ++i) matches[i] = candidates[i] & ~matches[i];
    return matches;
  }
  void describe(std::string& lines, std::size_t depth) const override {
    add_line(lines, depth, "not:");
    operand_->describe(lines, depth + 1);
  }

 private:
  std::unique_ptr<BlockNode> operand_;
};

/// How queries are carried out over one state of a realm.
class Execution {
 public:
  Execution(const RealmReader& realm, ClassId class_id, QueryChain queries)
      : queries_(queries),
        realm_(realm),
        info_(*realm.catalog().find_class(class_id)),
        objects_(realm) {
    for (const auto& query : queries) evaluators_.emplace_back(*query, objects_);
    for (std::size_t i = 0; i < queries.size() && !key_; ++i) {
      key_ = find_key(queries[i]->predicate, evaluators_[i]);
    }
    if (!key_) make_root();
  }

  [[nodiscard]] std::uint64_t count() {
    if (has_descriptors()) return find().size();
    if (is_everything()) return realm_.object_count(info_.id);
    auto* column = dynamic_cast<ColumnNode*>(root_.get());
    std::uint64_t count = 0;
    if (column != nullptr && column->filter().is_plain_int_equality()) {
      while (const ColumnBlock* block = column->advance()) {
        count += column->filter().count_plain(*block);
      }
      return count;
    }
    for_each_block([&](RowId, const Matches& matches) {
      for (const std::uint64_t word : matches) count += std::popcount(word);
    });
    return count;
  }

  [[nodiscard]] std::vector<RowId> find() {
    std::vector<RowId> rows;
    if (is_everything()) rows.reserve(realm_.object_count(info_.id));
    for_each_block([&](RowId first, const Matches& matches) {
      for (std::size_t word = 0; word < matches.size(); ++word) {
        for (std::uint64_t rest = matches[word]; rest != 0; rest &= rest - 1) {
          const auto slot = word * 64 + static_cast<std::size_t>(std::countr_zero(rest));
          rows.push_back(RowId(first.value() + slot));
        }
      }
    });
    if (!has_descriptors()) return rows;

    std::vector<query::ObjectHandle> found;
    found.reserve(rows.size());
    for (const RowId row : rows) found.push_back(to_handle({info_.id, row}));
    for (query::Evaluator& evaluator : evaluators_) evaluator.arrange(found);
    rows.clear();
    for (const query::ObjectHandle object : found) rows.push_back(RowId(object.row));
    return rows;
  }

  [[nodiscard]] std::string explain() const {
    std::string lines;
    const std::string& name = info_.name;
    if (is_everything()) {
      add_line(lines, 0, "take all objects of '" + name + "'");
    } else if (key_) {
      add_line(lines,
               0,
               "look up '" + name + "' by its primary key '" + info_.key_property().name +
                   "' and ask the object found");
    } else {
      add_line(lines, 0, "walk '" + name + "' block by block:");
      root_->describe(lines, 1);
    }
    for (const auto& query : queries_) {
      for (const query::BoundDescriptor& descriptor : query->descriptors) {
        describe(descriptor, lines);
      }
    }
    return lines;
  }

 private:
  static void describe(const query::BoundDescriptor& descriptor, std::string& lines) {
    if (const auto* limit = std::get_if<query::LimitNode>(&descriptor)) {
      add_line(lines, 0, "keep the first " + std::to_string(limit->count));
    } else if (const auto* distinct = std::get_if<query::BoundDistinct>(&descriptor)) {
      add_line(lines,
               0,
               "keep the first of each combination of " + std::to_string(distinct->paths.size()) +
                   " values");
    } else {
      const std::size_t keys = std::get<query::BoundSort>(descriptor).keys.size();
      add_line(lines, 0, "sort by " + std::to_string(keys) + (keys == 1 ? " key" : " keys"));
    }
  }

  [[nodiscard]] bool has_descriptors() const {
    return std::ranges::any_of(queries_,
                               [](const auto& query) { return !query->descriptors.empty(); });
  }
  [[nodiscard]] bool is_everything() const { return !key_ && root_ == nullptr; }

  /// The key that the object must have: one of the operands of a top-level AND says so.
  [[nodiscard]] std::optional<query::Value> find_key(const BoundPredicate& predicate,
                                                     const query::Evaluator& evaluator) const {
    if (!info_.primary_key) return std::nullopt;
    if (const auto* group = predicate.as<query::BoundGroup>()) {
      if (!group->is_and) return std::nullopt;
      for (const BoundPredicate& operand : group->operands) {
        if (auto key = find_key(operand, evaluator)) return key;
      }
      return std::nullopt;
    }
    const auto* comparison = predicate.as<BoundComparison>();
    if (comparison == nullptr || comparison->op != CompareOperator::kEqual ||
        comparison->ignore_case) {
      return std::nullopt;
    }
    const auto column = column_predicate(info_, *comparison, evaluator);
    if (!column || column->property != *info_.primary_key) return std::nullopt;
    return to_query_value(column->operand);
  }

  void make_root() {
    BlockNodes nodes;
    for (std::size_t i = 0; i < queries_.size(); ++i) {
      add_conditions(queries_[i]->predicate, evaluators_[i], nodes);
    }
    if (nodes.size() == 1) {
      root_ = std::move(nodes.front());
    } else if (!nodes.empty()) {
      root_ = std::make_unique<GroupNode>(true, std::move(nodes));
    }
  }

  /// Adds what must hold: all of them are put in one order.
  void add_conditions(const BoundPredicate& predicate,
                      query::Evaluator& evaluator,
                      BlockNodes& nodes) {
    const auto* group = predicate.as<query::BoundGroup>();
    if (group != nullptr && group->is_and) {
      for (const BoundPredicate& operand : group->operands) {
        add_conditions(operand, evaluator, nodes);
      }
      return;
    }
    const auto* fixed = predicate.as<query::FixedNode>();
    if (fixed == nullptr || !fixed->value) nodes.push_back(make_node(predicate, evaluator));
  }

  std::unique_ptr<BlockNode> make_node(const BoundPredicate& predicate,
                                       query::Evaluator& evaluator) {
    if (const auto* group = predicate.as<query::BoundGroup>()) {
      BlockNodes operands;
      for (const BoundPredicate& operand : group->operands) {
        operands.push_back(make_node(operand, evaluator));
      }
      return std::make_unique<GroupNode>(group->is_and, std::move(operands));
    }
    if (const auto* negation = predicate.as<query::BoundNot>()) {
      return std::make_unique<NotNode>(make_node(*negation->operand, evaluator));
    }
    if (const auto* comparison = predicate.as<BoundComparison>();
        comparison != nullptr && columns_ < kColumnsMax) {
      if (const auto column = column_predicate(info_, *comparison, evaluator)) {
        const PropertyType type = info_.find_property(column->property)->type;
        const bool is_text = type == PropertyType::kString || type == PropertyType::kBinary;
        const bool is_search = column->comparison >= Comparison::kEndsWith || column->ignore_case;
        const std::uint32_t cost = !is_text    ? kColumnCost
                                   : is_search ? kTextSearchCost
                                               : kTextColumnCost;
        ++columns_;
        return std::make_unique<ColumnNode>(realm_, info_, *column, cost);
      }
    }
    return std::make_unique<ObjectNode>(evaluator, info_.id, predicate);
  }

  /// Calls `visit(first row, matches)` for the blocks, or for single objects where no column leads.
  template <typename Visit>
  void for_each_block(Visit&& visit) {
    constexpr Matches kFirst{1};
    const auto matches_all = [&](query::ObjectHandle object) {
      return std::ranges::all_of(
          evaluators_, [&](query::Evaluator& evaluator) { return evaluator.matches(object); });
    };
    if (key_) {
      const auto object = objects_.find_object(info_.id.value(), *key_);
      if (object && matches_all(*object)) visit(RowId(object->row), kFirst);
      return;
    }
    if (columns_ == 0) {
      for (RowId row = realm_.first_row(info_.id); row != kNoRow;
           row = realm_.next_row(info_.id, row)) {
        if (matches_all(to_handle({info_.id, row}))) visit(row, kFirst);
      }
      return;
    }
    while (const ColumnBlock* block = root_->advance()) {
      Matches candidates;
      std::copy_n(block->present, candidates.size(), candidates.begin());
      visit(block->first, root_->evaluate(block->first, candidates));
    }
  }

  /// A scan holds some KiB, and a text may compare a column any number of times.
  static constexpr std::size_t kColumnsMax = 64;

  QueryChain queries_;
  const RealmReader& realm_;
  const ClassInfo& info_;
  RealmObjects objects_;
  std::deque<query::Evaluator> evaluators_;
  std::optional<query::Value> key_;
  std::unique_ptr<BlockNode> root_;  ///< Null when a key leads to the object, or all match.
  std::size_t columns_ = 0;
};

}  // namespace

std::vector<RowId> find_matching(const RealmReader& realm, ClassId class_id, QueryChain queries) {
  return Execution(realm, class_id, queries).find();
}

std::uint64_t count_matching(const RealmReader& realm, ClassId class_id, QueryChain queries) {
  return Execution(realm, class_id, queries).count();
}

std::string explain(const RealmReader& realm, ClassId class_id, QueryChain queries) {
  return Execution(realm, class_id, queries).explain();
}

}  // namespace tombolo::store
