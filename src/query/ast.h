#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "query/box.h"
#include "query/constant.h"

/// A query as it was written: names are not looked up and nothing has a type. Two trees are equal
/// when they say the same; where in the text a node began does not count.

namespace tombolo::query {

/// Where in the text something begins, in bytes from 0.
struct TextPosition {
  std::size_t offset = 0;

  friend constexpr bool operator==(TextPosition, TextPosition) noexcept { return true; }
};

enum class Quantifier : std::uint8_t { kUnwritten, kAny, kAll, kNone };

/// One element of a key path.
struct PathElement {
  enum class Kind : std::uint8_t {
    kName,      ///< `.name`
    kLinks,     ///< `.@links`
    kKeys,      ///< `.@keys`
    kValues,    ///< `.@values`
    kIndex,     ///< `[3]`
    kFirst,     ///< `[FIRST]`
    kLast,      ///< `[LAST]`
    kEach,      ///< `[*]`
    kKey,       ///< `['key']`
    kArgument,  ///< `[$0]`
  };

  Kind kind = Kind::kName;
  std::string text;         ///< Of a name or key.
  std::uint64_t index = 0;  ///< Of a position or argument.
  TextPosition position;

  friend bool operator==(const PathElement&, const PathElement&) = default;
};

struct Path {
  /// `$K0`: the whole path is in an argument, and there are no elements.
  std::optional<std::uint32_t> argument;
  std::vector<PathElement> elements;
  TextPosition position;

  friend bool operator==(const Path&, const Path&) = default;
};

struct Expression;
struct PredicateNode;

struct ConstantExpression {
  Quantifier quantifier = Quantifier::kUnwritten;  ///< Of arguments.
  Constant value;

  friend bool operator==(const ConstantExpression&, const ConstantExpression&) = default;
};

struct ListExpression {
  Quantifier quantifier = Quantifier::kUnwritten;
  std::vector<Constant> elements;

  friend bool operator==(const ListExpression&, const ListExpression&) = default;
};

struct PathExpression {
  enum class Suffix : std::uint8_t { kNone, kCount, kSize, kType };

  Quantifier quantifier = Quantifier::kUnwritten;
  Path path;
  Suffix suffix = Suffix::kNone;

  friend bool operator==(const PathExpression&, const PathExpression&) = default;
};

enum class AggregateKind : std::uint8_t { kMin, kMax, kSum, kAverage };

struct AggregateExpression {
  AggregateKind kind = AggregateKind::kMin;
  Path path;
  std::optional<PathElement> property;  ///< Of the objects that the path leads to.

  friend bool operator==(const AggregateExpression&, const AggregateExpression&) = default;
};

struct SubqueryExpression {
  Path path;
  std::string variable;  ///< With its `$`.
  TextPosition variable_position;
  Box<PredicateNode> predicate;

  friend bool operator==(const SubqueryExpression&, const SubqueryExpression&) = default;
};

enum class ArithmeticOperator : std::uint8_t { kAdd, kSubtract, kMultiply, kDivide };

/// `first op rest.operand op ...`, from left to right; all operators have the same precedence.
struct ArithmeticExpression {
  struct Operand;

  Box<Expression> first;
  std::vector<Operand> rest;

  friend bool operator==(const ArithmeticExpression&, const ArithmeticExpression&);
};

struct Expression {
  std::variant<ConstantExpression,
               ListExpression,
               PathExpression,
               AggregateExpression,
               SubqueryExpression,
               ArithmeticExpression>
      data;
  TextPosition position;

  template <typename T>
  [[nodiscard]] const T* as() const noexcept {
    return std::get_if<T>(&data);
  }

  friend bool operator==(const Expression&, const Expression&) = default;
};

struct ArithmeticExpression::Operand {
  ArithmeticOperator op = ArithmeticOperator::kAdd;
  Expression operand;

  friend bool operator==(const Operand&, const Operand&) = default;
};

inline bool operator==(const ArithmeticExpression& left, const ArithmeticExpression& right) {
  return left.first == right.first && left.rest == right.rest;
}

enum class CompareOperator : std::uint8_t {
  kEqual,
  kNotEqual,
  kIn,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kBeginsWith,
  kEndsWith,
  kContains,
  kLike,
  kText,
};

struct ComparisonNode {
  CompareOperator op = CompareOperator::kEqual;
  bool ignore_case = false;
  Expression left;
  Expression right;
  TextPosition op_position;

  friend bool operator==(const ComparisonNode&, const ComparisonNode&) = default;
};

struct BetweenNode {
  Expression value;
  ListExpression limits;
  TextPosition limits_position;

  friend bool operator==(const BetweenNode&, const BetweenNode&) = default;
};

/// A region as it is written: coordinates may be arguments.
struct RegionExpression {
  struct Coordinate {
    double value = 0;
    std::optional<std::uint32_t> argument;

    friend bool operator==(const Coordinate&, const Coordinate&) = default;
  };
  struct Point {
    Coordinate longitude;
    Coordinate latitude;
    std::optional<double> altitude;

    friend bool operator==(const Point&, const Point&) = default;
  };

  GeoRegion::Shape shape = GeoRegion::Shape::kBox;
  std::vector<std::vector<Point>> rings;  ///< As in `GeoRegion`.
  Coordinate radius;

  friend bool operator==(const RegionExpression&, const RegionExpression&) = default;
};

struct GeoWithinNode {
  Expression value;
  std::variant<RegionExpression, Constant::Argument> region;
  TextPosition region_position;

  friend bool operator==(const GeoWithinNode&, const GeoWithinNode&) = default;
};

struct FixedNode {
  bool value = true;  ///< TRUEPREDICATE or FALSEPREDICATE.

  friend bool operator==(const FixedNode&, const FixedNode&) = default;
};

struct NotNode {
  Box<PredicateNode> operand;

  friend bool operator==(const NotNode&, const NotNode&) = default;
};

/// `and` or `or` of at least two operands, none of which is a group of the same kind.
struct GroupNode {
  bool is_and = true;
  std::vector<PredicateNode> operands;

  friend bool operator==(const GroupNode&, const GroupNode&);
};

struct PredicateNode {
  std::variant<FixedNode, ComparisonNode, BetweenNode, GeoWithinNode, NotNode, GroupNode> data;

  template <typename T>
  [[nodiscard]] const T* as() const noexcept {
    return std::get_if<T>(&data);
  }

  friend bool operator==(const PredicateNode&, const PredicateNode&) = default;
};

inline bool operator==(const GroupNode& left, const GroupNode& right) {
  return left.is_and == right.is_and && left.operands == right.operands;
}

struct SortNode {
  struct Key {
    Path path;
    bool ascending = true;

    friend bool operator==(const Key&, const Key&) = default;
  };
  std::vector<Key> keys;

  friend bool operator==(const SortNode&, const SortNode&) = default;
};

struct DistinctNode {
  std::vector<Path> paths;

  friend bool operator==(const DistinctNode&, const DistinctNode&) = default;
};

struct LimitNode {
  std::uint64_t count = 0;

  friend bool operator==(const LimitNode&, const LimitNode&) = default;
};

using DescriptorNode = std::variant<SortNode, DistinctNode, LimitNode>;

/// A whole query.
struct Ast {
  PredicateNode predicate;
  std::vector<DescriptorNode> descriptors;
  std::string text;  ///< As it was written, for errors; it does not count in a comparison.

  friend bool operator==(const Ast& left, const Ast& right) {
    return left.predicate == right.predicate && left.descriptors == right.descriptors;
  }
};

}  // namespace tombolo::query
