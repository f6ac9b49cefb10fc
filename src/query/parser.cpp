#include "query/parser.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "query/lexer.h"

namespace tombolo::query {
namespace {

/// Thrown inside the parser alone and turned into the error of a `Result` at its door.
struct Failure {
  ErrorCode code;
  std::size_t offset;
  std::string what;
};

/// A predicate or an expression: an opening parenthesis does not say which of them follows.
using Term = std::variant<PredicateNode, Expression>;

bool is_reserved(const Token& token) {
  constexpr std::string_view kAnyCase[] = {"and",
                                           "or",
                                           "null",
                                           "nil",
                                           "inf",
                                           "infinity",
                                           "nan",
                                           "obj",
                                           "subquery",
                                           "geobox",
                                           "geopolygon",
                                           "geocircle",
                                           "geowithin",
                                           "truepredicate",
                                           "falsepredicate"};
  constexpr std::string_view kCased[] = {"not", "any", "some", "all", "none", "true", "false"};
  return std::ranges::any_of(kAnyCase, [&](auto word) { return token.is_word(word); }) ||
         std::ranges::any_of(kCased, [&](auto word) { return token.is_cased_word(word); });
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), lexer_(text) {
    token_ = lexer_.next();
    next_ = lexer_.next();
    refuse_bad_token();
  }

  Ast parse_query() {
    Ast ast;
    ast.text = text_;
    ast.predicate = parse_predicate();
    while (token_.kind != TokenKind::kEnd) ast.descriptors.push_back(parse_descriptor());
    return ast;
  }

  PathExpression parse_key_path_alone() {
    PathExpression expression;
    expression.path = parse_path(true);
    expression.suffix = parse_suffix();
    if (token_.kind != TokenKind::kEnd) fail("the end of the key path");
    return expression;
  }

  RegionExpression parse_region_alone() {
    RegionExpression region = parse_region();
    if (token_.kind != TokenKind::kEnd) fail("the end of the region");
    return region;
  }

 private:
  /// Counts how deep the parser is, as long as it lives.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kQueryDepthMax) {
        throw Failure{ErrorCode::kLimitExceeded,
                      parser_.token_.offset,
                      "more than " + std::to_string(kQueryDepthMax) + " levels of nesting"};
      }
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  [[noreturn]] void fail(std::string_view expected) const {
    std::string found = token_.kind == TokenKind::kEnd
                            ? "the end"
                            : "'" + excerpt(text_.substr(token_.offset, token_.size)) + "'";
    throw Failure{ErrorCode::kInvalidArgument,
                  token_.offset,
                  "expected " + std::string(expected) + ", found " + found};
  }

  void refuse_bad_token() const {
    if (token_.kind == TokenKind::kError) {
      throw Failure{ErrorCode::kInvalidArgument, token_.offset, token_.text};
    }
  }

  Token take() {
    Token taken = std::exchange(token_, std::move(next_));
    next_ = taken.kind == TokenKind::kError ? Token() : lexer_.next();
    refuse_bad_token();
    return taken;
  }
  bool skip_symbol(std::string_view symbol) {
    if (!token_.is_symbol(symbol)) return false;
    take();
    return true;
  }
  void expect_symbol(std::string_view symbol) {
    if (!skip_symbol(symbol)) fail("'" + std::string(symbol) + "'");
  }
  [[nodiscard]] TextPosition here() const { return {token_.offset}; }

  PredicateNode parse_predicate() {
    const std::size_t offset = token_.offset;
    return to_predicate(parse_or(), offset);
  }

  PredicateNode to_predicate(Term term, std::size_t) const {
    if (auto* predicate = std::get_if<PredicateNode>(&term)) return std::move(*predicate);
    fail("a comparison operator");
  }
  Expression to_expression(Term term, std::size_t offset) const {
    if (auto* expression = std::get_if<Expression>(&term)) return std::move(*expression);
    throw Failure{ErrorCode::kInvalidArgument, offset, "expected a value, found a predicate"};
  }

