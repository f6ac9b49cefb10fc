#pragma once

#include <span>
#include <string>
#include <string_view>

#include "changeset/changeset.h"
#include "changeset/instruction.h"

/// Changesets as people read them: in failing tests, in tools and in the messages of errors.
///
///     AddTable City (top, key _id: string)
///     AddColumn City.mayor: link(Person)
///     Update City["Oslo"].tags["colour"] = "red"
///     ArrayInsert City["Oslo"].districts[3] = "Frogner" (size 3)

namespace tombolo::changeset {

/// The longest text or binary that is shown whole; of longer ones the beginning and the size.
inline constexpr std::size_t kPrintedBytesMax = 64;

/// One instruction in one line. `path` and `strings` are those of the changeset or the reader that
/// it comes from.
[[nodiscard]] std::string print(const Instruction& instruction,
                                std::span<const PathElement> path,
                                std::span<const std::string_view> strings);
[[nodiscard]] inline std::string print(const Changeset& changeset, const Instruction& instruction) {
  return print(instruction, changeset.path(instruction), changeset.strings);
}
/// A line for each instruction.
[[nodiscard]] std::string print(const Changeset& changeset);

[[nodiscard]] std::string_view to_string(Opcode opcode) noexcept;
[[nodiscard]] std::string_view to_string(PayloadType type) noexcept;

}  // namespace tombolo::changeset
