#pragma once

#include <cstdint>
#include <deque>

#include "merge/edit.h"
#include "merge/merge.h"
#include "merge/set_erase_places.h"

/// The rules: one function per pair of instructions that can clash. Each says what clashes, who
/// wins and why. The two instructions come from different sides; no rule asks from which.
///
/// Source: docs/merge-rules.md; the numbers in the comments are its rules.

namespace tombolo::merge {

/// Why two changesets cannot be merged.
enum class Fault : std::uint8_t {
  kNone,
  kSchemaMismatch,   ///< `ErrorCode::kMergeSchemaMismatch`.
  kBadPosition,      ///< `ErrorCode::kMergeBadPosition`.
  kTooManyMeetings,  ///< `ErrorCode::kLimitExceeded`.
};

/// What rules need besides the two instructions.
struct Meeting {
  const DeployedRules& deployed;
  SetErasePlaces& set_erase_places;
  /// The EraseColumn instructions that rule 5 adds: each stands directly before the EraseTable
  /// whose changeset and place there it bears, and after those added there earlier.
  std::deque<Edit>& prepended;
  /// The one that the last step added; the walk gives it a place and sets this to null.
  Edit* unplaced = nullptr;
  std::uint64_t meetings_left = kMeetingsMax;
};

/// A rule changes or discards its instructions in place.
using FlatRule = Fault (*)(Edit& first, Edit& second, Meeting& meeting);
/// `outer` has the smaller level.
using NestedRule = Fault (*)(Edit& outer, Edit& inner, Meeting& meeting);

// --- Schema: schema_rules.cpp ------------------------------------------------------------------

/// (1) Both sides add a class of one name. Equal definitions: each side has it already, so neither
/// is executed again. Different ones cannot be brought together: schema mismatch.
Fault add_table_meets_add_table(Edit& left, Edit& right, Meeting&);
/// (2) One side erases a class that the other adds. The class goes: erasing wins.
Fault add_table_meets_erase_table(Edit& add, Edit& erase, Meeting&);
/// (3) Both erase the class: done on both sides already.
Fault erase_table_meets_erase_table(Edit& left, Edit& right, Meeting&);
/// (5) One side adds a link property to a class that the other erases. The property goes with its
/// target; where it exists already it is erased first, for it would keep the class alive.
Fault add_column_meets_erase_table(Edit& add, Edit& erase, Meeting&);
/// (6) Both add a property of one name: as (1).
Fault add_column_meets_add_column(Edit& left, Edit& right, Meeting&);
/// (7) One side erases a property that the other adds: erasing wins.
Fault add_column_meets_erase_column(Edit& add, Edit& erase, Meeting&);
/// (8) Both erase the property: done on both sides already.
Fault erase_column_meets_erase_column(Edit& left, Edit& right, Meeting&);
/// (9) One side erases the property in which the other writes, in any object and at any depth. The
/// write goes: there is nothing left to write to.
Fault update_meets_erase_column(Edit& update, Edit& erase, Meeting&);
/// (9) as above, for what is no Update; clients in use have no such rule (departure D3).
Fault edit_meets_erase_column(Edit& edit, Edit& erase, Meeting&);

// --- Objects: object_rules.cpp -----------------------------------------------------------------

/// (10) One side creates an object that the other erases. Erasing wins, whichever is later: who
/// erased it did not mean to see it come back. Created again after the erasure, it stays.
Fault create_object_meets_erase_object(Edit& create, Edit& erase, Meeting&);
/// (11) Both erase the object. The later one stays, because it must still defeat what a third file
/// did in between.
Fault erase_object_meets_erase_object(Edit& left, Edit& right, Meeting&);

// --- Values: value_rules.cpp -------------------------------------------------------------------

/// (12) Both write one slot. An explicit value beats the creation of an embedded object; two lists
/// or two dictionaries both stay, so that their contents are merged; an explicit value beats a
/// default; otherwise the later one wins.
Fault update_meets_update(Edit& left, Edit& right, Meeting&);
/// (13) One side adds to an integer that the other writes. A later write wins alone. Is the
/// addition later, or the write a default, both count: the written value absorbs the addition.
/// Added to null or to no integer, it has no effect.
Fault update_meets_add_integer(Edit& update, Edit& add, Meeting&);
/// (14) One side empties a collection in a slot that the other writes. Making a collection of the
/// kind that the slot holds is no contradiction; otherwise the later one wins.
Fault update_meets_clear(Edit& update, Edit& clear, Meeting&);
/// (15) One side adds to the integer in a slot in which the other empties a collection: there is
/// no integer to add to.
Fault add_integer_meets_clear(Edit& add, Edit& clear, Meeting&);

// --- Lists: list_rules.cpp. All have one container; `Clear` is that of a list's element. ---------

/// (16) Two insertions: the one behind moves up. At the same place the earlier one comes first.
Fault insert_meets_insert(Edit& left, Edit& right, Meeting&);
/// (17) A write keeps to its element, which an insertion before it moves up.
Fault update_meets_insert(Edit& update, Edit& insert, Meeting&);
/// (18) A write to an erased element goes, even if it is later; others keep to their element.
Fault update_meets_erase(Edit& update, Edit& erase, Meeting&);
/// (19) A write follows the element that is moved, and makes way for it.
Fault update_meets_move(Edit& update, Edit& move, Meeting&);
/// (20) An insertion and an erasure keep to their place and their element.
Fault insert_meets_erase(Edit& insert, Edit& erase, Meeting&);
/// (21) Two erasures of one element: done on both sides already. Of two, each keeps to its own.
Fault erase_meets_erase(Edit& left, Edit& right, Meeting&);
/// (22) An erasure follows the element that is moved; the move is void then.
Fault move_meets_erase(Edit& move, Edit& erase, Meeting&);
/// (23) A moved element and a new one want the same place: the later one comes first. This is the
/// mirror of (16); it converges, and clients in use do it.
Fault insert_meets_move(Edit& insert, Edit& move, Meeting&);
/// (24) Two moves of one element: the later one wins. Of two: each keeps to its element, and at
/// one target the earlier one comes first.
Fault move_meets_move(Edit& left, Edit& right, Meeting&);
/// (25) Emptying an element that is a collection keeps to its element, as a write does: departure
/// D4.
Fault insert_meets_clear(Edit& insert, Edit& clear, Meeting&);
Fault move_meets_clear(Edit& move, Edit& clear, Meeting&);
Fault erase_meets_clear(Edit& erase, Edit& clear, Meeting&);

// --- Clearing and sets: set_rules.cpp ------------------------------------------------------------

/// (26) Both empty a collection. The later one stays, so that what its side put in afterwards is
/// what remains.
Fault clear_meets_clear(Edit& left, Edit& right, Meeting&);
/// (27) Emptying a set beats concurrent changes of its elements, even later ones.
Fault clear_meets_set_change(Edit& clear, Edit& change, Meeting&);
/// (28) Both put a value into a set or take it out: the later one wins, value by value. It stays
/// even if it changes nothing, for a third file may have done the opposite in between.
Fault set_insert_meets_set_change(Edit& insert, Edit& change, Meeting&);
/// (28) Two erasures, of which only those at one place of their changesets count as equal:
/// departure D1.
Fault set_erase_meets_set_erase(Edit& left, Edit& right, Meeting&);

// --- What lies inside of what the other side changes: nested_rules.cpp
// -----------------------------

/// (4) Everything in an erased class goes.
Fault erase_table_around(Edit& outer, Edit& inner, Meeting&);
/// (29) Everything done to an erased object goes, even if it is later.
Fault erase_object_around(Edit& outer, Edit& inner, Meeting&);
/// (30) A slot that is written takes with it what was done inside of it, even later. A new list or
/// dictionary leaves what fits its kind, the creation of an embedded object leaves everything.
Fault update_around(Edit& outer, Edit& inner, Meeting&);
/// (31) A slot that holds an integer has nothing inside.
Fault add_integer_around(Edit& outer, Edit& inner, Meeting&);
/// (32) What is done inside of a list element keeps to it when another is inserted before it,
Fault insert_around(Edit& outer, Edit& inner, Meeting&);
/// when elements are moved (departure D2),
Fault move_around(Edit& outer, Edit& inner, Meeting&);
/// or erased; it goes with its own element.
Fault erase_around(Edit& outer, Edit& inner, Meeting&);
/// (33) Everything done inside of an emptied collection goes, even if it is later.
Fault clear_around(Edit& outer, Edit& inner, Meeting&);

}  // namespace tombolo::merge
