#include "merge/rewrite.h"

#include "base/assertion.h"

namespace tombolo::merge {

using changeset::Instruction;

Outcome Rewriter::rewrite(const Side& side,
                          const Side::Changeset& changeset,
                          const std::deque<Edit>& replacements,
                          std::span<const Edit* const> prepended) {
  bytes_ = changeset.entry.bytes;
  name_count_ = changeset.name_count;
  late_names_ = side.late_names_of(changeset);
  next_ = changeset.leading_bytes;
  writer_.reset();
  write_names(side, changeset, prepended);

  bool differs = !prepended.empty();
  const auto write_prepended_up_to = [&](std::uint32_t begin) {
    for (; !prepended.empty() && prepended.front()->begin <= begin;
         prepended = prepended.subspan(1)) {
      const Edit& erase = *prepended.front();
      copy_up_to(erase.begin);
      if (erase.discarded) continue;
      writer_.erase_column(writer_.intern(name_table_[erase.table]),
                           writer_.intern(name_table_[erase.field]));
    }
  };
  for (const Record& record : side.records_of(changeset)) {
    if (record.change == Record::kUnchanged || record.change == Record::kGone) continue;
    write_prepended_up_to(record.begin);
    copy_up_to(record.begin);
    next_ = record.end;
    if (record.change == Record::kDiscarded) {
      differs = true;
    } else {
      differs = write_changed(replacements[record.change], record.begin) || differs;
    }
  }
  if (!differs) return std::nullopt;
  const auto end = static_cast<std::uint32_t>(bytes_.size());
  write_prepended_up_to(end);
  copy_up_to(end);
  return to_bytes(writer_.bytes());
}

void Rewriter::write_names(const Side& side,
                           const Side::Changeset& changeset,
                           std::span<const Edit* const> prepended) {
  if (prepended.empty()) {
    writer_.append_names(bytes_.first(changeset.leading_bytes), changeset.name_count);
    for (const Side::NameBytes late : late_names_) {
      writer_.append_names(bytes_.subspan(late.begin, late.end - late.begin), 0);
    }
    return;
  }
  for (const StringIndex name : side.names_of(changeset)) {
    static_cast<void>(writer_.intern(name_table_[name]));
  }
  for (const Edit* const erase : prepended) {
    static_cast<void>(writer_.intern(name_table_[erase->table]));
    static_cast<void>(writer_.intern(name_table_[erase->field]));
  }
}

void Rewriter::copy_up_to(std::uint32_t end) {
  for (; !late_names_.empty() && late_names_.front().begin < end;
       late_names_ = late_names_.subspan(1)) {
    writer_.append_encoded(bytes_.subspan(next_, late_names_.front().begin - next_));
    next_ = late_names_.front().end;
  }
  writer_.append_encoded(bytes_.subspan(next_, end - next_));
  next_ = end;
}

bool Rewriter::write_changed(const Edit& edit, std::uint32_t begin) {
  const Instruction* const before = reader_.read_at(bytes_, begin, name_count_);
  TOMBOLO_ASSERT(before != nullptr);  // It was read before.
  Instruction after = *before;
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
  path_.assign(reader_.path(*before).begin(), reader_.path(*before).end());
  for (std::size_t i = 0; i < path_.size(); ++i) {
    if (path_[i].is_index()) set(path_[i], edit.path[i]);
  }
  writer_.append(after, path_);
  return differs;
}

}  // namespace tombolo::merge
