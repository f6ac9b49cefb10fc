#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "store/applier.h"
#include "store/environment.h"
#include "store/predicate.h"
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

TEST(Store, SmokeMany) {
  StoreRealm file;
  constexpr int kObjects = 20000;
  {
    WriteTransaction write = file.environment().begin_write();
    RealmWriter& realm = write.realm();
    realm.add_schema(people());
    const ClassInfo& person = *realm.catalog().find_class("Person");
    for (int i = 0; i < kObjects; ++i) {
      const ObjectRef ann{person.id, realm.create(person.id, ObjectKey::of_int(i)).row};
      realm.set(ann, person.find_property("name")->id, Value::of_string("Ann" + std::to_string(i)));
      realm.set(ann, person.find_property("age")->id, Value::of_int(i % 100));
    }
    write.commit();
  }
  file.reopen();
  ReadTransaction read = file.environment().begin_read();
  const RealmReader& realm = read.realm();
  const ClassInfo& person = *realm.catalog().find_class("Person");
  const PropertyId age = person.find_property("age")->id;
  for (int i = 0; i < kObjects; ++i) {
    const auto row = realm.find(person.id, ObjectKey::of_int(i));
    ASSERT_TRUE(row) << i;
    ASSERT_EQ(realm.get({person.id, *row}, person.find_property("name")->id).as_string(),
              "Ann" + std::to_string(i));
  }
  const Predicate predicate{age, Comparison::kEqual, Value::of_int(7)};
  EXPECT_EQ(count_matching(realm, person.id, {&predicate, 1}), 200u);
  EXPECT_EQ(realm.object_count(person.id), static_cast<std::uint64_t>(kObjects));
}

}  // namespace
}  // namespace tombolo::store
