#include "merge/pair_rules.h"
#include "value/decimal128.h"

namespace tombolo::merge {
namespace {

/// Equal kinds and equal values, numbers numerically: no NaN equals another, -0 equals 0.
bool is_same_value(const Payload& left, const Payload& right) {
  if (left.type != right.type) return false;
  switch (left.type) {
    case PayloadType::kInt: return left.integer == right.integer;
    case PayloadType::kBool: return left.boolean == right.boolean;
    case PayloadType::kString:
    case PayloadType::kBinary: return left.text == right.text;
    case PayloadType::kTimestamp: return left.timestamp == right.timestamp;
    case PayloadType::kFloat: return left.single == right.single;
    case PayloadType::kDouble: return left.real == right.real;
    case PayloadType::kDecimal: return numerically_equal(left.decimal, right.decimal);
    case PayloadType::kLink:
      return left.link.table == right.link.table &&
             is_same_key(left.link.object, right.link.object);
    case PayloadType::kObjectId: return left.object_id == right.object_id;
    case PayloadType::kUuid: return left.uuid == right.uuid;
    default: return true;  // the kinds without content
  }
}

/// As clients in use compare what two SetErase take out: texts and links by place, keys of links
/// that are no strings and all other kinds by value.
bool is_same_by_place(const Edit& left, const Edit& right, Meeting& meeting) {
  const Payload& one = left.value;
  const Payload& other = right.value;
  if (one.type != other.type) return false;
  switch (one.type) {
    case PayloadType::kString:
    case PayloadType::kBinary: return meeting.set_erase_places.is_same_place(left, right);
    case PayloadType::kLink:
      if (one.link.object.type != other.link.object.type) return false;
      if (one.link.object.type != PayloadType::kString &&
          !is_same_key(one.link.object, other.link.object)) {
        return false;
      }
      return meeting.set_erase_places.is_same_place(left, right);
    default: return is_same_value(one, other);
  }
}

}  // namespace

Fault clear_meets_clear(Edit& left, Edit& right, Meeting&) {
  if (is_same_path(left, right)) earlier_of(left, right).discard();
  return Fault::kNone;
}

Fault clear_meets_set_change(Edit& clear, Edit& change, Meeting&) {
  if (is_same_path(clear, change)) change.discard();
  return Fault::kNone;
}

Fault set_insert_meets_set_change(Edit& insert, Edit& change, Meeting&) {
  if (is_same_path(insert, change) && is_same_value(insert.value, change.value)) {
    earlier_of(insert, change).discard();
  }
  return Fault::kNone;
}

Fault set_erase_meets_set_erase(Edit& left, Edit& right, Meeting& meeting) {
  if (!is_same_path(left, right)) return Fault::kNone;
  const bool by_place_alone = meeting.deployed.set_erase_by_position;
  if (!by_place_alone && !is_same_value(left.value, right.value)) return Fault::kNone;
  if (is_same_by_place(left, right, meeting)) earlier_of(left, right).discard();
  return Fault::kNone;
}

}  // namespace tombolo::merge