  Term parse_or() {
    const auto is_or = [&] { return token_.is_symbol("||") || token_.is_word("or"); };
    return parse_group(false, is_or, [&] { return parse_and(); });
  }
  Term parse_and() {
    const auto is_and = [&] { return token_.is_symbol("&&") || token_.is_word("and"); };
    return parse_group(true, is_and, [&] { return parse_unary(); });
  }

  template <typename IsOperator, typename ParseOperand>
  Term parse_group(bool is_and, IsOperator is_operator, ParseOperand parse_operand) {
    std::size_t offset = token_.offset;
    Term first = parse_operand();
    if (!is_operator()) return first;
    GroupNode group{is_and, {}};
    const auto add = [&](PredicateNode operand) {
      auto* inner = std::get_if<GroupNode>(&operand.data);
      if (inner != nullptr && inner->is_and == is_and) {
        std::ranges::move(inner->operands, std::back_inserter(group.operands));
      } else {
        group.operands.push_back(std::move(operand));
      }
    };
    add(to_predicate(std::move(first), offset));
    while (is_operator()) {
      take();
      offset = token_.offset;
      add(to_predicate(parse_operand(), offset));
    }
    return PredicateNode{std::move(group)};
  }

  Term parse_unary() {
    if (token_.is_symbol("!") || token_.is_cased_word("not")) {
      const Level level(*this);
      take();
      const std::size_t offset = token_.offset;
      return PredicateNode{NotNode{to_predicate(parse_unary(), offset)}};
    }
    if (token_.is_word("truepredicate") || token_.is_word("falsepredicate")) {
      return PredicateNode{FixedNode{take().is_word("truepredicate")}};
    }
    return parse_comparison();
  }

  std::optional<CompareOperator> find_operator() const {
    using enum CompareOperator;
    constexpr std::pair<std::string_view, CompareOperator> kSymbols[] = {{"==", kEqual},
                                                                         {"=", kEqual},
                                                                         {"!=", kNotEqual},
                                                                         {"<>", kNotEqual},
                                                                         {"<", kLess},
                                                                         {"<=", kLessOrEqual},
                                                                         {"=<", kLessOrEqual},
                                                                         {">", kGreater},
                                                                         {">=", kGreaterOrEqual},
                                                                         {"=>", kGreaterOrEqual}};
    constexpr std::pair<std::string_view, CompareOperator> kWords[] = {{"beginswith", kBeginsWith},
                                                                       {"endswith", kEndsWith},
                                                                       {"contains", kContains},
                                                                       {"like", kLike},
                                                                       {"text", kText}};
    for (const auto& [symbol, op] : kSymbols) {
      if (token_.is_symbol(symbol)) return op;
    }
    for (const auto& [word, op] : kWords) {
      if (token_.is_word(word)) return op;
    }
    if (token_.is_cased_word("in")) return kIn;
    return std::nullopt;
  }

  Term parse_comparison() {
    const std::size_t offset = token_.offset;
    Term first = parse_sum();
    const TextPosition op_position = here();
    if (token_.is_word("between")) return parse_between(to_value(std::move(first), offset));
    if (token_.is_word("geowithin")) return parse_geo_within(to_value(std::move(first), offset));
    const auto op = find_operator();
    if (!op) return first;

    ComparisonNode node;
    node.op = *op;
    node.op_position = op_position;
    const bool is_textual = *op >= CompareOperator::kBeginsWith;
    const bool may_ignore_case =
        *op <= CompareOperator::kIn || (is_textual && *op != CompareOperator::kText);
    node.left =
        is_textual ? to_value(std::move(first), offset) : to_expression(std::move(first), offset);
    take();
    if (may_ignore_case && token_.kind == TokenKind::kCaseFlag) {
      take();
      node.ignore_case = true;
    }
    const std::size_t right = token_.offset;
    node.right = is_textual ? to_value(parse_factor(), right) : to_expression(parse_sum(), right);
    return PredicateNode{std::move(node)};
  }

