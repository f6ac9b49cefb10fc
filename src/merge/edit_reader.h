#pragma once

#include <memory_resource>

#include "base/result.h"
#include "changeset/reader.h"
#include "merge/edit.h"
#include "merge/skim.h"

namespace tombolo::merge {

/// Decodes the instructions of a merge that may clash, one by one.
class EditReader {
 public:
  /// The instruction of a record of `side`, which is about `object`. `first` is the number of
  /// the side's first changeset in the merge. The path lasts as long as the reader.
  ///
  /// Errors: false for a bad changeset; `status` explains it.
  [[nodiscard]] bool read(const Side& side,
                          ChangesetNumber first,
                          std::uint32_t record_number,
                          ObjectNumber object,
                          Edit& edit);
  [[nodiscard]] Result<void> status() const { return reader_.status(); }

 private:
  changeset::ChangesetReader reader_;
  std::pmr::monotonic_buffer_resource path_memory_;
};

}  // namespace tombolo::merge
