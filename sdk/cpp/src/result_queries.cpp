#include "result_queries.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "query/binder.h"
#include "query/parser.h"
#include "query/printer.h"
#include "realm_core.h"
#include "store/query_objects.h"

namespace tombolo {
namespace {

query::CompareOperator to_operator(Comparison comparison) noexcept {
  using enum query::CompareOperator;
  switch (comparison) {
    case Comparison::kEqual: return kEqual;
    case Comparison::kNotEqual: return kNotEqual;
    case Comparison::kLess: return kLess;
    case Comparison::kLessOrEqual: return kLessOrEqual;
    case Comparison::kGreater: return kGreater;
    case Comparison::kGreaterOrEqual: return kGreaterOrEqual;
    case Comparison::kBeginsWith: return kBeginsWith;
    case Comparison::kEndsWith: return kEndsWith;
    case Comparison::kContains: return kContains;
    case Comparison::kLike: return kLike;
  }
  return kEqual;
}

const store::PropertyInfo& checked_property(const store::ClassInfo& info,
                                            const PropertyComparison& comparison) {
  const store::PropertyInfo* property = info.find_property(comparison.property);
  if (property == nullptr) {
    throw Error(ErrorCode::kNotFound,
                "class '" + info.name + "' has no property '" + comparison.property + "'");
  }
  const bool is_equality =
      comparison.comparison == Comparison::kEqual || comparison.comparison == Comparison::kNotEqual;
  const bool has_order =
      property->type != PropertyType::kLink && property->type != PropertyType::kBool;
  const bool has_type = comparison.operand.is_null() || property->type == PropertyType::kMixed ||
                        static_cast<PropertyType>(comparison.operand.type()) == property->type;
  const bool is_single = property->collection == CollectionType::kSingle;
  if (is_single && has_type && (is_equality || has_order)) return *property;
  throw Error(ErrorCode::kTypeMismatch,
              "'" + info.name + "." + property->name + "' of type " +
                  std::string(to_string(property->type)) + " cannot be compared like this");
}

/// The value with its text kept by the query.
query::Value keep(query::BoundQuery& query, const Value& operand) {
  const query::Value value = store::to_query_value(operand);
  if (!value.is_text()) return value;
  const std::string_view kept = query.texts.emplace_back(value.as_text());
  return value.kind() == query::ValueKind::kString ? query::Value::of_string(kept)
                                                   : query::Value::of_binary(kept);
}

query::Constant to_constant(const Value& value) {
  switch (value.type()) {
    case store::ValueType::kInt: return QueryArgument(value.as_int()).constant();
    case store::ValueType::kBool: return QueryArgument(value.as_bool()).constant();
    case store::ValueType::kString: return QueryArgument(value.as_string()).constant();
    case store::ValueType::kBinary: return {query::Constant::Binary{std::string(value.text())}};
    case store::ValueType::kTimestamp: return QueryArgument(value.as_timestamp()).constant();
    case store::ValueType::kFloat: return QueryArgument(value.as_float()).constant();
    case store::ValueType::kDouble: return QueryArgument(value.as_double()).constant();
    case store::ValueType::kDecimal: return QueryArgument(value.as_decimal()).constant();
    case store::ValueType::kLink: return QueryArgument(value.as_link()).constant();
    case store::ValueType::kObjectId: return QueryArgument(value.as_object_id()).constant();
    case store::ValueType::kUuid: return QueryArgument(value.as_uuid()).constant();
    case store::ValueType::kNull:
    case store::ValueType::kList:
    case store::ValueType::kDictionary:
    case store::ValueType::kNewObject: return {};
  }
  return {};
}

/// The comparison of a property with the argument of that number.
query::PredicateNode to_node(const PropertyComparison& comparison, std::size_t argument) {
  query::Path path;
  path.elements.push_back({query::PathElement::Kind::kName, comparison.property, 0, {}});
  query::ComparisonNode node;
  node.op = to_operator(comparison.comparison);
  node.left.data = query::PathExpression{{}, std::move(path), {}};
  node.right.data = query::ConstantExpression{
      {}, {query::Constant::Argument{static_cast<std::uint32_t>(argument)}}};
  return {std::move(node)};
}

std::shared_ptr<query::QuerySchema> make_schema(const RealmCore& realm) {
  return std::make_shared<query::QuerySchema>(store::make_query_schema(realm.reader().catalog()));
}

void add_names(query::QuerySchema& schema, const QueryNames& names) {
  const auto find = [&](std::string_view class_name) -> query::QueryClass* {
    const auto found = schema.find_class(class_name);
    return found ? &schema.classes[*found] : nullptr;
  };
  for (const PublicName& name : names.public_names) {
    query::QueryClass* owner = find(name.class_name);
    if (owner == nullptr) continue;
    for (query::QueryProperty& property : owner->properties) {
      if (property.name == name.property) property.public_name = name.name;
    }
  }
  for (const LinkingObjects& name : names.linking_objects) {
    query::QueryClass* owner = find(name.class_name);
    const auto origin = schema.find_class(name.origin_class);
    if (owner == nullptr || !origin) continue;
    const query::QueryProperty* property =
        schema.classes[*origin].find_property(name.origin_property);
    if (property == nullptr) continue;
    query::QueryProperty computed;
    computed.name = name.name;
    computed.type = PropertyType::kLink;
    computed.target = origin;
    computed.origin = query::QueryProperty::Origin{*origin, property->id};
    owner->properties.push_back(std::move(computed));
  }
}

/// `a.b`, and `a.b[key]` or `a.b['key']` for the entry of a dictionary.
query::Path to_path(std::string_view text) {
  query::Path path;
  std::string_view rest = text;
  std::optional<std::string_view> key;
  if (rest.ends_with(']') && rest.find('[') != rest.npos) {
    key = rest.substr(rest.find('[') + 1);
    key->remove_suffix(1);
    if (key->size() >= 2 && (key->front() == '\'' || key->front() == '"') &&
        key->back() == key->front()) {
      *key = key->substr(1, key->size() - 2);
    }
    rest = rest.substr(0, rest.find('['));
  }
  for (;;) {
    const std::size_t end = std::min(rest.find('.'), rest.size());
    path.elements.push_back(
        {query::PathElement::Kind::kName, std::string(rest.substr(0, end)), 0, {}});
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  if (key) {
    path.elements.push_back({query::PathElement::Kind::kKey, std::string(*key), 0, {}});
  }
  return path;
}

}  // namespace

BoundQueryPtr make_query(const RealmCore& realm, ClassId class_id, const Predicate& predicate) {
  const store::ClassInfo& info = realm.class_info(class_id);
  auto bound = std::make_shared<query::BoundQuery>();
  bound->schema = make_schema(realm);
  bound->class_index = bound->schema->find_class(info.name).value();
  query::BoundGroup group{true, {}};
  query::GroupNode written{true, {}};
  for (const PropertyComparison& comparison : predicate.comparisons) {
    const store::PropertyInfo& property = checked_property(info, comparison);
    query::BoundStep step;
    step.class_id = class_id.value();
    step.property = property.id.value();
    query::BoundConstant constant;
    constant.values.push_back(keep(*bound, comparison.operand));
    bound->constants.push_back(std::move(constant));

    query::BoundComparison made;
    made.op = to_operator(comparison.comparison);
    made.is_ieee = true;
    made.left.data = query::PathOperand{{{std::move(step)}, {}, false}, {}};
    made.right.data = query::ConstantOperand{bound->constants.size() - 1};
    group.operands.push_back({std::move(made)});
    written.operands.push_back(to_node(comparison, bound->arguments.size()));
    bound->arguments.push_back(to_constant(comparison.operand));
  }
  bound->text = query::print(query::PredicateNode{std::move(written)});
  bound->predicate.data = std::move(group);
  return bound;
}

BoundQueryPtr make_query(const RealmCore& realm,
                         ClassId class_id,
                         std::string_view text,
                         const std::vector<QueryArgument>& arguments,
                         const QueryNames& names) {
  auto schema = make_schema(realm);
  add_names(*schema, names);
  std::vector<query::Constant> constants;
  constants.reserve(arguments.size());
  for (const QueryArgument& argument : arguments) constants.push_back(argument.constant());
  return query::compile(text, std::move(schema), realm.class_info(class_id).name, constants)
      .value();
}

BoundQueryPtr make_sort(const RealmCore& realm,
                        ClassId class_id,
                        std::string_view path,
                        SortOrder order) {
  const auto fail = [&](const std::string& why) {
    throw Error(ErrorCode::kInvalidArgument,
                "Cannot sort on key path '" + std::string(path) + "': " + why);
  };
  query::Ast ast;
  ast.descriptors.push_back(query::SortNode{{{to_path(path), order == SortOrder::kAscending}}});
  ast.text = query::print(ast);
  auto schema = make_schema(realm);
  const std::size_t class_index = schema->find_class(realm.class_info(class_id).name).value();

  // A link at the end has no order of its own that an application would mean.
  std::optional<std::size_t> current = class_index;
  for (const auto& element : std::get<query::SortNode>(ast.descriptors[0]).keys[0].path.elements) {
    if (element.kind != query::PathElement::Kind::kName) break;
    const query::QueryClass& owner = schema->classes[*current];
    const query::QueryProperty* property = owner.find_property(element.text);
    const std::string place = "property '" + owner.name + "." + element.text + "'";
    if (property == nullptr) fail(place + " does not exist.");
    const bool is_last =
        &element == &std::get<query::SortNode>(ast.descriptors[0]).keys[0].path.elements.back();
    const bool is_link = property->type == PropertyType::kLink;
    if (property->collection == CollectionType::kDictionary) {
      if (is_last) fail(place + " is missing a dictionary key.");
      break;
    }
    if (property->collection != CollectionType::kSingle) {
      fail(place + " is of unsupported type '" + std::string(to_string(property->collection)) +
           "'.");
    }
    if (is_last && is_link) fail(place + " of type 'object' cannot be the final property.");
    if (!is_last && !is_link) fail(place + " may not be followed by another property.");
    if (is_link) current = property->target;
    if (!current) fail(place + " leads to objects of any class.");
  }
  auto bound = query::bind_query(ast, std::move(schema), realm.class_info(class_id).name, {});
  if (!bound) fail(bound.error().message());
  return *bound;
}

std::string describe(const AnyResults::Queries& queries) {
  std::string conditions;
  std::string orders;
  for (const auto& query : queries) {
    if (query->text.empty()) continue;  // It has no conditions.
    const query::Ast written = query::parse(query->text).value();
    const std::string condition = query::print(written.predicate, query->arguments);
    orders += query::print(written, query->arguments).substr(condition.size());
    if (written.predicate == query::PredicateNode()) continue;
    if (!conditions.empty()) conditions += " and ";
    conditions += condition;
  }
  return (conditions.empty() ? "TRUEPREDICATE" : conditions) + orders;
}

namespace {

bool is_local_operand(const query::BoundOperand& operand) {
  if (operand.as<query::ConstantOperand>() != nullptr) return true;
  if (const auto* path = operand.as<query::PathOperand>()) {
    return path->map != query::PathOperand::Map::kBacklinks && path->path.steps.size() == 1 &&
           path->path.steps[0].kind == query::BoundStep::Kind::kProperty;
  }
  const auto* arithmetic = operand.as<query::ArithmeticOperand>();
  return arithmetic != nullptr && is_local_operand(*arithmetic->first) &&
         std::ranges::all_of(arithmetic->rest,
                             [](const auto& step) { return is_local_operand(step.operand); });
}

bool is_local_predicate(const query::BoundPredicate& predicate) {
  if (predicate.as<query::FixedNode>() != nullptr) return true;
  if (const auto* negation = predicate.as<query::BoundNot>()) {
    return is_local_predicate(*negation->operand);
  }
  if (const auto* group = predicate.as<query::BoundGroup>()) {
    return std::ranges::all_of(group->operands, is_local_predicate);
  }
  const auto* comparison = predicate.as<query::BoundComparison>();
  return comparison != nullptr && is_local_operand(comparison->left) &&
         is_local_operand(comparison->right);
}

}  // namespace

bool is_local(const query::BoundQuery& query) {
  const bool looks_up_objects = std::ranges::any_of(
      query.constants, [](const auto& constant) { return !constant.objects.empty(); });
  return !looks_up_objects && query.descriptors.empty() && is_local_predicate(query.predicate);
}

}  // namespace tombolo
