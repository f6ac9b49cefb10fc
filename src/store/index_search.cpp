#include "store/index_search.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>

#include "base/assertion.h"
#include "store/query_condition.h"
#include "store/query_objects.h"
#include "store/realm_state.h"

namespace tombolo::store {
namespace {

using query::BoundComparison;
using query::BoundGroup;
using query::BoundText;
using query::CompareOperator;
using query::Quantifier;

/// What an object costs that an index gives, and one that is then asked something, in units of one
/// comparison in a column of numbers: there, the next object is found without a search.
constexpr std::uint64_t kRowCost = 24;
constexpr std::uint64_t kAskCost = 400;
/// So few objects are always worth it.
constexpr std::uint64_t kRowsMin = 256;

bool is_any(Quantifier quantifier) noexcept {
  return quantifier == Quantifier::kUnwritten || quantifier == Quantifier::kAny;
}

/// Walks upwards over the rows of one range of an index.
class RowWalk {
 public:
  RowWalk(TupleSet& tuples, const TupleRange& range) : tuples_(tuples), range_(range) {}

  /// Whether the range, which is that of one value, has the row. Rows are asked for in order.
  [[nodiscard]] bool has(RowId row) {
    Tuple wanted = range_.from;
    wanted.words[tuples_.width() - 1] = row.value();
    if (run_.empty() || run_.back() < wanted) run_ = tuples_.find_run(wanted);
    if (run_.empty()) return false;
    run_ = run_.from(run_.lower_bound(wanted));
    return run_.front() == wanted;
  }

 private:
  TupleSet& tuples_;
  TupleRange range_;
  TupleRun run_;
};

/// Whether there were no more than `rows_max` rows in the ranges.
bool collect(TupleSet& tuples,
             const TupleRanges& ranges,
             std::uint64_t rows_max,
             std::vector<RowId>& rows) {
  rows.clear();
  for (const TupleRange& range : ranges.ranges) {
    Tuple from = range.from;
    for (;;) {
      const TupleRun run = tuples.find_run(from);
      if (run.empty()) break;
      const std::size_t count = run.lower_bound_near(range.to);
      const std::size_t before = rows.size();
      if (before + count > rows_max) return false;
      rows.resize(before + count);
      for (std::size_t i = 0; i < count; ++i) rows[before + i] = RowId(run.last_word(i));
      if (count < run.size()) break;
      // No row has the number behind that of the last one.
      from = run.back();
      ++from.words[tuples.width() - 1];
    }
  }
  return true;
}

void sort_rows(std::vector<RowId>& rows) {
  // Those of one value are in order.
  if (std::ranges::adjacent_find(rows, std::greater_equal<>()) == rows.end()) return;
  std::ranges::sort(rows);
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
}

class Search {
 public:
  Search(const RealmReader& realm, ClassId class_id, std::pmr::memory_resource& memory)
      : realm_(realm),
        memory_(&memory),
        store_(realm.state().class_store(class_id)),
        info_(store_.info()),
        objects_(store_.object_count()) {}

  [[nodiscard]] std::optional<IndexedObjects> find(std::span<const QueryCondition> conditions) {
    Conditions all(memory_);
    for (const QueryCondition& condition : conditions) flatten(condition, all);
    std::pmr::vector<Lookup> lookups(memory_);
    std::optional<IndexedObjects> best;
    for (const QueryCondition& condition : all) {
      if (auto lookup = to_lookup(condition)) add(std::move(*lookup), lookups);
    }
    for (const Lookup& lookup : lookups) {
      take_better(best, find_values(lookup, rows_max(all, lookup.covered, best)), all);
    }
    for (const QueryCondition& condition : all) {
      if (const auto* text = condition.predicate->as<BoundText>()) {
        take_better(best,
                    find_words(*text, condition, rows_max(all, {&condition.predicate, 1}, best)),
                    all);
      } else if (const auto* group = condition.predicate->as<BoundGroup>()) {
        take_better(
            best, find_any(*group, condition, rows_max(all, {&condition.predicate, 1}, best)), all);
      }
    }
    return best;
  }

 private:
  using Conditions = std::pmr::vector<QueryCondition>;
  using Predicates = std::pmr::vector<const query::BoundPredicate*>;
  using PredicateSpan = std::span<const query::BoundPredicate* const>;

