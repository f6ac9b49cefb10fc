#include "merge/walk.h"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"
#include "changeset/writer.h"
#include "merge/every_pair.h"
#include "merge/merge.h"

/// Long histories of one property, which are merged part by part and not pair by pair: what comes
/// out must be what pairs give.

namespace tombolo::merge {
namespace {

using namespace changeset;  // NOLINT: the tests build changesets

PrimaryKey key(std::int64_t number) {
  PrimaryKey made;
  made.type = PayloadType::kInt;
  made.integer = number;
  return made;
}

Payload value_of(PayloadType type) {
  Payload value;
  value.type = type;
  return value;
}

/// What a device does to one object, in transactions of a few edits.
class History {
 public:
  History(Random& random, ClientFileIdent ident) : random_(random), ident_(ident) {}

  /// `write(writer, place)` records an edit at a property and a path.
  template <typename Write>
  void edit(std::string_view field, std::vector<PathElement> path, Write write) {
    write(writer_,
          Place{.table = writer_.intern("T"),
                .object = key(1),
                .field = writer_.intern(field),
                .path = path});
    if (writer_.instruction_count() > random_.below(4)) commit();
  }
  [[nodiscard]] std::vector<Entry> entries() {
    commit();
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
      entries.push_back({bytes_[i], OriginTimestamp(timestamps_[i]), ident_});
    }
    return entries;
  }

 private:
  void commit() {
    if (writer_.instruction_count() == 0) return;
    bytes_.push_back(to_bytes(writer_.bytes()));
    writer_.reset();
    timestamp_ += random_.below(3);
    timestamps_.push_back(timestamp_);
  }

