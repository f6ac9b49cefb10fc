#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "merge/edit.h"
#include "merge/skim.h"

namespace tombolo::merge {

/// Where the values of SetErase instructions lie in their changesets. Clients in use take two
/// erased strings, binaries or links for equal by their place instead of by their content, so equal
/// values at different places both survive; to agree with them, the place has to be known. It is
/// looked up when two such instructions meet, which is rare.
///
/// Source: docs/merge-rules.md, departure D1.
class SetErasePlaces {
 public:
  /// The changesets must outlive this.
  explicit SetErasePlaces(const Sides& sides) : sides_(sides) {}

  /// Of two SetErase whose values are both texts or both links.
  [[nodiscard]] bool is_same_place(const Edit& left, const Edit& right);

 private:
  /// Of a text: how many bytes of other texts come before it, and its length. Of a link: the number
  /// of its class, and of its key if that is a string, in the changeset's own string table.
  struct Place {
    std::uint32_t begin;  ///< Of the instruction.
    std::uint64_t first;
    std::uint64_t second;
  };

  [[nodiscard]] Place find(const Edit& edit);
  [[nodiscard]] std::vector<Place> read_places(BytesView changeset) const;

  Sides sides_;
  std::map<ChangesetNumber, std::vector<Place>> known_;  ///< Ascending.
};

}  // namespace tombolo::merge
