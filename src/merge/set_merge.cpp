#include "merge/set_merge.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>
#include <vector>

#include "merge/walk.h"

namespace tombolo::merge {
namespace {

/// An edit and a number that equal values share.
struct Bucketed {
  std::uint64_t bucket;
  Edit* edit;
};

std::uint64_t bucket_of(const changeset::PrimaryKey& key) {
  switch (key.type) {
    case PayloadType::kInt: return static_cast<std::uint64_t>(key.integer);
    case PayloadType::kString: return key.string.value();
    case PayloadType::kGlobalKey: return key.global_key.high ^ key.global_key.low;
    default: return 0;
  }
}

/// The bits of a number, with one zero: it is equal to its negative.
template <typename Bits, typename Number>
std::uint64_t bits_of(Number number) {
  return std::bit_cast<Bits>(number == Number{0} ? Number{0} : number);
}

template <typename Id>
std::uint64_t leading_bits(const Id& id) {
  std::uint64_t bits;
  std::memcpy(&bits, &id, sizeof bits);
  return bits;
}

std::uint64_t bucket_of(const Payload& value) {
  const auto kind = static_cast<std::uint64_t>(value.type) << 56;
  switch (value.type) {
    case PayloadType::kInt: return kind ^ static_cast<std::uint64_t>(value.integer);
    case PayloadType::kBool: return kind ^ static_cast<std::uint64_t>(value.boolean);
    case PayloadType::kString:
    case PayloadType::kBinary: return kind ^ std::hash<std::string_view>{}(value.text);
    case PayloadType::kTimestamp: return kind ^ static_cast<std::uint64_t>(value.timestamp.seconds);
    case PayloadType::kFloat: return kind ^ bits_of<std::uint32_t>(value.single);
    case PayloadType::kDouble: return kind ^ bits_of<std::uint64_t>(value.real);
    case PayloadType::kLink: return kind ^ value.link.table.value() ^ bucket_of(value.link.object);
    case PayloadType::kObjectId: return kind ^ leading_bits(value.object_id);
    case PayloadType::kUuid: return kind ^ leading_bits(value.uuid);
    default: return kind;  // decimals, and kinds without content
  }
}

std::vector<Bucketed> by_value(std::span<Edit* const> edits) {
  std::vector<Bucketed> sorted;
  sorted.reserve(edits.size());
  for (Edit* const edit : edits) sorted.push_back({bucket_of(edit->value), edit});
  std::ranges::stable_sort(sorted, {}, &Bucketed::bucket);
  return sorted;
}

/// Cuts off the front that has one bucket.
std::vector<Edit*> take_bucket(std::span<const Bucketed>& sorted) {
  const std::uint64_t bucket = sorted.front().bucket;
  std::vector<Edit*> edits;
  for (; !sorted.empty() && sorted.front().bucket == bucket; sorted = sorted.subspan(1)) {
    edits.push_back(sorted.front().edit);
  }
  return edits;
}

}  // namespace

Fault merge_set(std::span<Edit* const> local, std::span<Edit* const> incoming, Meeting& meeting) {
  // By place, any two erasures can be taken for equal.
  if (meeting.deployed.set_erase_by_position) return walk(local, incoming, meeting);
  const std::vector<Bucketed> left = by_value(local);
  const std::vector<Bucketed> right = by_value(incoming);
  std::span<const Bucketed> rows = left;
  std::span<const Bucketed> columns = right;
  while (!rows.empty() && !columns.empty()) {
    if (rows.front().bucket < columns.front().bucket) {
      rows = rows.subspan(1);
    } else if (columns.front().bucket < rows.front().bucket) {
      columns = columns.subspan(1);
    } else if (const Fault fault = walk(take_bucket(rows), take_bucket(columns), meeting);
               fault != Fault::kNone) {
      return fault;
    }
  }
  return Fault::kNone;
}

}  // namespace tombolo::merge
