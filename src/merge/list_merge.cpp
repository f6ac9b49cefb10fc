#include "merge/list_merge.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "merge/gap_merge.h"
#include "merge/prefix_sums.h"
#include "merge/traced_list.h"
#include "merge/walk.h"

namespace tombolo::merge {
namespace {

/// A place in the base list: gap g is 2g, element e is 2e + 1.
using Coordinate = std::uint64_t;

constexpr Coordinate gap(std::uint32_t position) {
  return 2 * Coordinate{position};
}
constexpr Coordinate element(std::uint32_t position) {
  return 2 * Coordinate{position} + 1;
}

/// A stretch of the base list in which edits can clash: some gaps and the erased elements between
/// them, or one element that is written but not erased.
struct Region {
  Coordinate first;
  Coordinate last;

  [[nodiscard]] std::uint32_t base_begin() const { return static_cast<std::uint32_t>(first / 2); }
  /// How many elements of the base are inside.
  [[nodiscard]] std::uint32_t base_count() const {
    return first % 2 == 1 ? 1 : static_cast<std::uint32_t>((last - first) / 2);
  }
};

/// Where each edit of a side belongs, found by playing them through; nullopt when the sizes and
/// positions that they state do not fit together.
std::optional<std::vector<Coordinate>> trace(std::span<Edit* const> edits,
                                             std::vector<Region>& stretches) {
  TracedList list(edits.front()->prior_size);
  std::vector<Coordinate> coordinates;
  coordinates.reserve(edits.size());
  for (const Edit* const edit : edits) {
    const bool inserts = edit->opcode == Opcode::kArrayInsert;
    if (edit->prior_size != list.size()) return std::nullopt;
    if (edit->index() >= list.size() && !(inserts && edit->index() == list.size())) {
      return std::nullopt;
    }
    if (inserts) {
      coordinates.push_back(gap(list.insert(edit->index())));
      stretches.push_back({coordinates.back(), coordinates.back()});
      continue;
    }
    const bool erases = edit->opcode == Opcode::kArrayErase;
    const TracedList::Origin origin = erases ? list.erase(edit->index()) : list.at(edit->index());
    coordinates.push_back(origin.is_base ? element(origin.position) : gap(origin.position));
    if (erases && origin.is_base) {
      stretches.push_back({gap(origin.position), gap(origin.position + 1)});
    } else {
      stretches.push_back({coordinates.back(), coordinates.back()});
    }
  }
  return coordinates;
}

/// The regions of a list, in order.
class Regions {
 public:
  /// Joins stretches that overlap.
  Regions(std::vector<Region> stretches, std::uint32_t base_size) : untouched_count_(base_size) {
    std::ranges::sort(stretches, {}, &Region::first);
    for (const Region& stretch : stretches) {
      if (!regions_.empty() && stretch.first <= regions_.back().last) {
        regions_.back().last = std::max(regions_.back().last, stretch.last);
      } else {
        regions_.push_back(stretch);
      }
    }
    std::uint32_t inside = 0;
    for (const Region& region : regions_) {
      untouched_before_.push_back(region.base_begin() - inside);
      inside += region.base_count();
    }
    untouched_count_ -= inside;
  }

  [[nodiscard]] std::size_t size() const noexcept { return regions_.size(); }
  [[nodiscard]] std::uint32_t region_of(Coordinate coordinate) const {
    const auto after = std::ranges::upper_bound(regions_, coordinate, {}, &Region::first);
    return static_cast<std::uint32_t>(after - regions_.begin() - 1);
  }
  /// Elements of the base that lie in no region: before a region, and in all.
  [[nodiscard]] std::uint32_t untouched_before(std::size_t region) const {
    return untouched_before_[region];
  }
  [[nodiscard]] std::uint32_t untouched_count() const noexcept { return untouched_count_; }
  /// How many elements of the base are in each region.
  [[nodiscard]] std::vector<std::uint32_t> base_sizes() const {
    std::vector<std::uint32_t> sizes;
    sizes.reserve(regions_.size());
    for (const Region& region : regions_) sizes.push_back(region.base_count());
    return sizes;
  }

 private:
  std::vector<Region> regions_;
  std::vector<std::uint32_t> untouched_before_;
  std::uint32_t untouched_count_;
};

/// What one side does, region by region.
class SideInRegions {
 public:
  SideInRegions(std::span<Edit* const> edits,
                const std::vector<Coordinate>& coordinates,
                const Regions& regions)
      : edits_(edits),
        regions_(regions),
        by_region_(edits.size()),
        starts_(regions.size() + 1) {
    region_of_.reserve(edits.size());
    for (const Coordinate coordinate : coordinates) {
      region_of_.push_back(regions.region_of(coordinate));
      ++starts_[region_of_.back() + 1];
    }
    for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
    std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
    for (std::size_t i = 0; i < edits.size(); ++i) by_region_[next[region_of_[i]]++] = edits[i];
  }

