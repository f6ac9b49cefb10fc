#include "query/evaluator.h"

#include <algorithm>
#include <cmath>

#include "query/path_walk.h"
#include "query/static_type.h"
#include "query/text_match.h"

namespace tombolo::query {
namespace {

/// What one side of a comparison comes to for one object.
struct Values {
  std::vector<Value> items;
  bool is_missing = false;                        ///< No value at all: no comparison holds.
  const std::vector<Value>* constants = nullptr;  ///< In place of `items`.

  [[nodiscard]] const std::vector<Value>& all() const noexcept {
    return constants != nullptr ? *constants : items;
  }
};

bool is_nan(const Value& value) noexcept {
  return (value.kind() == ValueKind::kFloat || value.kind() == ValueKind::kDouble) &&
         std::isnan(value.as_real());
}

bool matches_text(const BoundComparison& comparison, const Value& text, const Value& needle) {
  const bool fold = comparison.ignore_case;
  if (needle.is_null()) return comparison.op != CompareOperator::kLike || text.is_null();
  if (text.kind() != needle.kind() || !text.is_text()) return false;
  switch (comparison.op) {
    case CompareOperator::kBeginsWith: return begins_with(text.as_text(), needle.as_text(), fold);
    case CompareOperator::kEndsWith: return ends_with(text.as_text(), needle.as_text(), fold);
    case CompareOperator::kContains: return contains(text.as_text(), needle.as_text(), fold);
    default: return is_like(text.as_text(), needle.as_text(), fold);
  }
}

bool are_equal(const BoundComparison& comparison, const Value& left, const Value& right) {
  if (comparison.is_ieee && (is_nan(left) || is_nan(right))) return false;
  if (comparison.ignore_case && left.is_text() && left.kind() == right.kind()) {
    return equals_folded(left.as_text(), right.as_text());
  }
  return compare(left, right) == 0;
}

template <typename Item, typename Test>
bool holds_for(Quantifier quantifier, const std::vector<Item>& items, Test&& test) {
  switch (quantifier) {
    case Quantifier::kAll: return std::ranges::all_of(items, test);
    case Quantifier::kNone: return std::ranges::none_of(items, test);
    case Quantifier::kUnwritten:
    case Quantifier::kAny: return std::ranges::any_of(items, test);
  }
  return false;
}

std::int64_t size_of(ObjectSource& source, const Value& value) {
  if (value.is_text()) return static_cast<std::int64_t>(value.as_text().size());
  return static_cast<std::int64_t>(source.size(value.as_collection()));
}

/// The value that MIN, MAX, SUM or AVG comes to.
class Aggregation {
 public:
  explicit Aggregation(const AggregateOperand& operand) : operand_(operand) {
    switch (operand.sum_kind) {
      case ValueKind::kInt: sum_ = Value::of_int(0); break;
      case ValueKind::kDecimal: sum_ = Value::of_decimal(make_decimal128(0)); break;
      default: sum_ = Value::of_double(0); break;
    }
  }

  void add(const Value& value) {
    if (value.is_null() || is_nan(value) ||
        (value.kind() == ValueKind::kDecimal && tombolo::is_nan(value.as_decimal()))) {
      return;
    }
    if (operand_.kind == AggregateKind::kMin || operand_.kind == AggregateKind::kMax) {
      const auto ordering = order(value, extreme_);
      const bool is_better = operand_.kind == AggregateKind::kMin ? ordering < 0 : ordering > 0;
      if (count_ == 0 || is_better) extreme_ = value;
    } else if (value.is_number()) {
      sum_ = compute(ArithmeticOperator::kAdd, sum_, widen(value));
    } else {
      return;
    }
    ++count_;
  }

  [[nodiscard]] Value result() const {
    switch (operand_.kind) {
      case AggregateKind::kMin:
      case AggregateKind::kMax: return extreme_;
      case AggregateKind::kSum: return sum_;
      case AggregateKind::kAverage: break;
    }
    if (count_ == 0) return {};
    return compute(ArithmeticOperator::kDivide, sum_, widen(Value::of_int(count_)));
  }

 private:
  /// A sum of floats is a double's.
  [[nodiscard]] Value widen(const Value& value) const {
    if (operand_.sum_kind == ValueKind::kDecimal) return Value::of_decimal(to_decimal(value));
    if (operand_.sum_kind == ValueKind::kInt) return value;
    const bool is_int = value.kind() == ValueKind::kInt;
    return Value::of_double(is_int ? static_cast<double>(value.as_int()) : value.as_real());
  }

