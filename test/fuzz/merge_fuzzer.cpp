// Merging two changesets that can be read ends with a result, in time that their sizes bound. Every
// way of merging gives the same: sides swapped, every pair meeting. What comes out can be read.
//
//   input := size of the first changeset (2 bytes, big-endian) first changeset second changeset

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "changeset/changeset.h"
#include "merge/every_pair.h"
#include "merge/merge.h"

namespace {

using namespace tombolo;  // NOLINT: a program of one function

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_readable(const merge::Outcome& outcome) {
  return !outcome || changeset::parse_view(*outcome).has_value();
}

void check(const merge::DeployedRules& rules, BytesView first, BytesView second) {
  const merge::Entry local[] = {{first, OriginTimestamp(1), ClientFileIdent(2)}};
  const merge::Entry incoming[] = {{second, OriginTimestamp(1), ClientFileIdent(3)}};
  const auto merged = merge::merge(local, incoming, rules);
  const auto swapped = merge::merge(incoming, local, rules);
  const auto every_pair = merge::merge_every_pair(local, incoming, rules);

  require(merged.has_value() == swapped.has_value());
  require(merged.has_value() == every_pair.has_value());
  if (!merged) return;
  require(is_readable(merged->local[0]) && is_readable(merged->incoming[0]));
  require(merged->local == swapped->incoming && merged->incoming == swapped->local);
  require(merged->local == every_pair->local && merged->incoming == every_pair->incoming);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  BytesView bytes(reinterpret_cast<const std::byte*>(data) + 2, size - 2);
  const std::size_t first_size = std::size_t{data[0]} << 8 | data[1];
  if (first_size > bytes.size()) return 0;
  const BytesView first = bytes.first(first_size);
  const BytesView second = bytes.subspan(first_size);
  if (!changeset::parse_view(first) || !changeset::parse_view(second)) return 0;

  check({}, first, second);
  check({.set_erase_by_position = true,
         .move_leaves_nested_paths = true,
         .erase_column_keeps_edits = true,
         .list_leaves_nested_clears = true},
        first,
        second);
  return 0;
}
