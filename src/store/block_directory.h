#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
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
///     kWords     its words, the most significant first, in which `<` compares
///     parse      std::optional<Entry>(KeyValueTransaction::Item); nullopt: not of this table
///
/// Thread:  that of the transaction.
template <typename First, std::span<const std::uint64_t> (*kWords)(const First&) noexcept>
class BlockDirectory {
 public:
  struct Entry {
    First first;
    StoredValue value;
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

  [[nodiscard]] std::span<Entry> entries() noexcept { return entries_; }

  /// The last block that starts at or before `wanted`; null when none does. Requires entries.
  [[nodiscard]] Entry* find(const First& wanted) noexcept {
    if (wanted < entries_.front().first) return nullptr;
    if (entries_.size() == 1 || wanted < entries_[1].first) return &entries_.front();
    if (!(wanted < entries_.back().first)) return &entries_.back();
    return search(wanted);
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
    clear();
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
      clear();
      searches_wanted_ *= 2;
      return;
    }
    rank_entries();
  }
  void clear() noexcept {
    entries_.clear();
    ranks_.clear();
  }

  // The rank of a block are the 64 bits of its key from the first on in which keys differ. The
  // first block has none: it may start long before its first key.

  void rank_entries() {
    if (entries_.size() < 2) return;
    const auto first = kWords(entries_[1].first);
    const auto last = kWords(entries_.back().first);
    const auto differ = std::ranges::mismatch(first, last);
    word_ = static_cast<std::size_t>(differ.in1 - first.begin());
    shift_ = word_ == first.size() ? 0 : std::countl_zero(*differ.in1 ^ *differ.in2);
    ranks_.reserve(entries_.size() - 1);
    for (std::size_t i = 1; i < entries_.size(); ++i) ranks_.push_back(rank(entries_[i].first));
    // Half a rank fits a signed number, which becomes a double without a branch.
    const std::uint64_t range = (ranks_.back() - ranks_.front()) / 2;
    blocks_per_half_rank_ =
        range == 0 ? 0 : static_cast<double>(ranks_.size() - 1) / static_cast<double>(range);
    deviation_ = 0;
    for (std::size_t i = 0; i < ranks_.size(); ++i) {
      const std::size_t guess = guess_of(ranks_[i]);
      deviation_ = std::max(deviation_, std::max(i, guess) - std::min(i, guess));
    }
  }
  [[nodiscard]] std::uint64_t rank(const First& first) const noexcept {
    const auto words = kWords(first);
    if (word_ == words.size()) return 0;
    if (shift_ == 0 || word_ + 1 == words.size()) return words[word_] << shift_;
    return words[word_] << shift_ | words[word_ + 1] >> (64 - shift_);
  }

  /// The position of that rank if ranks were even. Requires that it is that of a key between them.
  [[nodiscard]] std::size_t guess_of(std::uint64_t rank) const noexcept {
    const auto half_ranks = static_cast<std::int64_t>((rank - ranks_.front()) / 2);
    const auto guess = static_cast<std::size_t>(
        static_cast<std::int64_t>(static_cast<double>(half_ranks) * blocks_per_half_rank_));
    return std::min(guess, ranks_.size() - 1);
  }
  /// Searches the ranks, of which many share a cache line, as far around the guess as they deviate
  /// from being even, and then the blocks of that rank. Requires that `wanted` is between them.
  [[nodiscard]] Entry* search(const First& wanted) noexcept {
    const std::uint64_t wanted_rank = rank(wanted);
    const std::size_t guess = guess_of(wanted_rank);
    const std::size_t reach = deviation_ + 1;
    const std::uint64_t* const ranks = ranks_.data();
    const std::uint64_t* from = ranks + (guess > reach ? guess - reach : 0);
    const std::uint64_t* const to = ranks + std::min(guess + reach + 1, ranks_.size());
    for (auto length = static_cast<std::size_t>(to - from); length > 1;) {
      const std::size_t half = length / 2;
      from += from[half - 1] < wanted_rank ? half : 0;
      length -= half;
    }
    const auto below = entries_.begin() + 1 + (from - ranks);
    if (*from != wanted_rank) return &*below - 1;
    const auto end = std::upper_bound(from, ranks + ranks_.size(), wanted_rank);
    return &*std::upper_bound(
               below,
               below + (end - from),
               wanted,
               [](const First& key, const Entry& entry) { return key < entry.first; }) -
           1;
  }

  std::vector<Entry> entries_;
  std::vector<std::uint64_t> ranks_;  ///< Of the entries from the second one on.
  std::size_t word_ = 0;              ///< Where the words of keys begin to differ.
  int shift_ = 0;                     ///< How many of its bits do not.
  double blocks_per_half_rank_ = 0;   ///< If ranks were even.
  std::size_t deviation_ = 0;         ///< How far they are from where they would be then, at most.
  std::uint64_t generation_ = 0;
  std::size_t searches_ = 0;
  std::size_t searches_wanted_ = 0;
};

}  // namespace tombolo::store
