#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/random.h"
#include "test/support/child_process.h"
#include "test/support/temporary_directory.h"
#include "tombolo/tombolo.h"

/// Opening a local file with another schema than it has.

namespace tombolo {
namespace {

Property property(std::string name,
                  PropertyType type,
                  bool nullable = false,
                  CollectionType collection = CollectionType::kSingle) {
  return {.name = std::move(name), .type = type, .collection = collection, .nullable = nullable};
}

/// The first version: people with a first and a last name, by number.
Schema first_schema() {
  return {{{.name = "Person",
            .primary_key = "_id",
            .properties = {property("_id", PropertyType::kInt),
                           property("first", PropertyType::kString),
                           property("last", PropertyType::kString),
                           property("age", PropertyType::kInt),
                           property("scores", PropertyType::kInt, false, CollectionType::kList)}}}};
}

/// The second: one name, an age that may be absent, scores that may be too.
Schema second_schema() {
  return {{{.name = "Person",
            .primary_key = "_id",
            .properties = {property("_id", PropertyType::kInt),
                           property("name", PropertyType::kString),
                           property("age", PropertyType::kInt, true),
                           property("scores", PropertyType::kInt, true, CollectionType::kList)}}}};
}

class MigrationTest : public ::testing::Test {
 protected:
  [[nodiscard]] RealmConfiguration configuration(Schema schema, std::uint64_t version) const {
    return {.path = folder_.file("people.realm"),
            .schema = std::move(schema),
            .schema_version = version};
  }
  /// Two people in a file of the first version.
  void make_first_file() const {
    Realm realm = Realm::open(configuration(first_schema(), 1));
    realm.write([&] {
      add_person(realm, 1, "Ada", "Lovelace");
      add_person(realm, 2, "Alan", "Turing");
    });
  }
  static void add_person(Realm& realm,
                         std::int64_t id,
                         const std::string& first,
                         const std::string& last) {
    const ClassId person = realm.class_id("Person");
    AnyObject object = realm.create(
        person, std::vector<PropertyValue>{{realm.property_id(person, "_id"), Value::of_int(id)}});
    object.set(realm.property_id(person, "first"), Value::of_string(first));
    object.set(realm.property_id(person, "last"), Value::of_string(last));
    object.set(realm.property_id(person, "age"), Value::of_int(30 + id));
    object.list(realm.property_id(person, "scores")).push_back(Value::of_int(10 * id));
  }
  static Value value(const Realm& realm, std::size_t index, std::string_view name) {
    const ClassId person = realm.class_id("Person");
    return realm.objects(person).at(index).get(realm.property_id(person, name));
  }
  /// What opening fails with.
  static std::string problem_of(const RealmConfiguration& configuration) {
    try {
      (void)Realm::open(configuration);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kSchemaMismatch);
      return error.message();
    }
    return "none";
  }

