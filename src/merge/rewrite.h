#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "changeset/reader.h"
#include "changeset/writer.h"
#include "merge/edit.h"
#include "merge/merge.h"
#include "merge/name_table.h"
#include "merge/skim.h"

namespace tombolo::merge {

/// Writes the changesets of a merge again in which instructions changed. The form begins with the
/// changeset's whole string table, unused names too, followed by those that only the prepended
/// instructions need. What stands between changed instructions is copied as bytes.
class Rewriter {
 public:
  explicit Rewriter(const NameTable& name_table) : name_table_(name_table) {}

  /// Shape:   the changes stand in the side's records and name edits of `replacements`; `prepended`
  ///          are those of the changeset, in their order.
  /// Returns: nullopt when the instructions are what they were; no bytes when none is left.
  [[nodiscard]] Outcome rewrite(const Side& side,
                                const Side::Changeset& changeset,
                                const std::deque<Edit>& replacements,
                                std::span<const Edit* const> prepended);

 private:
  void write_names(const Side& side,
                   const Side::Changeset& changeset,
                   std::span<const Edit* const> prepended);
  /// Copies the instructions before `end`.
  void copy_up_to(std::uint32_t end);
  /// Writes an instruction as `edit` says; returns whether that makes a difference.
  [[nodiscard]] bool write_changed(const Edit& edit, std::uint32_t begin);

  const NameTable& name_table_;
  changeset::ChangesetReader reader_;
  changeset::ChangesetWriter writer_;
  std::vector<PathElement> path_;

  // Of the current changeset.
  BytesView bytes_;
  std::size_t name_count_ = 0;
  std::span<const Side::NameBytes> late_names_;  ///< That are still ahead.
  std::uint32_t next_ = 0;                       ///< Where the bytes begin that are still to copy.
};

}  // namespace tombolo::merge
