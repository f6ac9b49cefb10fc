#include "merge/traced_list.h"

namespace tombolo::merge {
namespace {

/// Longer blocks cost more to change, shorter ones more to pass over.
constexpr std::size_t kBlockRunsMax = 256;

}  // namespace

TracedList::TracedList(std::uint32_t base_size) : base_size_(base_size), size_(base_size) {
  Block all;
  if (base_size > 0) all.runs.push_back({.position = 0, .count = base_size, .is_base = true});
  all.count = base_size;
  blocks_.push_back(std::move(all));
}

TracedList::Place TracedList::find(std::uint32_t index) const {
  std::size_t block = 0;
  while (index >= blocks_[block].count) index -= blocks_[block++].count;
  const std::vector<Run>& runs = blocks_[block].runs;
  std::size_t run = 0;
  while (index >= runs[run].count) index -= runs[run++].count;
  return {block, run, index};
}

TracedList::Origin TracedList::origin(const Run& run, std::uint32_t offset) {
  return {run.is_base ? run.position + offset : run.position, run.is_base};
}

TracedList::Origin TracedList::at(std::uint32_t index) const {
  const Place place = find(index);
  return origin(blocks_[place.block].runs[place.run], place.offset);
}

std::uint32_t TracedList::insert(std::uint32_t index) {
  ++size_;
  if (index + 1 == size_) {
    Block& last = blocks_.back();
    ++last.count;
    if (!last.runs.empty() && !last.runs.back().is_base &&
        last.runs.back().position == base_size_) {
      ++last.runs.back().count;
    } else {
      last.runs.push_back({.position = base_size_, .count = 1, .is_base = false});
      split_if_long(blocks_.size() - 1);
    }
    return base_size_;
  }

  const Place place = find(index);
  Block& block = blocks_[place.block];
  const auto run = block.runs.begin() + static_cast<std::ptrdiff_t>(place.run);
  const std::uint32_t gap = origin(*run, place.offset).position;
  ++block.count;
  if (!run->is_base) {
    ++run->count;
  } else if (place.offset > 0) {
    const Run behind{.position = gap, .count = run->count - place.offset, .is_base = true};
    run->count = place.offset;
    block.runs.insert(run + 1, {Run{.position = gap, .count = 1, .is_base = false}, behind});
  } else if (place.run > 0 && !(run - 1)->is_base && (run - 1)->position == gap) {
    ++(run - 1)->count;
  } else {
    block.runs.insert(run, Run{.position = gap, .count = 1, .is_base = false});
  }
  split_if_long(place.block);
  return gap;
}

TracedList::Origin TracedList::erase(std::uint32_t index) {
  const Place place = find(index);
  Block& block = blocks_[place.block];
  const auto run = block.runs.begin() + static_cast<std::ptrdiff_t>(place.run);
  const Origin erased = origin(*run, place.offset);
  --size_;
  --block.count;
  if (run->count == 1) {
    block.runs.erase(run);
  } else if (!run->is_base || place.offset + 1 == run->count) {
    --run->count;
  } else if (place.offset == 0) {
    ++run->position;
    --run->count;
  } else {
    const Run behind{
        .position = erased.position + 1, .count = run->count - place.offset - 1, .is_base = true};
    run->count = place.offset;
    block.runs.insert(run + 1, behind);
    split_if_long(place.block);
  }
  return erased;
}

void TracedList::split_if_long(std::size_t block) {
  std::vector<Run>& runs = blocks_[block].runs;
  if (runs.size() <= kBlockRunsMax) return;
  Block behind;
  behind.runs.assign(runs.begin() + kBlockRunsMax / 2, runs.end());
  runs.resize(kBlockRunsMax / 2);
  for (const Run& run : behind.runs) behind.count += run.count;
  blocks_[block].count -= behind.count;
  blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(block) + 1, std::move(behind));
}

}  // namespace tombolo::merge