  const test::TemporaryDirectory folder_;
};

TEST_F(MigrationTest, AChangedClassNeedsAHigherVersionAndTheErrorSaysWhatChanged) {
  make_first_file();

  EXPECT_EQ(problem_of(configuration(second_schema(), 1)),
            "Migration is required due to the following errors:\n"
            "- Property 'Person.name' has been added.\n"
            "- Property 'Person.age' has been made optional.\n"
            "- Property 'Person.scores' has been made optional.\n"
            "- Property 'Person.first' has been removed.\n"
            "- Property 'Person.last' has been removed.");
  EXPECT_EQ(problem_of(configuration(first_schema(), 0)),
            "Provided schema version 0 is less than last set version 1.");

  // And the file is as it was.
  const Realm realm = Realm::open(configuration(first_schema(), 1));
  EXPECT_EQ(value(realm, 1, "last").as_string(), "Turing");
  EXPECT_EQ(realm.schema_version(), 1U);
}

TEST_F(MigrationTest, TheCallbackSeesTheFileAsItWasAndWritesWhatItBecomes) {
  make_first_file();
  RealmConfiguration to = configuration(second_schema(), 2);
  std::optional<Realm> kept;
  to.migration = [&](const Realm& before, Realm& now) {
    EXPECT_TRUE(now.is_in_transaction());
    EXPECT_EQ(before.schema_version(), 1U);
    EXPECT_EQ(now.schema_version(), 2U);
    const ClassId person = now.class_id("Person");
    for (std::size_t i = 0; i < before.objects(person).size(); ++i) {
      const std::string name = std::string(value(before, i, "first").as_string()) + " " +
                               std::string(value(before, i, "last").as_string());
      now.objects(person).at(i).set(now.property_id(person, "name"), Value::of_string(name));
    }
    kept = before;
  };

  const Realm realm = Realm::open(to);

  EXPECT_EQ(value(realm, 0, "name").as_string(), "Ada Lovelace");
  EXPECT_EQ(value(realm, 1, "name").as_string(), "Alan Turing");
  // What may be absent from now on is what it was, in lists too.
  EXPECT_EQ(value(realm, 1, "age").as_int(), 32);
  const ClassId person = realm.class_id("Person");
  const AnyList scores = realm.objects(person).at(1).list(realm.property_id(person, "scores"));
  ASSERT_EQ(scores.size(), 1U);
  EXPECT_EQ(scores[0].as_int(), 20);
  EXPECT_EQ(realm.schema_version(), 2U);
  EXPECT_EQ(realm.schema().find_class("Person")->find_property("first"), nullptr);
  EXPECT_TRUE(kept->is_closed());
}

TEST_F(MigrationTest, WhatChangesItsTypeOrLosesItsNullsBeginsAnew) {
  Schema from = first_schema();
  from.classes[0].properties[3].nullable = true;
  {
    Realm realm = Realm::open(configuration(from, 1));
    realm.write([&] { add_person(realm, 1, "Ada", "Lovelace"); });
  }
  Schema to = first_schema();
  to.classes[0].properties[1].type = PropertyType::kDouble;

  const Realm realm = Realm::open(configuration(to, 2));

  EXPECT_EQ(value(realm, 0, "first").as_double(), 0);
  EXPECT_EQ(value(realm, 0, "age").as_int(), 0);
  EXPECT_EQ(value(realm, 0, "last").as_string(), "Lovelace");
}

TEST_F(MigrationTest, ACallbackThatThrowsLeavesTheFileAsItWas) {
  make_first_file();
  RealmConfiguration to = configuration(second_schema(), 2);
  to.migration = [](const Realm&, Realm& now) {
    now.erase_all();
    throw std::runtime_error("not like this");
  };
  EXPECT_THROW((void)Realm::open(to), std::runtime_error);
  to.migration = [](const Realm&, Realm& now) { now.cancel_transaction(); };
  EXPECT_THROW((void)Realm::open(to), Error);

  const Realm realm = Realm::open({.path = to.path});
  EXPECT_EQ(realm.objects(realm.class_id("Person")).size(), 2U);
  EXPECT_EQ(realm.schema_version(), 1U);
}

TEST_F(MigrationTest, AClassThatComesOrStaysAwayNeedsNone) {
  make_first_file();
  Schema with_more = first_schema();
  with_more.classes.push_back(
      {.name = "Dog", .properties = {property("name", PropertyType::kString)}});

  { const Realm realm = Realm::open(configuration(with_more, 1)); }
  { const Realm realm = Realm::open(configuration(first_schema(), 1)); }

  const Realm realm = Realm::open({.path = folder_.file("people.realm")});
  EXPECT_NE(realm.schema().find_class("Dog"), nullptr);
  EXPECT_EQ(realm.objects(realm.class_id("Person")).size(), 2U);
}

TEST_F(MigrationTest, APrimaryKeyCannotChange) {
  make_first_file();
  Schema to = first_schema();
  to.classes[0].primary_key = "last";

  EXPECT_EQ(problem_of(configuration(to, 2)),
            "A migration cannot do this:\n"
            "- Class 'Person' has changed its primary key from '_id' to 'last'.");
}

TEST_F(MigrationTest, ItMayGiveObjectsOtherPrimaryKeys) {
  // Given an object that another one links to,
  Schema linked = first_schema();
  linked.classes.push_back(
      {.name = "Dog",
       .properties = {
           {.name = "owner", .type = PropertyType::kLink, .nullable = true, .target = "Person"}}});
  {
    Realm realm = Realm::open(configuration(linked, 1));
    realm.write([&] {
      for (std::int64_t id = 1; id <= 3; ++id) add_person(realm, id, std::to_string(id), "");
      const AnyObject dog = realm.create(realm.class_id("Dog"), {});
      AnyObject(dog).set(realm.property_id(realm.class_id("Dog"), "owner"),
                         Value::of_link(realm.objects(realm.class_id("Person")).at(0).ref()));
    });
  }

  // When each takes the key that the next one has,
  RealmConfiguration to = configuration(linked, 2);
  to.migration = [](const Realm&, Realm& now) {
    const PropertyId key = now.property_id(now.class_id("Person"), "_id");
    for (std::int64_t i = 0; i < 3; ++i) {
      now.objects(now.class_id("Person"))
          .at(static_cast<std::size_t>(i))
          .set(key, Value::of_int(i + 2));
    }
  };
  Realm realm = Realm::open(to);

  // then it is found by that, the link holds, and the keys that are free are so.
  const ClassId person = realm.class_id("Person");
  const PropertyId first = realm.property_id(person, "first");
  EXPECT_FALSE(realm.find(person, ObjectKey::of_int(1)));
  for (std::int64_t id = 2; id <= 4; ++id) {
    EXPECT_EQ(realm.find(person, ObjectKey::of_int(id))->get(first).as_string(),
              std::to_string(id - 1));
  }
  const AnyObject dog = realm.objects(realm.class_id("Dog")).at(0);
  EXPECT_EQ(dog.get(realm.property_id(dog.ref().class_id, "owner")).as_link(),
            realm.find(person, ObjectKey::of_int(2))->ref());
  realm.write([&] { add_person(realm, 1, "new", ""); });
  EXPECT_EQ(realm.objects(person).size(), 4U);

  // Outside of a migration keys stay.
  realm.begin_transaction();
  EXPECT_THROW(realm.objects(person).at(0).set(realm.property_id(person, "_id"), Value::of_int(9)),
               Error);
}

TEST_F(MigrationTest, KeysThatAreNotDifferentAtTheEndAreNamedAndTheFileIsAsItWas) {
  make_first_file();
  RealmConfiguration to = configuration(first_schema(), 2);
  to.migration = [](const Realm&, Realm& now) {
    const ClassId person = now.class_id("Person");
    add_person(now, 3, "Grace", "Hopper");
    now.objects(person).at(2).set(now.property_id(person, "_id"), Value::of_int(2));
  };

  const auto error = [&]() -> std::optional<Error> {
    try {
      (void)Realm::open(to);
      return std::nullopt;
    } catch (const Error& thrown) {
      return thrown;
    }
  };
  const auto duplicate = error();
  ASSERT_TRUE(duplicate);
  EXPECT_EQ(duplicate->code(), ErrorCode::kDuplicateKey);
  EXPECT_EQ(duplicate->message(),
            "Primary key property 'Person._id' has duplicate values after migration. "
            "They are: 2");

  const Realm realm = Realm::open({.path = folder_.file("people.realm")});
  EXPECT_EQ(realm.objects(realm.class_id("Person")).size(), 2U);
  EXPECT_EQ(realm.schema_version(), 1U);

  to.migration = [](const Realm&, Realm& now) {
    const ClassId person = now.class_id("Person");
    now.objects(person).at(0).set(now.property_id(person, "_id"), Value::of_string("one"));
  };
  EXPECT_EQ(error()->code(), ErrorCode::kTypeMismatch);
}

TEST_F(MigrationTest, AFileMayBeEmptiedInstead) {
  Schema linked = first_schema();
  linked.classes[0].properties.push_back(
      {.name = "friend", .type = PropertyType::kLink, .nullable = true, .target = "Person"});
  {
    Realm realm = Realm::open(configuration(linked, 3));
    realm.write([&] { add_person(realm, 1, "Ada", "Lovelace"); });
  }
  RealmConfiguration to = configuration(first_schema(), 1);
  to.erase_if_migration_needed = true;

  const Realm realm = Realm::open(to);

  EXPECT_EQ(realm.objects(realm.class_id("Person")).size(), 0U);
  EXPECT_EQ(realm.schema_version(), 1U);
  EXPECT_EQ(realm.schema().find_class("Person")->find_property("friend"), nullptr);
}

TEST_F(MigrationTest, ItsRealmSaysSoAndRemovesClasses) {
  make_first_file();
  Schema with_dogs = first_schema();
  with_dogs.classes.push_back({.name = "Dog", .properties = {property("age", PropertyType::kInt)}});
  { const Realm realm = Realm::open(configuration(with_dogs, 1)); }
  RealmConfiguration to = configuration(second_schema(), 2);
  std::vector<bool> in_migration;
  to.migration = [&](const Realm& before, Realm& now) {
    in_migration = {before.is_in_migration(), now.is_in_migration()};
    EXPECT_TRUE(now.erase_class("Person"));
    EXPECT_TRUE(now.erase_class("Dog"));
    EXPECT_FALSE(now.erase_class("Cat"));
  };

  const Realm realm = Realm::open(to);

  // Then a class of the new schema is empty, and any other is gone.
  EXPECT_EQ(in_migration, (std::vector<bool>{false, true}));
  EXPECT_FALSE(realm.is_in_migration());
  EXPECT_EQ(realm.objects(realm.class_id("Person")).size(), 0U);
  EXPECT_EQ(realm.schema().find_class("Dog"), nullptr);
  EXPECT_EQ(realm.schema_version(), 2U);
}

TEST_F(MigrationTest, AClassIsRemovedWhileObjectsOfItAreLookedAt) {
  // Given another realm of the file with objects, results and an observer,
  make_first_file();
  Realm realm = Realm::open({.path = folder_.file("people.realm")});
  Realm other = Realm::open({.path = folder_.file("people.realm")});
  const AnyResults people = other.objects(other.class_id("Person"));
  const AnyResults adults = people.filtered("age > 18");
  const AnyObject ada = people.at(0);
  std::vector<std::size_t> deletions;
  const NotificationToken token = people.observe(
      [&](const AnyResults&, const CollectionChanges& changes) { deletions = changes.deletions; });
  other.refresh();

  realm.write([&] {
    EXPECT_TRUE(realm.erase_class("Person"));
    realm.cancel_transaction();
    EXPECT_NE(realm.schema().find_class("Person"), nullptr);
    realm.begin_transaction();
    EXPECT_TRUE(realm.erase_class("Person"));
  });
  other.refresh();

  EXPECT_EQ(realm.schema_version(), 2U);
  EXPECT_EQ(other.schema().find_class("Person"), nullptr);
  EXPECT_FALSE(ada.is_valid());
  EXPECT_EQ(people.size(), 0U);
  EXPECT_EQ(adults.size(), 0U);
  EXPECT_EQ(deletions, (std::vector<std::size_t>{0, 1}));
}

TEST_F(MigrationTest, AClassThatOthersLinkToIsNotRemoved) {
  Schema linked = first_schema();
  linked.classes.push_back(
      {.name = "Dog",
       .properties = {
           {.name = "owner", .type = PropertyType::kLink, .nullable = true, .target = "Person"}}});
  Realm realm = Realm::open(configuration(linked, 1));

  try {
    realm.write([&] { realm.erase_class("Person"); });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidSchema);
    EXPECT_EQ(error.message(), "the class 'Person' is the target of 'Dog.owner'");
  }
  EXPECT_EQ(realm.schema_version(), 1U);
}

