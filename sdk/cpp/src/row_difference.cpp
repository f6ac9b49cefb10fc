#include "row_difference.h"

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>

namespace tombolo {
namespace {

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

/// Which of the numbers belong to a longest ascending sequence; `kNowhere` never does.
/// Source: patience sorting with links back.
std::vector<bool> longest_ascending(const std::vector<std::size_t>& numbers) {
  std::vector<std::size_t> ends;  // By length: where the sequence with the least end stops.
  std::vector<std::size_t> previous(numbers.size(), kNowhere);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] == kNowhere) continue;
    const auto at = std::ranges::lower_bound(
        ends, numbers[i], {}, [&](std::size_t end) { return numbers[end]; });
    if (at != ends.begin()) previous[i] = *(at - 1);
    if (at == ends.end()) {
      ends.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<bool> belongs(numbers.size());
  if (ends.empty()) return belongs;
  for (std::size_t i = ends.back(); i != kNowhere; i = previous[i]) belongs[i] = true;
  return belongs;
}

}  // namespace

CollectionChanges row_difference(const std::vector<store::RowId>& before,
                                 const std::vector<store::RowId>& after,
                                 const std::vector<store::RowId>& modified) {
  std::unordered_map<std::uint64_t, std::size_t> places;
  places.reserve(before.size());
  // A row that is there several times comes from each of its places in turn.
  std::vector<std::size_t> next_place(before.size(), kNowhere);
  for (std::size_t i = before.size(); i-- > 0;) {
    const auto [place, is_last] = places.try_emplace(before[i].value(), i);
    if (!is_last) next_place[i] = std::exchange(place->second, i);
  }
  std::vector<std::size_t> came_from(after.size(), kNowhere);
  for (std::size_t i = 0; i < after.size(); ++i) {
    const auto found = places.find(after[i].value());
    if (found == places.end() || found->second == kNowhere) continue;
    came_from[i] = found->second;
    found->second = next_place[came_from[i]];
  }

  const std::vector<bool> stays = longest_ascending(came_from);
  std::vector<bool> is_kept(before.size());
  CollectionChanges changes;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (!stays[i]) {
      changes.insertions.push_back(i);
      continue;
    }
    is_kept[came_from[i]] = true;
    if (std::ranges::binary_search(modified, after[i])) {
      changes.old_modifications.push_back(came_from[i]);
      changes.new_modifications.push_back(i);
    }
  }
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (!is_kept[i]) changes.deletions.push_back(i);
  }
  return changes;
}

}  // namespace tombolo
