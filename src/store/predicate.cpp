#include "store/predicate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "store/column_scan.h"
#include "store/realm_state.h"

namespace tombolo::store {
namespace {

/// Which slots of a block match: a bit for each.
using Matches = std::array<std::uint64_t, kBitmapWordsMax>;

/// Sets bit i for each i below `count` where `test(i)` holds, without a branch.
template <typename Test>
void collect(std::uint32_t count, Matches& matches, Test&& test) {
  for (std::uint32_t word = 0; word * 64 < count; ++word) {
    const std::uint32_t first = word * 64;
    const std::uint32_t bits = std::min<std::uint32_t>(64, count - first);
    std::uint64_t found = 0;
    for (std::uint32_t i = 0; i < bits; ++i) {
      found |= static_cast<std::uint64_t>(test(first + i)) << i;
    }
    matches[word] = found;
  }
}

bool satisfies(std::partial_ordering order, Comparison comparison) noexcept {
  switch (comparison) {
    case Comparison::kEqual: return order == 0;
    case Comparison::kNotEqual: return order != 0;
    case Comparison::kLess: return order < 0;
    case Comparison::kLessOrEqual: return order <= 0;
    case Comparison::kGreater: return order > 0;
    case Comparison::kGreaterOrEqual: return order >= 0;
  }
  return false;
}

/// The loop over one array for each comparison, so that none is decided inside it.
template <typename T, typename Operand>
void compare_all(std::span<const T> values,
                 Operand operand,
                 Comparison comparison,
                 Matches& matches) {
  const T* from = values.data();
  const auto count = static_cast<std::uint32_t>(values.size());
  switch (comparison) {
    case Comparison::kEqual:
    case Comparison::kNotEqual:
      return collect(count, matches, [=](std::uint32_t i) { return from[i] == operand; });
    case Comparison::kLess:
      return collect(count, matches, [=](std::uint32_t i) { return from[i] < operand; });
    case Comparison::kLessOrEqual:
      return collect(count, matches, [=](std::uint32_t i) { return from[i] <= operand; });
    case Comparison::kGreater:
      return collect(count, matches, [=](std::uint32_t i) { return from[i] > operand; });
    case Comparison::kGreaterOrEqual:
      return collect(count, matches, [=](std::uint32_t i) { return from[i] >= operand; });
  }
}

std::partial_ordering to_order(int comparison) noexcept {
  return comparison <=> 0;
}

/// How many values equal `wanted`, in counters as wide as the values: so the loop is vectorised.
template <typename T>
std::uint64_t count_equal(std::span<const T> values, T wanted) noexcept {
  constexpr std::size_t kRun = 128;  // Fits the narrowest counter.
  std::uint64_t count = 0;
  for (; !values.empty(); values = values.subspan(std::min(kRun, values.size()))) {
    std::make_unsigned_t<T> in_run = 0;
    for (const T value : values.first(std::min(kRun, values.size()))) {
      in_run = static_cast<std::make_unsigned_t<T>>(in_run + (value == wanted));
    }
    count += in_run;
  }
  return count;
}

/// Calls `visit` with the ints or links of a block as they are kept.
template <typename Visit>
decltype(auto) visit_all(const ColumnBlock& block, Visit&& visit) {
  return visit_integers(block.values, block.count, block.integer_width, visit);
}

/// One predicate over the blocks of its property.
class Evaluator {
 public:
  Evaluator(const RealmReader& realm, ClassId class_id, const Predicate& predicate)
      : realm_(realm),
        property_(realm.state().property(class_id, predicate.property)),
        predicate_(predicate),
        scan_(realm, class_id, predicate.property) {
    check(realm.state().class_store(class_id).info());
    has_tombstones_ = property_.type == PropertyType::kLink &&
                      realm.state().class_store(property_.target).has_tombstones();
  }

  [[nodiscard]] const ColumnBlock* next() { return scan_.next(); }

