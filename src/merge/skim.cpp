#include "merge/skim.h"

#include <optional>

#include "changeset/reader.h"

namespace tombolo::merge {
namespace {

using changeset::ChangesetReader;
using changeset::Instruction;

/// Whether the instruction can make others void that name neither its object nor its class.
bool is_schema_erasure(Opcode opcode) {
  return opcode == Opcode::kEraseTable || opcode == Opcode::kEraseColumn;
}

std::uint32_t first_key(std::span<const PathElement> path, std::span<const StringIndex> names) {
  if (path.empty() || path.front().is_index()) return 0;
  return names[path.front().name().value()].value() + 1;
}

/// The property that the instruction names; that of a class or an object is none.
StringIndex field_of(const Instruction& instruction, std::span<const StringIndex> names) {
  const bool has_field = changeset::is_path_instruction(instruction.opcode) ||
                         instruction.opcode == Opcode::kAddColumn ||
                         instruction.opcode == Opcode::kEraseColumn;
  return has_field ? names[instruction.field.value()] : StringIndex();
}

ObjectKey key_of(const Instruction& instruction, std::span<const StringIndex> names) {
  const StringIndex table = names[instruction.table.value()];
  switch (instruction.opcode) {
    case Opcode::kAddTable:
    case Opcode::kEraseTable: return ObjectKey::of_class(table);
    case Opcode::kAddColumn:
    case Opcode::kEraseColumn: return ObjectKey::of_property(table, field_of(instruction, names));
    default: break;
  }
  changeset::PrimaryKey key = instruction.object;
  if (key.type == PayloadType::kString) key.string = names[key.string.value()];
  return ObjectKey::of_object(table, key);
}

/// Whether the two, of one changeset, name the same object.
bool is_same_object(const Instruction& left, const Instruction& right) {
  return left.table == right.table && !changeset::is_schema_instruction(left.opcode) &&
         !changeset::is_schema_instruction(right.opcode) && is_same_key(left.object, right.object);
}

}  // namespace

Result<void> Skim::run() {
  const bool local_is_smaller =
      byte_count(0, local_count_) <= byte_count(local_count_, changesets_.size());
  if (local_is_smaller) {
    if (auto read = read_local(Unknown::kAdd); !read) return read;
    return read_incoming(Unknown::kSkip);
  }
  if (auto read = read_incoming(Unknown::kAdd); !read) return read;
  return read_local(Unknown::kSkip);
}

Result<void> Skim::run_everything() {
  translations_.clear();
  if (auto read = read_local(Unknown::kAdd); !read) return read;
  return read_incoming(Unknown::kAdd);
}

std::size_t Skim::byte_count(std::size_t first, std::size_t end) const noexcept {
  std::size_t bytes = 0;
  for (std::size_t i = first; i < end; ++i) bytes += changesets_[i].bytes.size();
  return bytes;
}

Result<void> Skim::read_side(std::size_t first,
                             std::size_t end,
                             Unknown unknown,
                             std::vector<Mention>& mentions) {
  mentions.clear();
  ChangesetReader reader;
  for (std::size_t i = first; i < end; ++i) {
    reader.reset(changesets_[i].bytes);
    names_of_[i] = {.offset = translations_.size(), .count = 0};
    const ChangesetNumber changeset(static_cast<std::uint32_t>(i));
    Instruction previous;
    std::optional<ObjectNumber> object;
    for (std::uint32_t position = 0;; ++position) {
      const auto next = reader.next_address();
      if (!next) return next.error();
      translate_names(changeset, reader.strings());
      if (*next == nullptr) break;

      const Instruction& instruction = **next;
      const std::span<const StringIndex> names = names_of(changeset);
      found_schema_erasure_ = found_schema_erasure_ || is_schema_erasure(instruction.opcode);
      if (position == 0 || !is_same_object(instruction, previous)) {
        const ObjectKey key = key_of(instruction, names);
        object = unknown == Unknown::kAdd ? objects_.find_or_add(key) : objects_.find(key);
      }
      previous = instruction;
      if (!object) continue;
      mentions.push_back({.object = *object,
                          .field = field_of(instruction, names),
                          .first_key = first_key(reader.path(instruction), names),
                          .changeset = changeset,
                          .position = position,
                          .opcode = instruction.opcode});
    }
  }
  return {};
}

void Skim::translate_names(ChangesetNumber changeset, std::span<const std::string_view> strings) {
  Range& range = names_of_[changeset.value()];
  while (range.count < strings.size()) {
    translations_.push_back(translate(strings[range.count], changeset, range.count));
    ++range.count;
  }
}

StringIndex Skim::translate(std::string_view text, ChangesetNumber changeset, std::size_t place) {
  // The changesets of one application have much the same names in the same order.
  if (changeset.value() > 0) {
    const Range before = names_of_[changeset.value() - 1];
    if (place < before.count) {
      const StringIndex likely = translations_[before.offset + place];
      if (names_[likely] == text) return likely;
    }
  }
  return names_.intern(text);
}

}  // namespace tombolo::merge
