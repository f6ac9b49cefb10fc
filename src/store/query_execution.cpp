#include "store/query_execution.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <memory_resource>
#include <optional>

#include "query/evaluator.h"
#include "store/catalog.h"
#include "store/column_filter.h"
#include "store/index_search.h"
#include "store/query_condition.h"
#include "store/query_objects.h"

namespace tombolo::store {
namespace {

using query::BoundComparison;
using query::BoundPredicate;
using query::CompareOperator;

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
    evaluators_.reserve(queries.size());
    for (const auto& query : queries) evaluators_.emplace_back(*query, objects_);
    for (std::size_t i = 0; i < queries.size() && !key_; ++i) {
      key_ = find_key(queries[i]->predicate, evaluators_[i]);
    }
    if (key_) return;
    if (may_have_indexes()) search();
    if (!indexed_) make_root();
  }

  [[nodiscard]] std::uint64_t count() {
    if (has_descriptors()) return find().size();
    if (is_everything()) return realm_.object_count(info_.id);
    if (indexed_) return indexed_->rest.empty() ? indexed_->rows.size() : find_indexed().size();
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

  [[nodiscard]] RowSequence find() {
    RowSequence rows = indexed_ ? RowSequence(find_indexed()) : find_in_blocks();
    if (!has_descriptors()) return rows;

    std::vector<query::ObjectHandle> found;
    found.reserve(rows.size());
    for (const RowId row : rows) found.push_back(to_handle({info_.id, row}));
    for (query::Evaluator& evaluator : evaluators_) evaluator.arrange(found);
    std::vector<RowId> arranged;
    arranged.reserve(found.size());
    for (const query::ObjectHandle object : found) arranged.push_back(RowId(object.row));
    return RowSequence(std::move(arranged));
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
    } else if (indexed_) {
      describe_indexed(lines);
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
  [[nodiscard]] bool may_have_indexes() const {
    return info_.primary_key || std::ranges::any_of(info_.properties, [](const auto& property) {
             return property.index != IndexType::kNone;
           });
  }
  void search() {
    std::pmr::vector<QueryCondition> conditions(&memory_);
    for (std::size_t i = 0; i < queries_.size(); ++i) {
      conditions.push_back({&queries_[i]->predicate, &evaluators_[i]});
    }
    indexed_ = search_indexes(realm_, info_.id, conditions, memory_);
  }

  [[nodiscard]] std::vector<RowId> find_indexed() {
    std::vector<RowId> rows = indexed_->rows;
    if (indexed_->rest.empty()) return rows;
    std::erase_if(rows, [&](RowId row) {
      return !std::ranges::all_of(indexed_->rest, [&](const QueryCondition& condition) {
        return condition.evaluator->matches(*condition.predicate, to_handle({info_.id, row}));
      });
    });
    return rows;
  }

  [[nodiscard]] RowSequence find_in_blocks() {
    RowSequence rows;
    for_each_block([&](RowId first, const Matches& matches) {
      for (std::size_t word = 0; word < matches.size(); ++word) {
        for (std::uint64_t rest = matches[word]; rest != 0; rest &= rest - 1) {
          const auto slot = word * 64 + static_cast<std::size_t>(std::countr_zero(rest));
          rows.push_back(RowId(first.value() + slot));
        }
      }
    });
    return rows;
  }

  void describe_indexed(std::string& lines) const {
    const std::size_t count = indexed_->rows.size();
    std::string properties;
    for (const PropertyInfo* property : indexed_->properties) {
      properties += (properties.empty() ? "'" : ", '") + property->name + "'";
    }
    add_line(lines,
             0,
             "look up " + std::to_string(count) + (count == 1 ? " object" : " objects") + " of '" +
                 info_.name + "' in the index of " + properties);
    std::uint32_t cost = 0;
    for (const QueryCondition& condition : indexed_->rest) cost += cost_of(*condition.predicate);
    if (cost != 0) add_line(lines, 0, "ask each of them, at cost " + std::to_string(cost));
  }

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
  [[nodiscard]] bool is_everything() const { return !key_ && !indexed_ && root_ == nullptr; }

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
    const PropertyInfo* property = own_property(info_, comparison->left);
    if (property == nullptr || property->id != *info_.primary_key) return std::nullopt;
    const auto column = column_predicate(info_, *comparison, evaluator);
    if (!column) return std::nullopt;
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
        const std::uint32_t cost = column_cost(*info_.find_property(column->property), *column);
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

  /// For what planning takes, so that a query which an index answers allocates next to nothing.
  std::array<std::byte, 2048> scratch_;
  std::pmr::monotonic_buffer_resource memory_{scratch_.data(), scratch_.size()};

  QueryChain queries_;
  const RealmReader& realm_;
  const ClassInfo& info_;
  RealmObjects objects_;
  std::pmr::vector<query::Evaluator> evaluators_{&memory_};  ///< They stay where they are.
  std::optional<query::Value> key_;
  std::optional<IndexedObjects> indexed_;
  std::unique_ptr<BlockNode> root_;  ///< Null when an index leads to the objects, or all match.
  std::size_t columns_ = 0;
};

}  // namespace

RowSequence find_matching(const RealmReader& realm, ClassId class_id, QueryChain queries) {
  return Execution(realm, class_id, queries).find();
}

std::uint64_t count_matching(const RealmReader& realm, ClassId class_id, QueryChain queries) {
  return Execution(realm, class_id, queries).count();
}

std::string explain(const RealmReader& realm, ClassId class_id, QueryChain queries) {
  return Execution(realm, class_id, queries).explain();
}

}  // namespace tombolo::store
