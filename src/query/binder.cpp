#include "query/binder.h"

#include <cmath>

#include "query/operand_binder.h"
#include "query/parser.h"

namespace tombolo::query {
namespace {

using Kind = StaticType::Kind;

constexpr std::string_view kOperatorNames[] = {
    "==", "!=", "IN", "<", "<=", ">", ">=", "beginswith", "endswith", "contains", "like", "text"};

std::string name_of(CompareOperator op) {
  return std::string(kOperatorNames[static_cast<std::size_t>(op)]);
}
bool is_equality(CompareOperator op) noexcept {
  return op <= CompareOperator::kIn;
}
bool is_real(Kind kind) noexcept {
  return kind == Kind::kFloat || kind == Kind::kDouble;
}
bool is_real(const Value& value) noexcept {
  return value.kind() == ValueKind::kFloat || value.kind() == ValueKind::kDouble;
}

class Binder final : public PredicateBinder {
 public:
  explicit Binder(const BindContext& context) : context_(context) {}

  BoundPredicate bind_predicate(const PredicateNode& node, const BindScope& scope) override {
    return std::visit([&](const auto& content) { return bind_node(content, scope); }, node.data);
  }

  BoundDescriptor bind_descriptor(const DescriptorNode& node, std::size_t class_index) {
    if (const auto* limit = std::get_if<LimitNode>(&node)) return *limit;
    if (const auto* distinct = std::get_if<DistinctNode>(&node)) {
      BoundDistinct bound;
      for (const Path& path : distinct->paths) {
        if (auto order = bind_order_path(context_, class_index, path, "distinct")) {
          bound.paths.push_back(std::move(*order));
        }
      }
      return bound;
    }
    BoundSort bound;
    for (const SortNode::Key& key : std::get<SortNode>(node).keys) {
      if (auto order = bind_order_path(context_, class_index, key.path, "sort")) {
        bound.keys.push_back({std::move(*order), key.ascending});
      }
    }
    return bound;
  }

 private:
  BoundPredicate bind_node(const FixedNode& node, const BindScope&) { return {node}; }

  BoundPredicate bind_node(const NotNode& node, const BindScope& scope) {
    return {BoundNot{bind_predicate(*node.operand, scope)}};
  }

  BoundPredicate bind_node(const GroupNode& node, const BindScope& scope) {
    BoundGroup group{node.is_and, {}};
    group.operands.reserve(node.operands.size());
    for (const PredicateNode& operand : node.operands) {
      group.operands.push_back(bind_predicate(operand, scope));
    }
    return {std::move(group)};
  }

  BoundPredicate bind_node(const ComparisonNode& node, const BindScope& scope) {
    if (node.op == CompareOperator::kText) return bind_text(node, scope);
    OperandDraft left = bind_operand(context_, *this, node.left, scope);
    OperandDraft right = bind_operand(context_, *this, node.right, scope);
    if (left.is_constant && right.is_constant) {
      fail_binding(left.position, "Cannot compare two constants");
    }
    if (node.op >= CompareOperator::kBeginsWith) return bind_string_comparison(node, left, right);
    return {bind_comparison(node.op, node.ignore_case, node.op_position, left, right)};
  }

  BoundComparison bind_comparison(CompareOperator op,
                                  bool ignore_case,
                                  TextPosition op_position,
                                  OperandDraft& left,
                                  OperandDraft& right) {
    if (op == CompareOperator::kIn && (!right.is_list || right.is_keys)) {
      fail_binding(right.position, "The keypath following 'IN' must contain a list");
    }
    check_kinds(op, ignore_case, op_position, left, right);
    const bool is_whole_list = left.is_list && right.is_list &&
                               left.quantifier == Quantifier::kUnwritten &&
                               right.quantifier == Quantifier::kUnwritten;
    // An entry of a dictionary is a column of the reference too, though it is one value.
    if (left.is_column && right.is_column && left.quantifier == Quantifier::kUnwritten &&
        right.quantifier == Quantifier::kUnwritten) {
      fail_binding(left.position,
                   "Ordered comparison between two primitive lists is not implemented");
    }

    BoundComparison comparison;
    comparison.op = op == CompareOperator::kIn ? CompareOperator::kEqual : op;
    comparison.ignore_case = ignore_case;
    comparison.is_whole_list = is_whole_list;
    const StaticType left_type = left.type;
    const StaticType right_type = right.type;
    comparison.left = finish_operand(context_, left, right_type);
    comparison.right = finish_operand(context_, right, left_type);
    if (!left.is_constant && !right.is_constant) {
      check_comparable(left, right);
    } else {
      set_null_and_nan_rules(left.is_constant ? right : left,
                             left.is_constant ? left : right,
                             right.is_constant,
                             comparison);
    }
    return comparison;
  }

