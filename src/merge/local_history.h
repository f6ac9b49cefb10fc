#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "merge/merge_indexed.h"

namespace tombolo::merge {

/// Local changesets that are merged with incoming ones again and again.
///
/// The first merge reads the smaller side alone into an index. If more follow, the local side is
/// indexed once and kept so: each merge then takes what is incoming, what was added and what
/// clashes, however long the history is.
///
/// Thread:  one at a time.
class LocalHistory {
 public:
  /// Bytes of changesets up to which a side that is the larger one is indexed: an index takes some
  /// ten times as much where instructions are tiny.
  static constexpr std::size_t kIndexedBytesMax = std::size_t{64} << 20;

  explicit LocalHistory(const DeployedRules& deployed) : deployed_(deployed) {}

  /// Adds the next changeset, whose bytes must outlive its place here.
  void add(const Entry& entry);
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  /// Merges the changesets from `first` on with incoming ones. What was rewritten here takes the
  /// place of what was there, so `Rewritten::bytes` must be kept until it is rewritten again.
  ///
  /// Shape:   `first` does not decrease from call to call.
  /// Errors:  as `merge::merge`; the history is then unusable.
  [[nodiscard]] Result<Rewrites> merge(std::size_t first, std::span<const Entry> incoming);

  /// Memory that it takes beside the changesets.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return entries_.capacity() * sizeof(Entry) + (index_ ? index_->memory_bytes() : 0);
  }

 private:
  [[nodiscard]] Result<Rewrites> merge_with_index(std::size_t first, Side& other);
  [[nodiscard]] Result<Rewrites> merge_once(std::size_t first, std::span<const Entry> incoming);

  DeployedRules deployed_;
  std::vector<Entry> entries_;
  std::size_t byte_count_ = 0;
  bool has_merged_ = false;
  std::unique_ptr<SideIndex> index_;
  std::vector<std::size_t> stale_;  ///< Changesets that were rewritten since they were indexed.
};

}  // namespace tombolo::merge