  /// Those of one region, in history order.
  [[nodiscard]] std::span<Edit* const> in(std::size_t region) const {
    return std::span(by_region_).subspan(starts_[region], starts_[region + 1] - starts_[region]);
  }

  /// Makes indexes and sizes those within the region; returns the sizes of the regions when all is
  /// executed.
  std::vector<std::uint32_t> localise() {
    std::vector<std::uint32_t> sizes = regions_.base_sizes();
    play(sizes, [](Edit& edit, std::uint32_t start, std::uint32_t region_size, std::uint32_t) {
      edit.set_index(edit.index() - start);
      edit.set_prior_size(region_size);
    });
    return sizes;
  }

  /// Makes them those of the whole list again, executed where the regions have `sizes`.
  void globalise(std::vector<std::uint32_t> sizes) {
    play(sizes, [](Edit& edit, std::uint32_t start, std::uint32_t, std::uint32_t list_size) {
      edit.set_index(edit.index() + start);
      edit.set_prior_size(list_size);
    });
  }

 private:
  /// Executes the edits on regions of `sizes`; calls `visit(edit, start of its region, size of the
  /// region, size of the list)` before each.
  template <typename Visit>
  void play(std::vector<std::uint32_t>& sizes, Visit visit) {
    PrefixSums sums(sizes);
    std::uint32_t list_size = regions_.untouched_count() + sums.before(sizes.size());
    for (std::size_t i = 0; i < edits_.size(); ++i) {
      Edit& edit = *edits_[i];
      if (edit.discarded) continue;
      const std::uint32_t region = region_of_[i];
      const std::uint32_t start = regions_.untouched_before(region) + sums.before(region);
      visit(edit, start, sizes[region], list_size);
      if (edit.opcode == Opcode::kArrayInsert) {
        ++sizes[region];
        ++list_size;
        sums.increment(region);
      } else if (edit.opcode == Opcode::kArrayErase) {
        --sizes[region];
        --list_size;
        sums.decrement(region);
      }
    }
  }

  std::span<Edit* const> edits_;
  const Regions& regions_;
  std::vector<std::uint32_t> region_of_;
  std::vector<Edit*> by_region_;
  std::vector<std::uint32_t> starts_;  ///< Of each region in `by_region_`.
};

bool are_insertions(std::span<Edit* const> edits) {
  return std::ranges::all_of(edits,
                             [](const Edit* edit) { return edit->opcode == Opcode::kArrayInsert; });
}

Fault merge_region(std::span<Edit* const> local,
                   std::span<Edit* const> incoming,
                   Meeting& meeting) {
  if (local.empty() || incoming.empty()) return Fault::kNone;
  if (is_worth_more_than_pairs(local, incoming) && are_insertions(local) &&
      are_insertions(incoming)) {
    merge_gap(local, incoming);
    return Fault::kNone;
  }
  return walk(local, incoming, meeting);
}

}  // namespace

bool is_flat_list_edit(const Edit& edit) {
  const bool changes_elements = edit.opcode == Opcode::kArrayInsert ||
                                edit.opcode == Opcode::kArrayErase ||
                                edit.opcode == Opcode::kUpdate;
  return changes_elements && ends_in_index(edit) &&
         std::ranges::all_of(edit.path.first(edit.path.size() - 1), &PathElement::is_key);
}

Fault merge_list(std::span<Edit* const> local, std::span<Edit* const> incoming, Meeting& meeting) {
  const std::uint32_t base_size = local.front()->prior_size;
  const std::uint64_t size_max = std::uint64_t{base_size} + local.size() + incoming.size();
  if (incoming.front()->prior_size != base_size ||
      size_max >= std::numeric_limits<std::uint32_t>::max()) {
    return walk(local, incoming, meeting);
  }
  std::vector<Region> stretches;
  const auto local_trace = trace(local, stretches);
  const auto incoming_trace = trace(incoming, stretches);
  if (!local_trace || !incoming_trace) return walk(local, incoming, meeting);

  const Regions regions(std::move(stretches), base_size);
  SideInRegions left(local, *local_trace, regions);
  SideInRegions right(incoming, *incoming_trace, regions);
  std::vector<std::uint32_t> sizes_after_local = left.localise();
  std::vector<std::uint32_t> sizes_after_incoming = right.localise();
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const Fault fault = merge_region(left.in(i), right.in(i), meeting);
    if (fault != Fault::kNone) return fault;
  }
  left.globalise(std::move(sizes_after_incoming));
  right.globalise(std::move(sizes_after_local));
  return Fault::kNone;
}

}  // namespace tombolo::merge