TEST_F(MigrationTest, ManyObjectsAreMigratedInOneCommitWhileTheOldOnesAreRead) {
  // Given more than the map of a new file holds,
  constexpr std::int64_t kPeople = 20'000;
  {
    Realm realm = Realm::open(configuration(first_schema(), 1));
    realm.write([&] {
      for (std::int64_t id = 0; id < kPeople; ++id) {
        add_person(realm, id, std::string(400, 'f'), "l");
      }
    });
  }
  RealmConfiguration to = configuration(second_schema(), 2);
  to.migration = [&](const Realm& before, Realm& now) {
    const ClassId person = now.class_id("Person");
    const PropertyId first = before.property_id(person, "first");
    const PropertyId name = now.property_id(person, "name");
    const AnyResults old = before.objects(person);
    const AnyResults present = now.objects(person);
    for (std::size_t i = 0; i < old.size(); ++i) present.at(i).set(name, old.at(i).get(first));
  };

  const Realm realm = Realm::open(to);

  EXPECT_EQ(value(realm, kPeople - 1, "name").as_string(), std::string(400, 'f'));
  EXPECT_EQ(value(realm, kPeople - 1, "age").as_int(), 30 + kPeople - 1);
}

TEST_F(MigrationTest, OneThatTheDiskHasNoRoomForLeavesTheFileAsItWasAndCanBeDoneAgain) {
  constexpr std::int64_t kPeople = 500;
  const std::filesystem::path path = folder_.file("people.realm");
  {
    Realm realm = Realm::open(configuration(first_schema(), 1));
    realm.write([&] {
      for (std::int64_t id = 0; id < kPeople; ++id) add_person(realm, id, "first", "last");
    });
  }
  RealmConfiguration to = configuration(second_schema(), 2);
  to.migration = [&](const Realm& before, Realm& now) {
    const ClassId person = now.class_id("Person");
    for (std::size_t i = 0; i < before.objects(before.class_id("Person")).size(); ++i) {
      now.objects(person).at(i).set(
          now.property_id(person, "name"),
          Value::of_string(std::string(3000, 'n') +
                           std::string(value(before, i, "last").as_string())));
    }
  };
  const auto limit_files = [](rlim_t bytes) {
    const rlimit limit{bytes, RLIM_INFINITY};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  };

  test::ChildProcess child([&](const test::Pipe&) {
    ::signal(SIGXFSZ, SIG_IGN);
    // From no room at all to nearly enough.
    for (const rlim_t room : {rlim_t{0}, rlim_t{4096}, rlim_t{200'000}, rlim_t{1'200'000}}) {
      SCOPED_TRACE(room);
      limit_files(std::filesystem::file_size(path) + room);
      try {
        (void)Realm::open(to);
        ADD_FAILURE() << "there was room";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kDiskFull) << error.message();
      }
      // The file is what it was.
      const Realm old = Realm::open(configuration(first_schema(), 1));
      EXPECT_EQ(old.schema_version(), 1U);
      EXPECT_EQ(old.objects(old.class_id("Person")).size(), static_cast<std::size_t>(kPeople));
      for (std::size_t i = 0; i < static_cast<std::size_t>(kPeople); ++i) {
        ASSERT_EQ(value(old, i, "last").as_string(), "last");
      }
    }
    limit_files(RLIM_INFINITY);
    (void)Realm::open(to);
  });
  EXPECT_TRUE(child.succeeds());

  const Realm realm = Realm::open({.path = path});
  EXPECT_EQ(realm.schema_version(), 2U);
  for (std::size_t i = 0; i < static_cast<std::size_t>(kPeople); ++i) {
    ASSERT_EQ(value(realm, i, "name").as_string(), std::string(3000, 'n') + "last");
    ASSERT_EQ(value(realm, i, "age").as_int(), 30 + static_cast<std::int64_t>(i));
  }
}

TEST_F(MigrationTest, AKilledOneHasHappenedOrHasNot) {
  constexpr std::int64_t kPeople = 500;
  const std::filesystem::path path = folder_.file("people.realm");
  SeededRandom random(20150101);
  int old_files = 0;
  for (int round = 0; round < 12; ++round) {
    for (const char* suffix : {"", "-lock", "-guard"}) {
      std::filesystem::remove(path.string() + suffix);
    }
    {
      Realm realm = Realm::open(configuration(first_schema(), 1));
      realm.write([&] {
        for (std::int64_t id = 0; id < kPeople; ++id) add_person(realm, id, "first", "last");
      });
    }

    // Given a process that tells of each object that it migrates and of the end,
    test::ChildProcess child([&](const test::Pipe& parent) {
      RealmConfiguration to = configuration(second_schema(), 2);
      to.migration = [&](const Realm&, Realm& now) {
        const ClassId person = now.class_id("Person");
        const PropertyId name = now.property_id(person, "name");
        const AnyResults people = now.objects(person);
        for (std::size_t i = 0; i < people.size(); ++i) {
          people.at(i).set(name, Value::of_string("migrated"));
          parent.send(i);
        }
      };
      const Realm realm = Realm::open(to);
      parent.send(kPeople);
      (void)parent.receive();
    });

    // When it is killed somewhere, the last rounds about the commit,
    const std::uint64_t last = round < 6 ? random.below(kPeople) : kPeople - 1;
    while (child.receive().value() < last) {
    }
    child.kill();

    // Then the file is what it was, or all of what it was to become.
    const Realm realm = Realm::open({.path = path});
    const bool is_old = realm.schema_version() == 1;
    old_files += is_old ? 1 : 0;
    ASSERT_EQ(realm.objects(realm.class_id("Person")).size(), static_cast<std::size_t>(kPeople));
    for (std::size_t i = 0; i < static_cast<std::size_t>(kPeople); ++i) {
      ASSERT_EQ(value(realm, i, is_old ? "first" : "name").as_string(),
                is_old ? "first" : "migrated");
      ASSERT_EQ(value(realm, i, "age").as_int(), 30 + static_cast<std::int64_t>(i));
    }
  }
  EXPECT_GE(old_files, 1);
}

}  // namespace
}  // namespace tombolo