  const AggregateOperand& operand_;
  std::int64_t count_ = 0;
  Value extreme_;
  Value sum_;
};

/// Evaluates the predicates for one object.
class ObjectEvaluation {
 public:
  ObjectEvaluation(const BoundQuery& query, ObjectSource& source, const Evaluator& evaluator)
      : query_(query),
        source_(source),
        evaluator_(evaluator) {}

  bool matches(const BoundPredicate& predicate, ObjectHandle object) {
    return std::visit([&](const auto& node) { return holds_here(node, object); }, predicate.data);
  }

 private:
  bool holds_here(const FixedNode& node, ObjectHandle) { return node.value; }
  bool holds_here(const BoundNot& node, ObjectHandle object) {
    return !matches(*node.operand, object);
  }
  bool holds_here(const BoundGroup& node, ObjectHandle object) {
    const auto test = [&](const BoundPredicate& operand) { return matches(operand, object); };
    return node.is_and ? std::ranges::all_of(node.operands, test)
                       : std::ranges::any_of(node.operands, test);
  }

  bool holds_here(const BoundComparison& node, ObjectHandle object) {
    Value left_one;
    Value right_one;
    const bool is_single = !node.left.is_list && !node.right.is_list;
    if (is_single) {
      return read_one(node.left, object, left_one) && read_one(node.right, object, right_one) &&
             holds(node, left_one, right_one);
    }
    const Values left = read(node.left, object);
    const Values right = read(node.right, object);
    if (left.is_missing || right.is_missing) return false;
    if (node.is_whole_list) return holds_for_lists(node, left.all(), right.all());
    const Quantifier of_left = node.left.is_list ? node.left.quantifier : Quantifier::kUnwritten;
    const Quantifier of_right = node.right.is_list ? node.right.quantifier : Quantifier::kUnwritten;
    const std::vector<Value>* ordered = ordered_constants(node);
    return holds_for(of_left, left.all(), [&](const Value& a) {
      if (ordered != nullptr) return std::ranges::binary_search(*ordered, a, is_before);
      return holds_for(of_right, right.all(), [&](const Value& b) { return holds(node, a, b); });
    });
  }

  static bool is_before(const Value& left, const Value& right) { return order(left, right) < 0; }

  /// The constants on the right, in order, where one of them has to be equal; null: they have to be
  /// asked one by one.
  const std::vector<Value>* ordered_constants(const BoundComparison& node) const {
    const auto* constant = node.right.as<ConstantOperand>();
    const bool is_any = node.right.quantifier == Quantifier::kUnwritten ||
                        node.right.quantifier == Quantifier::kAny;
    if (constant == nullptr || !is_any || node.op != CompareOperator::kEqual || node.ignore_case) {
      return nullptr;
    }
    return evaluator_.ordered(constant->constant);
  }

  static bool holds_for_lists(const BoundComparison& node,
                              const std::vector<Value>& left,
                              const std::vector<Value>& right) {
    if (left.size() != right.size()) return node.op == CompareOperator::kNotEqual;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!holds(node, left[i], right[i])) return false;
    }
    return true;
  }

  bool holds_here(const BoundText& node, ObjectHandle object) {
    std::vector<Value> texts;
    walk_path(query_, source_, node.path, object, [&](const Value& value) {
      texts.push_back(value);
      return true;
    });
    return holds_for(node.quantifier, texts, [&](const Value& value) {
      return value.kind() == ValueKind::kString && node.query.matches(value.as_text());
    });
  }

  bool holds_here(const BoundGeoWithin& node, ObjectHandle object) {
    std::vector<Value> points;
    walk_path(query_, source_, node.path, object, [&](const Value& value) {
      points.push_back(value);
      return true;
    });
    // Without a point nothing is within, not even all of them.
    if (points.empty() && node.quantifier == Quantifier::kAll) return false;
    return holds_for(node.quantifier, points, [&](const Value& value) {
      const auto point = find_point(node, value);
      return point && node.shape.contains(*point);
    });
  }

