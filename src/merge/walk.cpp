#include "merge/walk.h"

#include <cstddef>
#include <utility>

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

}  // namespace

Fault walk(const std::vector<Edit*>& local, std::vector<Edit*>& incoming, Meeting& meeting) {
  for (Edit* const row : local) {
    if (row->discarded) continue;
    if (const Fault fault = walk_row(*row, incoming, 0, meeting); fault != Fault::kNone) {
      return fault;
    }
  }
  return Fault::kNone;
}

}  // namespace tombolo::merge
