#include "merge/walk.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "merge/list_merge.h"

namespace tombolo::merge {
namespace {

/// One row of the grid, from column `first` on.
Fault walk_row(Edit& row, std::vector<Edit*>& incoming, std::size_t first, Meeting& meeting) {
  for (std::size_t i = first; i < incoming.size() && !row.discarded; ++i) {
    Edit& column = *incoming[i];
    if (column.discarded) continue;
    if (const Fault fault = merge_step(row, column, meeting); fault != Fault::kNone) return fault;
    if (meeting.unplaced == nullptr) continue;

    Edit* const prepended = std::exchange(meeting.unplaced, nullptr);
    if (prepended->changeset == column.changeset) {
      incoming.insert(incoming.begin() + static_cast<std::ptrdiff_t>(i), prepended);
    } else if (const Fault fault = walk_row(*prepended, incoming, i + 1, meeting);
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

/// Cuts a side into the longest stretches that are flat edits of one list, and the rest.
std::vector<std::span<Edit* const>> cut(std::span<Edit* const> edits) {
  std::vector<std::span<Edit* const>> parts;
  while (!edits.empty()) {
    const bool is_flat = is_flat_list_edit(*edits.front());
    std::size_t count = 1;
    while (count < edits.size() && is_flat_list_edit(*edits[count]) == is_flat &&
           (!is_flat || is_same_container(*edits.front(), *edits[count]))) {
      ++count;
    }
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
  const bool are_of_one_list = is_flat_list_edit(*rows.front()) &&
                               is_flat_list_edit(*columns.front()) &&
                               is_same_container(*rows.front(), *columns.front());
  return are_of_one_list && is_worth_more_than_pairs(rows, columns)
             ? merge_list(rows, columns, meeting)
             : walk(rows, columns, meeting);
}

}  // namespace

Fault walk(std::span<Edit* const> local, std::span<Edit* const> incoming, Meeting& meeting) {
  std::vector<Edit*> columns = remaining(incoming);
  for (Edit* const row : local) {
    if (row->discarded) continue;
    if (const Fault fault = walk_row(*row, columns, 0, meeting); fault != Fault::kNone) {
      return fault;
    }
    // Passing over the discarded ones again and again would make long histories slow.
    std::erase_if(columns, is_discarded);
  }
  return Fault::kNone;
}

Fault walk_group(std::span<Edit* const> local, std::span<Edit* const> incoming, Meeting& meeting) {
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
