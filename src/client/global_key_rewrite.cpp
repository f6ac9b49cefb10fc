#include "client/global_key_rewrite.h"

#include "changeset/changeset.h"

namespace tombolo::client {
namespace {

using changeset::Opcode;
using changeset::PayloadType;

bool rewrite(changeset::PrimaryKey& key, ClientFileIdent ident) {
  if (key.type != PayloadType::kGlobalKey || key.global_key.high != 0) return false;
  key.global_key.high = ident.value();
  return true;
}

bool has_object(Opcode opcode) noexcept {
  return !changeset::is_schema_instruction(opcode);
}
/// AddInteger has a number, the others whatever the property holds.
bool has_value(Opcode opcode) noexcept {
  return opcode == Opcode::kUpdate || opcode == Opcode::kArrayInsert ||
         opcode == Opcode::kSetInsert || opcode == Opcode::kSetErase;
}

}  // namespace

Result<std::optional<Bytes>> rewrite_global_keys(BytesView bytes, ClientFileIdent ident) {
  auto changeset = changeset::parse_view(bytes);
  if (!changeset) return changeset.error();
  bool changed = false;
  for (changeset::Instruction& instruction : changeset->instructions) {
    if (has_object(instruction.opcode)) changed |= rewrite(instruction.object, ident);
    if (has_value(instruction.opcode) && instruction.value.type == PayloadType::kLink) {
      changed |= rewrite(instruction.value.link.object, ident);
    }
  }
  return changed ? std::optional(changeset::encode(*changeset)) : std::nullopt;
}

}  // namespace tombolo::client
