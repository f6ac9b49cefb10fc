#include "merge/list_merge.h"

#include <deque>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"
#include "merge/gap_merge.h"
#include "merge/walk.h"

namespace tombolo::merge {
namespace {

/// What one side does to a list, with memory for the paths of its edits.
class ListSide {
 public:
  ListSide() = default;
  ListSide(const ListSide& other) { *this = other; }
  ListSide& operator=(const ListSide& other) {
    edits_ = other.edits_;
    paths_ = other.paths_;
    for (std::size_t i = 0; i < edits_.size(); ++i) edits_[i].path = {&paths_[i], 1};
    return *this;
  }

  void add(Opcode opcode, std::uint32_t index, std::uint32_t prior_size, std::uint32_t rank) {
    paths_.push_back(PathElement::index(index));
    Edit& edit = edits_.emplace_back();
    edit.opcode = opcode;
    edit.prior_size = prior_size;
    edit.rank = {OriginTimestamp(rank), ClientFileIdent()};
    edit.begin = static_cast<std::uint32_t>(edits_.size());
    edit.path = {&paths_.back(), 1};
  }
  [[nodiscard]] std::vector<Edit*> all() {
    std::vector<Edit*> pointers;
    for (Edit& edit : edits_) pointers.push_back(&edit);
    return pointers;
  }
  /// One line for each edit, such as "ArrayInsert 3 of 7".
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const Edit& edit : edits_) {
      text += edit.discarded
                  ? "-"
                  : std::to_string(static_cast<int>(edit.opcode)) + " at " +
                        std::to_string(edit.index()) + " of " + std::to_string(edit.prior_size);
      text += " (rank " + std::to_string(edit.rank.timestamp.value()) + ")\n";
    }
    return text;
  }

 private:
  std::deque<Edit> edits_;
  std::deque<PathElement> paths_;
};

/// How often a side does what; the rest are writes.
struct Habits {
  unsigned insert_percent = 50;
  unsigned erase_percent = 25;
  std::uint32_t changeset_edits_max = 4;  ///< Edits with one rank.
};

/// Random edits of a list that had `size` elements; `parity` keeps the ranks of the sides apart.
ListSide random_side(Random& random,
                     std::uint32_t size,
                     std::size_t count,
                     std::uint32_t parity,
                     const Habits& habits) {
  ListSide side;
  std::uint32_t rank = parity;
  while (count > 0) {
    // Ranks mostly ascend, and jump back now and then like a clock that is set.
    rank = random.below(8) == 0 ? parity + 2 * static_cast<std::uint32_t>(random.below(20))
                                : rank + 2 * static_cast<std::uint32_t>(random.below(3));
    for (std::uint64_t n = 1 + random.below(habits.changeset_edits_max); n > 0 && count > 0; --n) {
      --count;
      const std::uint64_t dice = random.below(100);
      if (size == 0 || dice < habits.insert_percent) {
        side.add(
            Opcode::kArrayInsert, static_cast<std::uint32_t>(random.below(size + 1)), size, rank);
        ++size;
      } else {
        const auto index = static_cast<std::uint32_t>(random.below(size));
        const bool erases = dice < habits.insert_percent + habits.erase_percent;
        side.add(erases ? Opcode::kArrayErase : Opcode::kUpdate, index, size, rank);
        if (erases) --size;
      }
    }
  }
  return side;
}

class NoPlaces {
 public:
  Meeting meeting() {
    return {.deployed = deployed_, .set_erase_places = places_, .prepended = prepended_};
  }

 private:
  DeployedRules deployed_;
  Side nothing_;
  SetErasePlaces places_{Sides{nothing_, nothing_}};
  std::deque<Edit> prepended_;
};

/// Merges by both ways and compares every field that can change.
void expect_same_as_pair_by_pair(const ListSide& local, const ListSide& incoming) {
  NoPlaces context;
  Meeting meeting = context.meeting();
  ListSide local_by_pairs = local;
  ListSide incoming_by_pairs = incoming;
  ListSide local_as_whole = local;
  ListSide incoming_as_whole = incoming;

  RC_ASSERT(walk(local_by_pairs.all(), incoming_by_pairs.all(), meeting) == Fault::kNone);
  RC_ASSERT(merge_list(local_as_whole.all(), incoming_as_whole.all(), meeting) == Fault::kNone);

  RC_ASSERT(local_as_whole.text() == local_by_pairs.text());
  RC_ASSERT(incoming_as_whole.text() == incoming_by_pairs.text());
}

