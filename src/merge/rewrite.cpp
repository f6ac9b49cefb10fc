#include "merge/rewrite.h"

namespace tombolo::merge {

using changeset::Instruction;

bool Rewriter::write_changed(const Edit& edit) {
  const Instruction& before = *reader_.complete().value();
  Instruction after = before;
  bool differs = false;
  // Of what rules change, all are numbers.
  const auto set = [&differs](auto& field, auto value) {
    differs = differs || field != value;
    field = value;
  };
  set(after.prior_size, edit.prior_size);
  set(after.move_to, edit.move_to);
  if (edit.opcode == Opcode::kUpdate && edit.value.type == PayloadType::kInt) {
    set(after.value.integer, edit.value.integer);
  }
  path_.assign(reader_.path(before).begin(), reader_.path(before).end());
  for (std::size_t i = 0; i < path_.size(); ++i) {
    if (path_[i].is_index()) set(path_[i], edit.path[i]);
  }
  writer_.append(after, path_);
  return differs;
}

Outcome Rewriter::rewrite(BytesView changeset,
                          std::span<const StringIndex> names,
                          std::span<const Edit> edits,
                          std::span<const Edit* const> prepended) {
  writer_.reset();
  for (const StringIndex name : names) static_cast<void>(writer_.intern(name_table_[name]));
  for (const Edit* const erase : prepended) {
    static_cast<void>(writer_.intern(name_table_[erase->table]));
    static_cast<void>(writer_.intern(name_table_[erase->field]));
  }

  bool differs = false;
  reader_.reset_after_similar(changeset);
  for (std::uint32_t position = 0; reader_.skim() != nullptr; ++position) {
    for (; !prepended.empty() && prepended.front()->position == position;
         prepended = prepended.subspan(1)) {
      const Edit& erase = *prepended.front();
      differs = true;
      if (erase.discarded) continue;
      writer_.erase_column(writer_.intern(name_table_[erase.table]),
                           writer_.intern(name_table_[erase.field]));
    }
    const bool is_edited = !edits.empty() && edits.front().position == position;
    if (!is_edited || (!edits.front().discarded && !edits.front().changed)) {
      writer_.append_encoded(reader_.instruction_bytes());
    } else if (edits.front().discarded) {
      differs = true;
    } else {
      differs = write_changed(edits.front()) || differs;
    }
    if (is_edited) edits = edits.subspan(1);
  }
  if (!differs) return std::nullopt;
  return to_bytes(writer_.bytes());
}

}  // namespace tombolo::merge
