#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong_id.h"

/// Operational transformation of concurrent changesets.
///
/// Two files that share a base state each went on by themselves: one made the local changesets,
/// the other the incoming ones. `merge` rewrites both so that either file can execute the other's
/// changes after its own, and both end in the same state:
///
///                local                      incoming'
///      base -----------------> left  ----------------------.
///        \                                                  v
///         '------------------> right ----------------------> the same state
///                incoming                   local'
///
/// The rules look at pairs of instructions only; they never read a database, a schema or a clock.
///
/// Source: docs/merge-rules.md.

namespace tombolo::merge {

/// A changeset as it enters a merge: its bytes and the two attributes that decide who wins. Of two
/// changes that exclude each other the later one wins, by timestamp and then by ident.
///
/// Shape:   `ident` is the origin's real ident, never 0: a client passes its own ident, a server
///          1, for what it wrote itself. Concurrent changesets never share timestamp and ident.
struct Entry {
  BytesView bytes;
  OriginTimestamp timestamp;
  ClientFileIdent ident;
};

/// What became of a changeset. nullopt: no rule touched it, the bytes that came in go on as they
/// are. Otherwise its new bytes; zero bytes when none of its instructions is left.
using Outcome = std::optional<Bytes>;

/// One outcome per entry, in the order of the input.
struct Merged {
  std::vector<Outcome> local;     ///< As they must be executed after all incoming ones.
  std::vector<Outcome> incoming;  ///< As they must be executed after all local ones.
};

/// Four rules in which clients that are in use differ from ours and lose convergence. Switching one
/// on reproduces them, for comparison with recorded merges; nothing but tests does so.
/// Source: docs/merge-rules.md, "Departures".
struct DeployedRules {
  bool set_erase_by_position = false;      ///< Equal SetErase values: by place, not content.
  bool move_leaves_nested_paths = false;   ///< ArrayMove changes itself, not the path below it.
  bool erase_column_keeps_edits = false;   ///< EraseColumn discards Update alone.
  bool list_leaves_nested_clears = false;  ///< List instructions ignore a Clear of an element.
};

/// Most instructions of both sides that may be about objects which both sides mention: what a merge
/// holds grows with them, by some 180 bytes each at most, while an instruction can be 2 bytes long.
/// Twice that both sides create a million objects with a property. Source: docs/merge-rules.md,
/// "Limits".
inline constexpr std::size_t kSharedInstructionsMax = std::size_t{4} << 20;
/// Most pairs of instructions that are looked at one by one: some ten seconds. Work that grows with
/// the product of both sides is left to few and small groups, unless somebody means to cause it.
inline constexpr std::uint64_t kMeetingsMax = 1'000'000'000;

/// Most memory that is kept for later merges when none is under way: about what 100,000 changes
/// against 100,000 others take.
inline constexpr std::size_t kKeptBytesMax = std::size_t{32} << 20;

/// Merges two sequences of concurrent changesets, each in history order, all based on one state.
/// The sides are equal: swapping them swaps the outcomes. Merging in one call or one incoming
/// changeset at a time gives the same instructions.
///
/// Cost:    linear in the instructions of both sides when they do not conflict, without decoding
///          values; see docs/merge-rules.md, "Cost", for lists.
/// Errors:  `kBadChangeset` (an entry is no changeset; what need not be read is not checked),
///          `kMergeSchemaMismatch`, `kMergeBadPosition`, `kLimitExceeded` (the limits above). There
///          is no partial result.
/// Thread:  any; nothing is kept between calls but memory.
[[nodiscard]] Result<Merged> merge(std::span<const Entry> local,
                                   std::span<const Entry> incoming,
                                   const DeployedRules& deployed = {});

/// Gives back the memory that is kept. Thread: any.
void release_kept_memory();

}  // namespace tombolo::merge
