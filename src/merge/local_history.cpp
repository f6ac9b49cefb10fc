#include "merge/local_history.h"

#include <utility>

namespace tombolo::merge {

void LocalHistory::add(const Entry& entry) {
  entries_.push_back(entry);
  byte_count_ += entry.bytes.size();
}

Result<Rewrites> LocalHistory::merge(std::size_t first, std::span<const Entry> incoming) {
  if (first == entries_.size()) return Rewrites();
  Side other;
  for (const Entry& entry : incoming) other.add(entry);
  const std::size_t incoming_bytes = other.byte_count();
  if (incoming_bytes == 0) return Rewrites();
  const bool is_again = std::exchange(has_merged_, true);
  const bool pays =
      index_ || byte_count_ <= incoming_bytes || (is_again && byte_count_ <= kIndexedBytesMax);
  auto rewrites = pays ? merge_with_index(first, other) : merge_once(first, incoming);
  if (!rewrites) return rewrites;
  for (const Rewritten& rewritten : rewrites->local) {
    entries_[rewritten.index].bytes = rewritten.bytes;
    if (index_) stale_.push_back(rewritten.index);
  }
  // What rule 5 added has names that the index does not know as those of its changeset.
  if (index_ && (index_->side().has_schema_erasure() || other.has_schema_erasure())) {
    index_.reset();
    stale_.clear();
  }
  return rewrites;
}

Result<Rewrites> LocalHistory::merge_with_index(std::size_t first, Side& other) {
  if (!index_) index_ = std::make_unique<SideIndex>();
  Side& side = index_->side();
  for (const std::size_t i : stale_) side.replace(i, entries_[i].bytes);
  stale_.clear();
  side.reserve(entries_.size());
  for (std::size_t i = side.size(); i < entries_.size(); ++i) side.add(entries_[i]);
  return merge_indexed(*index_, other, {.indexed = IndexedSide::kLocal, .first = first}, deployed_);
}

Result<Rewrites> LocalHistory::merge_once(std::size_t first, std::span<const Entry> incoming) {
  SideIndex index;
  index.side().reserve(incoming.size());
  for (const Entry& entry : incoming) index.side().add(entry);
  Side local;
  local.reserve(entries_.size() - first);
  for (std::size_t i = first; i < entries_.size(); ++i) local.add(entries_[i]);
  auto rewrites = merge_indexed(index, local, {.indexed = IndexedSide::kIncoming}, deployed_);
  if (!rewrites) return rewrites;
  for (Rewritten& rewritten : rewrites->local) rewritten.index += first;
  return rewrites;
}

}  // namespace tombolo::merge
