#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "merge/merge.h"
#include "merge/skim.h"

namespace tombolo::merge {

/// A changeset that a merge wrote again.
struct Rewritten {
  std::size_t index = 0;  ///< In its side.
  Bytes bytes;            ///< None when no instruction is left.
};

/// What a merge changed, side by side, in any order.
struct Rewrites {
  std::vector<Rewritten> local;
  std::vector<Rewritten> incoming;
};

enum class IndexedSide { kLocal, kIncoming };

/// How two sides are merged of which one is indexed.
struct MergeOptions {
  IndexedSide indexed = IndexedSide::kLocal;
  std::size_t first = 0;    ///< Of the changesets of the indexed side that take part.
  bool every_pair = false;  ///< Everything meets everything, as if a class was erased.
};

/// Merges the side in `index`, whose new changesets it reads, with another one. Before the index is
/// used again, `Side::replace` has to be called for each of its changesets that were rewritten.
///
/// Cost:    in proportion to `other` and to what is new in the index, beside what clashes.
/// Errors:  as `merge`. The index is of no use then.
[[nodiscard]] Result<Rewrites> merge_indexed(SideIndex& index,
                                             Side& other,
                                             const MergeOptions& options,
                                             const DeployedRules& deployed);

}  // namespace tombolo::merge
