// Merging two changesets that can be read ends with a result, in time that their sizes bound. Every
// way of merging gives the same: sides swapped, every pair meeting. What comes out can be read. And
// where both fit one realm, what comes out fits too, and either order ends in one state and schema,
// but for the known limits of docs/merge-rules.md.
//
//   input := size of the first changeset (2 bytes, big-endian) first changeset second changeset

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "changeset/changeset.h"
#include "merge/every_pair.h"
#include "merge/merge.h"
#include "test/support/edit_script.h"
#include "test/support/instruction_table.h"
#include "test/support/known_limits.h"
#include "test/support/model_realm.h"

namespace {

using namespace tombolo;  // NOLINT: a program of a few functions
using test::ModelRealm;

void require(bool holds, const std::string& what = "") {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

/// What both sides know. The corpus is about these classes.
const ModelRealm& base_realm() {
  constexpr std::string_view kSchema =
      "class T int ; class U int ; embedded E ;"
      "column T.i int ; column T.n int? ; column T.s string? ; column T.l string[] ;"
      "column T.st string<> ; column T.d mixed{} ; column T.any mixed ; column T.lm mixed[] ;"
      "column T.lk ->U ; column T.ll ->U[] ; column T.e ->E ; column T.el ->E[] ;"
      "column T.ed ->E{} ; column E.x int ; column E.xs int[] ; create T1";
  constexpr std::string_view kObjects =
      "create U7 ; create U8 ; on T1 ; i = 5 ; l append a ; l append b ; l append c ; st add foo ;"
      "st add bar ; d.k = 1 ; d.m = 2 ; any = list ; any append 1 ; any append 2 ;"
      "lm append list ; lm append 5 ; e = new ; e.x = 1 ; el append new ; el append new ;"
      "ed.k = new ; lk = ->U7 ; ll append ->U7 ; ll append ->U8";
  static const ModelRealm kRealm = [&] {
    ModelRealm realm;
    for (const std::string_view script : {kSchema, kObjects}) {
      realm.apply(test::record(realm, script)).value();
    }
    return realm;
  }();
  return kRealm;
}

bool is_readable(const merge::Outcome& outcome) {
  return !outcome || changeset::parse_view(*outcome).has_value();
}

merge::Entry first_entry(BytesView changeset) {
  return {changeset, OriginTimestamp(1), ClientFileIdent(2)};
}
merge::Entry second_entry(BytesView changeset) {
  return {changeset, OriginTimestamp(1), ClientFileIdent(3)};
}

void check_ways_of_merging(const merge::DeployedRules& rules, BytesView first, BytesView second) {
  const merge::Entry local[] = {first_entry(first)};
  const merge::Entry incoming[] = {second_entry(second)};
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

/// What the base becomes; nullopt when one of the two does not fit.
struct Ending {
  std::string state;
  std::string schema;

  friend bool operator==(const Ending&, const Ending&) = default;
};
std::optional<Ending> execute(BytesView first, BytesView second) {
  ModelRealm realm = base_realm();
  if (!realm.apply(first) || !realm.apply(second)) return std::nullopt;
  return Ending{realm.state().dump(), realm.schema().dump()};
}

void check_convergence(BytesView first, BytesView second) {
  if (!execute(first, {}) || !execute(second, {})) return;
  const Bytes left[] = {to_bytes(first)};
  const Bytes right[] = {to_bytes(second)};
  if (test::known_limit(left, right, base_realm(), test::RecordedBy::kAnyone)) return;
  const merge::Entry local[] = {first_entry(first)};
  const merge::Entry incoming[] = {second_entry(second)};
  // Schemas can contradict each other, and what is written to a list states any size it likes.
  const auto merged = merge::merge(local, incoming);
  if (!merged) return;

  const Bytes first_after = merged->local[0].value_or(left[0]);
  const Bytes second_after = merged->incoming[0].value_or(right[0]);
  const auto on_left = execute(first, second_after);
  const auto on_right = execute(second, first_after);
  if (on_left && on_left == on_right) return;
  test::InstructionTable table;
  table.add("first", "", first);
  table.add("second", "", second);
  table.add("first'", "", first_after);
  table.add("second'", "", second_after);
  require(false,
          table.text() + "first, second' ends in " + (on_left ? on_left->state : "a refusal") +
              "\nsecond, first' ends in " + (on_right ? on_right->state : "a refusal"));
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

  check_ways_of_merging({}, first, second);
  check_ways_of_merging({.set_erase_by_position = true,
                         .move_leaves_nested_paths = true,
                         .erase_column_keeps_edits = true,
                         .list_leaves_nested_clears = true},
                        first,
                        second);
  check_convergence(first, second);
  return 0;
}