RC_GTEST_PROP(ListMerge, GivesWhatPairsGive, (std::uint64_t seed)) {
  SeededRandom random(seed);
  const auto size = static_cast<std::uint32_t>(random.below(40));
  const Habits habits{.insert_percent = static_cast<unsigned>(random.below(101)),
                      .erase_percent = static_cast<unsigned>(random.below(50)),
                      .changeset_edits_max = 1 + static_cast<std::uint32_t>(random.below(8))};
  const ListSide local = random_side(random, size, 1 + random.below(60), 0, habits);
  const ListSide incoming = random_side(random, size, 1 + random.below(60), 1, habits);

  expect_same_as_pair_by_pair(local, incoming);
}

/// Enough insertions for gaps to be merged without pairs.
RC_GTEST_PROP(ListMerge, GivesWhatPairsGiveForInsertionsAlone, (std::uint64_t seed)) {
  SeededRandom random(seed);
  const auto size = static_cast<std::uint32_t>(random.below(4));
  const Habits habits{.insert_percent = 100,
                      .erase_percent = 0,
                      .changeset_edits_max = 1 + static_cast<std::uint32_t>(random.below(8))};
  const ListSide local = random_side(random, size, 100 + random.below(60), 0, habits);
  const ListSide incoming = random_side(random, size, 100 + random.below(60), 1, habits);

  expect_same_as_pair_by_pair(local, incoming);
}

RC_GTEST_PROP(GapMerge, GivesWhatPairsGive, (std::uint64_t seed)) {
  SeededRandom random(seed);
  const Habits habits{.insert_percent = 100, .erase_percent = 0, .changeset_edits_max = 3};
  ListSide local = random_side(random, 0, 1 + random.below(12), 0, habits);
  ListSide incoming = random_side(random, 0, 1 + random.below(12), 1, habits);
  ListSide local_by_pairs = local;
  ListSide incoming_by_pairs = incoming;
  NoPlaces context;
  Meeting meeting = context.meeting();

  merge_gap(local.all(), incoming.all());
  RC_ASSERT(walk(local_by_pairs.all(), incoming_by_pairs.all(), meeting) == Fault::kNone);

  const auto indexes = [](ListSide& side) {
    std::vector<std::uint32_t> found;
    for (const Edit* edit : side.all()) found.push_back(edit->index());
    return found;
  };
  RC_ASSERT(indexes(local) == indexes(local_by_pairs));
  RC_ASSERT(indexes(incoming) == indexes(incoming_by_pairs));
}

TEST(ListMerge, SidesThatStateDifferentSizesAreRefused) {
  NoPlaces context;
  Meeting meeting = context.meeting();
  ListSide local;
  local.add(Opcode::kArrayInsert, 0, 4, 0);
  ListSide incoming;
  incoming.add(Opcode::kArrayInsert, 0, 5, 1);

  EXPECT_EQ(merge_list(local.all(), incoming.all(), meeting), Fault::kBadPosition);
}

TEST(ListMerge, ASideThatContradictsItselfIsRefused) {
  NoPlaces context;
  Meeting meeting = context.meeting();
  ListSide local;
  local.add(Opcode::kArrayInsert, 0, 4, 0);
  local.add(Opcode::kArrayInsert, 0, 4, 0);
  ListSide incoming;
  incoming.add(Opcode::kArrayInsert, 0, 4, 1);

  EXPECT_EQ(merge_list(local.all(), incoming.all(), meeting), Fault::kBadPosition);
}

TEST(ListMerge, AListOfNearlyAllPositionsDoesNotOverflow) {
  constexpr std::uint32_t kSize = 0xFFFF'FFFE;
  NoPlaces context;
  Meeting meeting = context.meeting();
  ListSide local;
  local.add(Opcode::kArrayInsert, kSize, kSize, 0);
  ListSide incoming;
  incoming.add(Opcode::kArrayInsert, kSize, kSize, 1);
  incoming.add(Opcode::kArrayInsert, kSize, kSize + 1, 1);

  EXPECT_EQ(merge_list(local.all(), incoming.all(), meeting), Fault::kBadPosition);
}

}  // namespace
}  // namespace tombolo::merge
