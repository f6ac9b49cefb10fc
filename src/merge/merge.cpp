#include "merge/merge.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <string>

#include "merge/conflict_groups.h"
#include "merge/edit_table.h"
#include "merge/every_pair.h"
#include "merge/rewrite.h"
#include "merge/skim.h"
#include "merge/walk.h"

/// Merging takes four passes; only what conflicts goes beyond the first two.
///
///   1. skim      read the addresses of the instructions whose objects both sides mention
///   2. group     find those that can clash with one another
///   3. walk      decode them and let those of a group meet, pair by pair
///   4. rewrite   write the changesets again in which an instruction changed

namespace tombolo::merge {
namespace {

bool is_empty(std::span<const Entry> side) {
  return std::ranges::all_of(side, [](const Entry& entry) { return entry.bytes.empty(); });
}

std::vector<Entry> concatenated(std::span<const Entry> local, std::span<const Entry> incoming) {
  std::vector<Entry> all(local.begin(), local.end());
  all.insert(all.end(), incoming.begin(), incoming.end());
  return all;
}

Error failure(Fault fault) {
  if (fault == Fault::kTooManyMeetings) {
    return Error(ErrorCode::kLimitExceeded,
                 "more than " + std::to_string(kMeetingsMax) + " pairs of instructions clash");
  }
  return fault == Fault::kSchemaMismatch
             ? Error(ErrorCode::kMergeSchemaMismatch,
                     "both sides define a class or property of one name in different ways")
             : Error(ErrorCode::kMergeBadPosition,
                     "the two sides disagree about the size or a position of a list");
}

/// The mentions of one side that take part, and the edit that each becomes.
class Participants {
 public:
  explicit Participants(std::span<const Mention> mentions)
      : mentions_(mentions),
        edit_of_(mentions.size(), kNone) {}

  void add(std::span<const std::uint32_t> members) {
    for (const std::uint32_t member : members) edit_of_[member] = kChosen;
  }
  void add_all() { std::ranges::fill(edit_of_, kChosen); }

  /// Puts the chosen ones into `table`, after the `count` that are there; returns how many are.
  [[nodiscard]] std::uint32_t enter(EditTable& table, std::uint32_t count) {
    for (std::size_t i = 0; i < mentions_.size(); ++i) {
      if (edit_of_[i] == kNone) continue;
      table.add(mentions_[i]);
      edit_of_[i] = count++;
    }
    return count;
  }

  /// Fetches the edit of a member into the cache.
  void prefetch(std::uint32_t member, std::span<const Edit> edits) const {
    const auto* const edit = reinterpret_cast<const std::byte*>(&edits[edit_of_[member]]);
    for (std::size_t line = 0; line < sizeof(Edit); line += kCacheLineBytes) {
      __builtin_prefetch(edit + line);
    }
  }
  /// The edits of some members, in `found`.
  void find(std::span<const std::uint32_t> members,
            std::span<Edit> edits,
            std::vector<Edit*>& found) const {
    found.clear();
    for (const std::uint32_t member : members) found.push_back(&edits[edit_of_[member]]);
  }

 private:
  static constexpr std::size_t kCacheLineBytes = 64;
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::uint32_t kChosen = kNone - 1;

  std::span<const Mention> mentions_;
  std::vector<std::uint32_t> edit_of_;
};

class Merge {
 public:
  Merge(std::span<const Entry> local,
        std::span<const Entry> incoming,
        const DeployedRules& deployed)
      : local_count_(local.size()),
        changesets_(concatenated(local, incoming)),
        skim_(changesets_, local_count_),
        edits_(changesets_, skim_),
        set_erase_places_(changesets_),
        meeting_{
            .deployed = deployed, .set_erase_places = set_erase_places_, .prepended = prepended_} {}

