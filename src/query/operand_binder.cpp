#include "query/operand_binder.h"

#include "query/parser.h"

namespace tombolo::query {
namespace {

using Kind = StaticType::Kind;
using Suffix = PathExpression::Suffix;
using Map = PathOperand::Map;

constexpr std::string_view kOperatorNames[] = {"+", "-", "*", "/"};

[[noreturn]] void refuse_quantifier(TextPosition position, Quantifier quantifier) {
  fail_binding(
      position,
      "The keypath following '" + std::string(to_string(quantifier)) + "' must contain a list");
}

class OperandBinder {
 public:
  OperandBinder(const BindContext& context, PredicateBinder& predicates, const BindScope& scope)
      : context_(context),
        predicates_(predicates),
        scope_(scope) {}

  OperandDraft bind(const Expression& expression) {
    OperandDraft draft = std::visit(
        [&](const auto& node) { return bind_node(node, expression.position); }, expression.data);
    draft.position = expression.position;
    return draft;
  }

 private:
  OperandDraft bind_node(const ConstantExpression& node, TextPosition position) {
    OperandDraft draft;
    draft.is_constant = true;
    draft.quantifier = node.quantifier;
    const auto* argument = node.value.as<Constant::Argument>();
    if (argument == nullptr) {
      draft.constants.push_back({&node.value, {}, position});
      draft.type = native_type(node.value);
      return draft;
    }
    const Constant& value = context_.argument(argument->index, position);
    if (const auto* list = value.as<Constant::List>()) {
      draft.is_list = true;
      draft.type = {Kind::kMixed, {}};
      for (const Constant& element : *list) {
        draft.constants.push_back({&element, argument->index, position});
      }
      return draft;
    }
    if (node.quantifier != Quantifier::kUnwritten) refuse_quantifier(position, node.quantifier);
    draft.constants.push_back({&value, argument->index, position});
    draft.type = native_type(value);
    return draft;
  }

  OperandDraft bind_node(const ListExpression& node, TextPosition position) {
    OperandDraft draft;
    draft.is_constant = true;
    draft.is_list = true;
    draft.quantifier = node.quantifier;
    draft.type = {Kind::kMixed, {}};
    for (const Constant& element : node.elements) {
      draft.constants.push_back({&element, {}, position});
    }
    return draft;
  }

  OperandDraft bind_node(const PathExpression& node, TextPosition position) {
    PathExpression resolved = resolve_path(context_, node.path);
    Suffix suffix = resolved.suffix;
    if (node.suffix != Suffix::kNone) {
      if (suffix != Suffix::kNone) {
        fail_binding(position, "The key path in the argument has a suffix already");
      }
      suffix = node.suffix;
    }
    PathTarget target = bind_path(context_, scope_, node.path.argument ? resolved.path : node.path);

    OperandDraft draft;
    draft.quantifier = node.quantifier;
    if (suffix == Suffix::kType && bind_constant_type(target, draft)) return draft;
    Map map = target.is_lengths ? Map::kSize : Map::kNone;
    draft.is_column = is_column(target);
    if (target.counts_backlinks) {
      if (suffix != Suffix::kCount && suffix != Suffix::kSize) {
        fail_binding(position, "'@links' is followed by a class and its property, or by '@count'");
      }
      map = Map::kBacklinks;
    } else if (suffix == Suffix::kType) {
      target.enter_collection();
      map = Map::kTypes;
      draft.type = {Kind::kTypes, {}};
    } else if (suffix != Suffix::kNone) {
      map = bind_size(target, suffix, position);
      draft.is_column = false;
    } else {
      target.enter_collection();
    }
    if (map != Map::kTypes) {
      draft.type = map == Map::kNone ? target.type : StaticType{Kind::kInt, {}};
    }
    const bool is_single_value = map == Map::kCount || map == Map::kBacklinks;
    draft.is_list = !is_single_value && target.path.values != BoundPath::Values::kOne;
    if (node.quantifier != Quantifier::kUnwritten && !draft.is_list) {
      refuse_quantifier(position, node.quantifier);
    }
    draft.is_own_property = map == Map::kNone && target.is_own_property();
    draft.is_keys = target.path.ends_in_keys;
    draft.is_link_list = draft.type.is(Kind::kLink) && draft.is_list &&
                         target.last_collection != CollectionType::kDictionary;
    draft.operand.data = PathOperand{std::move(target.path), map};
    return draft;
  }