  /// What the operator and `[c]` ask of the types, whatever the values are.
  void check_kinds(CompareOperator op,
                   bool ignore_case,
                   TextPosition op_position,
                   const OperandDraft& left,
                   const OperandDraft& right) const {
    const bool has_types = left.type.is(Kind::kTypes) || right.type.is(Kind::kTypes);
    const bool has_links = left.type.is(Kind::kLink) || right.type.is(Kind::kLink);
    if ((has_types || has_links) && !is_equality(op)) {
      fail_binding(op_position,
                   "Only equal (==) and not equal (!=) are supported for " +
                       std::string(has_types ? "@type" : "links"));
    }
    if (has_types) check_types(op_position, ignore_case, left, right);
    if (has_links && ((left.is_link_list && right.is_null_constant()) ||
                      (right.is_link_list && left.is_null_constant()))) {
      fail_binding(op_position, "Cannot compare linklist with NULL");
    }
    if (ignore_case) {
      for (const auto& [side, other] : {std::pair{&left, &right}, std::pair{&right, &left}}) {
        const bool is_number_beside_null = side->type.is_number() && other->is_null_constant();
        if (!side->is_constant && (is_real(side->type.kind) || is_number_beside_null)) {
          fail_binding(op_position,
                       "Unsupported comparison operator '" + name_of(op) + "[c]' against type '" +
                           std::string(to_string(side->type.kind)) + "'");
        }
      }
    }
  }

  void check_types(TextPosition op_position,
                   bool ignore_case,
                   const OperandDraft& left,
                   const OperandDraft& right) const {
    if (ignore_case) fail_binding(op_position, "[c] is not supported for @type");
    const auto is_name = [](const OperandDraft& side) {
      if (side.type.is(Kind::kTypes)) return true;
      if (!side.is_constant || side.computed) return false;
      for (const PendingConstant& constant : side.constants) {
        if (constant.value->as<std::string>() == nullptr) return false;
      }
      return true;
    };
    for (const auto& [side, other] : {std::pair{&left, &right}, std::pair{&right, &left}}) {
      // Arguments inside a written list are only known when they are converted.
      const bool is_written_list = side->is_constant && side->is_list;
      if (!is_written_list && !is_name(*side)) fail_comparison(left, right);
    }
  }

  [[noreturn]] static void fail_comparison(const OperandDraft& left, const OperandDraft& right) {
    fail_binding(left.position,
                 "Unsupported comparison between type '" + std::string(to_string(left.type.kind)) +
                     "' and type '" + std::string(to_string(right.type.kind)) + "'");
  }

  /// Two sides of which neither is a constant.
  void check_comparable(const OperandDraft& left, const OperandDraft& right) const {
    const StaticType& a = left.type;
    const StaticType& b = right.type;
    if (a.is(Kind::kMixed) || b.is(Kind::kMixed)) return;
    if (a.is_number() && b.is_number()) return;
    if (a.kind != b.kind) fail_comparison(left, right);
    if (a.is(Kind::kLink) && a.class_index && b.class_index && a.class_index != b.class_index) {
      fail_binding(left.position,
                   "Objects of type '" + context_.class_at(*a.class_index).name +
                       "' cannot be compared with objects of type '" +
                       context_.class_at(*b.class_index).name + "'");
    }
  }

  /// The rules that hold for a property of the class itself beside a constant.
  void set_null_and_nan_rules(const OperandDraft& property,
                              const OperandDraft& constant,
                              bool constant_is_right,
                              BoundComparison& comparison) const {
    if (constant.is_list) return;
    const BoundOperand& operand = constant_is_right ? comparison.right : comparison.left;
    const Value& value =
        context_.query.constants[operand.as<ConstantOperand>()->constant].values[0];
    const bool is_nan = is_real(value) && std::isnan(value.as_real());
    const bool is_own = property.is_own_property && constant_is_right;
    comparison.is_ieee = (is_own && is_real(property.type.kind) && is_real(value)) ||
                         (property.type.is(Kind::kInt) && is_nan);
    if (is_own && property.type.is(Kind::kString)) {
      comparison.nulls = BoundComparison::Nulls::kLowest;
    }
  }

