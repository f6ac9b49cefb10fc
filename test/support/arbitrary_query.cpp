#include "test/support/arbitrary_query.h"

#include <iterator>
#include <limits>

namespace tombolo::test {

using namespace tombolo::query;

namespace {

using ElementKind = PathElement::Kind;

constexpr std::string_view kNames[] = {"a",
                                       "name",
                                       "größe",
                                       "a-b",
                                       "a b",
                                       "$money",
                                       "_id",
                                       "limit",
                                       "sort",
                                       "size",
                                       "last",
                                       "text",
                                       "日本",
                                       "x1"};
constexpr std::string_view kTexts[] = {"",
                                       "a",
                                       "red",
                                       "Red",
                                       "Grøn",
                                       "5",
                                       "1.5",
                                       "it's",
                                       "say \"x\"",
                                       "a\\b",
                                       "a\nb",
                                       "*",
                                       "a?b",
                                       "\xff\x00z",
                                       "string",
                                       "Oslo",
                                       "numeric"};

}  // namespace

Ast ArbitraryQuery::query() {
  Ast ast;
  ast.predicate = predicate(3);
  for (std::size_t i = below(3); i > 0; --i) ast.descriptors.push_back(descriptor());
  return ast;
}

PredicateNode ArbitraryQuery::predicate(std::size_t depth) {
  if (depth > 0) {
    if (chance(4)) {
      GroupNode group{chance(2), {}};
      for (std::size_t count = 2 + below(2); group.operands.size() < count;) {
        PredicateNode operand = predicate(depth - 1);
        const auto* inner = operand.as<GroupNode>();
        // A group in a group of its kind is one group.
        if (inner == nullptr || inner->is_and != group.is_and) {
          group.operands.push_back(std::move(operand));
        }
      }
      return {std::move(group)};
    }
    if (chance(6)) return {NotNode{predicate(depth - 1)}};
  }
  if (chance(12)) return {FixedNode{chance(2)}};
  if (chance(14)) return geo_within();
  return comparison(depth);
}

PredicateNode ArbitraryQuery::comparison(std::size_t depth) {
  if (chance(10)) {
    BetweenNode between{expression(depth, true), {}, {}};
    between.limits.elements = {constant(true), constant(true)};
    if (chance(8)) between.limits.elements.push_back(constant(true));
    return {std::move(between)};
  }
  ComparisonNode node;
  node.op = static_cast<CompareOperator>(below(12));
  const bool is_textual = node.op >= CompareOperator::kBeginsWith;
  const bool may_fold =
      node.op <= CompareOperator::kIn || (is_textual && node.op != CompareOperator::kText);
  node.ignore_case = may_fold && chance(4);
  node.right = expression(depth, is_textual);
  node.left = chance(8) ? expression(depth, is_textual) : path_expression();
  if (chance(8)) std::swap(node.left, node.right);
  return {std::move(node)};
}

PredicateNode ArbitraryQuery::geo_within() {
  GeoWithinNode node{path_expression(), Constant::Argument{0}, {}};
  const auto coordinate = [&]() -> RegionExpression::Coordinate {
    if (chance(6)) return {0, static_cast<std::uint32_t>(below(3))};
    constexpr double kCoordinates[] = {0, 9, 10.5, -70, 49, 179.25, 90.0, 1e-9, 1e300};
    return {any_of(kCoordinates), {}};
  };
  const auto point = [&]() -> RegionExpression::Point {
    return {coordinate(), coordinate(), chance(4) ? std::optional(1.5) : std::nullopt};
  };
  RegionExpression region;
  switch (below(4)) {
    case 0: region = {GeoRegion::Shape::kBox, {{point(), point()}}, {}}; break;
    case 1: region = {GeoRegion::Shape::kCircle, {{point()}}, coordinate()}; break;
    case 2: {
      region.shape = GeoRegion::Shape::kPolygon;
      for (std::size_t rings = 1 + below(2); rings > 0; --rings) {
        auto& ring = region.rings.emplace_back();
        for (std::size_t i = 1 + below(4); i > 0; --i) ring.push_back(point());
        ring.push_back(ring.front());
      }
      break;
    }
    default: return {std::move(node)};
  }
  node.region = std::move(region);
  return {std::move(node)};
}

Expression ArbitraryQuery::expression(std::size_t depth, bool is_value) {
  if (depth > 0 && !is_value && chance(6)) {
    ArithmeticExpression chain{expression(depth - 1, false), {}};
    const std::size_t precedence = below(2) * 2;
    for (std::size_t i = 1 + below(2); i > 0; --i) {
      chain.rest.push_back(
          {static_cast<ArithmeticOperator>(precedence + below(2)), expression(depth - 1, false)});
    }
    return {std::move(chain), {}};
  }
  if (depth > 0 && chance(10)) {
    return {SubqueryExpression{path(false), "$x", {}, predicate(depth - 1)}, {}};
  }
  switch (below(6)) {
    case 0: return path_expression();
    case 1: {
      AggregateExpression aggregate{static_cast<AggregateKind>(below(4)), path(false), {}};
      if (chance(2)) aggregate.property = element(true);
      return {std::move(aggregate), {}};
    }
    case 2: {
      ListExpression list{quantifier(), {}};
      for (std::size_t i = below(4); i > 0; --i) list.elements.push_back(constant(true));
      return {std::move(list), {}};
    }
    default: {
      ConstantExpression literal{Quantifier::kUnwritten, constant(true)};
      if (literal.value.as<Constant::Argument>() != nullptr) literal.quantifier = quantifier();
      return {std::move(literal), {}};
    }
  }
}

Expression ArbitraryQuery::path_expression() {
  PathExpression node;
  node.quantifier = chance(3) ? quantifier() : Quantifier::kUnwritten;
  node.path = path(false);
  if (chance(5)) node.suffix = static_cast<PathExpression::Suffix>(1 + below(3));
  if (node.suffix == PathExpression::Suffix::kNone && !chance(4) && last_ != nullptr &&
      last_->collection == CollectionType::kSingle) {
    node.quantifier = Quantifier::kUnwritten;
  }
  return {std::move(node), {}};
}

Path ArbitraryQuery::path(bool is_plain) {
  Path path;
  last_ = nullptr;
  if (!is_plain && chance(20)) {
    path.argument = static_cast<std::uint32_t>(below(3));
    return path;
  }
  if (schema_ != nullptr && !chance(16)) {
    add_schema_elements(path, is_plain);
    return path;
  }
  path.elements.push_back(element(true));
  for (std::size_t i = below(3); i > 0; --i) path.elements.push_back(element(false));
  return path;
}

void ArbitraryQuery::add_schema_elements(Path& path, bool is_plain) {
  std::optional<std::size_t> current = class_index_;
  const auto add = [&](ElementKind kind, std::string_view text) {
    path.elements.push_back({kind, std::string(text), below(3), {}});
    if (kind <= ElementKind::kValues) path.elements.back().index = 0;
  };
  for (std::size_t steps = 1 + below(3); steps > 0 && current; --steps) {
    if (!is_plain && chance(10)) {
      const QueryClass& origin = any_of(schema_->classes);
      add(ElementKind::kLinks, "");
      add(ElementKind::kName, origin.name);
      add(ElementKind::kName, any_of(origin.properties).name);
      current = schema_->find_class(origin.name);
      continue;
    }
    const QueryProperty& property = any_of(schema_->classes[*current].properties);
    last_ = &property;
    add(ElementKind::kName, property.public_name.empty() ? property.name : property.public_name);
    current = property.origin ? std::optional(property.origin->class_index) : property.target;
    if (property.collection == CollectionType::kDictionary && !chance(3)) {
      constexpr std::string_view kKeys[] = {"one", "color", "size", "list", "a", "x"};
      if (chance(2)) {
        path.elements.push_back({ElementKind::kKey, std::string(any_of(kKeys)), 0, {}});
      } else {
        add(ElementKind::kName, any_of(kKeys));
      }
    } else if (property.type == PropertyType::kMixed && chance(3)) {
      path.elements.push_back(element(false));
    } else if (property.collection == CollectionType::kList && chance(3)) {
      path.elements.push_back({ElementKind::kIndex, "", below(3), {}});
    }
    if (chance(2)) return;
  }
}

PathElement ArbitraryQuery::element(bool is_first) {
  const auto kind =
      is_first || chance(2) ? ElementKind::kName : static_cast<ElementKind>(below(10));
  PathElement made{kind, "", 0, {}};
  if (kind == ElementKind::kName) made.text = name();
  if (kind == ElementKind::kKey) made.text = text();
  if (kind == ElementKind::kIndex || kind == ElementKind::kArgument) made.index = below(4);
  return made;
}

Constant ArbitraryQuery::constant(bool may_be_argument) {
  switch (below(may_be_argument ? 16 : 15)) {
    case 0: return {};
    case 1: return {chance(2)};
    case 2: {
      constexpr std::int64_t kInts[] = {std::numeric_limits<std::int64_t>::min(),
                                        -4,
                                        0,
                                        1,
                                        3,
                                        42,
                                        std::numeric_limits<std::int64_t>::max()};
      return {any_of(kInts)};
    }
    case 3:
    case 4: {
      constexpr double kDoubles[] = {0.0,
                                     -0.0,
                                     1.0,
                                     2.5,
                                     -1.5,
                                     0.1,
                                     1e300,
                                     9007199254740993.0,
                                     std::numeric_limits<double>::infinity(),
                                     -std::numeric_limits<double>::infinity(),
                                     std::numeric_limits<double>::quiet_NaN()};
      return {Constant::Floating{any_of(kDoubles), false, ""}};
    }
    case 5: {
      constexpr float kFloats[] = {0.0F, 0.1F, 2.5F, 3.4e38F};
      return {Constant::Floating{static_cast<double>(any_of(kFloats)), true, ""}};
    }
    case 6: return {Constant::Binary{text()}};
    case 7: {
      constexpr Timestamp kTimes[] = {{0, 0}, {1'588'291'200, 0}, {-2, -5}, {1, 999'999'999}};
      return {any_of(kTimes)};
    }
    case 8: return {ObjectId{{1, 2, 3, static_cast<std::uint8_t>(below(3))}}};
    case 9: return {Uuid{{9, 8, static_cast<std::uint8_t>(below(3))}}};
    case 10: {
      const std::string class_name =
          schema_ != nullptr ? any_of(schema_->classes).name : std::string("Shop");
      return {Constant::Object{class_name, Constant{static_cast<std::int64_t>(below(5))}}};
    }
    case 15: return {Constant::Argument{static_cast<std::uint32_t>(below(6))}};
    default: return {text()};
  }
}

Quantifier ArbitraryQuery::quantifier() {
  return static_cast<Quantifier>(below(4));
}

DescriptorNode ArbitraryQuery::descriptor() {
  switch (below(3)) {
    case 0: {
      SortNode sort;
      for (std::size_t i = 1 + below(2); i > 0; --i) sort.keys.push_back({path(true), chance(2)});
      return sort;
    }
    case 1: {
      DistinctNode distinct;
      for (std::size_t i = 1 + below(2); i > 0; --i) distinct.paths.push_back(path(true));
      return distinct;
    }
    default: return LimitNode{below(5)};
  }
}

std::string ArbitraryQuery::name() {
  return std::string(any_of(kNames));
}
std::string ArbitraryQuery::text() {
  return std::string(any_of(kTexts));
}

}  // namespace tombolo::test
