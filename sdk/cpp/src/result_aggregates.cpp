#include <cmath>
#include <string>

#include "query/ast.h"
#include "query/value.h"
#include "realm_core.h"
#include "store/query_objects.h"
#include "tombolo/any_results.h"

namespace tombolo {
namespace {

using Operand = query::Value;

bool is_skipped(const Operand& value) {
  switch (value.kind()) {
    case query::ValueKind::kNull: return true;
    case query::ValueKind::kFloat:
    case query::ValueKind::kDouble: return std::isnan(value.as_real());
    case query::ValueKind::kDecimal: return is_nan(value.as_decimal());
    default: return false;
  }
}

/// A property that the operation can be asked of.
const store::PropertyInfo& checked_property(const RealmCore& realm,
                                            ClassId class_id,
                                            PropertyId property,
                                            std::string_view operation,
                                            bool takes_dates) {
  const store::PropertyInfo& info = realm.property_info(class_id, property);
  const bool is_number = info.type == PropertyType::kInt || info.type == PropertyType::kFloat ||
                         info.type == PropertyType::kDouble || info.type == PropertyType::kDecimal;
  const bool fits = is_number || (takes_dates && info.type == PropertyType::kTimestamp);
  if (fits && info.collection == CollectionType::kSingle) return info;
  const std::string& class_name = realm.class_info(class_id).name;
  throw Error(ErrorCode::kInvalidArgument,
              "Operation '" + std::string(operation) + "' not supported for " +
                  std::string(to_string(info.type)) + " property '" + class_name + "." + info.name +
                  "'");
}

template <typename Visit>
void for_each_value(const RealmCore& realm,
                    ClassId class_id,
                    const store::RowSequence& rows,
                    PropertyId property,
                    Visit&& visit) {
  const store::RealmReader& reader = realm.reader();
  for (const store::RowId row : rows) {
    const Operand value = store::to_query_value(reader.get({class_id, row}, property));
    if (!is_skipped(value)) visit(value);
  }
}

/// Floats are summed up as doubles.
Operand widen(const Operand& value) {
  return value.kind() == query::ValueKind::kFloat ? Operand::of_double(value.as_real()) : value;
}

Operand zero_of(PropertyType type) {
  if (type == PropertyType::kInt) return Operand::of_int(0);
  if (type == PropertyType::kDecimal) return Operand::of_decimal(make_decimal128(0));
  return Operand::of_double(0);
}

std::optional<tombolo::Value> to_public(const std::optional<Operand>& value) {
  return value ? store::to_store_value(*value) : std::nullopt;
}

}  // namespace

std::optional<tombolo::Value> AnyResults::min(PropertyId property) const {
  (void)checked_property(*realm_, class_id_, property, "min", true);
  std::optional<Operand> least;
  for_each_value(*realm_, class_id_, rows(), property, [&](const Operand& value) {
    if (!least || query::order(value, *least) < 0) least = value;
  });
  return to_public(least);
}

std::optional<tombolo::Value> AnyResults::max(PropertyId property) const {
  (void)checked_property(*realm_, class_id_, property, "max", true);
  std::optional<Operand> greatest;
  for_each_value(*realm_, class_id_, rows(), property, [&](const Operand& value) {
    if (!greatest || query::order(value, *greatest) > 0) greatest = value;
  });
  return to_public(greatest);
}

tombolo::Value AnyResults::sum(PropertyId property) const {
  Operand total = zero_of(checked_property(*realm_, class_id_, property, "sum", false).type);
  for_each_value(*realm_, class_id_, rows(), property, [&](const Operand& value) {
    total = query::compute(query::ArithmeticOperator::kAdd, total, widen(value));
  });
  return store::to_store_value(total).value();
}

std::optional<tombolo::Value> AnyResults::average(PropertyId property) const {
  const PropertyType type = checked_property(*realm_, class_id_, property, "avg", false).type;
  Operand total = zero_of(type == PropertyType::kInt ? PropertyType::kDouble : type);
  std::int64_t count = 0;
  for_each_value(*realm_, class_id_, rows(), property, [&](const Operand& value) {
    total = query::compute(query::ArithmeticOperator::kAdd, total, widen(value));
    ++count;
  });
  if (count == 0) return std::nullopt;
  return to_public(
      query::compute(query::ArithmeticOperator::kDivide, total, Operand::of_int(count)));
}

}  // namespace tombolo