  [[nodiscard]] Result<Merged> run() {
    if (auto skimmed = skim_.run(); !skimmed) return skimmed.error();
    if (skim_.found_schema_erasure()) return run_every_pair();

    const ConflictGroups groups(skim_.local(), skim_.incoming(), skim_.object_count());
    if (groups.size() == 0) return outcomes();
    Participants local(skim_.local());
    Participants incoming(skim_.incoming());
    for (std::size_t i = 0; i < groups.size(); ++i) {
      local.add(groups[i].local);
      incoming.add(groups[i].incoming);
    }
    if (auto decoded = decode(local, incoming); !decoded) return decoded.error();

    std::vector<Edit*> rows;
    std::vector<Edit*> columns;
    // Most groups are small, and nobody else knows in time where their edits are.
    constexpr std::size_t kGroupsAhead = 8;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (i + kGroupsAhead < groups.size()) {
        const ConflictGroups::Group ahead = groups[i + kGroupsAhead];
        local.prefetch(ahead.local.front(), edits_.edits());
        incoming.prefetch(ahead.incoming.front(), edits_.edits());
      }
      local.find(groups[i].local, edits_.edits(), rows);
      incoming.find(groups[i].incoming, edits_.edits(), columns);
      if (const Fault fault = walk_group(rows, columns, meeting_); fault != Fault::kNone) {
        return failure(fault);
      }
    }
    return outcomes();
  }

  [[nodiscard]] Result<Merged> run_every_pair() {
    if (auto skimmed = skim_.run_everything(); !skimmed) return skimmed.error();
    Participants local(skim_.local());
    Participants incoming(skim_.incoming());
    local.add_all();
    incoming.add_all();
    if (auto decoded = decode(local, incoming); !decoded) return decoded.error();

    std::vector<Edit*> rows;
    std::vector<Edit*> columns;
    for (Edit& edit : edits_.edits()) {
      (edit.changeset.value() < local_count_ ? rows : columns).push_back(&edit);
    }
    if (const Fault fault = walk(rows, columns, meeting_); fault != Fault::kNone) {
      return failure(fault);
    }
    return outcomes();
  }

 private:
  [[nodiscard]] Result<void> decode(Participants& local, Participants& incoming) {
    static_cast<void>(incoming.enter(edits_, local.enter(edits_, 0)));
    return edits_.decode();
  }

  [[nodiscard]] Merged outcomes() {
    std::vector<const Edit*> prepended;
    for (const Edit& edit : prepended_) prepended.push_back(&edit);
    std::ranges::stable_sort(
        prepended, {}, [](const Edit* edit) { return std::pair(edit->changeset, edit->position); });

    Merged merged{std::vector<Outcome>(local_count_),
                  std::vector<Outcome>(changesets_.size() - local_count_)};
    Rewriter rewriter(skim_.names());
    std::span<const Edit> edits = edits_.edits();
    std::span<const Edit* const> added = prepended;
    while (!edits.empty()) {
      const ChangesetNumber changeset = edits.front().changeset;
      const auto own = take_while(edits, [&](const Edit& e) { return e.changeset == changeset; });
      const auto own_added =
          take_while(added, [&](const Edit* e) { return e->changeset == changeset; });
      const bool touched = !own_added.empty() || std::ranges::any_of(own, [](const Edit& edit) {
        return edit.changed || edit.discarded;
      });
      if (!touched) continue;
      const std::size_t i = changeset.value();
      Outcome& outcome = i < local_count_ ? merged.local[i] : merged.incoming[i - local_count_];
      outcome = rewriter.rewrite(changesets_[i].bytes, skim_.names_of(changeset), own, own_added);
    }
    return merged;
  }

  /// Cuts off the front of `sequence` for which `holds`.
  template <typename T, typename Holds>
  [[nodiscard]] static std::span<T> take_while(std::span<T>& sequence, Holds holds) {
    std::size_t count = 0;
    while (count < sequence.size() && holds(sequence[count])) ++count;
    const std::span<T> front = sequence.first(count);
    sequence = sequence.subspan(count);
    return front;
  }

  std::size_t local_count_;
  std::vector<Entry> changesets_;
  Skim skim_;
  EditTable edits_;
  std::deque<Edit> prepended_;
  SetErasePlaces set_erase_places_;
  Meeting meeting_;
};

Merged untouched(std::size_t local_count, std::size_t incoming_count) {
  return {std::vector<Outcome>(local_count), std::vector<Outcome>(incoming_count)};
}

}  // namespace

Result<Merged> merge(std::span<const Entry> local,
                     std::span<const Entry> incoming,
                     const DeployedRules& deployed) {
  if (is_empty(local) || is_empty(incoming)) return untouched(local.size(), incoming.size());
  return Merge(local, incoming, deployed).run();
}

Result<Merged> merge_every_pair(std::span<const Entry> local,
                                std::span<const Entry> incoming,
                                const DeployedRules& deployed) {
  return Merge(local, incoming, deployed).run_every_pair();
}

}  // namespace tombolo::merge
