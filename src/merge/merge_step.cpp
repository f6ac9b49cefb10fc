#include "merge/merge_step.h"

#include <array>
#include <cstddef>

namespace tombolo::merge {
namespace {

using enum Opcode;

/// The pair cannot clash.
Fault independent(Edit&, Edit&, Meeting&) {
  return Fault::kNone;
}
/// The pair clashes only where one lies inside of what the other changes.
Fault nested_only(Edit&, Edit&, Meeting&) {
  return Fault::kNone;
}

struct Row {
  Opcode first;
  Opcode second;
  FlatRule rule;
};

/// Which pair meets which rule. Every pair of kinds stands here once, also those without a rule, in
/// the order of docs/merge-rules.md.
constexpr Row kRows[] = {
    {kAddTable, kAddTable, add_table_meets_add_table},
    {kAddTable, kEraseTable, add_table_meets_erase_table},
    {kAddTable, kCreateObject, independent},
    {kAddTable, kEraseObject, independent},
    {kAddTable, kUpdate, independent},
    {kAddTable, kAddInteger, independent},
    {kAddTable, kAddColumn, independent},
    {kAddTable, kEraseColumn, independent},
    {kAddTable, kArrayInsert, independent},
    {kAddTable, kArrayMove, independent},
    {kAddTable, kArrayErase, independent},
    {kAddTable, kClear, independent},
    {kAddTable, kSetInsert, independent},
    {kAddTable, kSetErase, independent},

    {kEraseTable, kEraseTable, erase_table_meets_erase_table},
    {kEraseTable, kCreateObject, nested_only},
    {kEraseTable, kEraseObject, nested_only},
    {kEraseTable, kUpdate, nested_only},
    {kEraseTable, kAddInteger, nested_only},
    {kAddColumn, kEraseTable, add_column_meets_erase_table},
    {kEraseTable, kEraseColumn, nested_only},
    {kEraseTable, kArrayInsert, nested_only},
    {kEraseTable, kArrayMove, nested_only},
    {kEraseTable, kArrayErase, nested_only},
    {kEraseTable, kClear, nested_only},
    {kEraseTable, kSetInsert, nested_only},
    {kEraseTable, kSetErase, nested_only},

    {kCreateObject, kCreateObject, independent},
    {kCreateObject, kEraseObject, create_object_meets_erase_object},
    {kCreateObject, kUpdate, independent},
    {kCreateObject, kAddInteger, independent},
    {kCreateObject, kAddColumn, independent},
    {kCreateObject, kEraseColumn, independent},
    {kCreateObject, kArrayInsert, independent},
    {kCreateObject, kArrayMove, independent},
    {kCreateObject, kArrayErase, independent},
    {kCreateObject, kClear, independent},
    {kCreateObject, kSetInsert, independent},
    {kCreateObject, kSetErase, independent},

    {kEraseObject, kEraseObject, erase_object_meets_erase_object},
    {kEraseObject, kUpdate, nested_only},
    {kEraseObject, kAddInteger, nested_only},
    {kEraseObject, kAddColumn, independent},
    {kEraseObject, kEraseColumn, independent},
    {kEraseObject, kArrayInsert, nested_only},
    {kEraseObject, kArrayMove, nested_only},
    {kEraseObject, kArrayErase, nested_only},
    {kEraseObject, kClear, nested_only},
    {kEraseObject, kSetInsert, nested_only},
    {kEraseObject, kSetErase, nested_only},

    {kUpdate, kUpdate, update_meets_update},
    {kUpdate, kAddInteger, update_meets_add_integer},
    {kUpdate, kAddColumn, independent},
    {kUpdate, kEraseColumn, update_meets_erase_column},
    {kUpdate, kArrayInsert, update_meets_insert},
    {kUpdate, kArrayMove, update_meets_move},
    {kUpdate, kArrayErase, update_meets_erase},
    {kUpdate, kClear, update_meets_clear},
    {kUpdate, kSetInsert, nested_only},
    {kUpdate, kSetErase, nested_only},

    {kAddInteger, kAddInteger, independent},
    {kAddInteger, kAddColumn, independent},
    {kAddInteger, kEraseColumn, edit_meets_erase_column},
    {kAddInteger, kArrayInsert, nested_only},
    {kAddInteger, kArrayMove, nested_only},
    {kAddInteger, kArrayErase, nested_only},
    {kAddInteger, kClear, add_integer_meets_clear},
    {kAddInteger, kSetInsert, nested_only},
    {kAddInteger, kSetErase, nested_only},

    {kAddColumn, kAddColumn, add_column_meets_add_column},
    {kAddColumn, kEraseColumn, add_column_meets_erase_column},
    {kAddColumn, kArrayInsert, independent},
    {kAddColumn, kArrayMove, independent},
    {kAddColumn, kArrayErase, independent},
    {kAddColumn, kClear, independent},
    {kAddColumn, kSetInsert, independent},
    {kAddColumn, kSetErase, independent},

    {kEraseColumn, kEraseColumn, erase_column_meets_erase_column},
    {kArrayInsert, kEraseColumn, edit_meets_erase_column},
    {kArrayMove, kEraseColumn, edit_meets_erase_column},
    {kArrayErase, kEraseColumn, edit_meets_erase_column},
    {kClear, kEraseColumn, edit_meets_erase_column},
    {kSetInsert, kEraseColumn, edit_meets_erase_column},
    {kSetErase, kEraseColumn, edit_meets_erase_column},

    {kArrayInsert, kArrayInsert, insert_meets_insert},
    {kArrayInsert, kArrayMove, insert_meets_move},
    {kArrayInsert, kArrayErase, insert_meets_erase},
    {kArrayInsert, kClear, insert_meets_clear},
    {kArrayInsert, kSetInsert, nested_only},
    {kArrayInsert, kSetErase, nested_only},

    {kArrayMove, kArrayMove, move_meets_move},
    {kArrayMove, kArrayErase, move_meets_erase},
    {kArrayMove, kClear, move_meets_clear},
    {kArrayMove, kSetInsert, nested_only},
    {kArrayMove, kSetErase, nested_only},

    {kArrayErase, kArrayErase, erase_meets_erase},
    {kArrayErase, kClear, erase_meets_clear},
    {kArrayErase, kSetInsert, nested_only},
    {kArrayErase, kSetErase, nested_only},

    {kClear, kClear, clear_meets_clear},
    {kClear, kSetInsert, clear_meets_set_change},
    {kClear, kSetErase, clear_meets_set_change},

    {kSetInsert, kSetInsert, set_insert_meets_set_change},
    {kSetInsert, kSetErase, set_insert_meets_set_change},

    {kSetErase, kSetErase, set_erase_meets_set_erase},
};

/// What each kind does to what lies inside of what it changes, in the order of the opcodes.
constexpr std::array<NestedRule, changeset::kOpcodeCount> kNestedRules{
    independent,          // AddTable
    erase_table_around,   // EraseTable
    independent,          // CreateObject
    erase_object_around,  // EraseObject
    update_around,        // Update
    add_integer_around,   // AddInteger
    independent,          // AddColumn
    independent,          // EraseColumn
    insert_around,        // ArrayInsert
    move_around,          // ArrayMove
    erase_around,         // ArrayErase
    clear_around,         // Clear
    independent,          // SetInsert
    independent,          // SetErase
};

/// `kRows` as a square, so that a pair is found by its kinds in either order.
struct Cell {
  FlatRule rule = nullptr;
  bool swapped = false;  ///< The rule wants the second instruction first.
};
using Square = std::array<std::array<Cell, changeset::kOpcodeCount>, changeset::kOpcodeCount>;

consteval Square make_square() {
  Square square{};
  for (const Row& row : kRows) {
    const auto first = static_cast<std::size_t>(row.first);
    const auto second = static_cast<std::size_t>(row.second);
    if (square[first][second].rule != nullptr) throw "a pair stands in the table twice";
    square[second][first] = {.rule = row.rule, .swapped = true};
    square[first][second] = {.rule = row.rule, .swapped = false};
  }
  for (const auto& line : square) {
    for (const Cell& cell : line) {
      if (cell.rule == nullptr) throw "a pair is missing from the table";
    }
  }
  return square;
}

constexpr Square kFlatRules = make_square();

}  // namespace

Fault merge_step(Edit& left, Edit& right, Meeting& meeting) {
  const std::size_t left_level = level(left);
  const std::size_t right_level = level(right);
  if (left_level != right_level) {
    Edit& outer = left_level < right_level ? left : right;
    Edit& inner = left_level < right_level ? right : left;
    const NestedRule around = kNestedRules[static_cast<std::size_t>(outer.opcode)];
    if (const Fault fault = around(outer, inner, meeting); fault != Fault::kNone) return fault;
    if (inner.discarded) return Fault::kNone;
  }
  const Cell& cell =
      kFlatRules[static_cast<std::size_t>(left.opcode)][static_cast<std::size_t>(right.opcode)];
  return cell.swapped ? cell.rule(right, left, meeting) : cell.rule(left, right, meeting);
}

}  // namespace tombolo::merge