  /// What stands beside an operator that takes no arithmetic.
  Expression to_value(Term term, std::size_t offset) const {
    Expression value = to_expression(std::move(term), offset);
    if (value.as<ArithmeticExpression>() != nullptr) {
      throw Failure{ErrorCode::kInvalidArgument,
                    offset,
                    "expected a plain value beside this operator, found arithmetic"};
    }
    return value;
  }

  Term parse_between(Expression value) {
    take();
    BetweenNode node{std::move(value), {}, here()};
    node.limits.quantifier = parse_quantifier();
    if (!token_.is_symbol("{")) fail("a list {from, to}");
    node.limits.elements = parse_list_elements();
    return PredicateNode{std::move(node)};
  }

  Term parse_geo_within(Expression value) {
    if (value.as<PathExpression>() == nullptr) fail("a property before GEOWITHIN");
    take();
    GeoWithinNode node{std::move(value), Constant::Argument{}, here()};
    if (token_.kind == TokenKind::kArgument) {
      node.region = Constant::Argument{take().index};
    } else {
      node.region = parse_region();
    }
    return PredicateNode{std::move(node)};
  }

  Term parse_sum() {
    const auto find = [&]() -> std::optional<ArithmeticOperator> {
      if (token_.is_symbol("+")) return ArithmeticOperator::kAdd;
      if (token_.is_symbol("-")) return ArithmeticOperator::kSubtract;
      return std::nullopt;
    };
    return parse_arithmetic(find, [&] { return parse_product(); });
  }
  Term parse_product() {
    const auto find = [&]() -> std::optional<ArithmeticOperator> {
      if (token_.is_symbol("*")) return ArithmeticOperator::kMultiply;
      if (token_.is_symbol("/")) return ArithmeticOperator::kDivide;
      return std::nullopt;
    };
    return parse_arithmetic(find, [&] { return parse_factor(); });
  }

  template <typename FindOperator, typename ParseOperand>
  Term parse_arithmetic(FindOperator find_arithmetic, ParseOperand parse_operand) {
    const std::size_t offset = token_.offset;
    Term first = parse_operand();
    if (!find_arithmetic()) return first;
    ArithmeticExpression chain{to_expression(std::move(first), offset), {}};
    while (const auto op = find_arithmetic()) {
      take();
      const std::size_t operand = token_.offset;
      chain.rest.push_back({*op, to_expression(parse_operand(), operand)});
    }
    return Expression{std::move(chain), {offset}};
  }

  Term parse_factor() {
    if (token_.is_symbol("(")) {
      const Level level(*this);
      take();
      Term inner = parse_or();
      expect_symbol(")");
      return inner;
    }
    return parse_value();
  }

  Quantifier parse_quantifier() {
    Quantifier quantifier = Quantifier::kUnwritten;
    if (token_.is_cased_word("any") || token_.is_cased_word("some")) {
      quantifier = Quantifier::kAny;
    } else if (token_.is_cased_word("all")) {
      quantifier = Quantifier::kAll;
    } else if (token_.is_cased_word("none")) {
      quantifier = Quantifier::kNone;
    }
    if (quantifier != Quantifier::kUnwritten) take();
    return quantifier;
  }

  Expression parse_value() {
    const TextPosition position = here();
    const Quantifier quantifier = parse_quantifier();
    if (token_.is_symbol("{")) {
      return {ListExpression{quantifier, parse_list_elements()}, position};
    }
    if (token_.kind == TokenKind::kArgument) {
      return {ConstantExpression{quantifier, {Constant::Argument{take().index}}}, position};
    }
    if (quantifier == Quantifier::kUnwritten) {
      if (token_.is_word("subquery")) return {parse_subquery(), position};
      if (auto constant = parse_literal()) {
        return {ConstantExpression{quantifier, std::move(*constant)}, position};
      }
    }
    return parse_property(quantifier, position);
  }

