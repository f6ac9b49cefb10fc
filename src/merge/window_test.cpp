#include "merge/window.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"
#include "changeset/writer.h"

/// A window that is used again and again gives what new ones give that read the stored forms.

namespace tombolo::merge {
namespace {

using changeset::ChangesetWriter;
using changeset::PathElement;
using changeset::Payload;
using changeset::Place;
using changeset::PrimaryKey;

using Batch = std::vector<Incoming<ServerVersion>>;

Bytes insertion(std::uint32_t index, std::uint32_t size) {
  ChangesetWriter writer;
  const PathElement path[] = {PathElement::index(index)};
  const auto table = writer.intern("T");
  writer.array_insert({.table = table,
                       .object = PrimaryKey(std::int64_t{1}),
                       .field = writer.intern("list"),
                       .path = path},
                      Payload::of_int(index),
                      size);
  return to_bytes(writer.bytes());
}

/// A few instructions about a few objects; `list_sizes` are those of the side.
Bytes some_changes(Random& random, std::map<std::int64_t, std::uint32_t>& list_sizes) {
  ChangesetWriter writer;
  const auto table = writer.intern("T");
  for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
    const auto number = static_cast<std::int64_t>(random.below(5));
    const PrimaryKey object(number);
    const auto field = [&](std::string_view name) {
      return Place{.table = table, .object = object, .field = writer.intern(name), .path = {}};
    };
    switch (random.below(12)) {
      case 0: writer.erase_object(table, object); [[fallthrough]];
      case 1: writer.create_object(table, object); break;
      case 2: writer.add_integer(field("count"), 1); break;
      case 3: writer.update(field("count"), Payload::of_int(number)); break;
      case 4: writer.set_insert(field("set"), Payload::of_int(number)); break;
      case 5: writer.set_erase(field("set"), Payload::of_int(number)); break;
      case 6:
        if (random.below(20) == 0) writer.erase_column(table, writer.intern("gone"));
        break;
      default: {
        std::uint32_t& size = list_sizes[number];
        const PathElement path[] = {
            PathElement::index(static_cast<std::uint32_t>(random.below(size + 1)))};
        Place place = field("list");
        place.path = path;
        writer.array_insert(place, Payload::of_int(number), size++);
      }
    }
  }
  return to_bytes(writer.bytes());
}

TEST(Window, EachRewritingOfAChangesetIsCounted) {
  const Bytes local = insertion(0, 0);
  Window<ServerVersion> window;
  window.add(ServerVersion(1), {local, OriginTimestamp(100), ClientFileIdent(2)});
  const Bytes first = insertion(0, 0);
  const Bytes second = insertion(0, 1);

  const Batch one{{{}, {first, OriginTimestamp(1), ClientFileIdent(3)}}};
  const Batch other{{{}, {second, OriginTimestamp(2), ClientFileIdent(3)}}};
  ASSERT_TRUE(window.integrate(one));
  EXPECT_EQ(window.rewrite_count(), 1U);
  ASSERT_TRUE(window.integrate(other));
  EXPECT_EQ(window.rewrite_count(), 2U);
}

RC_GTEST_PROP(Window, UsedAgainItGivesWhatNewOnesGive, (std::uint64_t seed)) {
  SeededRandom random(seed);
  struct Stored {
    Bytes form;
    OriginTimestamp timestamp;
  };
  std::map<ServerVersion, Stored> stored;
  std::vector<Bytes> added;
  added.reserve(100);
  std::map<std::int64_t, std::uint32_t> local_sizes;
  std::map<std::int64_t, std::uint32_t> incoming_sizes;
  Window<ServerVersion> kept;
  ServerVersion newest;
  const auto add = [&] {
    newest = newest.next();
    const Bytes& changeset = added.emplace_back(some_changes(random, local_sizes));
    const OriginTimestamp timestamp(random.below(50));
    stored[newest] = {changeset, timestamp};
    kept.add(newest, {changeset, timestamp, ClientFileIdent(2)});
  };
  for (std::uint64_t n = random.below(20); n > 0; --n) add();

  for (int round = 0; round < 20; ++round) {
    if (random.below(2) == 0) add();
    const Bytes changeset = some_changes(random, incoming_sizes);
    const Batch batch{{{}, {changeset, OriginTimestamp(random.below(50)), ClientFileIdent(3)}}};
    Window<ServerVersion> fresh;
    for (const auto& [version, one] : stored) {
      fresh.add(version, {one.form, one.timestamp, ClientFileIdent(2)});
    }

    const auto outcomes = kept.integrate(batch);
    const auto expected = fresh.integrate(batch);

    RC_ASSERT(outcomes.has_value() == expected.has_value());
    if (!outcomes) return;
    RC_ASSERT(*outcomes == *expected);
    std::map<ServerVersion, Bytes> rewritten;
    std::map<ServerVersion, Bytes> expected_rewritten;
    kept.for_each_rewritten(
        [&](ServerVersion version, BytesView bytes) { rewritten[version] = to_bytes(bytes); });
    fresh.for_each_rewritten([&](ServerVersion version, BytesView bytes) {
      expected_rewritten[version] = to_bytes(bytes);
    });
    kept.forget_rewritten();
    RC_ASSERT(rewritten == expected_rewritten);
    for (auto& [version, bytes] : rewritten) stored[version].form = std::move(bytes);
  }
}

}  // namespace
}  // namespace tombolo::merge
