#include "merge/walk.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "merge/list_merge.h"
#include "merge/set_merge.h"

namespace tombolo::merge {
namespace {

/// One row of the grid, from column `first` on. Counts the discarded columns that it passes over.
Fault walk_row(Edit& row,
               std::vector<Edit*>& incoming,
               std::size_t first,
               std::size_t& passed_over,
               Meeting& meeting) {
  for (std::size_t i = first; i < incoming.size() && !row.discarded; ++i) {
    Edit& column = *incoming[i];
    if (column.discarded) {
      ++passed_over;
      continue;
    }
    if (meeting.meetings_left-- == 0) return Fault::kTooManyMeetings;
    if (const Fault fault = merge_step(row, column, meeting); fault != Fault::kNone) return fault;
    if (meeting.unplaced == nullptr) continue;

    Edit* const prepended = std::exchange(meeting.unplaced, nullptr);
    if (prepended->changeset == column.changeset) {
      incoming.insert(incoming.begin() + static_cast<std::ptrdiff_t>(i), prepended);
    } else if (const Fault fault = walk_row(*prepended, incoming, i + 1, passed_over, meeting);
               fault != Fault::kNone) {
      return fault;
    }
  }
  return Fault::kNone;
}

bool is_discarded(const Edit* edit) {
  return edit->discarded;
}

std::vector<Edit*> remaining(std::span<Edit* const> edits) {
  std::vector<Edit*> rest;
  std::ranges::remove_copy_if(edits, std::back_inserter(rest), is_discarded);
  return rest;
}

/// What a stretch of one side's edits does, where that helps to merge it as a whole.
enum class PartKind : std::uint8_t {
  kListEdits,   ///< Flat edits of one list.
  kSetChanges,  ///< SetInsert and SetErase of one set.
  kAdditions,   ///< AddInteger of one slot.
  kOther,
};

PartKind kind_of(const Edit& edit) {
  switch (edit.opcode) {
    case Opcode::kSetInsert:
    case Opcode::kSetErase: return PartKind::kSetChanges;
    case Opcode::kAddInteger: return PartKind::kAdditions;
    default: return is_flat_list_edit(edit) ? PartKind::kListEdits : PartKind::kOther;
  }
}

/// Whether both edits may be in one part.
bool belong_together(const Edit& left, const Edit& right) {
  const PartKind kind = kind_of(left);
  if (kind_of(right) != kind) return false;
  switch (kind) {
    case PartKind::kListEdits: return is_same_container(left, right);
    case PartKind::kSetChanges:
    case PartKind::kAdditions: return is_same_path(left, right);
    case PartKind::kOther: return true;
  }
  return false;
}

/// Cuts a side into the longest parts.
std::vector<std::span<Edit* const>> cut(std::span<Edit* const> edits) {
  std::vector<std::span<Edit* const>> parts;
  while (!edits.empty()) {
    std::size_t count = 1;
    while (count < edits.size() && belong_together(*edits.front(), *edits[count])) ++count;
    parts.push_back(edits.first(count));
    edits = edits.subspan(count);
  }
  return parts;
}

/// One part of a side against one of the other.
Fault walk_part(std::span<Edit* const> local, std::span<Edit* const> incoming, Meeting& meeting) {
  const std::vector<Edit*> rows = remaining(local);
  const std::vector<Edit*> columns = remaining(incoming);
  if (rows.empty() || columns.empty()) return Fault::kNone;
  if (!is_worth_more_than_pairs(rows, columns) ||
      !belong_together(*rows.front(), *columns.front())) {
    return walk(rows, columns, meeting);
  }
  switch (kind_of(*rows.front())) {
    case PartKind::kListEdits: return merge_list(rows, columns, meeting);
    case PartKind::kSetChanges: return merge_set(rows, columns, meeting);
    case PartKind::kAdditions: return Fault::kNone;  // They add up in any order.
    case PartKind::kOther: break;
  }
  return walk(rows, columns, meeting);
}

}  // namespace

Fault walk(std::span<Edit* const> local, std::span<Edit* const> incoming, Meeting& meeting) {
  std::vector<Edit*> columns = remaining(incoming);
  std::size_t passed_over = 0;
  for (Edit* const row : local) {
    if (row->discarded) continue;
    if (const Fault fault = walk_row(*row, columns, 0, passed_over, meeting);
        fault != Fault::kNone) {
      return fault;
    }
    // Passing over the discarded ones again and again would make long histories slow, and so would
    // looking for them after each row.
    if (passed_over > columns.size()) {
      std::erase_if(columns, is_discarded);
      passed_over = 0;
    }
  }
  return Fault::kNone;
}

Fault walk_group(std::span<Edit* const> local, std::span<Edit* const> incoming, Meeting& meeting) {
  if (local.size() == 1 && incoming.size() == 1) {
    return merge_step(*local.front(), *incoming.front(), meeting);
  }
  if (!is_worth_more_than_pairs(local, incoming)) return walk(local, incoming, meeting);
  const auto local_parts = cut(local);
  const auto incoming_parts = cut(incoming);
  // Many short parts cost more than they save.
  constexpr std::size_t kPairsPerPartMin = 64;
  if (local_parts.size() * incoming_parts.size() * kPairsPerPartMin >
      local.size() * incoming.size()) {
    return walk(local, incoming, meeting);
  }
  for (const auto rows : local_parts) {
    for (const auto columns : incoming_parts) {
      if (const Fault fault = walk_part(rows, columns, meeting); fault != Fault::kNone) {
        return fault;
      }
    }
  }
  return Fault::kNone;
}

}  // namespace tombolo::merge
