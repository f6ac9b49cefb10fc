#include "merge/conflict_groups.h"

#include <algorithm>

namespace tombolo::merge {
namespace {

/// Indexes of mentions, ordered by object; those of object n are [starts[n], starts[n + 1]).
struct ByObject {
  std::vector<std::uint32_t> members;
  std::vector<std::uint32_t> starts;

  [[nodiscard]] std::span<std::uint32_t> of(std::size_t object) {
    return std::span(members).subspan(starts[object], starts[object + 1] - starts[object]);
  }
};

/// Sorts by counting: the order within an object stays.
ByObject sort_by_object(std::span<const Mention> mentions, std::size_t object_count) {
  ByObject sorted;
  sorted.starts.resize(object_count + 2);
  for (const Mention& mention : mentions) ++sorted.starts[mention.object.value() + 2];
  for (std::size_t i = 2; i < sorted.starts.size(); ++i) sorted.starts[i] += sorted.starts[i - 1];
  sorted.members.resize(mentions.size());
  for (std::uint32_t i = 0; i < mentions.size(); ++i) {
    sorted.members[sorted.starts[mentions[i].object.value() + 1]++] = i;
  }
  return sorted;
}

/// Leaves out creations: they clash with erasures alone.
std::span<std::uint32_t> without_creations(std::span<std::uint32_t> members,
                                           std::span<const Mention> mentions) {
  const auto end = std::remove_if(members.begin(), members.end(), [&](std::uint32_t i) {
    return mentions[i].opcode == Opcode::kCreateObject;
  });
  return {members.begin(), end};
}

bool has_erasure(std::span<const std::uint32_t> members, std::span<const Mention> mentions) {
  return std::ranges::any_of(
      members, [&](std::uint32_t i) { return mentions[i].opcode == Opcode::kEraseObject; });
}

/// Calls `both(left, right)` for each run of equal values of `value_of` that both sorted sequences
/// have.
template <typename LeftValue, typename RightValue, typename Both>
void for_each_common(std::span<std::uint32_t> left,
                     LeftValue left_value,
                     std::span<std::uint32_t> right,
                     RightValue right_value,
                     Both both) {
  const auto run = [](std::span<std::uint32_t> members, auto value_of) {
    std::size_t count = 1;
    while (count < members.size() && value_of(members[count]) == value_of(members[0])) ++count;
    return members.first(count);
  };
  while (!left.empty() && !right.empty()) {
    if (left_value(left[0]) < right_value(right[0])) {
      left = left.subspan(1);
    } else if (right_value(right[0]) < left_value(left[0])) {
      right = right.subspan(1);
    } else {
      const auto left_run = run(left, left_value);
      const auto right_run = run(right, right_value);
      both(left_run, right_run);
      left = left.subspan(left_run.size());
      right = right.subspan(right_run.size());
    }
  }
}

auto field_of(std::span<const Mention> mentions) {
  return [mentions](std::uint32_t i) { return mentions[i].field; };
}
auto key_of(std::span<const Mention> mentions) {
  return [mentions](std::uint32_t i) { return mentions[i].first_key; };
}

void sort_by_slot(std::span<std::uint32_t> members, std::span<const Mention> mentions) {
  std::ranges::sort(members, [mentions](std::uint32_t left, std::uint32_t right) {
    const Mention& one = mentions[left];
    const Mention& other = mentions[right];
    if (one.field != other.field) return one.field < other.field;
    if (one.first_key != other.first_key) return one.first_key < other.first_key;
    return left < right;
  });
}

}  // namespace

ConflictGroups::ConflictGroups(std::span<const Mention> local,
                               std::span<const Mention> incoming,
                               std::size_t object_count)
    : local_mentions_(local),
      incoming_mentions_(incoming) {
  ByObject local_by_object = sort_by_object(local, object_count);
  ByObject incoming_by_object = sort_by_object(incoming, object_count);
  constexpr std::size_t kObjectsAhead = 8;
  const auto prefetch = [](std::span<const std::uint32_t> members,
                           std::span<const Mention> mentions) {
    if (!members.empty()) __builtin_prefetch(&mentions[members.front()]);
  };
  for (std::size_t object = 0; object < object_count; ++object) {
    if (object + kObjectsAhead < object_count) {
      prefetch(local_by_object.of(object + kObjectsAhead), local);
      prefetch(incoming_by_object.of(object + kObjectsAhead), incoming);
    }
    const auto left = local_by_object.of(object);
    const auto right = incoming_by_object.of(object);
    if (!left.empty() && !right.empty()) split_object(left, right);
  }
}

ConflictGroups::Group ConflictGroups::operator[](std::size_t i) const noexcept {
  const Bounds& bounds = bounds_[i];
  return {std::span(local_).subspan(bounds.local_begin, bounds.local_end - bounds.local_begin),
          std::span(incoming_).subspan(bounds.incoming_begin,
                                       bounds.incoming_end - bounds.incoming_begin)};
}

void ConflictGroups::split_object(std::span<std::uint32_t> local,
                                  std::span<std::uint32_t> incoming) {
  if (has_erasure(local, local_mentions_) || has_erasure(incoming, incoming_mentions_)) {
    return add(local, incoming);
  }
  local = without_creations(local, local_mentions_);
  incoming = without_creations(incoming, incoming_mentions_);
  sort_by_slot(local, local_mentions_);
  sort_by_slot(incoming, incoming_mentions_);
  for_each_common(local,
                  field_of(local_mentions_),
                  incoming,
                  field_of(incoming_mentions_),
                  [this](auto left, auto right) { split_field(left, right); });
}

void ConflictGroups::split_field(std::span<std::uint32_t> local,
                                 std::span<std::uint32_t> incoming) {
  const bool all_keyed = local_mentions_[local.front()].first_key != 0 &&
                         incoming_mentions_[incoming.front()].first_key != 0;
  if (all_keyed) {
    return for_each_common(local,
                           key_of(local_mentions_),
                           incoming,
                           key_of(incoming_mentions_),
                           [this](auto left, auto right) { add(left, right); });
  }
  std::ranges::sort(local);
  std::ranges::sort(incoming);
  add(local, incoming);
}

void ConflictGroups::add(std::span<const std::uint32_t> local,
                         std::span<const std::uint32_t> incoming) {
  const std::size_t local_begin = local_.size();
  const std::size_t incoming_begin = incoming_.size();
  local_.insert(local_.end(), local.begin(), local.end());
  incoming_.insert(incoming_.end(), incoming.begin(), incoming.end());
  bounds_.push_back({local_begin, local_.size(), incoming_begin, incoming_.size()});
}

}  // namespace tombolo::merge
