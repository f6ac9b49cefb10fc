#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "changeset/changeset.h"
#include "changeset/limits.h"
#include "store/environment.h"
#include "test/support/child_process.h"
#include "test/support/random_edits.h"
#include "test/support/store_realm.h"

namespace tombolo::store {
namespace {

using changeset::Opcode;
using changeset::PayloadType;
using test::ChildProcess;
using test::Pipe;
using test::StoreRealm;
using test::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Property property(const char* name,
                  PropertyType type,
                  CollectionType collection = CollectionType::kSingle,
                  bool nullable = false,
                  const char* target = "") {
  return {
      .name = name, .type = type, .collection = collection, .nullable = nullable, .target = target};
}

Schema schema() {
  using enum PropertyType;
  using enum CollectionType;
  return {{{.name = "Item",
            .kind = ClassKind::kTopLevel,
            .primary_key = "_id",
            .properties = {property("_id", kInt),
                           property("numbers", kInt, kSet),
                           property("words", kString, kSet),
                           property("measures", kDouble, kSet),
                           property("scores", kInt, kDictionary),
                           property("liked", kLink, kSet, false, "Item"),
                           property("any", kMixed, kSingle, true),
                           property("anys", kMixed, kList, true),
                           property("list", kInt, kList),
                           property("part", kLink, kSingle, true, "Part"),
                           property("parts", kLink, kList, false, "Part"),
                           property("named_parts", kLink, kDictionary, true, "Part"),
                           property("anyone", kLink, kList, false, "")}},
           {.name = "Part",
            .kind = ClassKind::kEmbedded,
            .primary_key = "",
            .properties = {property("x", kInt),
                           property("list", kInt, kList),
                           property("item", kLink, kSingle, true, "Item"),
                           property("part", kLink, kSingle, true, "Part")}},
           {.name = "Event",
            .kind = ClassKind::kAsymmetric,
            .primary_key = "_id",
            .properties = {property("_id", kInt),
                           property("x", kInt),
                           property("part", kLink, kSingle, true, "Part")}}}};
}

/// An item of key 1 in an open transaction that records.
class StoreCollections : public ::testing::Test {
 protected:
  StoreCollections() {
    WriteTransaction schema_write = file_.environment().begin_write();
    schema_write.realm().add_schema(schema());
    schema_write.commit();
    begin();
    item_ = create(1);
  }

  void begin() {
    transaction_.emplace(file_.environment().begin_write());
    realm().set_recording(Recording::kOn);
  }
  void commit() {
    transaction_->commit();
    transaction_.reset();
  }
  [[nodiscard]] RealmWriter& realm() { return transaction_->realm(); }
  [[nodiscard]] ObjectRef create(std::int64_t key) {
    const ClassId item = realm().catalog().find_class("Item")->id;
    return {item, realm().create(item, ObjectKey::of_int(key)).row};
  }
  [[nodiscard]] PropertyId id(ObjectRef object, const char* name) {
    return realm().catalog().find_class(object.class_id)->find_property(name)->id;
  }
  [[nodiscard]] SlotRef slot(ObjectRef object, const char* name) {
    return {object.class_id, object.row, id(object, name)};
  }
  [[nodiscard]] SlotRef slot(const char* name) { return slot(item_, name); }
  [[nodiscard]] std::vector<Value> values(const CollectionRef& ref) {
    const CollectionReader collection = realm().collection(ref);
    std::vector<Value> found;
    for (std::uint32_t i = 0; i < collection.size(); ++i) found.push_back(collection.get(i));
    return found;
  }
  [[nodiscard]] std::vector<std::int64_t> ints(const CollectionRef& ref) {
    std::vector<std::int64_t> found;
    for (const Value& value : values(ref)) found.push_back(value.as_int());
    return found;
  }
  [[nodiscard]] std::optional<std::string> refusal(const std::function<void()>& write) {
    const nlohmann::json before = test::state_json(realm());
    try {
      write();
    } catch (const Error& error) {
      EXPECT_EQ(test::state_json(realm()), before);
      return std::string(error_code_name(error.code())) + ": " + error.message();
    }
    return std::nullopt;
  }
  /// What the transaction recorded, once committed.
  [[nodiscard]] changeset::Changeset recorded() {
    const ReadTransaction snapshot = file_.environment().begin_read();
    const HistoryReader history = snapshot.realm().history();
    bytes_ = to_bytes(history.find(history.bounds().newest)->changeset);
    return changeset::parse(bytes_).value();
  }