  /// Whether a plain count over the values is enough: an int that no empty slot can equal.
  [[nodiscard]] bool is_plain_int_equality() const noexcept {
    return property_.type == PropertyType::kInt && !predicate_.operand.is_null() &&
           predicate_.comparison == Comparison::kEqual && predicate_.operand.as_int() != 0;
  }
  [[nodiscard]] std::uint64_t count_plain(const ColumnBlock& block) const {
    const std::int64_t operand = predicate_.operand.as_int();
    return visit_all(block, [&]<typename T>(std::span<const T> values) -> std::uint64_t {
      const auto narrow = static_cast<T>(operand);
      return narrow == operand ? count_equal(values, narrow) : 0;
    });
  }

  /// Leaves in `matches` the slots that match; what is no object is the caller's to take out.
  void evaluate(const ColumnBlock& block, Matches& matches) const {
    if (predicate_.operand.is_null()) {
      match_null(block, matches);
    } else {
      match_operand(block, matches);
      if (block.valid != nullptr) {
        for (std::size_t i = 0; i < matches.size(); ++i) matches[i] &= block.valid[i];
      }
    }
    // Unequal is what is not equal, null and NaN included.
    if (predicate_.comparison == Comparison::kNotEqual) {
      for (std::uint64_t& word : matches) word = ~word;
    }
  }

 private:
  void check(const ClassInfo& owner) const {
    const bool is_equality = predicate_.comparison == Comparison::kEqual ||
                             predicate_.comparison == Comparison::kNotEqual;
    const bool has_order =
        property_.type != PropertyType::kLink && property_.type != PropertyType::kBool;
    const bool has_type = predicate_.operand.is_null() ||
                          static_cast<PropertyType>(predicate_.operand.type()) == property_.type;
    if (has_type && (is_equality || has_order)) return;
    throw Error(ErrorCode::kTypeMismatch,
                "'" + owner.name + "." + property_.name + "' of type " +
                    std::string(to_string(property_.type)) + " cannot be compared like this");
  }

  void match_null(const ColumnBlock& block, Matches& matches) const {
    matches.fill(0);
    const bool is_equality = predicate_.comparison == Comparison::kEqual ||
                             predicate_.comparison == Comparison::kNotEqual;
    if (!is_equality) return;
    if (property_.type == PropertyType::kLink) {
      visit_all(block, [&](auto rows) {
        collect(block.count, matches, [&](std::uint32_t i) {
          return leads_nowhere(static_cast<std::uint64_t>(rows[i]));
        });
      });
    } else if (block.valid != nullptr) {
      for (std::size_t i = 0; i < matches.size(); ++i) matches[i] = ~block.valid[i];
    }
  }

  [[nodiscard]] bool leads_nowhere(std::uint64_t row) const {
    return row == 0 ||
           (has_tombstones_ && realm_.state().is_tombstone({property_.target, RowId(row)}));
  }

  void match_operand(const ColumnBlock& block, Matches& matches) const {
    const Value& operand = predicate_.operand;
    const Comparison comparison = predicate_.comparison;
    matches.fill(0);
    switch (property_.type) {
      case PropertyType::kInt:
        return visit_all(block, [&](auto values) {
          compare_all(values, operand.as_int(), comparison, matches);
        });
      case PropertyType::kFloat:
        return compare_all(block.as<float>(), operand.as_float(), comparison, matches);
      case PropertyType::kDouble:
        return compare_all(block.as<double>(), operand.as_double(), comparison, matches);
      case PropertyType::kBool:
        return compare_all(block.as<std::uint8_t>(),
                           static_cast<std::uint8_t>(operand.as_bool()),
                           comparison,
                           matches);
      case PropertyType::kLink: {
        const ObjectRef target = operand.as_link();
        if (target.class_id != property_.target) return;
        return visit_all(block, [&](auto rows) {
          compare_all(rows, static_cast<std::int64_t>(target.row.value()), comparison, matches);
        });
      }
      case PropertyType::kTimestamp: {
        const Timestamp time = operand.as_timestamp();
        const auto seconds = block.as<std::int64_t>();
        return match_ordered(block, matches, [&](std::uint32_t i) -> std::partial_ordering {
          return Timestamp{seconds[i], block.nanoseconds[i]} <=> time;
        });
      }
      case PropertyType::kDecimal: {
        const Decimal128 number = operand.as_decimal();
        return match_ordered(block, matches, [&](std::uint32_t i) {
          return compare(block.as<Decimal128>()[i], number);
        });
      }
      case PropertyType::kObjectId: {
        const ObjectId id = operand.as_object_id();
        return match_ordered(block, matches, [&](std::uint32_t i) -> std::partial_ordering {
          return block.as<ObjectId>()[i] <=> id;
        });
      }
      case PropertyType::kUuid: {
        const Uuid uuid = operand.as_uuid();
        return match_ordered(block, matches, [&](std::uint32_t i) -> std::partial_ordering {
          return block.as<Uuid>()[i] <=> uuid;
        });
      }
      case PropertyType::kString:
      case PropertyType::kBinary:
        return match_ordered(block, matches, [&](std::uint32_t i) {
          return to_order(scan_.text(i).compare(operand.text()));
        });
      case PropertyType::kMixed: return;
    }
  }

