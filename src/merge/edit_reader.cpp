#include "merge/edit_reader.h"

#include <algorithm>

namespace tombolo::merge {
namespace {

void translate(changeset::PrimaryKey& key, std::span<const StringIndex> names) {
  if (key.type == PayloadType::kString) key.string = names[key.string.value()];
}

}  // namespace

bool EditReader::read(const Side& side,
                      ChangesetNumber first,
                      std::uint32_t record_number,
                      ObjectNumber object,
                      Edit& edit) {
  const Record& record = side.records()[record_number];
  const Side::Changeset& changeset = side[record.changeset];
  const std::span<const StringIndex> names = side.names_of(changeset);
  const auto* const found = reader_.read_at(changeset.entry.bytes, record.begin, names.size());
  if (found == nullptr) return false;
  const changeset::Instruction& instruction = *found;
  const auto translated = [names](StringIndex name) { return names[name.value()]; };

  edit.opcode = instruction.opcode;
  edit.is_default = instruction.is_default;
  edit.collection = instruction.collection;
  edit.rank = {changeset.entry.timestamp, changeset.entry.ident};
  edit.table = translated(instruction.table);
  if (names_field(instruction.opcode)) edit.field = translated(instruction.field);
  edit.object = object;
  edit.prior_size = instruction.prior_size;
  edit.move_to = instruction.move_to;
  edit.changeset = ChangesetNumber(first.value() + record.changeset);
  edit.begin = record.begin;
  edit.record = record_number;

  if (const auto path = reader_.path(instruction); !path.empty()) {
    std::pmr::polymorphic_allocator<PathElement> allocator(&path_memory_);
    edit.path = {allocator.allocate(path.size()), path.size()};
    std::ranges::transform(path, edit.path.begin(), [&](PathElement element) {
      return element.is_key() ? PathElement::key(translated(element.name())) : element;
    });
  }

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
  return true;
}

}  // namespace tombolo::merge
