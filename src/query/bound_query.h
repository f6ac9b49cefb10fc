#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "query/ast.h"
#include "query/full_text.h"
#include "query/geo.h"
#include "query/query_schema.h"
#include "query/value.h"

/// A query whose names are looked up and whose types are checked: what is evaluated.

namespace tombolo::query {

struct BoundPredicate;

/// One step from a value to the next ones. Those on mixed values look at what is there: where they
/// do not fit they lead nowhere.
struct BoundStep {
  enum class Kind : std::uint8_t {
    kProperty,   ///< From an object to the value of its property.
    kElements,   ///< From a collection to each element or dictionary value.
    kKeys,       ///< From a dictionary to each key.
    kIndex,      ///< From a list to the element at `index`.
    kLast,       ///< From a list to its last element.
    kKey,        ///< From a dictionary to the value of `key`.
    kBacklinks,  ///< From an object to each object of `class_id` that links to it by `property`.
    kMixedName,  ///< `.name`: a dictionary's value or a linked object's property.
    kMixedKey,
    kMixedIndex,
    kMixedLast,
    kMixedEach,
    kMixedKeys,
  };

  Kind kind = Kind::kProperty;
  std::uint32_t class_id = 0;
  std::uint32_t property = 0;
  std::uint64_t index = 0;
  std::string key;
  bool needs_element = false;  ///< An index beyond the end leads nowhere rather than to null.
};

struct BoundPath {
  enum class Values : std::uint8_t {
    kOne,        ///< Exactly one, except that there may be none.
    kListOfOne,  ///< The same, but it counts as a list where lists are compared.
    kMany,
  };

  std::vector<BoundStep> steps;
  Values values = Values::kOne;
  bool ends_in_keys = false;  ///< Of a dictionary; without keys no comparison holds.
};

/// Values that are written in the query, or given as arguments. An object is looked up by its key
/// when the query is evaluated, because it may come and go.
struct BoundConstant {
  struct Object {
    std::size_t position = 0;  ///< In `values`.
    std::uint32_t class_id = 0;
    Value key;
  };

  std::vector<Value> values;
  std::vector<Object> objects;
};

struct BoundOperand;

struct ConstantOperand {
  std::size_t constant = 0;  ///< In `BoundQuery::constants`.
};

struct PathOperand {
  enum class Map : std::uint8_t {
    kNone,
    kSize,       ///< Of each value: the bytes of a text, the elements of a collection.
    kCount,      ///< How many values there are that are not null.
    kBacklinks,  ///< How many links lead to the objects.
    kTypes,      ///< The type of each value.
  };

  BoundPath path;
  Map map = Map::kNone;
};

struct AggregateOperand {
  AggregateKind kind = AggregateKind::kMin;
  BoundPath path;
  ValueKind sum_kind = ValueKind::kInt;  ///< In which sums and averages are computed.
};

struct SubqueryOperand {
  BoundPath path;
  Box<BoundPredicate> predicate;
};

struct ArithmeticOperand {
  struct Step;

  Box<BoundOperand> first;
  std::vector<Step> rest;
};

struct BoundOperand {
  std::variant<ConstantOperand, PathOperand, AggregateOperand, SubqueryOperand, ArithmeticOperand>
      data;
  bool is_list = false;
  Quantifier quantifier = Quantifier::kUnwritten;

  template <typename T>
  [[nodiscard]] const T* as() const noexcept {
    return std::get_if<T>(&data);
  }
};

struct ArithmeticOperand::Step {
  ArithmeticOperator op = ArithmeticOperator::kAdd;
  BoundOperand operand;
};

struct BoundComparison {
  enum class Nulls : std::uint8_t {
    kUnordered,  ///< Null is neither less nor greater than a value.
    kLowest,
  };

  CompareOperator op = CompareOperator::kEqual;
  bool ignore_case = false;
  bool is_ieee = false;  ///< NaN is unequal to everything and without order.
  Nulls nulls = Nulls::kUnordered;
  /// Two lists are compared element by element, as no quantifier was written.
  bool is_whole_list = false;
  BoundOperand left;
  BoundOperand right;
};

struct BoundText {
  BoundPath path;
  Quantifier quantifier = Quantifier::kUnwritten;
  FullTextQuery query;
};

struct BoundGeoWithin {
  BoundPath path;
  Quantifier quantifier = Quantifier::kUnwritten;
  GeoShape shape;
  /// Of the embedded objects that are points.
  std::uint32_t type_property = 0;
  std::uint32_t coordinates_property = 0;
};

struct BoundNot {
  Box<BoundPredicate> operand;
};

struct BoundGroup {
  bool is_and = true;
  std::vector<BoundPredicate> operands;
};

struct BoundPredicate {
  std::variant<FixedNode, BoundComparison, BoundText, BoundGeoWithin, BoundNot, BoundGroup> data;

  template <typename T>
  [[nodiscard]] const T* as() const noexcept {
    return std::get_if<T>(&data);
  }
};

/// The paths lead through to-one links to a property, perhaps with the key of a dictionary.
struct BoundSort {
  struct Key {
    BoundPath path;
    bool ascending = true;
  };
  std::vector<Key> keys;
};

struct BoundDistinct {
  std::vector<BoundPath> paths;
};

using BoundDescriptor = std::variant<BoundSort, BoundDistinct, LimitNode>;

/// Thread:  immutable; may be shared.
struct BoundQuery {
  BoundQuery() = default;
  BoundQuery(const BoundQuery&) = delete;
  BoundQuery& operator=(const BoundQuery&) = delete;

  std::shared_ptr<const QuerySchema> schema;
  std::size_t class_index = 0;
  BoundPredicate predicate;
  std::vector<BoundDescriptor> descriptors;
  std::vector<BoundConstant> constants;
  std::deque<std::string> texts;  ///< What the constants view.
  std::string text;               ///< What it was bound from, with the arguments.
  std::vector<Constant> arguments;
  /// What is wrong, but is only said when results are read.
  std::optional<Error> read_error;

  [[nodiscard]] const QueryClass& queried_class() const { return schema->classes[class_index]; }
};

}  // namespace tombolo::query