  StoreRealm file_;
  std::optional<WriteTransaction> transaction_;
  ObjectRef item_;
  Bytes bytes_;
};

TEST_F(StoreCollections, ASetHoldsEachMemberOnceInItsOrder) {
  for (const std::int64_t number : {5, -3, 5, 100, 0}) {
    realm().set_insert(slot("numbers"), Value::of_int(number));
  }

  EXPECT_THAT(ints(slot("numbers")), ElementsAre(-3, 0, 5, 100));
  EXPECT_FALSE(realm().set_insert(slot("numbers"), Value::of_int(100)));
  EXPECT_TRUE(realm().set_erase(slot("numbers"), Value::of_int(0)));
  EXPECT_FALSE(realm().set_erase(slot("numbers"), Value::of_int(0)));
  EXPECT_THAT(ints(slot("numbers")), ElementsAre(-3, 5, 100));
}

TEST_F(StoreCollections, ASetComparesNumbersAsNumbers) {
  const SlotRef set = slot("measures");
  realm().set_insert(set, Value::of_double(0.0));

  EXPECT_FALSE(realm().set_insert(set, Value::of_double(-0.0)));
  EXPECT_TRUE(realm().set_insert(set, Value::of_double(std::nan(""))));
  EXPECT_FALSE(realm().set_insert(set, Value::of_double(-std::nan(""))));
  EXPECT_EQ(realm().collection(set).size(), 2U);
}

TEST_F(StoreCollections, ADictionaryHoldsAValueForEachKey) {
  const SlotRef scores = slot("scores");
  realm().dictionary_set(scores, "b", Value::of_int(2));
  realm().dictionary_set(scores, "a", Value::of_int(1));
  realm().dictionary_set(scores, "", Value::of_int(0));
  realm().dictionary_set(scores, "b", Value::of_int(3));

  const CollectionReader entries = realm().collection(scores);
  EXPECT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries.key(2), "b");
  EXPECT_EQ(entries.get(*entries.find_key("b")).as_int(), 3);
  EXPECT_FALSE(entries.find_key("c"));
  EXPECT_TRUE(realm().dictionary_erase(scores, "a"));
  EXPECT_FALSE(realm().dictionary_erase(scores, "a"));
}

TEST_F(StoreCollections, ANestedCollectionIsKnownUntilItIsRemoved) {
  // Given a list in a dictionary in a mixed list,
  const SlotRef anys = slot("anys");
  const CollectionRef dictionary{
      anys, realm().list_insert(anys, 0, NewContent::kDictionary).as_collection()};
  const CollectionRef list{
      anys, realm().dictionary_set(dictionary, "k", NewContent::kList).as_collection()};
  realm().list_insert(list, 0, Value::of_int(1));

  // When others are put in front of it, then it is still the same.
  realm().list_insert(anys, 0, Value::of_string("front"));
  realm().list_insert(list, 1, Value::of_int(2));
  EXPECT_THAT(ints(list), ElementsAre(1, 2));
  // Writing a list where there is one leaves it as it is.
  EXPECT_EQ(realm().dictionary_set(dictionary, "k", NewContent::kList).as_collection(), list.id);

  // When what it is in goes, then it is gone.
  realm().list_set(anys, 1, Value::of_int(0));
  EXPECT_THAT(refusal([&] { (void)realm().collection(list); }).value(), HasSubstr("ObjectDeleted"));
  EXPECT_THAT(refusal([&] { realm().list_insert(list, 0, Value::null()); }).value(),
              HasSubstr("ObjectDeleted"));
}

TEST_F(StoreCollections, TheWayToWhatIsInsideIsRecordedAsItIsThen) {
  const SlotRef parts = slot("parts");
  const ObjectRef part = realm().list_insert(parts, 0, NewContent::kObject).as_link();
  realm().list_insert(parts, 0, NewContent::kObject);
  realm().set(part, id(part, "x"), Value::of_int(7));
  commit();

  const changeset::Changeset told = recorded();
  const changeset::Instruction& update = told.instructions.back();
  ASSERT_EQ(update.opcode, Opcode::kUpdate);
  const auto path = told.path(update);
  ASSERT_EQ(path.size(), 2U);
  EXPECT_EQ(path[0].position(), 1U);
  EXPECT_EQ(told.string(path[1].name()), "x");
}

TEST_F(StoreCollections, CollectionsNestAHundredLevelsDeepAndNoFurther) {
  CollectionRef inner{slot("any"),
                      realm().set(item_, id(item_, "any"), NewContent::kList).as_collection()};
  for (int level = 2; level <= 100; ++level) {
    inner.id = realm().list_insert(inner, 0, NewContent::kList).as_collection();
  }

  EXPECT_THAT(refusal([&] { realm().list_insert(inner, 0, NewContent::kList); }).value(),
              HasSubstr("LimitExceeded: collections are nested more than 100 levels deep"));
  realm().list_insert(inner, 0, Value::of_int(1));
  realm().set(item_, id(item_, "any"), Value::null());

  ObjectRef part = realm().set(item_, id(item_, "part"), NewContent::kObject).as_link();
  for (int step = 1; step <= 256; ++step) {
    part = realm().set(part, id(part, "part"), NewContent::kObject).as_link();
  }
  EXPECT_THAT(refusal([&] { realm().set(part, id(part, "part"), NewContent::kObject); }).value(),
              HasSubstr("LimitExceeded: embedded objects"));
  realm().set(item_, id(item_, "part"), Value::null());
  EXPECT_EQ(realm().object_count(part.class_id), 0U);
}

TEST_F(StoreCollections, RefusesWhatDoesNotFitAndChangesNothing) {
  const ObjectRef part = realm().set(item_, id(item_, "part"), NewContent::kObject).as_link();
  const Value nested = realm().list_insert(slot("anys"), 0, NewContent::kList);
  realm().list_insert(slot("anys"), 1, Value::null());
  const std::vector<std::function<void()>> mismatches{
      [&] { realm().set_insert(slot("words"), Value::of_int(1)); },
      [&] { realm().set_insert(slot("words"), Value::null()); },
      [&] { realm().set_insert(slot("words"), Value::new_list()); },
      [&] { realm().set_insert(slot("scores"), Value::of_int(1)); },
      [&] { realm().dictionary_set(slot("scores"), "k", Value::of_string("x")); },
      [&] { realm().dictionary_set(slot("scores"), "k", NewContent::kList); },
      [&] { realm().dictionary_set(slot("words"), "k", Value::null()); },
      [&] { realm().list_insert(slot("list"), 0, NewContent::kObject); },
      [&] { realm().list_insert(slot("parts"), 0, Value::of_link(part)); },
      [&] { realm().list_insert(slot("parts"), 0, Value::null()); },
      [&] { realm().set(item_, id(item_, "any"), Value::of_link(part)); },
      [&] { realm().set(item_, id(item_, "any"), NewContent::kObject); },
      [&] { realm().set(item_, id(item_, "any"), nested); },
      [&] { realm().set(item_, id(item_, "part"), Value::of_link(item_)); },
      [&] { realm().set(item_, id(item_, "words"), Value::null()); },
      [&] { realm().add_int(item_, id(item_, "any"), 1); },
  };
  for (std::size_t i = 0; i < mismatches.size(); ++i) {
    SCOPED_TRACE("mismatch " + std::to_string(i));
    EXPECT_THAT(refusal(mismatches[i]).value_or("it was done"), HasSubstr("TypeMismatch"));
  }
  for (const char* key : {"$a", "a.b", ".", "\xFF"}) {
    EXPECT_THAT(refusal([&] {
                  realm().dictionary_set(slot("scores"), key, Value::of_int(1));
                }).value_or("it was done"),
                HasSubstr("InvalidArgument"));
  }
  EXPECT_THAT(refusal([&] { realm().list_move(slot("anys"), 0, 1); }).value_or("it was done"),
              HasSubstr("InvalidArgument: a list or dictionary in a list cannot be moved"));
  EXPECT_THAT(refusal([&] { realm().list_erase(slot("anys"), 2); }).value_or("it was done"),
              HasSubstr("InvalidArgument"));
  const std::string too_long(changeset::kStringBytesMax + 1, 'x');
  EXPECT_THAT(refusal([&] {
                realm().set(item_, id(item_, "any"), Value::of_string(too_long));
              }).value_or("it was done"),
              HasSubstr("LimitExceeded"));
}

TEST_F(StoreCollections, ValuesOfSixteenMegabytesStandAnywhere) {
  const std::string large(changeset::kStringBytesMax, 'x');
  realm().set(item_, id(item_, "any"), Value::of_string(large));
  realm().list_insert(slot("anys"), 0, Value::of_string(large));
  realm().set_insert(slot("words"), Value::of_string(large));
  commit();
  file_.reopen();
  begin();

  EXPECT_EQ(realm().get(item_, id(item_, "any")).as_string(), large);
  EXPECT_EQ(values(slot("anys")).at(0).as_string(), large);
  EXPECT_TRUE(realm().collection(slot("words")).find(Value::of_string(large)));
}

TEST_F(StoreCollections, AnEmbeddedObjectGoesWithWhatHoldsIt) {
  // Given embedded objects in a property, a list and a dictionary, one of which has another inside,
  const ObjectRef part = realm().set(item_, id(item_, "part"), NewContent::kObject).as_link();
  realm().set(part, id(part, "part"), NewContent::kObject);
  const ObjectRef in_list = realm().list_insert(slot("parts"), 0, NewContent::kObject).as_link();
  realm().dictionary_set(slot("named_parts"), "k", NewContent::kObject);
  EXPECT_EQ(realm().object_count(part.class_id), 4U);
  EXPECT_EQ(realm().owner_of(in_list), slot("parts"));

  // When they are replaced, taken out, or their owner is deleted, then they are gone.
  realm().set(item_, id(item_, "part"), NewContent::kObject);
  EXPECT_FALSE(realm().contains(part));
  EXPECT_EQ(realm().object_count(part.class_id), 3U);
  realm().erase(in_list);
  EXPECT_EQ(realm().collection(slot("parts")).size(), 0U);
  realm().erase(item_);
  EXPECT_EQ(realm().object_count(part.class_id), 0U);
}

TEST_F(StoreCollections, DeletingAnObjectTakesTheLinksToItOutOfEveryKindOfPlace) {
  const ObjectRef other = create(2);
  const Value link = Value::of_link(other);
  realm().set_insert(slot("liked"), link);
  realm().list_insert(slot("anyone"), 0, link);
  const CollectionRef nested{
      slot("anys"), realm().list_insert(slot("anys"), 0, NewContent::kDictionary).as_collection()};
  realm().dictionary_set(nested, "k", link);
  realm().list_insert(slot("anys"), 1, link);
  const ObjectRef part = realm().set(item_, id(item_, "part"), NewContent::kObject).as_link();
  realm().set(part, id(part, "item"), link);

  realm().erase(other);

  EXPECT_THAT(values(slot("liked")), IsEmpty());
  EXPECT_THAT(values(slot("anyone")), IsEmpty());
  EXPECT_EQ(values(slot("anys")).size(), 1U);
  EXPECT_TRUE(values(nested).at(0).is_null());
  EXPECT_TRUE(realm().get(part, id(part, "item")).is_null());
}

TEST_F(StoreCollections, LinksToAnInvalidatedObjectAreHiddenUntilItComesBack) {
  const ObjectRef other = create(2);
  realm().set_insert(slot("liked"), Value::of_link(other));
  realm().list_insert(slot("anys"), 0, Value::of_link(other));
  realm().set(item_, id(item_, "any"), Value::of_link(other));

  realm().invalidate(other);
  EXPECT_EQ(realm().collection(slot("liked")).visible_size(), 0U);
  EXPECT_TRUE(values(slot("anys")).at(0).is_null());
  EXPECT_TRUE(realm().get(item_, id(item_, "any")).is_null());

  const ObjectRef revived = create(2);
  EXPECT_EQ(realm().collection(slot("liked")).visible_size(), 1U);
  EXPECT_EQ(values(slot("anys")).at(0).as_link(), revived);
  EXPECT_EQ(realm().get(item_, id(item_, "any")).as_link(), revived);
}

TEST_F(StoreCollections, LinkingObjectsAreFoundByTheirProperty) {
  const ObjectRef other = create(2);
  realm().set_insert(slot("liked"), Value::of_link(other));
  realm().set_insert(slot(other, "liked"), Value::of_link(other));
  realm().set(item_, id(item_, "any"), Value::of_link(other));
  const auto linking = [&](const char* property) {
    std::vector<RowId> rows;
    realm().for_each_linking(other, item_.class_id, id(item_, property), [&](const Backlink& link) {
      rows.push_back(link.origin.row);
      return true;
    });
    return rows;
  };

  EXPECT_THAT(linking("liked"), ElementsAre(item_.row, other.row));
  EXPECT_THAT(linking("any"), ElementsAre(item_.row));
  EXPECT_THAT(linking("anyone"), IsEmpty());
}

TEST_F(StoreCollections, AnAsymmetricObjectIsSentAndNotKept) {
  const ClassInfo& event = *realm().catalog().find_class("Event");
  const ObjectRef made{event.id, realm().create(event.id, ObjectKey::of_int(1)).row};
  realm().set(made, id(made, "x"), Value::of_int(7));
  realm().set(made, id(made, "part"), NewContent::kObject);
  EXPECT_EQ(realm().get(made, id(made, "x")).as_int(), 7);
  commit();

  std::vector<Opcode> opcodes;
  for (const auto& instruction : recorded().instructions) opcodes.push_back(instruction.opcode);
  EXPECT_THAT(
      opcodes,
      ElementsAre(Opcode::kCreateObject, Opcode::kCreateObject, Opcode::kUpdate, Opcode::kUpdate));
  begin();
  EXPECT_EQ(realm().object_count(made.class_id), 0U);
  EXPECT_EQ(realm().object_count(realm().catalog().find_class("Part")->id), 0U);
}

TEST_F(StoreCollections, RecordsWhatReplacesAnEmbeddedObject) {
  realm().set(item_, id(item_, "part"), NewContent::kObject);
  realm().set(item_, id(item_, "part"), NewContent::kObject);
  realm().list_insert(slot("parts"), 0, NewContent::kObject);
  realm().list_set(slot("parts"), 0, NewContent::kObject);
  realm().dictionary_set(slot("named_parts"), "k", NewContent::kObject);
  realm().dictionary_set(slot("named_parts"), "k", NewContent::kObject);
  commit();

  const changeset::Changeset told = recorded();
  std::vector<std::pair<Opcode, PayloadType>> written;
  for (const auto& one : told.instructions) {
    if (one.opcode == Opcode::kCreateObject) continue;
    written.emplace_back(one.opcode,
                         one.opcode == Opcode::kArrayErase ? PayloadType::kNull : one.value.type);
  }
  EXPECT_THAT(written,
              ElementsAre(std::pair(Opcode::kUpdate, PayloadType::kObjectValue),
                          std::pair(Opcode::kUpdate, PayloadType::kNull),
                          std::pair(Opcode::kUpdate, PayloadType::kObjectValue),
                          std::pair(Opcode::kArrayInsert, PayloadType::kObjectValue),
                          std::pair(Opcode::kArrayErase, PayloadType::kNull),
                          std::pair(Opcode::kArrayInsert, PayloadType::kObjectValue),
                          std::pair(Opcode::kUpdate, PayloadType::kObjectValue),
                          std::pair(Opcode::kUpdate, PayloadType::kObjectValue)));
}

/// 100,000 elements: trees of more than one level, in any order.
constexpr std::int64_t kMany = 100'000;

TEST_F(StoreCollections, LargeSetsAndDictionariesAgreeWithTheStandardLibrary) {
  SeededRandom random(20150101);
  std::set<std::int64_t> members;
  std::map<std::string, std::int64_t> entries;
  const SlotRef set = slot("numbers");
  const SlotRef dictionary = slot("scores");
  realm().set_recording(Recording::kOff);
  for (std::int64_t i = 0; i < kMany; ++i) {
    const auto number = static_cast<std::int64_t>(random.below(3 * kMany));
    ASSERT_EQ(realm().set_insert(set, Value::of_int(number)), members.insert(number).second);
    const std::string key = "key " + std::to_string(random.below(3 * kMany));
    realm().dictionary_set(dictionary, key, Value::of_int(i));
    entries[key] = i;
  }
  for (std::int64_t i = 0; i < kMany; ++i) {
    const auto number = static_cast<std::int64_t>(random.below(3 * kMany));
    ASSERT_EQ(realm().set_erase(set, Value::of_int(number)), members.erase(number) > 0);
    const std::string key = "key " + std::to_string(random.below(3 * kMany));
    ASSERT_EQ(realm().dictionary_erase(dictionary, key), entries.erase(key) > 0);
  }
  commit();
  begin();

  EXPECT_EQ(ints(set), std::vector<std::int64_t>(members.begin(), members.end()));
  const CollectionReader found = realm().collection(dictionary);
  ASSERT_EQ(found.size(), entries.size());
  std::uint32_t position = 0;
  for (const auto& [key, value] : entries) {
    ASSERT_EQ(found.key(position), key);
    ASSERT_EQ(found.get(position++).as_int(), value);
  }
  realm().set_clear(set);
  realm().dictionary_clear(dictionary);
  EXPECT_EQ(realm().collection(set).size() + realm().collection(dictionary).size(), 0U);
}

// ---- Crashes

TEST(StoreCollectionsCrash, AfterAKillEachCollectionIsWhatTheLastCommitMadeOfIt) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  const auto open = [&] {
    EnvironmentOptions options;
    options.durability = Durability::kDeferred;
    return Environment::open(path, options);
  };
  /// A transaction of random edits that follow from its number alone.
  const auto write = [](Environment& environment, std::uint64_t number) {
    WriteTransaction transaction = environment.begin_write();
    RealmWriter& realm = transaction.realm();
    realm.add_schema(schema());
    const ClassId item = realm.catalog().find_class("Item")->id;
    SeededRandom random(number);
    for (int i = 0; i < 40; ++i) {
      const auto key = static_cast<std::int64_t>(random.below(5));
      test::RandomEdits(realm, random).edit({item, realm.create(item, ObjectKey::of_int(key)).row});
    }
    realm.metadata().put(as_bytes("number"), std::as_bytes(std::span(&number, 1)));
    transaction.commit();
  };
  const auto count = [](Environment& environment) {
    const ReadTransaction snapshot = environment.begin_read();
    const auto record = snapshot.realm().metadata().find(as_bytes("number"));
    std::uint64_t number = 0;
    if (record) std::memcpy(&number, record->data(), sizeof(number));
    return number;
  };
  SeededRandom random(1);
  StoreRealm twin;
  std::uint64_t twin_count = 0;

  for (int round = 0; round < 10; ++round) {
    // Given a process that commits one transaction after the other,
    ChildProcess child([&](const Pipe& parent) {
      const auto environment = open();
      for (std::uint64_t number = count(*environment) + 1;; ++number) {
        write(*environment, number);
        parent.send(number);
      }
    });

    // When it is killed somewhere on its way,
    std::uint64_t told = 0;
    for (std::uint64_t i = 1 + random.below(12); i > 0; --i) told = child.receive().value();
    child.kill();
    while (const auto number = child.receive()) told = *number;

    // Then the file holds what the committed transactions make, and can be written to.
    const auto environment = open();
    const std::uint64_t found = count(*environment);
    EXPECT_GE(found, told);
    while (twin_count < found) write(twin.environment(), ++twin_count);
    ASSERT_EQ(test::state_json(environment->begin_read().realm()), twin.state());
  }
}

}  // namespace
}  // namespace tombolo::store
