#pragma once

#include "query/constant_binder.h"
#include "query/path_binder.h"

namespace tombolo::query {

/// One side of a comparison, before a constant on it takes the type of the other side.
struct OperandDraft {
  BoundOperand operand;  ///< When it is no constant.
  StaticType type;
  TextPosition position;
  bool is_list = false;
  Quantifier quantifier = Quantifier::kUnwritten;

  /// The constants, if it is one: a single one or a list of them.
  bool is_constant = false;
  std::vector<PendingConstant> constants;
  /// A constant whose value is computed already.
  std::optional<Value> computed;

  bool is_own_property = false;
  bool is_column = false;     ///< Primitive values of a collection property.
  bool is_link_list = false;  ///< Ends in links and leads through a list.
  bool is_keys = false;       ///< Of `@keys`.

  [[nodiscard]] bool is_null_constant() const {
    return is_constant && !is_list && !computed && constants[0].value->is_null();
  }
};

/// Binds a predicate of a subquery; given by the binder of predicates.
class PredicateBinder {
 public:
  virtual ~PredicateBinder() = default;
  [[nodiscard]] virtual BoundPredicate bind_predicate(const PredicateNode& node,
                                                      const BindScope& scope) = 0;
};

[[nodiscard]] OperandDraft bind_operand(const BindContext& context,
                                        PredicateBinder& predicates,
                                        const Expression& expression,
                                        const BindScope& scope);

/// The operand of a draft; a constant becomes what it is beside values of type `other`, and the
/// draft's type that of the constant.
[[nodiscard]] BoundOperand finish_operand(const BindContext& context,
                                          OperandDraft& draft,
                                          const StaticType& other);

/// The words of a quantifier, for errors.
[[nodiscard]] std::string_view to_string(Quantifier quantifier) noexcept;

}  // namespace tombolo::query
