#include "merge/pair_rules.h"

namespace tombolo::merge {
namespace {

bool is_collection_kind(PayloadType type) {
  return type == PayloadType::kList || type == PayloadType::kDictionary;
}

/// Whether the slot holds afterwards what the update makes of it and the clear empties.
bool is_same_kind(PayloadType made, CollectionType emptied) {
  return (made == PayloadType::kList && emptied == CollectionType::kList) ||
         (made == PayloadType::kDictionary && emptied == CollectionType::kDictionary);
}

std::int64_t wrapping_sum(std::int64_t left, std::int64_t right) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(left) +
                                   static_cast<std::uint64_t>(right));
}

}  // namespace

Fault update_meets_update(Edit& left, Edit& right, Meeting&) {
  if (!is_same_path(left, right)) return Fault::kNone;
  if (ends_in_index(left) && left.prior_size != right.prior_size) return Fault::kBadPosition;

  const PayloadType left_type = left.value.type;
  const PayloadType right_type = right.value.type;
  if (left_type != right_type) {
    if (left_type == PayloadType::kObjectValue) return left.discard(), Fault::kNone;
    if (right_type == PayloadType::kObjectValue) return right.discard(), Fault::kNone;
  } else if (is_collection_kind(left_type)) {
    return Fault::kNone;
  }
  if (left.is_default != right.is_default) {
    (left.is_default ? left : right).discard();
  } else {
    earlier_of(left, right).discard();
  }
  return Fault::kNone;
}

Fault update_meets_add_integer(Edit& update, Edit& add, Meeting&) {
  if (!is_same_path(update, add)) return Fault::kNone;
  const bool both_count = is_earlier(update, add) || update.is_default;
  if (both_count && update.value.type == PayloadType::kNull) return Fault::kNone;
  if (both_count && update.value.type == PayloadType::kInt) {
    update.value.integer = wrapping_sum(update.value.integer, add.value.integer);
    update.changed = true;
  } else {
    add.discard();
  }
  return Fault::kNone;
}

Fault update_meets_clear(Edit& update, Edit& clear, Meeting&) {
  if (!is_same_path(update, clear)) return Fault::kNone;
  if (!is_same_kind(update.value.type, clear.collection)) earlier_of(update, clear).discard();
  return Fault::kNone;
}

Fault add_integer_meets_clear(Edit& add, Edit& clear, Meeting&) {
  if (is_same_path(add, clear)) add.discard();
  return Fault::kNone;
}

}  // namespace tombolo::merge