  /// Whether the values of the path are a column of primitive values, for which the reference has
  /// no comparison in order.
  static bool is_column(const PathTarget& target) {
    if (target.type.is(Kind::kLink) || target.is_lengths) return false;
    if (target.open_collection) return true;
    if (target.is_typed_key) return true;
    if (target.path.steps.empty()) return false;
    using enum BoundStep::Kind;
    const BoundStep::Kind last = target.path.steps.back().kind;
    return last == kElements || last == kIndex || last == kLast;
  }

  /// `@type` of values that are all of one type is a constant.
  bool bind_constant_type(const PathTarget& target, OperandDraft& draft) const {
    if (target.type.is(Kind::kMixed)) return false;
    draft.is_constant = true;
    draft.type = {Kind::kTypes, {}};
    draft.computed = Value::of_types(types_of(target.type.kind));
    return true;
  }

  static Map bind_size(PathTarget& target, Suffix suffix, TextPosition position) {
    const bool is_link = target.type.is(Kind::kLink);
    if (target.open_collection) {
      const bool is_fanned_out = target.path.values == BoundPath::Values::kMany;
      if (is_fanned_out && !is_link) return Map::kSize;
      target.enter_collection();
      return Map::kCount;
    }
    if (is_link || target.path.ends_in_keys) return Map::kCount;
    if (target.type.is_text() || target.type.is(Kind::kMixed)) return Map::kSize;
    fail_binding(position,
                 "Operation '" + std::string(suffix == Suffix::kCount ? "@count" : "@size") +
                     "' is not supported on property of type '" +
                     std::string(to_string(target.type.kind)) + "'");
  }

  OperandDraft bind_node(const AggregateExpression& node, TextPosition position) {
    constexpr std::string_view kNames[] = {"@min", "@max", "@sum", "@avg"};
    const std::string name(kNames[static_cast<std::size_t>(node.kind)]);
    const PathExpression resolved = resolve_path(context_, node.path);
    PathTarget target = bind_path(context_, scope_, node.path.argument ? resolved.path : node.path);
    const auto refuse = [&](const StaticType& type) {
      fail_binding(position,
                   "Operation '" + name + "' is not supported on property of type '" +
                       std::string(to_string(type.kind)) + "'");
    };

    StaticType type = target.type;
    bool may_be_timestamp = false;
    if (node.property) {
      if (!type.is(Kind::kLink) || !type.class_index || target.counts_backlinks) {
        fail_binding(node.property->position, "Cannot use aggregate: the path leads to no objects");
      }
      target.enter_collection();
      const QueryClass& owner = context_.class_at(*type.class_index);
      const QueryProperty* property = owner.find_property(node.property->text);
      if (property == nullptr || property->origin) {
        fail_binding(node.property->position,
                     "'" + owner.name + "' has no property '" + excerpt(node.property->text) + "'");
      }
      if (property->collection != CollectionType::kSingle) {
        fail_binding(node.property->position, "Cannot use aggregate on a collection of objects");
      }
      BoundStep& step = target.path.steps.emplace_back();
      step.class_id = owner.id;
      step.property = property->id;
      type = {static_kind(property->type), {}};
      may_be_timestamp = node.kind == AggregateKind::kMin || node.kind == AggregateKind::kMax;
    } else {
      const bool has_values =
          target.open_collection || target.path.values == BoundPath::Values::kMany;
      if (!has_values) refuse(type);
      if (type.is(Kind::kLink)) {
        fail_binding(position, "Cannot use aggregate '" + name + "' on links without a property");
      }
      if (!type.is_number() && !type.is(Kind::kMixed)) {
        fail_binding(position,
                     "Cannot use aggregate '" + name + "' on values of type '" +
                         std::string(to_string(type.kind)) + "'");
      }
      target.enter_collection();
    }
    const bool fits = type.is_number() || type.is(Kind::kMixed) ||
                      (may_be_timestamp && type.is(Kind::kTimestamp));
    if (!fits) refuse(type);

    OperandDraft draft;
    AggregateOperand operand{node.kind, std::move(target.path), ValueKind::kInt};
    const bool is_decimal = type.is(Kind::kDecimal) || type.is(Kind::kMixed);
    switch (node.kind) {
      case AggregateKind::kMin:
      case AggregateKind::kMax: draft.type = type; break;
      case AggregateKind::kSum:
      case AggregateKind::kAverage: {
        const bool is_int = type.is(Kind::kInt) && node.kind == AggregateKind::kSum;
        operand.sum_kind = is_decimal ? ValueKind::kDecimal
                           : is_int   ? ValueKind::kInt
                                      : ValueKind::kDouble;
        draft.type = {is_decimal ? Kind::kDecimal : is_int ? Kind::kInt : Kind::kDouble, {}};
        break;
      }
    }
    draft.operand.data = std::move(operand);
    return draft;
  }

