#include <deque>
#include <vector>

#include <gtest/gtest.h>

#include "changeset/writer.h"
#include "merge/merge.h"
#include "merge/walk.h"

/// What a merge holds and how long it takes is bounded, whatever the changesets say.

namespace tombolo::merge {
namespace {

using changeset::ChangesetWriter;
using changeset::Place;
using changeset::PrimaryKey;

constexpr ClientFileIdent kOne{2};
constexpr ClientFileIdent kOther{3};

Entry entry(const ChangesetWriter& writer, ClientFileIdent ident) {
  return {writer.bytes(), OriginTimestamp(0), ident};
}

/// One class erased again and again: two bytes each.
void erase_table(ChangesetWriter& writer, std::size_t times) {
  const StringIndex table = writer.intern("T");
  for (std::size_t i = 0; i < times; ++i) writer.erase_table(table);
}

/// Creates objects with keys from `first` to below `end`, and writes `writes` times to each.
void create_objects(ChangesetWriter& writer, std::int64_t first, std::int64_t end, int writes) {
  const StringIndex table = writer.intern("T");
  const StringIndex field = writer.intern("x");
  for (std::int64_t i = first; i < end; ++i) {
    writer.create_object(table, PrimaryKey(i));
    for (int n = 0; n < writes; ++n) {
      writer.update({table, PrimaryKey(i), field}, Payload::of_int(i));
    }
  }
}

TEST(MergeLimits, ManyTinyInstructionsAboutOneThingAreRefused) {
  ChangesetWriter local;
  ChangesetWriter incoming;
  erase_table(local, 1);
  erase_table(incoming, kSharedInstructionsMax + 1);
  const Entry one = entry(local, kOne);
  const Entry other = entry(incoming, kOther);

  const auto outcome = merge({&one, 1}, {&other, 1});

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kLimitExceeded);
}

TEST(MergeLimits, AMillionNewObjectsPassBesideWhatOthersDid) {
  ChangesetWriter local;
  ChangesetWriter incoming;
  create_objects(local, 0, 2000, 5);
  create_objects(incoming, 1000, 1'000'000, 5);
  const Entry one = entry(local, kOne);
  const Entry other = entry(incoming, kOther);

  EXPECT_TRUE(merge({&one, 1}, {&other, 1}));
}

TEST(MergeLimits, AMillionObjectsThatBothSidesCreatePass) {
  ChangesetWriter writer;
  create_objects(writer, 0, 1'000'000, 1);
  const Entry one = entry(writer, kOne);
  const Entry other = entry(writer, kOther);

  EXPECT_TRUE(merge({&one, 1}, {&other, 1}));
}

// Without a clock: a merge whose time grows with the product of the two sides takes minutes here.
TEST(MergeLimits, ManyErasuresOfOneObjectOnBothSidesTakeLinearTime) {
  ChangesetWriter writer;
  const StringIndex table = writer.intern("T");
  for (int i = 0; i < 1'000'000; ++i) writer.erase_object(table, PrimaryKey(std::int64_t{1}));
  const Entry earlier = entry(writer, kOne);
  const Entry later = entry(writer, kOther);

  EXPECT_TRUE(merge({&earlier, 1}, {&later, 1}));
  EXPECT_TRUE(merge({&later, 1}, {&earlier, 1}));
}

TEST(MergeLimits, PairsThatAreLookedAtOneByOneAreCounted) {
  // Given ten additions on either side, which never rule each other out,
  std::vector<Edit> edits(20);
  std::vector<Edit*> local;
  std::vector<Edit*> incoming;
  for (Edit& edit : edits) {
    edit.opcode = Opcode::kAddInteger;
    edit.value = Payload::of_int(1);
    (local.size() < 10 ? local : incoming).push_back(&edit);
  }
  const DeployedRules deployed;
  Side nothing;
  SetErasePlaces places(Sides{nothing, nothing});
  std::deque<Edit> prepended;
  Meeting meeting{.deployed = deployed, .set_erase_places = places, .prepended = prepended};

  // When just enough meetings are left they all meet,
  meeting.meetings_left = 100;
  EXPECT_EQ(walk(local, incoming, meeting), Fault::kNone);

  // and with one less the merge ends.
  meeting.meetings_left = 99;
  EXPECT_EQ(walk(local, incoming, meeting), Fault::kTooManyMeetings);
}

}  // namespace
}  // namespace tombolo::merge
