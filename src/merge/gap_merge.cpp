#include "merge/gap_merge.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "merge/prefix_sums.h"

namespace tombolo::merge {
namespace {

/// Where each inserted element stands when all are there. Taken from the last to the first, each
/// one's index says which of the places still free is its own.
std::vector<std::uint32_t> final_places(std::span<Edit* const> inserts) {
  std::vector<std::uint32_t> places(inserts.size());
  PrefixSums free(std::vector<std::uint32_t>(inserts.size(), 1));
  for (std::size_t i = inserts.size(); i-- > 0;) {
    places[i] = static_cast<std::uint32_t>(free.place_of(inserts[i]->index()));
    free.decrement(places[i]);
  }
  return places;
}

/// The elements in list order: `order[places[i]] == i`.
std::vector<std::uint32_t> in_order(const std::vector<std::uint32_t>& places) {
  std::vector<std::uint32_t> order(places.size());
  for (std::uint32_t i = 0; i < places.size(); ++i) order[places[i]] = i;
  return order;
}

/// The smallest value of any range of an array: a tree of minima over pairs.
class RangeMinimum {
 public:
  explicit RangeMinimum(const std::vector<std::uint32_t>& values)
      : leaf_count_(std::bit_ceil(values.size())),
        tree_(2 * leaf_count_, kNone) {
    std::ranges::copy(values, tree_.begin() + static_cast<std::ptrdiff_t>(leaf_count_));
    for (std::size_t i = leaf_count_ - 1; i > 0; --i) {
      tree_[i] = std::min(tree_[2 * i], tree_[2 * i + 1]);
    }
  }

  /// Of the values in [first, end), which is not empty.
  [[nodiscard]] std::uint32_t of(std::size_t first, std::size_t end) const noexcept {
    std::uint32_t smallest = kNone;
    std::size_t left = first + leaf_count_;
    std::size_t right = end + leaf_count_;
    for (; left < right; left /= 2, right /= 2) {
      if (left % 2 == 1) smallest = std::min(smallest, tree_[left++]);
      if (right % 2 == 1) smallest = std::min(smallest, tree_[--right]);
    }
    return smallest;
  }

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  std::size_t leaf_count_;
  std::vector<std::uint32_t> tree_;
};

/// The neighbours that an element had when it was inserted: places among all of its side.
struct Neighbours {
  std::uint32_t left;   ///< 1 + place; 0: none.
  std::uint32_t right;  ///< 1 + place; 1 + count: none.
};

/// Taking the elements out of a chain of all, last inserted first, uncovers them.
std::vector<Neighbours> neighbours_when_inserted(const std::vector<std::uint32_t>& places) {
  const std::size_t count = places.size();
  std::vector<std::uint32_t> previous(count + 2);
  std::vector<std::uint32_t> next(count + 2);
  for (std::uint32_t i = 0; i < count + 2; ++i) {
    previous[i] = i - 1;
    next[i] = i + 1;
  }
  std::vector<Neighbours> found(count);
  for (std::size_t i = count; i-- > 0;) {
    const std::uint32_t link = places[i] + 1;
    found[i] = {previous[link], next[link]};
    next[previous[link]] = next[link];
    previous[next[link]] = previous[link];
  }
  return found;
}

}  // namespace

void merge_gap(std::span<Edit* const> local, std::span<Edit* const> incoming) {
  const std::vector<std::uint32_t> local_places = final_places(local);
  const std::vector<std::uint32_t> incoming_places = final_places(incoming);
  const RangeMinimum oldest(in_order(incoming_places));
  const std::vector<Neighbours> neighbours = neighbours_when_inserted(local_places);

  // By place of the local element, with sentinels at both ends: how many incoming ones precede it.
  std::vector<std::uint32_t> preceding(local.size() + 2);
  preceding.back() = static_cast<std::uint32_t>(incoming.size());
  for (std::size_t i = 0; i < local.size(); ++i) {
    std::uint32_t first = preceding[neighbours[i].left];
    std::uint32_t end = preceding[neighbours[i].right];
    while (first < end) {
      const std::uint32_t asked = oldest.of(first, end);
      if (is_earlier(*local[i], *incoming[asked])) {
        end = incoming_places[asked];
      } else {
        first = incoming_places[asked] + 1;
      }
    }
    preceding[local_places[i] + 1] = first;
  }

  for (std::size_t i = 0; i < local.size(); ++i) {
    local[i]->set_index(local[i]->index() + preceding[local_places[i] + 1]);
  }
  const std::span<const std::uint32_t> by_place(preceding.data() + 1, local.size());
  for (std::size_t i = 0; i < incoming.size(); ++i) {
    const auto after = std::ranges::upper_bound(by_place, incoming_places[i]);
    incoming[i]->set_index(incoming[i]->index() +
                           static_cast<std::uint32_t>(after - by_place.begin()));
  }
}

}  // namespace tombolo::merge
