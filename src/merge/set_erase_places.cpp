#include "merge/set_erase_places.h"

#include <algorithm>

#include "base/assertion.h"
#include "changeset/reader.h"

namespace tombolo::merge {
namespace {

bool has_value(Opcode opcode) {
  return opcode == Opcode::kUpdate || opcode == Opcode::kArrayInsert ||
         opcode == Opcode::kSetInsert || opcode == Opcode::kSetErase;
}

bool is_text(const Payload& value) {
  return value.type == PayloadType::kString || value.type == PayloadType::kBinary;
}

std::uint64_t key_name(const changeset::PrimaryKey& key) {
  return key.type == PayloadType::kString ? key.string.value() : 0;
}

}  // namespace

bool SetErasePlaces::is_same_place(const Edit& left, const Edit& right) {
  const Place left_place = find(left);
  const Place right_place = find(right);
  return left_place.first == right_place.first && left_place.second == right_place.second;
}

SetErasePlaces::Place SetErasePlaces::find(const Edit& edit) {
  auto known = known_.find(edit.changeset);
  if (known == known_.end()) {
    const BytesView bytes = sides_[edit.changeset].entry.bytes;
    known = known_.emplace(edit.changeset, read_places(bytes)).first;
  }
  const auto place = std::ranges::lower_bound(known->second, edit.begin, {}, &Place::begin);
  TOMBOLO_ASSERT(place != known->second.end() && place->begin == edit.begin);
  return *place;
}

std::vector<SetErasePlaces::Place> SetErasePlaces::read_places(BytesView changeset) const {
  std::vector<Place> places;
  std::uint64_t text_bytes = 0;
  changeset::ChangesetReader reader(changeset);
  // The changeset was read before, so `value` does not throw.
  while (const changeset::Instruction* instruction = reader.next().value()) {
    const Payload& value = instruction->value;
    const auto begin = static_cast<std::uint32_t>(reader.instruction_begin());
    if (has_value(instruction->opcode) && is_text(value)) {
      places.push_back({begin, text_bytes, value.text.size()});
      text_bytes += value.text.size();
    } else if (instruction->opcode == Opcode::kSetErase && value.type == PayloadType::kLink) {
      places.push_back({begin, value.link.table.value(), key_name(value.link.object)});
    }
  }
  return places;
}

}  // namespace tombolo::merge
