#include "merge/edit_table.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "changeset/reader.h"

namespace tombolo::merge {
namespace {

using changeset::ChangesetReader;
using changeset::Instruction;

std::tuple<OriginTimestamp, ClientFileIdent> order_of(const Entry& entry) {
  return {entry.timestamp, entry.ident};
}

std::vector<Rank> rank(std::span<const Entry> changesets) {
  std::vector<std::uint32_t> order(changesets.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto key = [&](std::uint32_t i) { return order_of(changesets[i]); };
  std::ranges::sort(order, {}, key);

  std::vector<Rank> ranks(changesets.size());
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && key(order[i - 1]) != key(order[i])) ++next;
    ranks[order[i]] = Rank(next);
  }
  return ranks;
}

void translate(changeset::PrimaryKey& key, std::span<const StringIndex> names) {
  if (key.type == PayloadType::kString) key.string = names[key.string.value()];
}

}  // namespace

EditTable::EditTable(std::span<const Entry> changesets, const Skim& skim)
    : changesets_(changesets),
      skim_(skim),
      ranks_(rank(changesets)) {}

Result<void> EditTable::decode() {
  edits_.reserve(mentions_.size());
  ChangesetReader reader;
  for (auto mention = mentions_.begin(); mention != mentions_.end();) {
    const ChangesetNumber changeset = (*mention)->changeset;
    reader.reset(changesets_[changeset.value()].bytes);
    std::uint32_t next_position = 0;
    for (; mention != mentions_.end() && (*mention)->changeset == changeset; ++mention) {
      for (; next_position <= (*mention)->position; ++next_position) {
        if (auto skipped = reader.next_address(); !skipped) return skipped.error();
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
  edit.rank = ranks_[mention.changeset.value()];
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