  OperandDraft bind_node(const SubqueryExpression& node, TextPosition) {
    const PathExpression resolved = resolve_path(context_, node.path);
    PathTarget target = bind_path(context_, scope_, node.path.argument ? resolved.path : node.path);
    const bool is_list = target.open_collection == CollectionType::kList ||
                         (!target.open_collection && target.ends_in_backlinks);
    if (!is_list || !target.type.is(Kind::kLink) || !target.type.class_index) {
      fail_binding(node.path.position, "A subquery must operate on a list property of objects");
    }
    target.enter_collection();
    check_variable(node, *target.type.class_index);
    const BindScope inner{*target.type.class_index, node.variable, &scope_};
    OperandDraft draft;
    draft.type = {Kind::kInt, {}};
    draft.operand.data =
        SubqueryOperand{std::move(target.path), predicates_.bind_predicate(*node.predicate, inner)};
    return draft;
  }

  void check_variable(const SubqueryExpression& node, std::size_t class_index) const {
    if (!node.variable.starts_with('$') || node.variable.size() < 2) {
      fail_binding(node.variable_position,
                   "The subquery variable '" + excerpt(node.variable) +
                       "' must begin with '$' and have a name");
    }
    for (const BindScope* scope = &scope_; scope != nullptr; scope = scope->outer) {
      if (scope->variable == node.variable && scope->class_index == class_index) {
        fail_binding(node.variable_position,
                     "The subquery variable '" + node.variable + "' is in use already");
      }
    }
  }

  OperandDraft bind_node(const ArithmeticExpression& node, TextPosition position) {
    OperandDraft total = bind(*node.first);
    for (const ArithmeticExpression::Operand& step : node.rest) {
      total = combine(std::move(total), step.op, bind(step.operand));
      total.position = position;
    }
    return total;
  }

  OperandDraft combine(OperandDraft left, ArithmeticOperator op, OperandDraft right) {
    check_number(left, op, right);
    check_number(right, op, left);
    if (left.is_list && right.is_list) {
      context_.fail_reading(left.position, "Operations involving two lists are not supported");
    }
    OperandDraft result;
    result.position = left.position;
    result.is_list = left.is_list || right.is_list;
    result.quantifier =
        left.quantifier != Quantifier::kUnwritten ? left.quantifier : right.quantifier;

    const StaticType left_type = left.type;
    const StaticType right_type = right.type;
    const bool is_folded = left.is_constant && right.is_constant && !left.is_list && !right.is_list;
    const StaticType free{Kind::kMixed, {}};
    if (is_folded) {
      result.is_constant = true;
      result.computed = compute(op, value_of(left, free), value_of(right, free));
      result.type = {static_kind(*result.computed), {}};
      return result;
    }
    BoundOperand first = finish_operand(context_, left, right.is_constant ? free : right_type);
    BoundOperand second = finish_operand(context_, right, left.is_constant ? free : left_type);
    result.type = widest(left.type, right.type);
    result.operand.is_list = result.is_list;
    result.operand.quantifier = result.quantifier;
    // A chain stays one node: it may be as long as the text.
    if (auto* chain = std::get_if<ArithmeticOperand>(&first.data)) {
      chain->rest.push_back({op, std::move(second)});
      result.operand.data = std::move(*chain);
    } else {
      std::vector<ArithmeticOperand::Step> rest;
      rest.push_back({op, std::move(second)});
      result.operand.data = ArithmeticOperand{std::move(first), std::move(rest)};
    }
    return result;
  }

