#include "merge/merge.h"

#include <algorithm>
#include <utility>

#include "merge/every_pair.h"
#include "merge/merge_indexed.h"

namespace tombolo::merge {
namespace {

bool is_empty(std::span<const Entry> side) {
  return std::ranges::all_of(side, [](const Entry& entry) { return entry.bytes.empty(); });
}

std::size_t byte_count(std::span<const Entry> side) {
  std::size_t bytes = 0;
  for (const Entry& entry : side) bytes += entry.bytes.size();
  return bytes;
}

void take(std::vector<Rewritten>& rewritten, std::vector<Outcome>& outcomes) {
  for (Rewritten& one : rewritten) outcomes[one.index] = std::move(one.bytes);
}

Result<Merged> merge_whole(std::span<const Entry> local,
                           std::span<const Entry> incoming,
                           bool every_pair,
                           const DeployedRules& deployed) {
  Merged merged{std::vector<Outcome>(local.size()), std::vector<Outcome>(incoming.size())};
  if (!every_pair && (is_empty(local) || is_empty(incoming))) return merged;
  // The index has an entry for each object of its side.
  const bool local_is_smaller = byte_count(local) <= byte_count(incoming);
  SideIndex index;
  Side other;
  index.side().reserve(local_is_smaller ? local.size() : incoming.size());
  other.reserve(local_is_smaller ? incoming.size() : local.size());
  for (const Entry& entry : local_is_smaller ? local : incoming) index.side().add(entry);
  for (const Entry& entry : local_is_smaller ? incoming : local) other.add(entry);
  auto rewrites =
      merge_indexed(index,
                    other,
                    {.indexed = local_is_smaller ? IndexedSide::kLocal : IndexedSide::kIncoming,
                     .every_pair = every_pair},
                    deployed);
  if (!rewrites) return rewrites.error();
  take(rewrites->local, merged.local);
  take(rewrites->incoming, merged.incoming);
  return merged;
}

}  // namespace

Result<Merged> merge(std::span<const Entry> local,
                     std::span<const Entry> incoming,
                     const DeployedRules& deployed) {
  return merge_whole(local, incoming, false, deployed);
}

Result<Merged> merge_every_pair(std::span<const Entry> local,
                                std::span<const Entry> incoming,
                                const DeployedRules& deployed) {
  return merge_whole(local, incoming, true, deployed);
}

}  // namespace tombolo::merge
