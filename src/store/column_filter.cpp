#include "store/column_filter.h"

#include <algorithm>
#include <bit>
#include <compare>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "query/text_match.h"
#include "store/realm_state.h"

namespace tombolo::store {
namespace {

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
    case Comparison::kBeginsWith:
    case Comparison::kEndsWith:
    case Comparison::kContains:
    case Comparison::kLike: return false;
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
    case Comparison::kBeginsWith:
    case Comparison::kEndsWith:
    case Comparison::kContains:
    case Comparison::kLike: return;
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

bool is_equality(Comparison comparison) noexcept {
  return comparison == Comparison::kEqual || comparison == Comparison::kNotEqual;
}
bool is_textual(Comparison comparison) noexcept {
  return comparison >= Comparison::kBeginsWith;
}

}  // namespace

ColumnFilter::ColumnFilter(const RealmReader& realm, ClassId class_id, const Predicate& predicate)
    : realm_(realm),
      property_(realm.state().property(class_id, predicate.property)),
      predicate_(predicate),
      scan_(realm, class_id, predicate.property) {
  check(realm.state().class_store(class_id).info());
  has_tombstones_ = property_.type == PropertyType::kLink &&
                    realm.state().class_store(property_.target).has_tombstones();
}

bool ColumnFilter::is_plain_int_equality() const noexcept {
  return property_.type == PropertyType::kInt && !predicate_.operand.is_null() &&
         predicate_.comparison == Comparison::kEqual && predicate_.operand.as_int() != 0;
}

std::uint64_t ColumnFilter::count_plain(const ColumnBlock& block) const {
  const std::int64_t operand = predicate_.operand.as_int();
  return visit_all(block, [&]<typename T>(std::span<const T> values) -> std::uint64_t {
    const auto narrow = static_cast<T>(operand);
    return narrow == operand ? count_equal(values, narrow) : 0;
  });
}

void ColumnFilter::evaluate(const ColumnBlock& block,
                            const Matches& candidates,
                            Matches& matches) const {
  const Comparison comparison = predicate_.comparison;
  if (predicate_.operand.is_null()) {
    match_null(block, matches);
  } else {
    match_operand(block, candidates, matches);
    if (block.valid != nullptr) {
      const bool takes_nulls =
          predicate_.nulls_are_lowest &&
          (comparison == Comparison::kLess || comparison == Comparison::kLessOrEqual);
      for (std::size_t i = 0; i < matches.size(); ++i) {
        matches[i] &= block.valid[i];
        if (takes_nulls) matches[i] |= ~block.valid[i];
      }
    }
  }
  // Unequal is what is not equal, null and NaN included.
  if (comparison == Comparison::kNotEqual) {
    for (std::uint64_t& word : matches) word = ~word;
  }
}

void ColumnFilter::check(const ClassInfo& owner) const {
  const bool is_text =
      property_.type == PropertyType::kString || property_.type == PropertyType::kBinary;
  const bool has_order =
      property_.type != PropertyType::kLink && property_.type != PropertyType::kBool;
  const bool has_type = predicate_.operand.is_null() ||
                        static_cast<PropertyType>(predicate_.operand.type()) == property_.type;
  const bool fits = is_textual(predicate_.comparison)
                        ? is_text && !predicate_.operand.is_null()
                        : is_equality(predicate_.comparison) || has_order;
  if (has_type && fits) return;
  throw Error(ErrorCode::kTypeMismatch,
              "'" + owner.name + "." + property_.name + "' of type " +
                  std::string(to_string(property_.type)) + " cannot be compared like this");
}

void ColumnFilter::match_null(const ColumnBlock& block, Matches& matches) const {
  matches.fill(0);
  if (!is_equality(predicate_.comparison)) return;
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

bool ColumnFilter::leads_nowhere(std::uint64_t row) const {
  return row == 0 ||
         (has_tombstones_ && realm_.state().is_tombstone({property_.target, RowId(row)}));
}

void ColumnFilter::match_operand(const ColumnBlock& block,
                                 const Matches& candidates,
                                 Matches& matches) const {
  const Value& operand = predicate_.operand;
  const Comparison comparison = predicate_.comparison;
  matches.fill(0);
  switch (property_.type) {
    case PropertyType::kInt:
      return visit_all(
          block, [&](auto values) { compare_all(values, operand.as_int(), comparison, matches); });
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
      return match_ordered(
          block, candidates, matches, [&](std::uint32_t i) -> std::partial_ordering {
            return Timestamp{seconds[i], block.nanoseconds[i]} <=> time;
          });
    }
    case PropertyType::kDecimal: {
      const Decimal128 number = operand.as_decimal();
      return match_ordered(block, candidates, matches, [&](std::uint32_t i) {
        return compare(block.as<Decimal128>()[i], number);
      });
    }
    case PropertyType::kObjectId: {
      const ObjectId id = operand.as_object_id();
      return match_ordered(
          block, candidates, matches, [&](std::uint32_t i) -> std::partial_ordering {
            return block.as<ObjectId>()[i] <=> id;
          });
    }
    case PropertyType::kUuid: {
      const Uuid uuid = operand.as_uuid();
      return match_ordered(
          block, candidates, matches, [&](std::uint32_t i) -> std::partial_ordering {
            return block.as<Uuid>()[i] <=> uuid;
          });
    }
    case PropertyType::kString:
    case PropertyType::kBinary: return match_texts(block, candidates, matches);
    case PropertyType::kMixed: return;
  }
}

void ColumnFilter::match_texts(const ColumnBlock& block,
                               const Matches& candidates,
                               Matches& matches) const {
  const std::string_view operand = predicate_.operand.text();
  const bool fold = predicate_.ignore_case;
  const auto match = [&](auto&& test) {
    collect(block.count, matches, [&](std::uint32_t i) {
      const bool is_candidate = ((candidates[i / 64] >> (i % 64)) & 1U) != 0;
      return is_candidate && test(scan_.text(i));
    });
  };
  switch (predicate_.comparison) {
    case Comparison::kEqual:
    case Comparison::kNotEqual:
      if (fold) return match([&](auto text) { return query::equals_folded(text, operand); });
      return match([&](auto text) { return text == operand; });
    case Comparison::kBeginsWith:
      return match([&](auto text) { return query::begins_with(text, operand, fold); });
    case Comparison::kEndsWith:
      return match([&](auto text) { return query::ends_with(text, operand, fold); });
    case Comparison::kContains:
      if (!fold && match_contained(block, candidates, matches)) return;
      return match([&](auto text) { return query::contains(text, operand, fold); });
    case Comparison::kLike:
      return match([&](auto text) { return query::is_like(text, operand, fold); });
    case Comparison::kLess:
    case Comparison::kLessOrEqual:
    case Comparison::kGreater:
    case Comparison::kGreaterOrEqual:
      return match([&](auto text) {
        return satisfies(to_order(text.compare(operand)), predicate_.comparison);
      });
  }
}

/// Searches all texts of the block in one go, if most of them are candidates and they lie one
/// behind the other.
bool ColumnFilter::match_contained(const ColumnBlock& block,
                                   const Matches& candidates,
                                   Matches& matches) const {
  constexpr std::uint32_t kShareMin = 4;
  const std::string_view needle = predicate_.operand.text();
  std::uint32_t wanted = 0;
  for (const std::uint64_t word : candidates) {
    wanted += static_cast<std::uint32_t>(std::popcount(word));
  }
  if (needle.empty() || wanted * kShareMin < block.objects) return false;
  const auto texts = scan_.texts();
  if (!texts) return false;

  const auto set = [&](std::uint32_t slot) { matches[slot / 64] |= std::uint64_t{1} << slot % 64; };
  const std::string_view all = texts->bytes;
  std::uint32_t slot = 0;
  for (std::size_t at = 0;;) {
    const void* hit = ::memmem(all.data() + at, all.size() - at, needle.data(), needle.size());
    if (hit == nullptr) break;
    const auto found = static_cast<std::size_t>(static_cast<const char*>(hit) - all.data());
    while (texts->end(slot) <= found) ++slot;
    const std::size_t end = texts->end(slot);
    // What begins in one text and ends in another is in neither.
    const bool is_inside = found + needle.size() <= end;
    if (is_inside) set(slot);
    at = is_inside ? end : found + 1;
  }
  for (slot = 0; slot < block.count; ++slot) {
    if (texts->is_large(slot) && query::contains(scan_.text(slot), needle, false)) set(slot);
  }
  for (std::size_t i = 0; i < matches.size(); ++i) matches[i] &= candidates[i];
  return true;
}

template <typename Order>
void ColumnFilter::match_ordered(const ColumnBlock& block,
                                 const Matches& candidates,
                                 Matches& matches,
                                 Order&& order) const {
  const Comparison comparison =
      predicate_.comparison == Comparison::kNotEqual ? Comparison::kEqual : predicate_.comparison;
  collect(block.count, matches, [&](std::uint32_t i) {
    const bool is_candidate = ((candidates[i / 64] >> (i % 64)) & 1U) != 0;
    return is_candidate && satisfies(order(i), comparison);
  });
}

}  // namespace tombolo::store
