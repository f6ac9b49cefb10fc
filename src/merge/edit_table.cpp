#include "merge/edit_table.h"

#include <algorithm>

#include "changeset/reader.h"

namespace tombolo::merge {
namespace {

using changeset::ChangesetReader;
using changeset::Instruction;

void translate(changeset::PrimaryKey& key, std::span<const StringIndex> names) {
  if (key.type == PayloadType::kString) key.string = names[key.string.value()];
}

}  // namespace

EditTable::EditTable(std::span<const Entry> changesets, const Skim& skim)
    : changesets_(changesets),
      skim_(skim) {}

Result<void> EditTable::decode() {
  edits_.reserve(mentions_.size());
  ChangesetReader reader;
  for (auto mention = mentions_.begin(); mention != mentions_.end();) {
    const ChangesetNumber changeset = (*mention)->changeset;
    reader.reset_after_similar(changesets_[changeset.value()].bytes);
    std::uint32_t next_position = 0;
    for (; mention != mentions_.end() && (*mention)->changeset == changeset; ++mention) {
      for (; next_position <= (*mention)->position; ++next_position) {
        if (reader.skim() == nullptr) return reader.status().error();
      }
      const auto instruction = reader.complete();
      if (!instruction) return instruction.error();
      edits_.push_back(make_edit(**instruction, reader.path(**instruction), **mention));
    }
  }
  return {};
}

Edit EditTable::make_edit(const Instruction& instruction,
                          std::span<const PathElement> path,
                          const Mention& mention) {
  const std::span<const StringIndex> names = skim_.names_of(mention.changeset);
  const auto translated = [names](StringIndex name) { return names[name.value()]; };

  Edit edit;
  edit.opcode = instruction.opcode;
  edit.is_default = instruction.is_default;
  edit.collection = instruction.collection;
  const Entry& entry = changesets_[mention.changeset.value()];
  edit.rank = {entry.timestamp, entry.ident};
  edit.table = translated(instruction.table);
  edit.field = mention.field;
  edit.object = mention.object;
  edit.prior_size = instruction.prior_size;
  edit.move_to = instruction.move_to;
  edit.changeset = mention.changeset;
  edit.position = mention.position;

  std::pmr::polymorphic_allocator<PathElement> allocator(&path_memory_);
  edit.path = {allocator.allocate(path.size()), path.size()};
  std::ranges::transform(path, edit.path.begin(), [&](PathElement element) {
    return element.is_key() ? PathElement::key(translated(element.name())) : element;
  });

  switch (instruction.opcode) {
    case Opcode::kAddTable:
      edit.table_spec = instruction.table_spec;
      edit.table_spec.primary_key = translated(edit.table_spec.primary_key);
      break;
    case Opcode::kAddColumn:
      edit.column_spec = instruction.column_spec;
      edit.column_spec.target = translated(edit.column_spec.target);
      break;
    default:
      edit.value = instruction.value;
      if (edit.value.type == PayloadType::kLink) {
        edit.value.link.table = translated(edit.value.link.table);
        translate(edit.value.link.object, names);
      }
  }
  return edit;
}

}  // namespace tombolo::merge
