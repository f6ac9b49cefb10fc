#include "changeset/changeset.h"

#include <algorithm>

#include "base/assertion.h"
#include "changeset/reader.h"
#include "changeset/writer.h"

namespace tombolo::changeset {

Result<Changeset> parse(BytesView bytes) {
  const auto copy = std::make_shared_for_overwrite<std::byte[]>(bytes.size());
  std::ranges::copy(bytes, copy.get());
  Result<Changeset> parsed = parse_view({copy.get(), bytes.size()});
  if (parsed) parsed->storage.push_back(copy);
  return parsed;
}

Result<Changeset> parse_view(BytesView bytes) {
  constexpr std::size_t kInstructionBytesTypical = 16;
  ChangesetReader reader(bytes);
  Changeset changeset;
  changeset.instructions.reserve(bytes.size() / kInstructionBytesTypical + 1);
  while (true) {
    const Result<const Instruction*> next = reader.next();
    if (!next) return next.error();
    if (*next == nullptr) break;
    Instruction& added = changeset.instructions.emplace_back(**next);
    const auto path = reader.path(**next);
    added.path.offset = static_cast<std::uint32_t>(changeset.path_elements.size());
    changeset.path_elements.insert(changeset.path_elements.end(), path.begin(), path.end());
  }
  changeset.strings.assign(reader.strings().begin(), reader.strings().end());
  return changeset;
}

Bytes encode(const Changeset& changeset) {
  ChangesetWriter writer;
  for (std::uint32_t i = 0; i < changeset.strings.size(); ++i) {
    const StringIndex index = writer.intern(changeset.strings[i]);
    TOMBOLO_ASSERT(index.value() == i);
  }
  for (const Instruction& instruction : changeset.instructions) {
    writer.append(instruction, changeset.path(instruction));
  }
  return to_bytes(writer.bytes());
}

}  // namespace tombolo::changeset