  BoundPredicate bind_string_comparison(const ComparisonNode& node,
                                        OperandDraft& left,
                                        OperandDraft& right) {
    const auto refuse = [&](const OperandDraft& side) {
      fail_binding(node.op_position,
                   "Unsupported comparison operator '" + name_of(node.op) + "' against type '" +
                       std::string(to_string(side.type.kind)) +
                       "', right side must be a string or binary type");
    };
    if (left.type.is_number() || left.type.is(Kind::kTypes)) refuse(left);
    const bool is_list_constant = right.is_constant && right.is_list;
    if (is_list_constant) {
      for (const PendingConstant& element : right.constants) {
        const Constant* value = element.value;
        if (const auto* argument = value->as<Constant::Argument>()) {
          value = &context_.argument(argument->index, element.position);
        }
        const StaticType type = native_type(*value);
        if (!type.is_text() && !type.is(Kind::kNull)) refuse(right);
      }
    } else if (!right.type.is_text() && !right.is_null_constant()) {
      refuse(right);
    }
    if (right.is_null_constant() && left.type.is(Kind::kMixed)) refuse(right);

    BoundComparison comparison;
    comparison.op = node.op;
    comparison.ignore_case = node.ignore_case;
    const StaticType free{Kind::kMixed, {}};
    comparison.left = finish_operand(context_, left, free);
    comparison.right = finish_operand(context_, right, free);
    return {std::move(comparison)};
  }

  BoundPredicate bind_node(const BetweenNode& node, const BindScope& scope) {
    const ListExpression& limits = node.limits;
    if (limits.elements.size() != 2 || limits.quantifier != Quantifier::kUnwritten) {
      fail_binding(node.limits_position, "Operator 'BETWEEN' requires list with 2 elements.");
    }
    BoundGroup group{true, {}};
    bool has_null_limit = false;
    for (std::size_t i = 0; i < 2; ++i) {
      OperandDraft value = bind_operand(context_, *this, node.value, scope);
      // The draft refers to the constant in it.
      const Expression limit{ConstantExpression{Quantifier::kUnwritten, limits.elements[i]},
                             node.limits_position};
      OperandDraft bound = bind_operand(context_, *this, limit, scope);
      if (bound.is_list) {
        fail_binding(node.limits_position, "A limit of 'BETWEEN' must be a single value");
      }
      if (value.is_constant) fail_binding(value.position, "Cannot compare two constants");
      if (value.is_list && value.is_column && value.quantifier != Quantifier::kAll) {
        fail_binding(value.position,
                     "Only 'ALL' supported for operator 'BETWEEN' when applied to lists.");
      }
      has_null_limit = has_null_limit || bound.is_null_constant();
      const auto op = i == 0 ? CompareOperator::kGreaterOrEqual : CompareOperator::kLessOrEqual;
      group.operands.push_back({bind_comparison(op, false, node.limits_position, value, bound)});
    }
    if (has_null_limit) return {FixedNode{false}};
    return {std::move(group)};
  }

  BoundPredicate bind_text(const ComparisonNode& node, const BindScope& scope) {
    const auto* path = node.left.as<PathExpression>();
    if (path == nullptr || path->suffix != PathExpression::Suffix::kNone) {
      fail_binding(node.left.position, "A property with a full-text index stands before 'TEXT'");
    }
    const OperandDraft draft = bind_operand(context_, *this, node.left, scope);
    const PathExpression resolved = resolve_path(context_, path->path);
    PathTarget target =
        bind_path(context_, scope, path->path.argument ? resolved.path : path->path);
    const bool has_index = target.property != nullptr && target.property->has_full_text_index &&
                           target.type.is(Kind::kString);
    if (!has_index) fail_binding(node.left.position, "Column has no fulltext index");

    const OperandDraft words = bind_operand(context_, *this, node.right, scope);
    const bool is_text = words.is_constant && !words.is_list &&
                         (words.type.is(Kind::kString) || words.type.is(Kind::kNull));
    if (!is_text) {
      fail_binding(node.right.position, "The right side of 'TEXT' must be a constant string");
    }
    const auto* text = words.constants[0].value->as<std::string>();
    Result<FullTextQuery> query = parse_full_text_query(text == nullptr ? "" : *text);
    if (!query) context_.fail_reading(node.right.position, query.error().message());
    return {BoundText{
        std::move(target.path), draft.quantifier, query ? std::move(*query) : FullTextQuery()}};
  }