  std::optional<GeoPoint> find_point(const BoundGeoWithin& node, const Value& value) {
    if (!value.is_link()) return std::nullopt;
    const Value type = source_.get(value.as_link(), node.type_property);
    if (type.kind() != ValueKind::kString || type.as_text() != "Point") return std::nullopt;
    const Value coordinates = source_.get(value.as_link(), node.coordinates_property);
    if (!coordinates.is_collection()) return std::nullopt;
    const CollectionHandle list = coordinates.as_collection();
    if (source_.size(list) < 2) return std::nullopt;
    const Value longitude = source_.element(list, 0);
    const Value latitude = source_.element(list, 1);
    if (longitude.kind() != ValueKind::kDouble || latitude.kind() != ValueKind::kDouble) {
      return std::nullopt;
    }
    return GeoPoint{longitude.as_real(), latitude.as_real()};
  }

  /// The one value of an operand that is no list; false: there is none.
  bool read_one(const BoundOperand& operand, ObjectHandle object, Value& value) {
    if (const auto* constant = operand.as<ConstantOperand>()) {
      value = evaluator_.constant(constant->constant)[0];
      return true;
    }
    if (const auto* path = operand.as<PathOperand>()) {
      if (path->map == PathOperand::Map::kNone) {
        bool is_there = false;
        walk_path(query_, source_, path->path, object, [&](const Value& found) {
          value = found;
          is_there = true;
          return false;
        });
        return is_there;
      }
    }
    const Values values = read(operand, object);
    if (values.is_missing || values.all().empty()) return false;
    value = values.all()[0];
    return true;
  }

  Values read(const BoundOperand& operand, ObjectHandle object) {
    return std::visit([&](const auto& node) { return read_node(node, object); }, operand.data);
  }

  Values read_node(const ConstantOperand& node, ObjectHandle) {
    return {{}, false, &evaluator_.constant(node.constant)};
  }

  Values read_node(const PathOperand& node, ObjectHandle object) {
    switch (node.map) {
      case PathOperand::Map::kCount: return {{Value::of_int(count(node.path, object))}};
      case PathOperand::Map::kBacklinks: {
        std::int64_t links = 0;
        walk_path(query_, source_, node.path, object, [&](const Value& value) {
          if (value.is_link()) {
            links += static_cast<std::int64_t>(source_.count_backlinks(value.as_link()));
          }
          return true;
        });
        return {{Value::of_int(links)}};
      }
      case PathOperand::Map::kNone:
      case PathOperand::Map::kSize:
      case PathOperand::Map::kTypes: break;
    }
    Values values;
    walk_path(query_, source_, node.path, object, [&](const Value& value) {
      values.items.push_back(map_value(node.map, value));
      return true;
    });
    values.is_missing = values.items.empty() &&
                        (node.path.values != BoundPath::Values::kMany || node.path.ends_in_keys);
    return values;
  }

  Value map_value(PathOperand::Map map, const Value& value) {
    if (map == PathOperand::Map::kTypes) return Value::of_types(type_bit(value.kind()));
    if (map == PathOperand::Map::kNone) return value;
    if (!value.is_text() && !value.is_collection()) return {};
    return Value::of_int(size_of(source_, value));
  }

  /// How many values a path leads to. A collection at its end says its size.
  std::int64_t count(const BoundPath& path, ObjectHandle object) {
    using enum BoundStep::Kind;
    const BoundStep::Kind last = path.steps.back().kind;
    const bool ends_in_collection = last == kElements || last == kKeys;
    std::int64_t total = 0;
    walk_path(query_,
              source_,
              path,
              object,
              path.steps.size() - (ends_in_collection ? 1 : 0),
              [&](const Value& value) {
                if (!ends_in_collection) {
                  total += value.is_null() ? 0 : 1;
                } else if (value.is_collection()) {
                  total += size_of(source_, value);
                }
                return true;
              });
    return total;
  }

  Values read_node(const AggregateOperand& node, ObjectHandle object) {
    Aggregation aggregation(node);
    walk_path(query_, source_, node.path, object, [&](const Value& value) {
      aggregation.add(value);
      return true;
    });
    return {{aggregation.result()}};
  }

  Values read_node(const SubqueryOperand& node, ObjectHandle object) {
    std::int64_t matching = 0;
    walk_path(query_, source_, node.path, object, [&](const Value& value) {
      if (value.is_link() && matches(*node.predicate, value.as_link())) ++matching;
      return true;
    });
    return {{Value::of_int(matching)}};
  }

  Values read_node(const ArithmeticOperand& node, ObjectHandle object) {
    Values total = read(*node.first, object);
    bool is_list = node.first->is_list;
    for (const ArithmeticOperand::Step& step : node.rest) {
      const Values next = read(step.operand, object);
      total.is_missing = total.is_missing || next.is_missing;
      if (total.is_missing) return total;
      // At most one of the two is a list.
      std::vector<Value> results;
      for (const Value& left : total.all()) {
        for (const Value& right : next.all()) results.push_back(compute(step.op, left, right));
      }
      total = {std::move(results)};
      is_list = is_list || step.operand.is_list;
    }
    total.is_missing = total.items.empty() && !is_list;
    return total;
  }

