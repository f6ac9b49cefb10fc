#include "changeset/writer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "changeset/changeset.h"
#include "changeset/limits.h"
#include "test/support/canonical_json.h"
#include "test/support/generators.h"

namespace tombolo::changeset {
namespace {

TEST(ChangesetWriter, DefinesANameWhereItIsFirstInterned) {
  ChangesetWriter writer;

  const StringIndex note = writer.intern("N");
  const PrimaryKey key(GlobalKey{.high = 2, .low = 0});
  writer.create_object(note, key);
  Place place{.table = note, .object = key, .field = writer.intern("q")};
  writer.update(place, Payload::of_int(3));

  EXPECT_EQ(to_hex(writer.bytes()),
            "3f00014e02004002003f0101710400400200010001"
            "0300");
}

TEST(ChangesetWriter, EqualNamesShareAnIndex) {
  ChangesetWriter writer;

  std::vector<StringIndex> indexes;
  for (int i = 0; i < 1000; ++i) indexes.push_back(writer.intern(std::to_string(i)));

  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(writer.intern(std::to_string(i)), indexes[static_cast<std::size_t>(i)]);
  }
}

TEST(ChangesetWriter, NamesAloneAreNoChangeset) {
  ChangesetWriter writer;

  (void)writer.intern("T");

  EXPECT_TRUE(writer.bytes().empty());
}

TEST(ChangesetWriter, ResettingStartsAnotherChangeset) {
  ChangesetWriter writer;
  writer.erase_table(writer.intern("First"));

  writer.reset();
  EXPECT_TRUE(writer.bytes().empty());
  writer.erase_table(writer.intern("T"));

  EXPECT_EQ(to_hex(writer.bytes()), "3f0001540100");
}

TEST(ChangesetWriter, AnIndexFromElsewhereIsABug) {
  ChangesetWriter writer;

  EXPECT_THROW(writer.erase_table(StringIndex(0)), Error);
}

TEST(ChangesetWriter, APositionAtTheEndOfThePathIsAskedForAndOnlyThere) {
  ChangesetWriter writer;
  const StringIndex name = writer.intern("T");
  const PathElement path[] = {PathElement::index(0)};
  const Place field{.table = name, .object = {}, .field = name};
  const Place element{.table = name, .object = {}, .field = name, .path = path};

  EXPECT_THROW(writer.update(element, Payload()), Error);
  EXPECT_THROW(writer.update_element(field, Payload(), 1), Error);
  EXPECT_THROW(writer.array_insert(field, Payload(), 0), Error);
  EXPECT_THROW(writer.array_move(field, {.to = 0, .prior_size = 2}), Error);
  EXPECT_THROW(writer.array_erase(field, 1), Error);
}

// Reading gives back what was written, whatever it was, and writing that again changes nothing
// but where the names stand.
RC_GTEST_PROP(ChangesetWriter, WhatItWritesIsReadBack, (std::uint64_t seed)) {
  SeededRandom random(seed);
  const Bytes bytes = test::arbitrary_changeset(random, random.below(100));

  const Changeset parsed = parse(bytes).value();
  const Bytes encoded = encode(parsed);
  const Changeset again = parse(encoded).value();

  RC_ASSERT(test::instructions_json(again) == test::instructions_json(parsed));
  RC_ASSERT(encode(again) == encoded);
  if (!parsed.empty()) RC_ASSERT(again.strings == parsed.strings);
}

// However the bytes are cut or changed, reading ends with a result and never reads beyond them.
RC_GTEST_PROP(ChangesetReader, DamageIsRefusedOrReadsAsSomethingElse, (std::uint64_t seed)) {
  SeededRandom random(seed);
  Bytes bytes = test::arbitrary_changeset(random, 1 + random.below(10));
  for (std::uint64_t count = 1 + random.below(4); count != 0 && !bytes.empty(); --count) {
    bytes[random.below(bytes.size())] = static_cast<std::byte>(random.next());
  }
  bytes.resize(random.below(bytes.size() + 1));
  bytes.shrink_to_fit();

  const Result<Changeset> parsed = parse_view(bytes);

  if (parsed) {
    RC_ASSERT(test::instructions_json(parse(encode(*parsed)).value()) ==
              test::instructions_json(*parsed));
  } else {
    RC_ASSERT(parsed.error().code() == ErrorCode::kBadChangeset);
  }
}

}  // namespace
}  // namespace tombolo::changeset
