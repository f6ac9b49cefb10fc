#include <limits>

#include "merge/pair_rules.h"

namespace tombolo::merge {
namespace {

constexpr std::uint32_t kPositionMax = std::numeric_limits<std::uint32_t>::max();

/// Depth in `inner`'s path of the position that names an element of the list `outer` changes.
std::size_t list_depth(const Edit& outer) {
  return outer.path.size() - 1;
}

}  // namespace

Fault erase_table_around(Edit& outer, Edit& inner, Meeting&) {
  if (is_same_class(outer, inner)) inner.discard();
  return Fault::kNone;
}

Fault erase_object_around(Edit& outer, Edit& inner, Meeting&) {
  if (is_same_object(outer, inner)) inner.discard();
  return Fault::kNone;
}

Fault update_around(Edit& outer, Edit& inner, Meeting&) {
  if (outer.value.type == PayloadType::kObjectValue || !is_prefix(outer, inner)) {
    return Fault::kNone;
  }
  const PathElement next = inner.path[outer.path.size()];
  const bool fits = (outer.value.type == PayloadType::kList && next.is_index()) ||
                    (outer.value.type == PayloadType::kDictionary && next.is_key());
  if (!fits) inner.discard();
  return Fault::kNone;
}

Fault add_integer_around(Edit& outer, Edit& inner, Meeting&) {
  if (is_prefix(outer, inner)) inner.discard();
  return Fault::kNone;
}

Fault insert_around(Edit& outer, Edit& inner, Meeting&) {
  if (!is_container_prefix(outer, inner)) return Fault::kNone;
  const std::size_t depth = list_depth(outer);
  if (inner.path[depth].is_key()) return Fault::kBadPosition;
  const std::uint32_t element = inner.path[depth].position();
  if (element < outer.index()) return Fault::kNone;
  if (element == kPositionMax) return Fault::kBadPosition;
  inner.set_index_at(depth, element + 1);
  return Fault::kNone;
}

Fault move_around(Edit& outer, Edit& inner, Meeting& meeting) {
  if (!is_container_prefix(outer, inner)) return Fault::kNone;
  const std::size_t depth = list_depth(outer);
  if (inner.path[depth].is_key()) return Fault::kBadPosition;
  const std::uint32_t element = inner.path[depth].position();
  if (meeting.deployed.move_leaves_nested_paths) {
    outer.set_index(position_after_move(outer.index(), element, outer.move_to));
  } else {
    inner.set_index_at(depth, position_after_move(element, outer.index(), outer.move_to));
  }
  return Fault::kNone;
}

Fault erase_around(Edit& outer, Edit& inner, Meeting&) {
  if (!is_container_prefix(outer, inner)) return Fault::kNone;
  const std::size_t depth = list_depth(outer);
  if (inner.path[depth].is_key()) return Fault::kBadPosition;
  const std::uint32_t element = inner.path[depth].position();
  if (element == outer.index()) {
    inner.discard();
  } else if (element > outer.index()) {
    inner.set_index_at(depth, element - 1);
  }
  return Fault::kNone;
}

Fault clear_around(Edit& outer, Edit& inner, Meeting&) {
  if (is_prefix(outer, inner)) inner.discard();
  return Fault::kNone;
}

}  // namespace tombolo::merge