  Expression parse_property(Quantifier quantifier, TextPosition position) {
    Path path = parse_path(quantifier == Quantifier::kUnwritten);
    if (token_.is_symbol(".") && next_.kind == TokenKind::kAtWord) {
      if (const auto kind = find_aggregate(next_.text)) {
        if (quantifier != Quantifier::kUnwritten) {
          fail("a path without aggregate after a quantifier");
        }
        take();
        take();
        AggregateExpression aggregate{*kind, std::move(path), std::nullopt};
        if (skip_symbol(".")) aggregate.property = parse_name();
        return {std::move(aggregate), position};
      }
    }
    const PathExpression::Suffix suffix = parse_suffix();
    return {PathExpression{quantifier, std::move(path), suffix}, position};
  }

  static std::optional<AggregateKind> find_aggregate(std::string_view word) {
    if (word == "min") return AggregateKind::kMin;
    if (word == "max") return AggregateKind::kMax;
    if (word == "sum") return AggregateKind::kSum;
    if (word == "avg") return AggregateKind::kAverage;
    return std::nullopt;
  }

  /// nullopt: what comes is no literal.
  std::optional<Constant> parse_literal() {
    if (token_.kind == TokenKind::kConstant) return take().constant;
    if (token_.is_word("null") || token_.is_word("nil")) {
      take();
      return Constant{};
    }
    if (token_.is_cased_word("true") || token_.is_cased_word("false")) {
      return Constant{take().is_word("true")};
    }
    const bool is_call = next_.is_symbol("(");
    if (is_call && (token_.is_word("bin") || token_.is_word("binary"))) {
      take();
      take();
      const auto* text = token_.constant.as<std::string>();
      if (token_.kind != TokenKind::kConstant || text == nullptr) fail("a string");
      Constant binary{Constant::Binary{*text}};
      take();
      expect_symbol(")");
      return binary;
    }
    if (is_call && token_.is_word("obj")) {
      const Level level(*this);
      take();
      take();
      const auto* name = token_.constant.as<std::string>();
      if (token_.kind != TokenKind::kConstant || name == nullptr) fail("the name of a class");
      std::string class_name = *name;
      take();
      expect_symbol(",");
      Constant key = parse_constant("a primary key");
      expect_symbol(")");
      return Constant{Constant::Object{std::move(class_name), std::move(key)}};
    }
    return std::nullopt;
  }

  Constant parse_constant(std::string_view expected) {
    if (token_.kind == TokenKind::kArgument) return {Constant::Argument{take().index}};
    auto literal = parse_literal();
    if (!literal) fail(expected);
    return std::move(*literal);
  }

  std::vector<Constant> parse_list_elements() {
    expect_symbol("{");
    std::vector<Constant> elements;
    if (skip_symbol("}")) return elements;
    do {
      elements.push_back(parse_constant("a constant"));
    } while (skip_symbol(","));
    if (!token_.is_symbol("}")) fail("',' or '}'");
    take();
    return elements;
  }

  SubqueryExpression parse_subquery() {
    const Level level(*this);
    take();
    expect_symbol("(");
    Path path = parse_path(true);
    expect_symbol(",");
    const TextPosition variable_position = here();
    if (token_.kind != TokenKind::kName) fail("the subquery's variable");
    std::string variable = take().text;
    expect_symbol(",");
    PredicateNode predicate = parse_predicate();
    expect_symbol(")");
    const bool is_count = token_.is_symbol(".") && next_.kind == TokenKind::kAtWord &&
                          (next_.text == "count" || next_.text == "size");
    if (!is_count) fail("'.@count' or '.@size'");
    take();
    take();
    return {std::move(path), std::move(variable), variable_position, std::move(predicate)};
  }

  PathElement parse_name() {
    const TextPosition position = here();
    if (token_.kind == TokenKind::kAtWord) {
      using enum PathElement::Kind;
      constexpr std::pair<std::string_view, PathElement::Kind> kWords[] = {
          {"links", kLinks}, {"keys", kKeys}, {"values", kValues}};
      for (const auto& [word, kind] : kWords) {
        if (token_.text != word) continue;
        take();
        return {kind, "", 0, position};
      }
    }
    if (token_.kind != TokenKind::kName || is_reserved(token_)) fail("a property");
    return {PathElement::Kind::kName, take().text, 0, position};
  }

