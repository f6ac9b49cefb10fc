#include "merge/pair_rules.h"

namespace tombolo::merge {

Fault create_object_meets_erase_object(Edit& create, Edit& erase, Meeting&) {
  if (is_same_object(create, erase)) create.discard();
  return Fault::kNone;
}

Fault erase_object_meets_erase_object(Edit& left, Edit& right, Meeting&) {
  if (is_same_object(left, right)) earlier_of(left, right).discard();
  return Fault::kNone;
}

}  // namespace tombolo::merge
