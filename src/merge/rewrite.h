#pragma once

#include <span>
#include <vector>

#include "changeset/reader.h"
#include "changeset/writer.h"
#include "merge/edit.h"
#include "merge/merge.h"
#include "merge/name_table.h"

namespace tombolo::merge {

/// The last pass over the changesets that took part in a merge: writes them again as their edits
/// say. The form begins with the changeset's whole string table, unused names too, followed by
/// those that only the prepended instructions need. Instructions that no rule changed are copied as
/// they stand.
class Rewriter {
 public:
  explicit Rewriter(const NameTable& name_table) : name_table_(name_table) {}

  /// Shape:   `names` are the changeset's own names as numbers of the name table; `edits` and
  ///          `prepended` ascend by position. The bytes were read before and are known to be good;
  ///          they must outlive the next call.
  /// Returns: nullopt when the instructions are what they were; no bytes when none is left.
  [[nodiscard]] Outcome rewrite(BytesView changeset,
                                std::span<const StringIndex> names,
                                std::span<const Edit> edits,
                                std::span<const Edit* const> prepended);

 private:
  /// Writes the current instruction as `edit` says; returns whether that makes a difference.
  [[nodiscard]] bool write_changed(const Edit& edit);

  const NameTable& name_table_;
  changeset::ChangesetReader reader_;
  changeset::ChangesetWriter writer_;
  std::vector<PathElement> path_;
};

}  // namespace tombolo::merge
