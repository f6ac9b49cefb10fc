#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "changeset/instruction.h"
#include "changeset/limits.h"

namespace tombolo::changeset {

/// A parsed changeset: a string table, path elements and instructions in order. Value semantics;
/// copying shares the bytes that names and payload texts view.
///
/// Thread:  const use from any thread; mutation (merge/ only) by one.
struct Changeset {
  std::vector<std::string_view> strings;   ///< The string table; views into `storage`.
  std::vector<PathElement> path_elements;  ///< What the instructions' `path` ranges name.
  std::vector<Instruction> instructions;
  /// Owners of the memory that `strings` and payload texts view. The first is the parsed input
  /// (absent when `parse_view` was told to borrow it), the rest hold texts added later.
  std::vector<std::shared_ptr<const void>> storage;

  [[nodiscard]] std::string_view string(StringIndex index) const { return strings[index.value()]; }
  [[nodiscard]] std::span<const PathElement> path(const Instruction& instruction) const {
    return std::span(path_elements).subspan(instruction.path.offset, instruction.path.count);
  }
  [[nodiscard]] bool empty() const noexcept { return instructions.empty(); }
};

/// Parses a whole changeset, copying the input once so that the result owns what it views.
///
/// Errors:  `kBadChangeset`; the message names what is wrong and the byte offset. Hostile input is
///          expected: nothing is allocated from a claimed size.
[[nodiscard]] Result<Changeset> parse(BytesView bytes);

/// The same without the copy: the result views `bytes`, which must outlive it and its copies.
[[nodiscard]] Result<Changeset> parse_view(BytesView bytes);

/// The binary form: the whole string table in order, unused names too, then the instructions;
/// zero bytes when there is no instruction.
[[nodiscard]] Bytes encode(const Changeset& changeset);

}  // namespace tombolo::changeset