  /// The conditions on one property, as ranges of its index or as keys of objects.
  struct Lookup {
    PropertyIndex* index;
    TupleRanges ranges;
    std::vector<RowId> keyed;  ///< Without an index: what the primary keys lead to.
    Predicates covered;
  };
  /// Rows, and the conditions that hold for all of them.
  struct Found {
    std::vector<RowId> rows;
    Predicates covered;
    std::pmr::vector<const PropertyInfo*> properties;
  };

  static void flatten(const QueryCondition& condition, Conditions& all) {
    const auto* group = condition.predicate->as<BoundGroup>();
    const auto* fixed = condition.predicate->as<query::FixedNode>();
    if (fixed != nullptr && fixed->value) return;
    if (group == nullptr || !group->is_and) return all.push_back(condition);
    for (const query::BoundPredicate& operand : group->operands) {
      flatten({&operand, condition.evaluator}, all);
    }
  }

  static bool contains(PredicateSpan covered, const query::BoundPredicate* predicate) {
    return std::ranges::find(covered, predicate) != covered.end();
  }

  /// With how many rows an index is still cheaper than a walk over all objects, and than the best.
  [[nodiscard]] std::uint64_t rows_max(const Conditions& all,
                                       PredicateSpan covered,
                                       const std::optional<IndexedObjects>& best) const {
    std::uint64_t walk_cost = std::numeric_limits<std::uint32_t>::max();
    std::uint64_t row_cost = kRowCost;
    for (const QueryCondition& condition : all) {
      std::uint64_t cost = cost_of(*condition.predicate);
      if (!contains(covered, condition.predicate)) row_cost += kAskCost + cost;
      if (const auto* comparison = condition.predicate->as<BoundComparison>()) {
        const auto column = column_predicate(info_, *comparison, *condition.evaluator);
        if (column) cost = column_cost(*info_.find_property(column->property), *column);
      }
      walk_cost = std::min(walk_cost, cost);
    }
    const std::uint64_t rows = std::max(objects_ * walk_cost / row_cost, kRowsMin);
    return best ? std::min<std::uint64_t>(rows, best->rows.size()) : rows;
  }

  void take_better(std::optional<IndexedObjects>& best,
                   std::optional<Found> found,
                   const Conditions& all) const {
    if (!found || (best && best->rows.size() <= found->rows.size())) return;
    best.emplace(
        IndexedObjects{std::move(found->rows), Conditions(memory_), std::move(found->properties)});
    std::ranges::copy_if(all, std::back_inserter(best->rest), [&](const auto& condition) {
      return !contains(found->covered, condition.predicate);
    });
  }

  [[nodiscard]] Found make_found() const {
    return {{}, Predicates(memory_), std::pmr::vector<const PropertyInfo*>(memory_)};
  }

  // Values.

  /// Joins it with what there is of the same property: the ends of a range are two conditions.
  static void add(Lookup lookup, std::pmr::vector<Lookup>& lookups) {
    const auto same = std::ranges::find_if(lookups, [&](const Lookup& other) {
      return lookup.index != nullptr && other.index == lookup.index;
    });
    if (same == lookups.end()) return lookups.push_back(std::move(lookup));
    same->ranges = intersect(same->ranges, lookup.ranges);
    same->covered.insert(same->covered.end(), lookup.covered.begin(), lookup.covered.end());
  }

  [[nodiscard]] std::optional<Lookup> to_lookup(const QueryCondition& condition) {
    const auto* comparison = condition.predicate->as<BoundComparison>();
    if (comparison == nullptr || comparison->ignore_case) return std::nullopt;
    const PropertyInfo* property = own_property(info_, comparison->left);
    const auto* constant = comparison->right.as<query::ConstantOperand>();
    if (property == nullptr || constant == nullptr || property->is_collection()) {
      return std::nullopt;
    }
    if (property->id == info_.primary_key) return find_keys(condition, *comparison, *property);
    PropertyIndex* index = store_.find_index(property->id);
    if (index == nullptr) return std::nullopt;
    auto ranges = comparison->right.is_list
                      ? find_listed(*index, *comparison, *condition.evaluator)
                      : find_compared(*index, *comparison, *condition.evaluator);
    if (!ranges) return std::nullopt;
    Lookup lookup{index, std::move(*ranges), {}, Predicates(memory_)};
    if (lookup.ranges.is_exact) lookup.covered.push_back(condition.predicate);
    return lookup;
  }