  /// `may_be_value`: something other than a path could stand here, for the message.
  Path parse_path(bool may_be_value) {
    Path path;
    path.position = here();
    if (token_.kind == TokenKind::kKeyPathArgument) {
      path.argument = take().index;
      return path;
    }
    const bool begins = token_.kind == TokenKind::kAtWord ||
                        (token_.kind == TokenKind::kName && !is_reserved(token_));
    if (!begins) fail(may_be_value ? "a value or a property" : "a property, a list or an argument");
    path.elements.push_back(parse_name());
    for (;;) {
      if (path.elements.size() > kPathElementsMax) {
        throw Failure{ErrorCode::kLimitExceeded,
                      token_.offset,
                      "a key path of more than " + std::to_string(kPathElementsMax) + " elements"};
      }
      if (token_.is_symbol(".") && !ends_path(next_)) {
        take();
        path.elements.push_back(parse_name());
      } else if (token_.is_symbol("[") && !next_.is_cased_word("size")) {
        path.elements.push_back(parse_bracket());
      } else {
        return path;
      }
    }
  }

  /// Whether the word after a dot belongs to what follows the path.
  static bool ends_path(const Token& token) {
    return token.kind == TokenKind::kAtWord && token.text != "links" && token.text != "keys" &&
           token.text != "values";
  }

  PathElement parse_bracket() {
    take();
    PathElement element;
    element.position = here();
    using enum PathElement::Kind;
    if (token_.is_natural) {
      element.kind = kIndex;
      element.index = token_.natural;
    } else if (token_.is_cased_word("first")) {
      element.kind = kFirst;
    } else if (token_.is_cased_word("last")) {
      element.kind = kLast;
    } else if (token_.is_symbol("*")) {
      element.kind = kEach;
    } else if (token_.kind == TokenKind::kArgument) {
      element.kind = kArgument;
      element.index = token_.index;
    } else if (const auto* key = token_.constant.as<std::string>();
               token_.kind == TokenKind::kConstant && key != nullptr) {
      element.kind = kKey;
      element.text = *key;
    } else {
      fail("a position, FIRST, LAST, SIZE, *, a key or an argument");
    }
    take();
    expect_symbol("]");
    return element;
  }

  PathExpression::Suffix parse_suffix() {
    using enum PathExpression::Suffix;
    if (token_.is_symbol("[") && next_.is_cased_word("size")) {
      take();
      take();
      expect_symbol("]");
      return kSize;
    }
    if (!token_.is_symbol(".")) return kNone;
    take();
    constexpr std::pair<std::string_view, PathExpression::Suffix> kWords[] = {
        {"count", kCount}, {"size", kSize}, {"type", kType}};
    for (const auto& [word, suffix] : kWords) {
      if (token_.kind != TokenKind::kAtWord || token_.text != word) continue;
      take();
      return suffix;
    }
    fail("@count, @size, @type, @min, @max, @sum or @avg");
  }

  DescriptorNode parse_descriptor() {
    const bool is_sort = token_.is_word("sort");
    if (!is_sort && !token_.is_word("distinct") && !token_.is_word("limit")) {
      fail("AND, OR, SORT, DISTINCT, LIMIT or the end");
    }
    const bool is_limit = take().is_word("limit");
    expect_symbol("(");
    DescriptorNode node = is_limit  ? parse_limit()
                          : is_sort ? DescriptorNode(parse_sort())
                                    : DescriptorNode(parse_distinct());
    expect_symbol(")");
    return node;
  }

  DescriptorNode parse_limit() {
    if (!token_.is_natural) fail("a number of objects");
    return LimitNode{take().natural};
  }

  SortNode parse_sort() {
    SortNode node;
    do {
      Path path = parse_plain_path();
      const bool ascending = token_.is_word("asc") || token_.is_word("ascending");
      if (!ascending && !token_.is_word("desc") && !token_.is_word("descending")) {
        fail("ASC or DESC");
      }
      take();
      node.keys.push_back({std::move(path), ascending});
    } while (skip_symbol(","));
    return node;
  }

