#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "base/result.h"
#include "merge/edit.h"
#include "merge/merge.h"
#include "merge/skim.h"

namespace tombolo::merge {

/// The second pass over the changesets of a merge: it decodes the instructions that take part.
class EditTable {
 public:
  /// `changesets` as given to `skim`, which and whose bytes must outlive the table.
  EditTable(std::span<const Entry> changesets, const Skim& skim);

  /// Adds the instruction to what is to be decoded. Calls follow the order of changesets and
  /// positions.
  void add(const Mention& mention) { mentions_.push_back(&mention); }

  /// Errors: `kBadChangeset`.
  [[nodiscard]] Result<void> decode();

  /// In the order of `add`.
  [[nodiscard]] std::span<Edit> edits() noexcept { return edits_; }

 private:
  [[nodiscard]] Edit make_edit(const changeset::Instruction& instruction,
                               std::span<const PathElement> path,
                               const Mention& mention);

  std::span<const Entry> changesets_;
  const Skim& skim_;
  std::vector<const Mention*> mentions_;
  std::vector<Edit> edits_;
  std::pmr::monotonic_buffer_resource path_memory_;
};

}  // namespace tombolo::merge