  [[nodiscard]] Value value_of(const OperandDraft& draft, const StaticType& target) const {
    if (draft.computed) return *draft.computed;
    // A numeric text counts as a number also beside a constant.
    const bool is_text = draft.constants[0].value->as<std::string>() != nullptr;
    return bind_constant(
               context_, draft.constants[0], is_text ? StaticType{Kind::kDouble, {}} : target)
        .value;
  }

  void check_number(const OperandDraft& operand,
                    ArithmeticOperator op,
                    const OperandDraft& other) const {
    const StaticType& type = operand.type;
    // Texts are tried as numbers when they are converted.
    const bool is_text_constant = operand.is_constant && type.is(Kind::kString);
    if (type.is_number() || type.is(Kind::kMixed)) return;
    const bool is_number_text = is_text_constant && !operand.computed &&
                                round_to_decimal128(*operand.constants[0].value->as<std::string>());
    if (is_number_text) return;
    fail_binding(operand.position,
                 "Cannot perform '" + std::string(kOperatorNames[static_cast<std::size_t>(op)]) +
                     "' operation on operands of type '" + std::string(to_string(type.kind)) +
                     "' and '" + std::string(to_string(other.type.kind)) + "'");
  }

  static StaticType widest(const StaticType& left, const StaticType& right) {
    if (left.is(Kind::kMixed) || right.is(Kind::kMixed)) return {Kind::kMixed, {}};
    for (const Kind kind : {Kind::kDecimal, Kind::kDouble, Kind::kFloat}) {
      if (left.is(kind) || right.is(kind)) return {kind, {}};
    }
    return {Kind::kInt, {}};
  }

  const BindContext& context_;
  PredicateBinder& predicates_;
  const BindScope& scope_;
};

}  // namespace

OperandDraft bind_operand(const BindContext& context,
                          PredicateBinder& predicates,
                          const Expression& expression,
                          const BindScope& scope) {
  return OperandBinder(context, predicates, scope).bind(expression);
}

BoundOperand finish_operand(const BindContext& context,
                            OperandDraft& draft,
                            const StaticType& other) {
  draft.operand.is_list = draft.is_list;
  draft.operand.quantifier = draft.quantifier;
  if (!draft.is_constant) return std::move(draft.operand);
  BoundConstant bound;
  if (draft.computed) {
    const Value& value = *draft.computed;
    // A whole number that was computed counts as an int beside ints, as a written one does.
    if (value.kind() == ValueKind::kFloat || value.kind() == ValueKind::kDouble) {
      const Constant number{Constant::Floating{value.as_real(), false, ""}};
      bound.values.push_back(bind_constant(context, {&number, {}, draft.position}, other).value);
    } else {
      bound.values.push_back(value);
    }
  }
  for (const PendingConstant& constant : draft.constants) {
    BoundValue value = bind_constant(context, constant, other, draft.is_list);
    if (value.object) {
      value.object->position = bound.values.size();
      bound.objects.push_back(*value.object);
    }
    bound.values.push_back(value.value);
  }
  if (!draft.is_list) {
    const bool is_object = !bound.objects.empty();
    draft.type = is_object ? StaticType{Kind::kLink, other.class_index}
                           : StaticType{static_kind(bound.values[0]), other.class_index};
  }
  context.query.constants.push_back(std::move(bound));
  draft.operand.data = ConstantOperand{context.query.constants.size() - 1};
  return std::move(draft.operand);
}

std::string_view to_string(Quantifier quantifier) noexcept {
  switch (quantifier) {
    case Quantifier::kUnwritten: return "";
    case Quantifier::kAny: return "ANY";
    case Quantifier::kAll: return "ALL";
    case Quantifier::kNone: return "NONE";
  }
  return "";
}

}  // namespace tombolo::query