  DistinctNode parse_distinct() {
    DistinctNode node;
    do {
      node.paths.push_back(parse_plain_path());
    } while (skip_symbol(","));
    return node;
  }

  Path parse_plain_path() {
    if (token_.kind == TokenKind::kKeyPathArgument) fail("a property");
    return parse_path(false);
  }

  RegionExpression parse_region() {
    using Shape = GeoRegion::Shape;
    RegionExpression region;
    const bool is_box = token_.is_word("geobox");
    const bool is_circle = token_.is_word("geocircle");
    if (!is_box && !is_circle && !token_.is_word("geopolygon")) {
      fail("geoBox, geoCircle, geoPolygon or an argument");
    }
    take();
    expect_symbol("(");
    if (is_box) {
      region.shape = Shape::kBox;
      region.rings.push_back({parse_point()});
      expect_symbol(",");
      region.rings[0].push_back(parse_point());
    } else if (is_circle) {
      region.shape = Shape::kCircle;
      region.rings.push_back({parse_point()});
      expect_symbol(",");
      region.radius = parse_coordinate();
    } else {
      region.shape = Shape::kPolygon;
      do {
        expect_symbol("{");
        auto& ring = region.rings.emplace_back();
        do {
          ring.push_back(parse_point());
        } while (skip_symbol(","));
        expect_symbol("}");
      } while (skip_symbol(","));
    }
    expect_symbol(")");
    return region;
  }

  RegionExpression::Point parse_point() {
    RegionExpression::Point point;
    expect_symbol("[");
    point.longitude = parse_coordinate();
    expect_symbol(",");
    point.latitude = parse_coordinate();
    if (skip_symbol(",")) {
      if (!token_.is_plain_float) fail("an altitude");
      point.altitude = take().constant.as<Constant::Floating>()->value;
    }
    expect_symbol("]");
    return point;
  }

  RegionExpression::Coordinate parse_coordinate() {
    if (token_.kind == TokenKind::kArgument) return {0, take().index};
    if (token_.is_natural) return {static_cast<double>(take().natural), std::nullopt};
    if (!token_.is_plain_float) fail("a coordinate");
    const Token number = take();
    return {number.constant.as<Constant::Floating>()->value, std::nullopt};
  }

  std::string_view text_;
  Lexer lexer_;
  Token token_;  ///< The one that is looked at.
  Token next_;
  std::size_t depth_ = 0;
};

template <typename Parse>
auto parse_text(std::string_view text, Parse&& parse_it)
    -> Result<decltype(parse_it(std::declval<Parser&>()))> {
  const std::string prefix = "Invalid predicate: '" + excerpt(text) + "': ";
  if (text.size() > kQueryBytesMax) {
    return Error(ErrorCode::kLimitExceeded,
                 prefix + "longer than " + std::to_string(kQueryBytesMax) + " bytes");
  }
  if (!is_valid_utf8(text)) {
    return Error(ErrorCode::kInvalidArgument, "Invalid predicate: the text is not UTF-8");
  }
  try {
    Parser parser(text);
    return parse_it(parser);
  } catch (const Failure& failure) {
    return Error(
        failure.code,
        prefix + failure.what + " at column " + std::to_string(column_of(text, failure.offset)));
  }
}

}  // namespace

Result<Ast> parse(std::string_view text) {
  return parse_text(text, [](Parser& parser) { return parser.parse_query(); });
}

Result<PathExpression> parse_key_path(std::string_view text) {
  return parse_text(text, [](Parser& parser) { return parser.parse_key_path_alone(); });
}

Result<RegionExpression> parse_region(std::string_view text) {
  return parse_text(text, [](Parser& parser) { return parser.parse_region_alone(); });
}

std::size_t column_of(std::string_view text, std::size_t offset) noexcept {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  // Every byte that does not continue a character begins one.
  return 1 + static_cast<std::size_t>(std::ranges::count_if(
                 before, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t kShownMax = 400;
  if (text.size() <= kShownMax) return std::string(text);
  std::size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace tombolo::query
