#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "store/key_value.h"

namespace tombolo::store {

/// Where the blocks of a table stand in a snapshot, in order. Searching it costs a tenth of a
/// search in the tree of LMDB, building it a walk over the whole table: it is built once there were
/// enough searches to pay for that, and lasts as long as the snapshot's commit is the newest.
///
///     First      what a block starts with, ordered by `<`
///     kRank      a number that is nearly proportional to the position of a block where keys are
///                dense or random
///     parse      std::optional<Entry>(KeyValueTransaction::Item); nullopt: not of this table
///
/// Thread:  that of the transaction.
template <typename First, std::uint64_t (*kRank)(const First&) noexcept>
class BlockDirectory {
 public:
  struct Entry {
    First first;
    BytesView bytes;
  };

  /// Counts a search in a snapshot; true: the directory can be searched. The table starts at
  /// `first_key`.
  template <typename Parse>
  [[nodiscard]] bool prepare(KeyValueTransaction& snapshot, BytesView first_key, Parse&& parse) {
    follow(snapshot);
    if (!entries_.empty()) [[likely]]
      return true;
    if (++searches_ < searches_wanted_) return false;
    build(snapshot, first_key, parse, searches_ * kBlocksPerSearch);
    return !entries_.empty();
  }
  /// Builds the directory if it is not there, whatever that costs: for a walk over all blocks.
  template <typename Parse>
  void complete(KeyValueTransaction& snapshot, BytesView first_key, Parse&& parse) {
    follow(snapshot);
    if (entries_.empty()) {
      build(snapshot, first_key, parse, std::numeric_limits<std::size_t>::max());
    }
  }

  [[nodiscard]] std::span<const Entry> entries() const noexcept { return entries_; }

  /// The last block that starts at or before `wanted`; null when none does. Requires entries.
  [[nodiscard]] const Entry* find(const First& wanted) const noexcept {
    if (wanted < entries_.front().first) return nullptr;
    if (entries_.size() == 1 || wanted < entries_[1].first) return &entries_.front();
    if (!(wanted < entries_.back().first)) return &entries_.back();
    if (const Entry* guess = guess_near(wanted)) return guess;
    return &*std::prev(std::ranges::upper_bound(entries_, wanted, {}, &Entry::first));
  }

 private:
  /// Searches before a directory is considered, and how many blocks each of them pays for: a step
  /// from block to block costs a tenth of a search.
  static constexpr std::size_t kSearchesMin = 32;
  static constexpr std::size_t kBlocksPerSearch = 8;

  /// Forgets what was about an older commit.
  void follow(const KeyValueTransaction& snapshot) noexcept {
    if (generation_ == snapshot.generation()) [[likely]]
      return;
    generation_ = snapshot.generation();
    entries_.clear();
    searches_ = 0;
    searches_wanted_ = kSearchesMin;
  }

  template <typename Parse>
  void build(KeyValueTransaction& snapshot,
             BytesView first_key,
             Parse&& parse,
             std::size_t blocks_max) {
    KeyValueCursor cursor(snapshot);
    std::optional<Entry> block = parse(cursor.find_at_or_after(first_key));
    while (block && entries_.size() < blocks_max) {
      entries_.push_back(*block);
      block = parse(cursor.next());
    }
    if (block) {
      // More blocks than the searches so far pay for.
      entries_.clear();
      searches_wanted_ *= 2;
    }
  }

  /// Looks where the block should be, between the second one (the first may start long before its
  /// first key) and the last; null when it is not near.
  [[nodiscard]] const Entry* guess_near(const First& wanted) const noexcept {
    constexpr int kStepsMax = 8;
    const std::uint64_t from = kRank(entries_[1].first);
    const std::uint64_t to = kRank(entries_.back().first);
    if (from == to) return nullptr;
    const double share = static_cast<double>(kRank(wanted) - from) / static_cast<double>(to - from);
    const Entry* at = &entries_[1] +
                      static_cast<std::ptrdiff_t>(share * static_cast<double>(entries_.size() - 2));
    for (int i = 0; i < kStepsMax && wanted < at->first; ++i) --at;
    for (int i = 0; i < kStepsMax && !(wanted < at[1].first); ++i) ++at;
    return !(wanted < at->first) && wanted < at[1].first ? at : nullptr;
  }

  std::vector<Entry> entries_;
  std::uint64_t generation_ = 0;
  std::size_t searches_ = 0;
  std::size_t searches_wanted_ = 0;
};

}  // namespace tombolo::store