  [[nodiscard]] std::optional<TupleRanges> find_compared(const PropertyIndex& index,
                                                         const BoundComparison& comparison,
                                                         const query::Evaluator& evaluator) {
    if (index.property().type != PropertyType::kMixed) {
      const auto column = column_predicate(info_, comparison, evaluator);
      if (!column) return std::nullopt;
      return index.find(column->comparison, column->operand, column->nulls_are_lowest);
    }
    const auto op = to_comparison(comparison.op);
    const auto operand = to_store_value(
        evaluator.constant(comparison.right.as<query::ConstantOperand>()->constant)[0]);
    if (!op || !operand) return std::nullopt;
    return index.find(*op, *operand, false);
  }

  /// The values that one of has to be equal; nullopt: they are not all the index's.
  [[nodiscard]] static std::optional<std::vector<Value>> listed_values(
      const PropertyInfo& property,
      const BoundComparison& comparison,
      const query::Evaluator& evaluator) {
    if (comparison.op != CompareOperator::kEqual || comparison.is_whole_list ||
        !is_any(comparison.right.quantifier)) {
      return std::nullopt;
    }
    std::vector<Value> values;
    const auto* constant = comparison.right.as<query::ConstantOperand>();
    for (const query::Value& listed : evaluator.constant(constant->constant)) {
      const auto value = to_store_value(listed);
      if (!value) return std::nullopt;
      const bool is_of_type = property.type == PropertyType::kMixed || value->is_null() ||
                              static_cast<PropertyType>(value->type()) == property.type;
      if (is_of_type) {
        values.push_back(*value);
      } else if (listed.is_number() && property.type == PropertyType::kInt) {
        return std::nullopt;  // It may be equal all the same.
      }
    }
    return values;
  }

  [[nodiscard]] static std::optional<TupleRanges> find_listed(const PropertyIndex& index,
                                                              const BoundComparison& comparison,
                                                              const query::Evaluator& evaluator) {
    const auto values = listed_values(index.property(), comparison, evaluator);
    if (!values) return std::nullopt;
    TupleRanges all;
    for (const Value& value : *values) {
      const auto ranges = index.find(Comparison::kEqual, value, false);
      if (!ranges) return std::nullopt;
      all.ranges.insert(all.ranges.end(), ranges->ranges.begin(), ranges->ranges.end());
      all.is_exact = all.is_exact && ranges->is_exact;
    }
    return unite(all, {});
  }

  /// The objects with one of the listed primary keys.
  [[nodiscard]] std::optional<Lookup> find_keys(const QueryCondition& condition,
                                                const BoundComparison& comparison,
                                                const PropertyInfo& property) {
    std::optional<std::vector<Value>> values;
    if (comparison.right.is_list) {
      values = listed_values(property, comparison, *condition.evaluator);
    } else if (const auto column = column_predicate(info_, comparison, *condition.evaluator);
               column && column->comparison == Comparison::kEqual) {
      values = {column->operand};
    }
    if (!values) return std::nullopt;
    Lookup lookup{nullptr, {}, {}, Predicates({condition.predicate}, memory_)};
    for (const Value& value : *values) {
      const auto row = realm_.find(info_.id, ObjectKey::of(value));
      if (row) lookup.keyed.push_back(*row);
    }
    return lookup;
  }

  [[nodiscard]] std::optional<Found> find_values(const Lookup& lookup, std::uint64_t rows_max) {
    Found found = make_found();
    found.covered = lookup.covered;
    if (lookup.index == nullptr) {
      found.rows = lookup.keyed;
      found.properties.push_back(&info_.key_property());
      sort_rows(found.rows);
      return found;
    }
    if (!collect(lookup.index->tuples(), lookup.ranges, rows_max, found.rows)) return std::nullopt;
    found.properties.push_back(&lookup.index->property());
    sort_rows(found.rows);
    return found;
  }

  // Words.

