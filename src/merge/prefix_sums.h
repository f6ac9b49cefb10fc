#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tombolo::merge {

/// Counts at places 0 to n - 1 that change, and sums of the first ones: a Fenwick tree. Node i
/// (from 1) holds the sum of the 2^k places up to i, where 2^k is the lowest bit of i.
///
/// Cost:    logarithmic for each call.
class PrefixSums {
 public:
  explicit PrefixSums(const std::vector<std::uint32_t>& counts) : tree_(counts.size() + 1) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      tree_[i + 1] += counts[i];
      const std::size_t parent = (i + 1) + lowest_bit(i + 1);
      if (parent < tree_.size()) tree_[parent] += tree_[i + 1];
    }
  }

  /// The sum of the counts before `place`.
  [[nodiscard]] std::uint32_t before(std::size_t place) const noexcept {
    std::uint32_t sum = 0;
    for (std::size_t i = place; i > 0; i -= lowest_bit(i)) sum += tree_[i];
    return sum;
  }
  void increment(std::size_t place) noexcept {
    for (std::size_t i = place + 1; i < tree_.size(); i += lowest_bit(i)) ++tree_[i];
  }
  void decrement(std::size_t place) noexcept {
    for (std::size_t i = place + 1; i < tree_.size(); i += lowest_bit(i)) --tree_[i];
  }
  /// The place of the unit number `rank` (from 0) if all counts are laid out as units in a row.
  [[nodiscard]] std::size_t place_of(std::uint32_t rank) const noexcept {
    std::size_t node = 0;
    for (std::size_t step = std::bit_floor(tree_.size()); step > 0; step /= 2) {
      if (node + step < tree_.size() && tree_[node + step] <= rank) {
        node += step;
        rank -= tree_[node];
      }
    }
    return node;
  }

 private:
  [[nodiscard]] static std::size_t lowest_bit(std::size_t i) noexcept { return i & (~i + 1); }

  std::vector<std::uint32_t> tree_;
};

}  // namespace tombolo::merge
