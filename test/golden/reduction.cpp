#include "test/golden/reduction.h"

#include <algorithm>

namespace tombolo::test {

using changeset::Changeset;
using changeset::Instruction;
using changeset::Opcode;
using nlohmann::json;

void Reduction::learn(const Changeset& changeset) {
  for (const Instruction& instruction : changeset.instructions) {
    const std::string owner(changeset.string(instruction.table));
    if (instruction.opcode == Opcode::kAddTable &&
        instruction.table_spec.kind == ClassKind::kEmbedded) {
      classes_.insert(owner);
    }
  }
  for (const Instruction& instruction : changeset.instructions) {
    if (instruction.opcode != Opcode::kAddColumn) continue;
    const changeset::ColumnSpec& spec = instruction.column_spec;
    const bool is_known =
        spec.collection == CollectionType::kSingle || spec.collection == CollectionType::kList;
    const std::string target(spec.type == PropertyType::kLink ? changeset.string(spec.target) : "");
    if (!is_known || spec.type == PropertyType::kMixed ||
        (spec.type == PropertyType::kLink && (target.empty() || classes_.contains(target)))) {
      properties_.emplace(changeset.string(instruction.table), changeset.string(instruction.field));
    }
  }
}

bool Reduction::is_about(const Changeset& changeset, const Instruction& instruction) const {
  const std::string owner(changeset.string(instruction.table));
  if (classes_.contains(owner)) return true;
  const bool has_field = changeset::is_path_instruction(instruction.opcode) ||
                         instruction.opcode == Opcode::kAddColumn ||
                         instruction.opcode == Opcode::kEraseColumn;
  return has_field &&
         properties_.contains({owner, std::string(changeset.string(instruction.field))});
}

bool Reduction::touches(const Changeset& changeset) const {
  return std::ranges::any_of(changeset.instructions,
                             [&](const Instruction& one) { return is_about(changeset, one); });
}

Bytes Reduction::reduce(Changeset changeset) const {
  std::erase_if(changeset.instructions,
                [&](const Instruction& one) { return is_about(changeset, one); });
  return changeset::encode(changeset);
}

json Reduction::reduce_state(json state) const {
  if (!state.is_object()) return state;
  for (const std::string& name : classes_) state.erase(name);
  for (const auto& [owner, property] : properties_) {
    if (!state.contains(owner)) continue;
    for (json& object : state[owner]) object.erase(property);
  }
  return state;
}

json Reduction::reduce_schema(json schema) const {
  if (!schema.is_object()) return schema;
  for (const std::string& name : classes_) schema.erase(name);
  for (const auto& [owner, property] : properties_) {
    if (schema.contains(owner)) schema[owner]["cols"].erase(property);
  }
  return schema;
}

}  // namespace tombolo::test