  const BoundQuery& query_;
  ObjectSource& source_;
  const Evaluator& evaluator_;
};

/// Of so many values one that is equal is found by bisection.
constexpr std::size_t kSearchedMin = 8;

/// The values in order, if there are many of one kind, among which a binary search finds what is
/// equal; else none.
std::vector<Value> order_constants(const std::vector<Value>& values) {
  if (values.size() < kSearchedMin) return {};
  const ValueKind kind = values[0].kind();
  const bool is_one_kind =
      std::ranges::all_of(values, [&](const Value& value) { return value.kind() == kind; });
  const bool has_exact_order = kind == ValueKind::kInt || kind == ValueKind::kString ||
                               kind == ValueKind::kBinary || kind == ValueKind::kTimestamp ||
                               kind == ValueKind::kObjectId || kind == ValueKind::kUuid ||
                               kind == ValueKind::kLink;
  if (!is_one_kind || !has_exact_order) return {};
  std::vector<Value> ordered = values;
  std::ranges::sort(ordered, [](const Value& a, const Value& b) { return order(a, b) < 0; });
  return ordered;
}

}  // namespace

bool holds(const BoundComparison& comparison, const Value& left, const Value& right) {
  const CompareOperator op = comparison.op;
  if (op == CompareOperator::kEqual) return are_equal(comparison, left, right);
  if (op == CompareOperator::kNotEqual) return !are_equal(comparison, left, right);
  if (op >= CompareOperator::kBeginsWith) return matches_text(comparison, left, right);

  const bool has_one_null = left.is_null() != right.is_null();
  const bool is_null_ordered = comparison.nulls == BoundComparison::Nulls::kLowest;
  if (comparison.is_ieee && (is_nan(left) || is_nan(right))) return false;
  if (has_one_null && !is_null_ordered) return false;
  const std::partial_ordering ordering =
      has_one_null ? std::partial_ordering(order(left, right)) : compare(left, right);
  switch (op) {
    case CompareOperator::kLess: return ordering < 0;
    case CompareOperator::kLessOrEqual: return ordering <= 0;
    case CompareOperator::kGreater: return ordering > 0;
    case CompareOperator::kGreaterOrEqual: return ordering >= 0;
    default: return false;
  }
}

Evaluator::Evaluator(const BoundQuery& query, ObjectSource& source)
    : query_(query),
      source_(source) {
  if (query.read_error) throw *query.read_error;
  bool has_objects = false;
  bool has_searched = false;
  for (const BoundConstant& constant : query.constants) {
    has_objects = has_objects || !constant.objects.empty();
    has_searched = has_searched || constant.values.size() >= kSearchedMin;
  }
  for (std::size_t i = 0; has_objects && i < query.constants.size(); ++i) {
    std::vector<Value>& values = constants_.emplace_back(query.constants[i].values);
    for (const BoundConstant::Object& object : query.constants[i].objects) {
      const auto found = source.find_object(object.class_id, object.key);
      values[object.position] = found ? Value::of_link(*found) : Value();
    }
  }
  for (std::size_t i = 0; has_searched && i < query.constants.size(); ++i) {
    ordered_.push_back(order_constants(constant(i)));
  }
}

bool Evaluator::matches(ObjectHandle object) {
  return matches(query_.predicate, object);
}

bool Evaluator::matches(const BoundPredicate& predicate, ObjectHandle object) {
  const bool result = ObjectEvaluation(query_, source_, *this).matches(predicate, object);
  source_.release();
  return result;
}

void Evaluator::arrange(std::vector<ObjectHandle>& objects) {
  for (const BoundDescriptor& descriptor : query_.descriptors) arrange(descriptor, objects);
}

std::vector<ObjectHandle> evaluate(const BoundQuery& query,
                                   ObjectSource& source,
                                   const std::vector<ObjectHandle>& candidates) {
  Evaluator evaluator(query, source);
  std::vector<ObjectHandle> found;
  for (const ObjectHandle object : candidates) {
    if (evaluator.matches(object)) found.push_back(object);
  }
  evaluator.arrange(found);
  return found;
}

}  // namespace tombolo::query
