#include "merge/rewrite.h"

#include <algorithm>
#include <vector>

#include "base/assertion.h"
#include "changeset/reader.h"
#include "changeset/writer.h"

namespace tombolo::merge {
namespace {

using changeset::ChangesetReader;
using changeset::ChangesetWriter;
using changeset::Instruction;

/// Brings an instruction up to date with its edit: of what rules change, all are numbers. Returns
/// whether that made a difference.
bool update(Instruction& instruction, std::span<PathElement> path, const Edit& edit) {
  bool differs = false;
  const auto set = [&differs](auto& field, auto value) {
    differs = differs || field != value;
    field = value;
  };
  set(instruction.prior_size, edit.prior_size);
  set(instruction.move_to, edit.move_to);
  if (edit.opcode == Opcode::kUpdate && edit.value.type == PayloadType::kInt) {
    set(instruction.value.integer, edit.value.integer);
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i].is_index()) set(path[i], edit.path[i]);
  }
  return differs;
}

}  // namespace

Outcome rewrite(BytesView changeset,
                std::span<const StringIndex> names,
                const NameTable& name_table,
                std::span<const Edit> edits,
                std::span<const Edit* const> prepended) {
  ChangesetWriter writer;
  for (const StringIndex name : names) static_cast<void>(writer.intern(name_table[name]));
  for (const Edit* const erase : prepended) {
    static_cast<void>(writer.intern(name_table[erase->table]));
    static_cast<void>(writer.intern(name_table[erase->field]));
  }

  bool differs = false;
  ChangesetReader reader(changeset);
  std::vector<PathElement> path;
  for (std::uint32_t position = 0;; ++position) {
    const Instruction* const next = reader.next().value();
    if (next == nullptr) break;
    for (; !prepended.empty() && prepended.front()->position == position;
         prepended = prepended.subspan(1)) {
      const Edit& erase = *prepended.front();
      differs = true;
      if (erase.discarded) continue;
      writer.erase_column(writer.intern(name_table[erase.table]),
                          writer.intern(name_table[erase.field]));
    }
    if (edits.empty() || edits.front().position != position) {
      writer.append(*next, reader.path(*next));
      continue;
    }
    const Edit& edit = edits.front();
    edits = edits.subspan(1);
    if (edit.discarded) {
      differs = true;
      continue;
    }
    Instruction instruction = *next;
    path.assign(reader.path(*next).begin(), reader.path(*next).end());
    differs = update(instruction, path, edit) || differs;
    writer.append(instruction, path);
  }
  if (!differs) return std::nullopt;
  return to_bytes(writer.bytes());
}

}  // namespace tombolo::merge
