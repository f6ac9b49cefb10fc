#include "merge/conflict_groups.h"

#include <algorithm>

#include "merge/walk.h"

namespace tombolo::merge {
namespace {

/// Edits of one side.
using Members = std::span<Edit*>;

bool has_erasure(Members members) {
  return std::ranges::any_of(members,
                             [](const Edit* edit) { return edit->opcode == Opcode::kEraseObject; });
}

/// Leaves out creations: they clash with erasures alone.
Members without_creations(Members members) {
  const auto end = std::remove_if(members.begin(), members.end(), [](const Edit* edit) {
    return edit->opcode == Opcode::kCreateObject;
  });
  return {members.begin(), end};
}

StringIndex field_of(const Edit* edit) {
  return edit->field;
}
/// 1 + the name with which the path begins; 0: with none.
std::uint64_t first_key(const Edit* edit) {
  if (edit->path.empty() || edit->path.front().is_index()) return 0;
  return std::uint64_t{edit->path.front().name().value()} + 1;
}

void sort_by_history(Members members) {
  std::ranges::sort(
      members, {}, [](const Edit* edit) { return std::pair(edit->changeset, edit->begin); });
}
void sort_by_slot(Members members) {
  std::ranges::sort(members, {}, [](const Edit* edit) {
    return std::tuple(edit->field, first_key(edit), edit->changeset, edit->begin);
  });
}

/// Calls `both(left, right)` for each run of equal values of `value_of` that both sorted sequences
/// have.
template <typename ValueOf, typename Both>
Fault for_each_common(Members left, Members right, ValueOf value_of, Both both) {
  const auto run = [&](Members members) {
    std::size_t count = 1;
    while (count < members.size() && value_of(members[count]) == value_of(members[0])) ++count;
    return members.first(count);
  };
  while (!left.empty() && !right.empty()) {
    if (value_of(left[0]) < value_of(right[0])) {
      left = left.subspan(1);
    } else if (value_of(right[0]) < value_of(left[0])) {
      right = right.subspan(1);
    } else {
      const Members left_run = run(left);
      const Members right_run = run(right);
      left = left.subspan(left_run.size());
      right = right.subspan(right_run.size());
      if (const Fault fault = both(left_run, right_run); fault != Fault::kNone) return fault;
    }
  }
  return Fault::kNone;
}

Fault walk_field(Members local, Members incoming, Meeting& meeting) {
  const bool all_keyed = first_key(local.front()) != 0 && first_key(incoming.front()) != 0;
  if (all_keyed) {
    return for_each_common(local, incoming, first_key, [&](Members left, Members right) {
      return walk_group(left, right, meeting);
    });
  }
  sort_by_history(local);
  sort_by_history(incoming);
  return walk_group(local, incoming, meeting);
}

}  // namespace

Fault walk_object(std::vector<Edit*>& local, std::vector<Edit*>& incoming, Meeting& meeting) {
  // Two alone need no sorting: what cannot clash has no rule.
  if (local.size() == 1 && incoming.size() == 1) return walk_group(local, incoming, meeting);
  if (has_erasure(local) || has_erasure(incoming)) return walk_group(local, incoming, meeting);
  const Members rows = without_creations(local);
  const Members columns = without_creations(incoming);
  sort_by_slot(rows);
  sort_by_slot(columns);
  return for_each_common(rows, columns, field_of, [&](Members left, Members right) {
    return walk_field(left, right, meeting);
  });
}

}  // namespace tombolo::merge
