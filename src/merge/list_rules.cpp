#include <limits>

#include "merge/pair_rules.h"

namespace tombolo::merge {
namespace {

constexpr std::uint32_t kSizeMax = std::numeric_limits<std::uint32_t>::max();

/// Whether the positions that the instruction names exist in the list whose size it states. A list
/// that one more insertion would overflow cannot be merged.
bool is_in_range(const Edit& edit) {
  if (edit.prior_size == kSizeMax) return false;
  switch (edit.opcode) {
    case Opcode::kArrayInsert: return edit.index() <= edit.prior_size;
    case Opcode::kArrayMove:
      return edit.index() < edit.prior_size && edit.move_to < edit.prior_size;
    default: return edit.index() < edit.prior_size;
  }
}

/// Whether both speak of positions in range; a field update among them speaks of none.
bool fit(const Edit& left, const Edit& right) {
  return ends_in_index(left) && ends_in_index(right) && is_in_range(left) && is_in_range(right);
}

/// The same, and of one list at one size.
bool fit_at_one_size(const Edit& left, const Edit& right) {
  return fit(left, right) && left.prior_size == right.prior_size;
}

void move_up(Edit& edit) {
  edit.set_index(edit.index() + 1);
}
void move_down(Edit& edit) {
  edit.set_index(edit.index() - 1);
}
void move_target_up(Edit& move) {
  move.set_move_to(move.move_to + 1);
}
void move_target_down(Edit& move) {
  move.set_move_to(move.move_to - 1);
}
void grow(Edit& edit) {
  edit.set_prior_size(edit.prior_size + 1);
}
void shrink(Edit& edit) {
  edit.set_prior_size(edit.prior_size - 1);
}

/// A move to where the element is already must not be executed.
void discard_if_void(Edit& move) {
  if (move.index() == move.move_to) move.discard();
}

}  // namespace

Fault insert_meets_insert(Edit& left, Edit& right, Meeting&) {
  if (!is_same_container(left, right)) return Fault::kNone;
  if (!fit_at_one_size(left, right)) return Fault::kBadPosition;
  grow(left);
  grow(right);
  if (left.index() > right.index()) {
    move_up(left);
  } else if (left.index() < right.index()) {
    move_up(right);
  } else {
    move_up(later_of(left, right));
  }
  return Fault::kNone;
}

Fault update_meets_insert(Edit& update, Edit& insert, Meeting&) {
  if (!is_same_container(update, insert)) return Fault::kNone;
  if (!fit_at_one_size(update, insert)) return Fault::kBadPosition;
  grow(update);
  if (update.index() >= insert.index()) move_up(update);
  return Fault::kNone;
}

Fault update_meets_erase(Edit& update, Edit& erase, Meeting&) {
  if (!is_same_container(update, erase)) return Fault::kNone;
  if (!fit_at_one_size(update, erase)) return Fault::kBadPosition;
  shrink(update);
  if (update.index() == erase.index()) {
    update.discard();
  } else if (update.index() > erase.index()) {
    move_down(update);
  }
  return Fault::kNone;
}

Fault update_meets_move(Edit& update, Edit& move, Meeting&) {
  if (!is_same_container(update, move)) return Fault::kNone;
  if (!fit(update, move)) return Fault::kBadPosition;
  update.set_index(position_after_move(update.index(), move.index(), move.move_to));
  return Fault::kNone;
}

Fault insert_meets_erase(Edit& insert, Edit& erase, Meeting&) {
  if (!is_same_container(insert, erase)) return Fault::kNone;
  if (!fit_at_one_size(insert, erase)) return Fault::kBadPosition;
  grow(erase);
  shrink(insert);
  if (insert.index() <= erase.index()) {
    move_up(erase);
  } else {
    move_down(insert);
  }
  return Fault::kNone;
}

Fault erase_meets_erase(Edit& left, Edit& right, Meeting&) {
  if (!is_same_container(left, right)) return Fault::kNone;
  if (!fit_at_one_size(left, right)) return Fault::kBadPosition;
  shrink(left);
  shrink(right);
  if (left.index() > right.index()) {
    move_down(left);
  } else if (left.index() < right.index()) {
    move_down(right);
  } else {
    left.discard();
    right.discard();
  }
  return Fault::kNone;
}

Fault move_meets_erase(Edit& move, Edit& erase, Meeting&) {
  if (!is_same_container(move, erase)) return Fault::kNone;
  if (!fit_at_one_size(move, erase)) return Fault::kBadPosition;
  shrink(move);
  if (erase.index() == move.index()) {
    erase.set_index(move.move_to);
    move.discard();
    return Fault::kNone;
  }
  // Every comparison uses the positions as changed by the one before it.
  if (erase.index() > move.index()) {
    move_down(erase);
  } else {
    move_down(move);
  }
  if (erase.index() >= move.move_to) {
    move_up(erase);
  } else {
    move_target_down(move);
  }
  discard_if_void(move);
  return Fault::kNone;
}

Fault insert_meets_move(Edit& insert, Edit& move, Meeting&) {
  if (!is_same_container(insert, move)) return Fault::kNone;
  if (!fit(insert, move)) return Fault::kBadPosition;
  grow(move);
  if (insert.index() > move.index()) {
    move_down(insert);
  } else {
    move_up(move);
  }
  if (insert.index() < move.move_to ||
      (insert.index() == move.move_to && is_earlier(move, insert))) {
    move_target_up(move);
  } else {
    move_up(insert);
  }
  return Fault::kNone;
}

Fault move_meets_move(Edit& left, Edit& right, Meeting&) {
  if (!is_same_container(left, right)) return Fault::kNone;
  if (!fit_at_one_size(left, right)) return Fault::kBadPosition;
  if (left.index() == right.index()) {
    Edit& winner = later_of(left, right);
    Edit& loser = earlier_of(left, right);
    loser.discard();
    winner.set_index(loser.move_to);
    discard_if_void(winner);
    return Fault::kNone;
  }
  // Take both elements out, then put both in; each step sees the positions as changed before it.
  if (left.index() < right.index()) {
    move_down(right);
  } else {
    move_down(left);
  }
  if (left.move_to > right.index()) {
    move_target_down(left);
  } else {
    move_up(right);
  }
  if (left.index() < right.move_to) {
    move_target_down(right);
  } else {
    move_up(left);
  }
  if (left.move_to < right.move_to) {
    move_target_up(right);
  } else if (left.move_to > right.move_to) {
    move_target_up(left);
  } else {
    move_target_up(later_of(left, right));
  }
  discard_if_void(left);
  discard_if_void(right);
  return Fault::kNone;
}

Fault insert_meets_clear(Edit& insert, Edit& clear, Meeting& meeting) {
  if (meeting.deployed.list_leaves_nested_clears) return Fault::kNone;
  if (!is_same_container(insert, clear) || !ends_in_index(clear)) return Fault::kNone;
  if (clear.index() < insert.index()) return Fault::kNone;
  if (clear.index() == kSizeMax) return Fault::kBadPosition;
  move_up(clear);
  return Fault::kNone;
}

Fault move_meets_clear(Edit& move, Edit& clear, Meeting& meeting) {
  if (meeting.deployed.list_leaves_nested_clears) return Fault::kNone;
  if (!is_same_container(move, clear) || !ends_in_index(clear)) return Fault::kNone;
  clear.set_index(position_after_move(clear.index(), move.index(), move.move_to));
  return Fault::kNone;
}

Fault erase_meets_clear(Edit& erase, Edit& clear, Meeting& meeting) {
  if (meeting.deployed.list_leaves_nested_clears) return Fault::kNone;
  if (!is_same_container(erase, clear) || !ends_in_index(clear)) return Fault::kNone;
  if (clear.index() == erase.index()) {
    clear.discard();
  } else if (clear.index() > erase.index()) {
    move_down(clear);
  }
  return Fault::kNone;
}

}  // namespace tombolo::merge