  /// What is not compared in bulk: only objects are looked at.
  template <typename Order>
  void match_ordered(const ColumnBlock& block, Matches& matches, Order&& order) const {
    const Comparison comparison =
        predicate_.comparison == Comparison::kNotEqual ? Comparison::kEqual : predicate_.comparison;
    collect(block.count, matches, [&](std::uint32_t i) {
      const bool is_object = ((block.present[i / 64] >> (i % 64)) & 1U) != 0;
      return is_object && satisfies(order(i), comparison);
    });
  }

  const RealmReader& realm_;
  const PropertyInfo& property_;
  const Predicate& predicate_;
  ColumnScan scan_;
  bool has_tombstones_ = false;
};

/// Calls `visit(first row, matches)` for each block until it answers false. The scans go in step,
/// because the blocks of all properties have the same rows.
template <typename Visit>
void for_each_block(std::vector<std::unique_ptr<Evaluator>>& evaluators, Visit&& visit) {
  for (;;) {
    Matches all{};
    RowId first;
    for (std::size_t i = 0; i < evaluators.size(); ++i) {
      const ColumnBlock* block = evaluators[i]->next();
      if (block == nullptr) return;
      Matches matches;
      evaluators[i]->evaluate(*block, matches);
      for (std::size_t word = 0; word < all.size(); ++word) {
        all[word] = (i == 0 ? block->present[word] : all[word]) & matches[word];
      }
      first = block->first;
    }
    if (!visit(first, all)) return;
  }
}

std::vector<std::unique_ptr<Evaluator>> make_evaluators(const RealmReader& realm,
                                                        ClassId class_id,
                                                        std::span<const Predicate> predicates) {
  std::vector<std::unique_ptr<Evaluator>> evaluators;
  for (const Predicate& predicate : predicates) {
    evaluators.push_back(std::make_unique<Evaluator>(realm, class_id, predicate));
  }
  return evaluators;
}

}  // namespace

std::uint64_t count_matching(const RealmReader& realm,
                             ClassId class_id,
                             std::span<const Predicate> predicates) {
  if (predicates.empty()) return realm.object_count(class_id);
  auto evaluators = make_evaluators(realm, class_id, predicates);
  std::uint64_t count = 0;
  if (evaluators.size() == 1 && evaluators.front()->is_plain_int_equality()) {
    while (const ColumnBlock* block = evaluators.front()->next()) {
      count += evaluators.front()->count_plain(*block);
    }
    return count;
  }
  for_each_block(evaluators, [&](RowId, const Matches& matches) {
    for (const std::uint64_t word : matches) count += std::popcount(word);
    return true;
  });
  return count;
}

void for_each_matching(const RealmReader& realm,
                       ClassId class_id,
                       std::span<const Predicate> predicates,
                       const std::function<bool(RowId)>& visit) {
  if (predicates.empty()) {
    for (RowId row = realm.first_row(class_id); row != kNoRow && visit(row);
         row = realm.next_row(class_id, row)) {
    }
    return;
  }
  auto evaluators = make_evaluators(realm, class_id, predicates);
  for_each_block(evaluators, [&](RowId first, const Matches& matches) {
    for (std::size_t word = 0; word < matches.size(); ++word) {
      for (std::uint64_t rest = matches[word]; rest != 0; rest &= rest - 1) {
        const auto slot = word * 64 + static_cast<std::size_t>(std::countr_zero(rest));
        if (!visit(RowId(first.value() + slot))) return false;
      }
    }
    return true;
  });
}

}  // namespace tombolo::store
