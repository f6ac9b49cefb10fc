#include "collection_delta.h"

#include <iterator>

#include "base/assertion.h"

namespace tombolo {

CollectionDelta::CollectionDelta(std::uint32_t size) {
  if (size > 0) runs_.push_back({size, 0});
}

void CollectionDelta::replace(std::uint32_t size) {
  runs_.clear();
  if (size > 0) runs_.push_back({size, std::nullopt});
}

std::vector<CollectionDelta::Run>::iterator CollectionDelta::cut(std::uint32_t position) {
  auto run = runs_.begin();
  for (; run != runs_.end() && position >= run->count; ++run) position -= run->count;
  if (position == 0) return run;
  TOMBOLO_ASSERT(run != runs_.end());
  Run rest = *run;
  rest.count -= position;
  if (rest.old_position) *rest.old_position += position;
  run->count = position;
  return runs_.insert(std::next(run), rest);
}

void CollectionDelta::insert(std::uint32_t position, std::uint32_t count) {
  const auto next = cut(position);
  if (next != runs_.begin() && !std::prev(next)->old_position) {
    std::prev(next)->count += count;
  } else {
    runs_.insert(next, {count, std::nullopt});
  }
}

void CollectionDelta::erase(std::uint32_t position, std::uint32_t count) {
  const auto first = cut(position);
  const auto runs_before = std::distance(runs_.begin(), first);  // They stay where they are.
  const auto last = cut(position + count);
  runs_.erase(runs_.begin() + runs_before, last);
}

void CollectionDelta::apply(const store::ElementChange& change) {
  using Kind = store::ElementChange::Kind;
  switch (change.kind) {
    case Kind::kInsert: insert(change.position, change.count); break;
    case Kind::kErase: erase(change.position, change.count); break;
    case Kind::kMove:
      erase(change.position, 1);
      insert(change.to, 1);
      break;
    case Kind::kClear: runs_.clear(); break;
    case Kind::kSet: {
      (void)cut(change.position + 1);
      const auto run = cut(change.position);
      if (run->old_position) run->is_modified = true;
      break;
    }
  }
}

}  // namespace tombolo
