#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "query/binder.h"
#include "store/applier.h"
#include "store/environment.h"
#include "store/query_execution.h"
#include "store/query_objects.h"
#include "test/support/model_realm.h"
#include "test/support/store_realm.h"

namespace tombolo::store {
namespace {

using test::ModelRealm;
using test::StoreRealm;

const Property kId{
    .name = "_id", .type = PropertyType::kInt, .collection = {}, .nullable = false, .target = {}};

Property property(const char* name, PropertyType type, bool nullable = false) {
  return {.name = name,
          .type = type,
          .collection = CollectionType::kSingle,
          .nullable = nullable,
          .target = {}};
}
Property list(const char* name, PropertyType type) {
  return {.name = name,
          .type = type,
          .collection = CollectionType::kList,
          .nullable = false,
          .target = {}};
}

Schema people() {
  return {{{.name = "Person",
            .kind = ClassKind::kTopLevel,
            .primary_key = "_id",
            .properties = {kId,
                           property("name", PropertyType::kString),
                           property("age", PropertyType::kInt),
                           property("score", PropertyType::kDouble, true),
                           list("notes", PropertyType::kString)}}}};
}

TEST(Store, KeepsWhatWasCommittedAndForgetsWhatWasNot) {
  StoreRealm file;
  {
    WriteTransaction write = file.environment().begin_write();
    RealmWriter& realm = write.realm();
    realm.add_schema(people());
    const ClassInfo& person = *realm.catalog().find_class("Person");
    const ObjectRef ann{person.id, realm.create(person.id, ObjectKey::of_int(1)).row};
    realm.set(ann, person.find_property("name")->id, Value::of_string("Ann"));
    realm.set(ann, person.find_property("score")->id, Value::of_double(1.5));
    realm.list_insert(
        {ann.class_id, ann.row, person.find_property("notes")->id}, 0, Value::of_string("tall"));
    write.commit();
  }
  {
    WriteTransaction write = file.environment().begin_write();
    write.realm().create(ClassId(1), ObjectKey::of_int(2));
  }

  file.reopen();

  EXPECT_EQ(
      file.state(),
      nlohmann::json::parse(
          R"({"Person":{"i:1":{"name":"s:Ann","score":"d:3ff8000000000000","notes":["s:tall"]}}})"));
}

/// 20,000 people: enough for many blocks.
constexpr int kPeople = 20'000;

void add_people(StoreRealm& file, const std::function<std::int64_t(int)>& age_of) {
  WriteTransaction write = file.environment().begin_write();
  RealmWriter& realm = write.realm();
  realm.add_schema(people());
  const ClassInfo& person = *realm.catalog().find_class("Person");
  for (int i = 0; i < kPeople; ++i) {
    const ObjectRef added{person.id, realm.create(person.id, ObjectKey::of_int(i)).row};
    realm.set(added, person.find_property("name")->id, Value::of_string("Ann" + std::to_string(i)));
    realm.set(added, person.find_property("age")->id, Value::of_int(age_of(i)));
  }
  write.commit();
}

/// How many people a query finds.
std::uint64_t count_people(const RealmReader& realm,
                           std::string_view text,
                           const std::vector<query::Constant>& arguments = {}) {
  const auto schema =
      std::make_shared<const query::QuerySchema>(make_query_schema(realm.catalog()));
  const auto query = query::compile(text, schema, "Person", arguments).value();
  return count_matching(realm, realm.catalog().find_class("Person")->id, {&query, 1});
}

TEST(Store, GivenManyObjects_WhenReopened_ThenEachIsFoundByItsKeyAndCountedByItsValue) {
  StoreRealm file;
  add_people(file, [](int i) { return i % 100; });
  file.reopen();

  ReadTransaction read = file.environment().begin_read();
  const RealmReader& realm = read.realm();
  const ClassInfo& person = *realm.catalog().find_class("Person");
  for (int i = 0; i < kPeople; ++i) {
    const auto row = realm.find(person.id, ObjectKey::of_int(i));
    ASSERT_TRUE(row) << i;
    ASSERT_EQ(realm.get({person.id, *row}, person.find_property("name")->id).as_string(),
              "Ann" + std::to_string(i));
  }
  EXPECT_FALSE(realm.find(person.id, ObjectKey::of_int(kPeople)));
  EXPECT_FALSE(realm.find(person.id, ObjectKey::of_int(-1)));
  EXPECT_EQ(count_people(realm, "age == 7"), 200u);
  EXPECT_EQ(realm.object_count(person.id), static_cast<std::uint64_t>(kPeople));
}

/// A class of nothing but keys.
Schema keys_alone() {
  return {{{.name = "Item", .primary_key = "_id", .properties = {kId}}}};
}

std::vector<std::int64_t> shuffled_keys(std::int64_t count) {
  std::vector<std::int64_t> keys(static_cast<std::size_t>(count));
  std::iota(keys.begin(), keys.end(), 0);
  std::ranges::shuffle(keys, std::mt19937_64(20150101));
  return keys;
}

void create_all(RealmWriter& realm, const std::vector<std::int64_t>& keys) {
  const ClassId item = realm.catalog().find_class("Item")->id;
  for (const std::int64_t key : keys) realm.create(item, ObjectKey::of_int(key));
}

TEST(Store, GivenKeysInNoOrder_WhenTheyAreInsertedAtOnce_ThenTheFileIsLittleLargerThanInOrder) {
  constexpr std::int64_t kKeys = 50'000;
  const auto used_bytes = [](const std::vector<std::int64_t>& keys) {
    StoreRealm file;
    WriteTransaction write = file.environment().begin_write();
    write.realm().add_schema(keys_alone());
    create_all(write.realm(), keys);
    write.commit();
    return static_cast<double>(file.environment().stats().used_bytes);
  };
  std::vector<std::int64_t> sorted(kKeys);
  std::iota(sorted.begin(), sorted.end(), 0);

  EXPECT_LT(used_bytes(shuffled_keys(kKeys)), 1.2 * used_bytes(sorted));
}

TEST(Store, GivenKeysHoweverTheyAreSpread_ThenEachIsFoundAndNothingBetween) {
  constexpr std::int64_t kKeys = 5'000;
  std::mt19937_64 random(20150101);
  // Places are guessed from how keys are spread: as they should be, nearly, and not at all.
  const std::vector<std::function<std::int64_t(std::int64_t)>> spreads{
      [](std::int64_t i) { return 2 * i; },
      [](std::int64_t i) { return -2 * i; },
      [](std::int64_t i) { return i * i * i; },
      [](std::int64_t i) { return i % 250 == 0 ? i << 48 : i * 2; },
      [&](std::int64_t) { return static_cast<std::int64_t>(random()) & ~std::int64_t{1}; },
  };
  for (const auto& spread : spreads) {
    std::set<std::int64_t> wanted{std::numeric_limits<std::int64_t>::min()};
    for (std::int64_t i = 0; i < kKeys; ++i) wanted.insert(spread(i));
    for (const bool is_encrypted : {false, true}) {
      StoreRealm file(is_encrypted ? std::optional(test::encryption_key(1)) : std::nullopt);
      {
        WriteTransaction write = file.environment().begin_write();
        write.realm().add_schema(keys_alone());
        create_all(write.realm(), {wanted.begin(), wanted.end()});
        write.commit();
      }

      const ReadTransaction read = file.environment().begin_read();
      const ClassId item = read.realm().catalog().find_class("Item")->id;
      for (const std::int64_t key : wanted) {
        const auto row = read.realm().find(item, ObjectKey::of_int(key));
        ASSERT_TRUE(row) << key;
        ASSERT_EQ(read.realm().key_of({item, *row}), ObjectKey::of_int(key));
        const std::int64_t next = key + 1;
        ASSERT_EQ(read.realm().find(item, ObjectKey::of_int(next)).has_value(),
                  wanted.contains(next));
      }
    }
  }
}

TEST(Store, GivenAnIndexOfManyBlocks_WhenMostOfItsKeysGo_ThenThoseThatAreLeftAreFound) {
  constexpr std::int64_t kKeys = 20'000;
  StoreRealm file;
  const std::vector<std::int64_t> keys = shuffled_keys(kKeys);
  {
    WriteTransaction write = file.environment().begin_write();
    write.realm().add_schema(keys_alone());
    create_all(write.realm(), keys);
    write.commit();
  }
  std::set<std::int64_t> left(keys.begin(), keys.end());
  const ClassId item = file.environment().begin_read().realm().catalog().find_class("Item")->id;
  // Stored blocks are emptied and moved together, then filled and split again.
  const auto check = [&] {
    file.reopen();
    const ReadTransaction read = file.environment().begin_read();
    for (std::int64_t key = 0; key < kKeys; ++key) {
      const auto row = read.realm().find(item, ObjectKey::of_int(key));
      ASSERT_EQ(row.has_value(), left.contains(key)) << key;
      if (row) {
        ASSERT_EQ(read.realm().key_of({item, *row}), ObjectKey::of_int(key));
      }
    }
  };
  for (const std::size_t step : {2, 3, 5}) {
    WriteTransaction write = file.environment().begin_write();
    RealmWriter& realm = write.realm();
    std::vector<std::int64_t> again;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto row = realm.find(item, ObjectKey::of_int(keys[i]));
      if (i % step != 0 && row) {
        realm.erase({item, *row});
        left.erase(keys[i]);
      } else if (i % step == 0 && !row) {
        again.push_back(keys[i]);
      }
    }
    write.commit();
    ASSERT_NO_FATAL_FAILURE(check());
    WriteTransaction second = file.environment().begin_write();
    create_all(second.realm(), again);
    left.insert(again.begin(), again.end());
    second.commit();
    ASSERT_NO_FATAL_FAILURE(check());
  }
}

/// Ages of every width, so that blocks differ in the width of the column.
std::int64_t age_of_any_width(int i) {
  constexpr std::array<std::int64_t, 8> kAges{
      7, -1, 300, -40'000, 70'000, 3'000'000'000, std::numeric_limits<std::int64_t>::min(), 0};
  return kAges[static_cast<std::size_t>(i / 1000) % kAges.size()];
}

TEST(Store, GivenNumbersOfEveryWidth_ThenComparisonsAgreeWithALoopOverTheValues) {
  StoreRealm file;
  add_people(file, age_of_any_width);
  ReadTransaction read = file.environment().begin_read();
  const RealmReader& realm = read.realm();
  using Holds = bool (*)(std::int64_t, std::int64_t);
  const std::array<std::pair<const char*, Holds>, 6> comparisons{{
      {"age == $0", [](std::int64_t a, std::int64_t b) { return a == b; }},
      {"age != $0", [](std::int64_t a, std::int64_t b) { return a != b; }},
      {"age < $0", [](std::int64_t a, std::int64_t b) { return a < b; }},
      {"age <= $0", [](std::int64_t a, std::int64_t b) { return a <= b; }},
      {"age > $0", [](std::int64_t a, std::int64_t b) { return a > b; }},
      {"age >= $0", [](std::int64_t a, std::int64_t b) { return a >= b; }},
  }};
  // Among them numbers that equal a stored one only in their low bytes.
  for (const std::int64_t operand :
       {7L, -1L, 263L, 300L, -40'000L, 70'000L, 3'000'000'000L, 0L, 1L << 40}) {
    for (const auto& [text, holds] : comparisons) {
      std::uint64_t expected = 0;
      for (int i = 0; i < kPeople; ++i) expected += holds(age_of_any_width(i), operand);
      EXPECT_EQ(count_people(realm, text, {{operand}}), expected) << text << " " << operand;
    }
  }
}

TEST(Store, GivenFullBlocksOfSmallNumbers_WhenEachBecomesLarge_ThenNothingIsLost) {
  StoreRealm file;
  add_people(file, [](int i) { return i % 100; });
  const auto large = [](int i) { return (std::int64_t{1} << 40) + i; };
  {
    WriteTransaction write = file.environment().begin_write();
    RealmWriter& realm = write.realm();
    const ClassInfo& person = *realm.catalog().find_class("Person");
    for (int i = kPeople; i-- > 0;) {
      const RowId row = realm.find(person.id, ObjectKey::of_int(i)).value();
      realm.set({person.id, row}, person.find_property("age")->id, Value::of_int(large(i)));
    }
    write.commit();
  }
  file.reopen();

  ReadTransaction read = file.environment().begin_read();
  const RealmReader& realm = read.realm();
  const ClassInfo& person = *realm.catalog().find_class("Person");
  int i = 0;
  for (RowId row = realm.first_row(person.id); row != kNoRow;
       row = realm.next_row(person.id, row), ++i) {
    ASSERT_EQ(realm.get({person.id, row}, person.find_property("age")->id).as_int(), large(i));
    ASSERT_EQ(realm.get({person.id, row}, person.find_property("name")->id).as_string(),
              "Ann" + std::to_string(i));
  }
  EXPECT_EQ(i, kPeople);
}

TEST(Store, GivenOneSnapshotAfterAnother_WhenACommitCameBetween_ThenTheNewOneIsRead) {
  StoreRealm file;
  add_people(file, [](int i) { return i; });
  const auto age_of = [&](std::int64_t key) {
    ReadTransaction read = file.environment().begin_read();
    const RealmReader& realm = read.realm();
    const ClassInfo& person = *realm.catalog().find_class("Person");
    const RowId row = realm.find(person.id, ObjectKey::of_int(key)).value();
    return realm.get({person.id, row}, person.find_property("age")->id).as_int();
  };
  // Enough searches for directories of the blocks to be built and kept.
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(age_of(i * 10), i * 10);
  {
    WriteTransaction write = file.environment().begin_write();
    RealmWriter& realm = write.realm();
    const ClassInfo& person = *realm.catalog().find_class("Person");
    const RowId row = realm.find(person.id, ObjectKey::of_int(4711)).value();
    realm.set({person.id, row}, person.find_property("age")->id, Value::of_int(-5));
    write.commit();
  }
  EXPECT_EQ(age_of(4711), -5);
  EXPECT_EQ(age_of(4712), 4712);
}

TEST(Store, ACommitTellsWhatWasDoneToLists) {
  StoreRealm file;
  SlotRef notes;
  {
    WriteTransaction write = file.environment().begin_write();
    write.realm().add_schema(people());
    const ClassInfo& person = *write.realm().catalog().find_class("Person");
    notes = {person.id,
             write.realm().create(person.id, ObjectKey::of_int(1)).row,
             person.find_property("notes")->id};
    write.commit();
  }
  std::shared_ptr<const Commit> told;
  const Observation observation = file.environment().observe(
      [&](const std::shared_ptr<const Commit>& commit) { told = commit; });

  WriteTransaction write = file.environment().begin_write();
  for (std::uint32_t i = 0; i < 5; ++i) write.realm().list_insert(notes, i, Value::of_string("x"));
  write.realm().list_set(notes, 1, Value::of_string("y"));
  write.realm().list_move(notes, 0, 3);
  for (int i = 0; i < 2; ++i) write.realm().list_erase(notes, 2);
  write.commit();

  using Kind = ElementChange::Kind;
  ASSERT_EQ(told->realms.at(0).collections.size(), 1U);
  EXPECT_EQ(told->realms.at(0).collections[0].collection, notes);
  EXPECT_EQ(
      told->realms.at(0).collections[0].changes,
      (std::vector<ElementChange>{
          {Kind::kInsert, 0, 5}, {Kind::kSet, 1}, {Kind::kMove, 0, 1, 3}, {Kind::kErase, 2, 2}}));
}

}  // namespace
}  // namespace tombolo::store