  Random& random_;
  ClientFileIdent ident_;
  ChangesetWriter writer_;
  std::vector<Bytes> bytes_;
  std::vector<std::uint64_t> timestamps_;
  std::uint64_t timestamp_ = 0;
};

void expect_what_pairs_give(History& local, History& incoming) {
  const std::vector<Entry> left = local.entries();
  const std::vector<Entry> right = incoming.entries();

  const Result<Merged> merged = merge(left, right);
  const Result<Merged> by_pairs = merge_every_pair(left, right);

  RC_ASSERT(merged.has_value() == by_pairs.has_value());
  if (!merged) return;
  RC_ASSERT(merged->local == by_pairs->local);
  RC_ASSERT(merged->incoming == by_pairs->incoming);
}

/// Values of many kinds of which few differ.
Payload any_member(Random& random) {
  switch (random.below(6)) {
    case 0: {
      Payload number = value_of(PayloadType::kInt);
      number.integer = static_cast<std::int64_t>(random.below(4));
      return number;
    }
    case 1: {
      Payload text = value_of(PayloadType::kString);
      text.text = random.below(2) == 0 ? "a" : "b";
      return text;
    }
    case 2: {
      constexpr double kNumbers[] = {0.0, -0.0, 1.5, std::numeric_limits<double>::quiet_NaN()};
      Payload number = value_of(PayloadType::kDouble);
      number.real = kNumbers[random.below(4)];
      return number;
    }
    case 3: {
      // One: as 1 and as 10E-1.
      constexpr std::uint64_t kOne = 0x3040'0000'0000'0000;
      constexpr std::uint64_t kTenth = 0x303E'0000'0000'0000;
      Payload number = value_of(PayloadType::kDecimal);
      number.decimal = random.below(2) == 0 ? Decimal128{kOne, 1} : Decimal128{kTenth, 10};
      return number;
    }
    case 4: {
      Payload link = value_of(PayloadType::kLink);
      link.link.object = key(static_cast<std::int64_t>(random.below(3)));
      return link;
    }
    default: return value_of(PayloadType::kNull);
  }
}

RC_GTEST_PROP(WalkGroup, LongHistoriesOfASetGiveWhatPairsGive, (std::uint64_t seed)) {
  SeededRandom random(seed);
  History local(random, ClientFileIdent(2));
  History incoming(random, ClientFileIdent(3));
  for (History* const side : {&local, &incoming}) {
    for (std::uint64_t n = 30 + random.below(40); n > 0; --n) {
      const Payload member = any_member(random);
      const std::uint64_t dice = random.below(20);
      side->edit("set", {}, [&](ChangesetWriter& writer, const Place& place) {
        if (dice == 0) return writer.clear(place, CollectionType::kSet);
        if (dice % 2 == 0) return writer.set_insert(place, member);
        return writer.set_erase(place, member);
      });
    }
  }

  expect_what_pairs_give(local, incoming);
}

RC_GTEST_PROP(WalkGroup, LongHistoriesOfACounterGiveWhatPairsGive, (std::uint64_t seed)) {
  SeededRandom random(seed);
  History local(random, ClientFileIdent(2));
  History incoming(random, ClientFileIdent(3));
  for (History* const side : {&local, &incoming}) {
    for (std::uint64_t n = 30 + random.below(40); n > 0; --n) {
      const std::uint64_t dice = random.below(30);
      side->edit("counter", {}, [&](ChangesetWriter& writer, const Place& place) {
        if (dice == 0) return writer.update(place, value_of(PayloadType::kInt));
        if (dice == 1) return writer.update(place, value_of(PayloadType::kNull));
        return writer.add_integer(place, static_cast<std::int64_t>(dice));
      });
    }
  }

  expect_what_pairs_give(local, incoming);
}

/// A list of numbers that is edited, moved about in, emptied and replaced now and then.
void edit_list(History& side, Random& random, std::uint32_t size) {
  for (std::uint64_t n = 40 + random.below(60); n > 0; --n) {
    const std::uint64_t dice = random.below(100);
    const auto index = static_cast<std::uint32_t>(random.below(size + 1));
    const auto other = static_cast<std::uint32_t>(random.below(size + 1));
    const std::vector<PathElement> path{PathElement::index(index)};
    if (dice == 0) {
      side.edit("list", {}, [](ChangesetWriter& writer, const Place& place) {
        writer.clear(place, CollectionType::kList);
      });
      size = 0;
    } else if (dice == 1) {
      side.edit("list", {}, [](ChangesetWriter& writer, const Place& place) {
        writer.update(place, value_of(PayloadType::kNull));
        writer.update(place, value_of(PayloadType::kList));
      });
      size = 0;
    } else if (dice < 60 || index == size) {
      side.edit("list", path, [&](ChangesetWriter& writer, const Place& place) {
        writer.array_insert(place, value_of(PayloadType::kInt), size);
      });
      ++size;
    } else if (dice < 75) {
      side.edit("list", path, [&](ChangesetWriter& writer, const Place& place) {
        writer.array_erase(place, size);
      });
      --size;
    } else if (dice < 78 && other < size && other != index) {
      side.edit("list", path, [&](ChangesetWriter& writer, const Place& place) {
        writer.array_move(place, {.to = other, .prior_size = size});
      });
    } else {
      side.edit("list", path, [&](ChangesetWriter& writer, const Place& place) {
        writer.update_element(place, value_of(PayloadType::kInt), size);
      });
    }
  }
}

RC_GTEST_PROP(WalkGroup, LongHistoriesOfAListGiveWhatPairsGive, (std::uint64_t seed)) {
  SeededRandom random(seed);
  const auto size = static_cast<std::uint32_t>(random.below(50));
  History local(random, ClientFileIdent(2));
  History incoming(random, ClientFileIdent(3));
  edit_list(local, random, size);
  edit_list(incoming, random, size);

  expect_what_pairs_give(local, incoming);
}

TEST(WalkGroup, SidesThatStateDifferentSizesOfALongListAreRefused) {
  SeededRandom random(1);
  History local(random, ClientFileIdent(2));
  History incoming(random, ClientFileIdent(3));
  edit_list(local, random, 10);
  edit_list(incoming, random, 11);

  const Result<Merged> merged = merge(local.entries(), incoming.entries());

  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code(), ErrorCode::kMergeBadPosition);
}

}  // namespace
}  // namespace tombolo::merge
