#include "merge/pair_rules.h"

namespace tombolo::merge {
namespace {

bool is_same_definition(const changeset::TableSpec& left, const changeset::TableSpec& right) {
  if (left.kind != right.kind) return false;
  return left.kind == ClassKind::kEmbedded ||
         (left.primary_key == right.primary_key &&
          left.primary_key_type == right.primary_key_type &&
          left.primary_key_nullable == right.primary_key_nullable);
}

bool is_same_definition(const changeset::ColumnSpec& left, const changeset::ColumnSpec& right) {
  return left.type == right.type && left.collection == right.collection &&
         left.nullable == right.nullable &&
         (left.type != PropertyType::kLink || left.target == right.target);
}

void discard_both(Edit& left, Edit& right) {
  left.discard();
  right.discard();
}

}  // namespace

Fault add_table_meets_add_table(Edit& left, Edit& right, Meeting&) {
  if (!is_same_class(left, right)) return Fault::kNone;
  if (!is_same_definition(left.table_spec, right.table_spec)) return Fault::kSchemaMismatch;
  discard_both(left, right);
  return Fault::kNone;
}

Fault add_table_meets_erase_table(Edit& add, Edit& erase, Meeting&) {
  if (is_same_class(add, erase)) add.discard();
  return Fault::kNone;
}

Fault erase_table_meets_erase_table(Edit& left, Edit& right, Meeting&) {
  if (is_same_class(left, right)) discard_both(left, right);
  return Fault::kNone;
}

Fault add_column_meets_erase_table(Edit& add, Edit& erase, Meeting& meeting) {
  if (add.column_spec.type == PropertyType::kLink && add.column_spec.target == erase.table) {
    add.discard();
    Edit& prepended = meeting.prepended.emplace_back();
    prepended.opcode = Opcode::kEraseColumn;
    prepended.rank = erase.rank;
    prepended.table = add.table;
    prepended.field = add.field;
    prepended.changeset = erase.changeset;
    prepended.begin = erase.begin;
    meeting.unplaced = &prepended;
  }
  return Fault::kNone;
}

Fault add_column_meets_add_column(Edit& left, Edit& right, Meeting&) {
  if (!is_same_property(left, right)) return Fault::kNone;
  if (!is_same_definition(left.column_spec, right.column_spec)) return Fault::kSchemaMismatch;
  discard_both(left, right);
  return Fault::kNone;
}

Fault add_column_meets_erase_column(Edit& add, Edit& erase, Meeting&) {
  if (is_same_property(add, erase)) add.discard();
  return Fault::kNone;
}

Fault erase_column_meets_erase_column(Edit& left, Edit& right, Meeting&) {
  if (is_same_property(left, right)) discard_both(left, right);
  return Fault::kNone;
}

Fault update_meets_erase_column(Edit& update, Edit& erase, Meeting&) {
  if (is_same_property(update, erase)) update.discard();
  return Fault::kNone;
}

Fault edit_meets_erase_column(Edit& edit, Edit& erase, Meeting& meeting) {
  if (meeting.deployed.erase_column_keeps_edits) return Fault::kNone;
  if (is_same_property(edit, erase)) edit.discard();
  return Fault::kNone;
}

}  // namespace tombolo::merge