  BoundPredicate bind_node(const GeoWithinNode& node, const BindScope& scope) {
    const PathExpression& expression = *node.value.as<PathExpression>();
    const PathExpression resolved = resolve_path(context_, expression.path);
    PathTarget target =
        bind_path(context_, scope, expression.path.argument ? resolved.path : expression.path);
    const auto [type, coordinates] = find_point_properties(target);
    if (type == nullptr || coordinates == nullptr ||
        expression.suffix != PathExpression::Suffix::kNone) {
      fail_binding(node.value.position,
                   "The left hand side of 'geoWithin' must be a link to an embedded object with "
                   "'type' and 'coordinates', a geographic point");
    }
    target.enter_collection();
    if (expression.quantifier != Quantifier::kUnwritten &&
        target.path.values == BoundPath::Values::kOne) {
      fail_binding(node.value.position,
                   "The keypath following '" + std::string(to_string(expression.quantifier)) +
                       "' must contain a list");
    }
    return {BoundGeoWithin{std::move(target.path),
                           expression.quantifier,
                           bind_region(context_, node),
                           type->id,
                           coordinates->id}};
  }

  std::pair<const QueryProperty*, const QueryProperty*> find_point_properties(
      const PathTarget& target) const {
    if (!target.type.is(Kind::kLink) || !target.type.class_index) return {};
    const QueryClass& owner = context_.class_at(*target.type.class_index);
    if (owner.kind != ClassKind::kEmbedded) return {};
    const QueryProperty* type = owner.find_property("type");
    const QueryProperty* coordinates = owner.find_property("coordinates");
    const bool fits = type != nullptr && type->type == PropertyType::kString &&
                      type->collection == CollectionType::kSingle && coordinates != nullptr &&
                      coordinates->type == PropertyType::kDouble &&
                      coordinates->collection == CollectionType::kList;
    if (!fits) return {};
    return {type, coordinates};
  }

  const BindContext& context_;
};

}  // namespace

const Constant& BindContext::argument(std::uint32_t index, TextPosition position) const {
  if (index < arguments.size()) return arguments[index];
  const std::string request = "Request for argument at index " + std::to_string(index) + " but ";
  if (arguments.empty()) fail_binding(position, request + "no arguments are provided");
  const std::string count = std::to_string(arguments.size());
  fail_binding(position,
               request + "only " + count +
                   (arguments.size() == 1 ? " argument is provided" : " arguments are provided"));
}

void BindContext::fail_reading(TextPosition position, std::string what) const {
  if (query.read_error) return;
  const BindFailure failure{position, std::move(what)};
  query.read_error = Error(
      ErrorCode::kInvalidArgument,
      failure.what + " at column " + std::to_string(column_of(text, failure.position.offset)));
}

Result<std::shared_ptr<const BoundQuery>> bind_query(const Ast& query,
                                                     std::shared_ptr<const QuerySchema> schema,
                                                     std::string_view class_name,
                                                     std::span<const Constant> arguments) {
  const auto class_index = schema->find_class(class_name);
  if (!class_index) {
    return Error(ErrorCode::kInvalidArgument,
                 "there is no class '" + std::string(class_name) + "' to query");
  }
  auto bound = std::make_shared<BoundQuery>();
  bound->schema = std::move(schema);
  bound->class_index = *class_index;
  const BindContext context{*bound->schema, arguments, *bound, query.text};
  try {
    Binder binder(context);
    const BindScope scope{*class_index, {}, nullptr};
    bound->predicate = binder.bind_predicate(query.predicate, scope);
    for (const DescriptorNode& node : query.descriptors) {
      bound->descriptors.push_back(binder.bind_descriptor(node, *class_index));
    }
  } catch (const BindFailure& failure) {
    return Error(ErrorCode::kInvalidArgument,
                 failure.what + " at column " +
                     std::to_string(column_of(query.text, failure.position.offset)));
  }
  bound->text = query.text;
  bound->arguments.assign(arguments.begin(), arguments.end());
  return std::shared_ptr<const BoundQuery>(std::move(bound));
}

Result<std::shared_ptr<const BoundQuery>> compile(std::string_view text,
                                                  std::shared_ptr<const QuerySchema> schema,
                                                  std::string_view class_name,
                                                  std::span<const Constant> arguments) {
  const Result<Ast> parsed = parse(text);
  if (!parsed) return parsed.error();
  return bind_query(*parsed, std::move(schema), class_name, arguments);
}

}  // namespace tombolo::query