  [[nodiscard]] std::optional<Found> find_words(const BoundText& text,
                                                const QueryCondition& condition,
                                                std::uint64_t rows_max) {
    const query::BoundPath& path = text.path;
    const bool is_own = path.steps.size() == 1 &&
                        path.steps[0].kind == query::BoundStep::Kind::kProperty &&
                        is_any(text.quantifier);
    if (!is_own) return std::nullopt;
    PropertyIndex* index = store_.find_index(PropertyId(path.steps[0].property));
    const query::FullTextQuery& wanted = text.query;
    const bool only_excludes = wanted.words.empty() && wanted.prefixes.empty();
    if (index == nullptr || (only_excludes && !wanted.matches_nothing)) return std::nullopt;
    Found found = make_found();
    found.properties.push_back(&index->property());
    found.covered.push_back(condition.predicate);
    if (wanted.matches_nothing) return found;

    // A long word may be another that begins so and has the same hash: the text decides.
    bool is_exact = true;
    std::vector<TupleRanges> words;
    for (const std::string& word : wanted.words) words.push_back(index->find_word(word));
    std::vector<TupleRanges> prefixes;
    for (const std::string& prefix : wanted.prefixes) {
      if (auto ranges = index->find_prefix(prefix)) {
        prefixes.push_back(std::move(*ranges));
      } else {
        is_exact = false;
      }
    }
    if (words.empty() && prefixes.empty()) return std::nullopt;
    for (const TupleRanges& ranges : words) is_exact = is_exact && ranges.is_exact;
    for (const TupleRanges& ranges : prefixes) is_exact = is_exact && ranges.is_exact;

    if (words.empty()) {
      if (!collect(index->tuples(), prefixes.front(), rows_max, found.rows)) return std::nullopt;
      sort_rows(found.rows);
      prefixes.erase(prefixes.begin());
    } else if (!collect_rarest(*index, words, rows_max, found.rows)) {
      return std::nullopt;
    }
    for (const TupleRanges& ranges : words) {
      RowWalk walk(index->tuples(), ranges.ranges.front());
      std::erase_if(found.rows, [&](RowId row) { return !walk.has(row); });
    }
    for (const std::string& word : wanted.excluded) {
      const TupleRanges ranges = index->find_word(word);
      is_exact = is_exact && ranges.is_exact;
      if (!ranges.is_exact) continue;
      RowWalk walk(index->tuples(), ranges.ranges.front());
      std::erase_if(found.rows, [&](RowId row) { return walk.has(row); });
    }
    keep_prefixes(*index, prefixes, found.rows, is_exact);
    if (!is_exact) found.covered.clear();
    return found;
  }

  /// Collects the rows of the word that has the fewest, and takes it out of `words`.
  static bool collect_rarest(PropertyIndex& index,
                             std::vector<TupleRanges>& words,
                             std::uint64_t rows_max,
                             std::vector<RowId>& rows) {
    constexpr std::uint64_t kFirstRows = 256;
    constexpr std::uint64_t kGrowth = 8;
    for (std::uint64_t limit = std::min(kFirstRows, rows_max);;) {
      for (auto word = words.begin(); word != words.end(); ++word) {
        if (!collect(index.tuples(), *word, limit, rows)) continue;
        words.erase(word);
        return true;
      }
      if (limit == rows_max) return false;
      limit = std::min(limit * kGrowth, rows_max);
    }
  }

  /// Keeps the rows that have a word with each of the prefixes, unless there are many of those.
  void keep_prefixes(PropertyIndex& index,
                     const std::vector<TupleRanges>& prefixes,
                     std::vector<RowId>& rows,
                     bool& is_exact) const {
    for (const TupleRanges& ranges : prefixes) {
      std::vector<RowId> others;
      if (!collect(index.tuples(), ranges, objects_, others)) {
        is_exact = false;
        continue;
      }
      sort_rows(others);
      std::vector<RowId> both;
      std::ranges::set_intersection(rows, others, std::back_inserter(both));
      rows = std::move(both);
    }
  }

  // Groups.

  /// The objects for which any of the operands holds.
  [[nodiscard]] std::optional<Found> find_any(const BoundGroup& group,
                                              const QueryCondition& condition,
                                              std::uint64_t rows_max) {
    TOMBOLO_ASSERT(!group.is_and);
    Found found = make_found();
    found.covered.push_back(condition.predicate);
    for (const query::BoundPredicate& operand : group.operands) {
      const QueryCondition one{&operand, condition.evaluator};
      const auto objects = find({&one, 1});
      if (!objects || found.rows.size() + objects->rows.size() > rows_max) return std::nullopt;
      found.rows.insert(found.rows.end(), objects->rows.begin(), objects->rows.end());
      if (!objects->rest.empty()) found.covered.clear();
      for (const PropertyInfo* property : objects->properties) {
        if (std::ranges::find(found.properties, property) == found.properties.end()) {
          found.properties.push_back(property);
        }
      }
    }
    sort_rows(found.rows);
    return found;
  }

  const RealmReader& realm_;
  std::pmr::memory_resource* memory_;
  ClassStore& store_;
  const ClassInfo& info_;
  std::uint64_t objects_;
};

}  // namespace

std::optional<IndexedObjects> search_indexes(const RealmReader& realm,
                                             ClassId class_id,
                                             std::span<const QueryCondition> conditions,
                                             std::pmr::memory_resource& memory) {
  return Search(realm, class_id, memory).find(conditions);
}

}  // namespace tombolo::store
