// Sets, dictionaries, mixed values and embedded objects through the SDK.

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"
#include "tombolo/tombolo.h"

namespace tombolo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

struct Street {
  static constexpr std::string_view class_name = "Street";
  static constexpr auto class_kind = ClassKind::kEmbedded;
  static constexpr Field<std::string> name{"name"};
  static constexpr Field<std::int64_t> number{"number"};
  static constexpr auto properties = std::tuple(name, number);
};

struct Address {
  static constexpr std::string_view class_name = "Address";
  static constexpr auto class_kind = ClassKind::kEmbedded;
  static constexpr Field<std::string> city{"city"};
  static constexpr Field<Embedded<Street>> street{"street"};
  static constexpr auto properties = std::tuple(city, street);
};

struct Person {
  static constexpr std::string_view class_name = "Person";
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr Field<std::string> name{"name"};
  static constexpr Field<Mixed> anything{"anything"};
  static constexpr Field<List<Mixed>> things{"things"};
  static constexpr Field<Set<std::string>> tags{"tags"};
  static constexpr Field<Set<Link<Person>>> friends{"friends"};
  static constexpr Field<Dictionary<std::int64_t>> scores{"scores"};
  static constexpr Field<Dictionary<Link<Person>>> roles{"roles"};
  static constexpr Field<Dictionary<Mixed>> extras{"extras"};
  static constexpr Field<Embedded<Address>> home{"home"};
  static constexpr Field<List<Embedded<Address>>> stays{"stays"};
  static constexpr Field<Dictionary<Embedded<Address>>> offices{"offices"};
  static constexpr auto properties = std::tuple(
      id, name, anything, things, tags, friends, scores, roles, extras, home, stays, offices);
};

struct Reading {
  static constexpr std::string_view class_name = "Reading";
  static constexpr auto class_kind = ClassKind::kAsymmetric;
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr auto properties = std::tuple(id);
};

class KindsTest : public ::testing::Test {
 protected:
  KindsTest() {
    realm_.write([&] {
      for (const std::int64_t id : {1, 2, 3}) realm_.create<Person>(Person::id = id);
    });
  }
  [[nodiscard]] Realm open() const {
    return Realm::open({.path = directory_.file("kinds.realm"),
                        .schema = schema_of<Person, Address, Street, Reading>()});
  }
  [[nodiscard]] Object<Person> person(std::int64_t id) const { return *realm_.find<Person>(id); }

  static ErrorCode code_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "no error";
    return ErrorCode::kInternal;
  }

  const test::TemporaryDirectory directory_;
  Realm realm_ = open();
};

template <typename Changes>
struct Calls {
  std::vector<Changes> all;

  auto record() {
    return [this](const auto&, const Changes& changes) { all.push_back(changes); };
  }
  [[nodiscard]] Changes take() {
    EXPECT_EQ(all.size(), 1U);
    Changes first = all.empty() ? Changes{} : all.front();
    all.clear();
    return first;
  }
};

template <typename Collection>
auto all_of(const Collection& collection) {
  std::vector<std::decay_t<decltype(*collection.begin())>> all;
  for (const auto& element : collection) all.push_back(element);
  return all;
}

TEST_F(KindsTest, ASetHoldsEachValueOnceInOrder) {
  auto tags = person(1).get(Person::tags);
  realm_.write([&] {
    EXPECT_TRUE(tags.insert("b"));
    EXPECT_TRUE(tags.insert("a"));
    EXPECT_FALSE(tags.insert("b"));
    EXPECT_TRUE(tags.insert("c"));
    EXPECT_TRUE(tags.erase("c"));
    EXPECT_FALSE(tags.erase("c"));
  });

  EXPECT_THAT(all_of(tags), ElementsAre("a", "b"));
  EXPECT_TRUE(tags.contains("b"));
  EXPECT_FALSE(tags.contains("c"));
  realm_.write([&] { tags.clear(); });
  EXPECT_TRUE(tags.empty());
}

TEST_F(KindsTest, ASetOfLinksForgetsObjectsThatAreDeleted) {
  auto friends = person(1).get(Person::friends);
  realm_.write([&] {
    friends.insert(person(2));
    friends.insert(person(3));
  });
  EXPECT_TRUE(friends.contains(person(3)));

  realm_.write([&] { realm_.erase(person(2)); });

  ASSERT_EQ(friends.size(), 1U);
  EXPECT_EQ(friends[0][Person::id], 3);
}

TEST_F(KindsTest, ADictionaryHoldsValuesUnderKeysInOrder) {
  auto scores = person(1).get(Person::scores);
  realm_.write([&] {
    scores.set("chess", 3);
    scores.set("bridge", 2);
    scores.set("chess", 4);
    scores.set("", 0);
    EXPECT_TRUE(scores.erase(""));
    EXPECT_FALSE(scores.erase("go"));
  });

  EXPECT_THAT(all_of(scores), ElementsAre(Pair("bridge", 2), Pair("chess", 4)));
  EXPECT_EQ(scores.get("chess"), 4);
  EXPECT_EQ(scores.find("go"), std::nullopt);
  EXPECT_EQ(code_of([&] { (void)scores.get("go"); }), ErrorCode::kNotFound);
  realm_.write([&] {
    EXPECT_EQ(code_of([&] { scores.set("a.b", 1); }), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of([&] { scores.set("$a", 1); }), ErrorCode::kInvalidArgument);
  });
  EXPECT_EQ(scores.size(), 2U);
}

TEST_F(KindsTest, ADictionaryKeepsTheKeyOfAnObjectThatIsDeleted) {
  auto roles = person(1).get(Person::roles);
  realm_.write([&] {
    roles.set("boss", person(2));
    roles.set("heir", person(3));
    realm_.erase(person(2));
  });

  EXPECT_EQ(roles.get("boss"), std::nullopt);
  EXPECT_EQ((*roles.get("heir"))[Person::id], 3);
  realm_.write([&] { roles.set("heir", std::nullopt); });
  EXPECT_EQ(roles.get("heir"), std::nullopt);
  EXPECT_EQ(roles.size(), 2U);
}

TEST_F(KindsTest, AMixedPropertyHoldsValuesOfAnyType) {
  auto subject = person(1);
  const auto holds = [&](const Mixed& value) {
    realm_.write([&] { subject.set(Person::anything, value); });
    return subject[Person::anything] == value;
  };

  EXPECT_TRUE(subject[Person::anything].is_null());
  EXPECT_TRUE(holds(3));
  EXPECT_TRUE(holds(true));
  EXPECT_TRUE(holds("three"));
  EXPECT_TRUE(holds(3.5));
  EXPECT_TRUE(holds(3.5F));
  EXPECT_TRUE(holds(Binary{std::byte{3}}));
  EXPECT_TRUE(holds(Timestamp{3, 5}));
  EXPECT_TRUE(holds(person(2)));
  EXPECT_EQ(subject.link(Person::anything), person(2).any());
  EXPECT_TRUE(holds(std::nullopt));
  EXPECT_EQ(subject.link(Person::anything), std::nullopt);

  realm_.write([&] { subject.set(Person::anything, "three"); });
  EXPECT_EQ(realm_.objects<Person>().where(Person::anything == "three").size(), 1U);
  EXPECT_EQ(realm_.objects<Person>().filtered("anything == $0", "three").size(), 1U);
}

TEST_F(KindsTest, CollectionsNestInMixedValues) {
  auto subject = person(1);
  realm_.write([&] {
    subject.set(Person::anything, Value::new_dictionary());
    AnyDictionary root = subject.dictionary(Person::anything);
    root.set("name", Value::of_string("root"));
    root.set("items", Value::new_list());
    AnyList items = root.list("items");
    items.push_back(Value::of_int(1));
    items.push_back(Value::new_dictionary());
    items.dictionary(1).set("leaf", Value::of_bool(true));
    items.insert(0, person(2).any().as_link());
    AnyList things = subject.get(Person::things).any();
    things.push_back(Value::new_list());
    things.list(0).push_back(Value::of_int(7));
    AnyDictionary extras = subject.get(Person::extras).any();
    extras.set("list", Value::new_list());
  });

  const AnyDictionary root = subject.dictionary(Person::anything);
  const AnyList items = root.list("items");
  EXPECT_EQ(root.get("name").as_string(), "root");
  EXPECT_EQ(items.object(0), person(2).any());
  EXPECT_TRUE(items.dictionary(2).get("leaf").as_bool());
  EXPECT_EQ(subject.get(Person::things).any().list(0)[0].as_int(), 7);
  EXPECT_EQ(subject.get(Person::extras).any().list("list").size(), 0U);
  EXPECT_EQ(subject[Person::anything].type(), ValueType::kDictionary);
  EXPECT_EQ(code_of([&] { (void)subject.list(Person::anything); }), ErrorCode::kTypeMismatch);

  // What another value took the place of is not valid any more.
  realm_.write([&] { subject.set(Person::anything, 3); });
  EXPECT_FALSE(items.is_valid());
  EXPECT_FALSE(root.is_valid());
  EXPECT_EQ(code_of([&] { (void)items.size(); }), ErrorCode::kObjectDeleted);
}

TEST_F(KindsTest, EmbeddedObjectsAreInTheirOwnersAndGoWithThem) {
  auto subject = person(1);
  realm_.write([&] {
    auto home = subject.create(Person::home, Address::city = "Rome");
    home.create(Address::street, Street::name = "Via Appia", Street::number = 7);
    auto stays = subject.get(Person::stays);
    stays.create_back(Address::city = "Oslo");
    stays.create(0, Address::city = "Bern");
    stays.replace(1, Address::city = "Turku");
    subject.get(Person::offices).create("north", Address::city = "Kiruna");
  });

  const Object<Address> home = *subject.get(Person::home);
  EXPECT_EQ(home[Address::city], "Rome");
  EXPECT_EQ((*home.get(Address::street))[Street::number], 7);
  EXPECT_EQ(home.any().owner(), subject.any());
  std::vector<std::string> stays;
  for (const Object<Address> stay : subject.get(Person::stays))
    stays.push_back(stay[Address::city]);
  EXPECT_THAT(stays, ElementsAre("Bern", "Turku"));
  EXPECT_EQ((*subject.get(Person::offices).get("north"))[Address::city], "Kiruna");
  EXPECT_EQ(realm_.objects<Address>().size(), 4U);
  EXPECT_EQ(realm_.objects<Person>().filtered("home.street.number == 7").size(), 1U);

  realm_.write([&] { subject.create(Person::home, Address::city = "Pisa"); });
  EXPECT_FALSE(home.is_valid());
  EXPECT_TRUE(realm_.objects<Street>().empty());
  realm_.write([&] {
    subject.set(Person::home, std::nullopt);
    subject.get(Person::stays).erase(0);
    realm_.erase(*subject.get(Person::offices).get("north"));
  });
  EXPECT_EQ(subject.get(Person::home), std::nullopt);
  EXPECT_EQ(realm_.objects<Address>().size(), 1U);
  realm_.write([&] { realm_.erase(subject); });
  EXPECT_TRUE(realm_.objects<Address>().empty());
}

TEST_F(KindsTest, TheObjectsInACollectionAndThoseThatLinkAreResults) {
  realm_.write([&] {
    auto friends = person(1).get(Person::friends);
    friends.insert(person(3));
    friends.insert(person(2));
    person(2).set(Person::name, "two");
    person(2).get(Person::friends).insert(person(3));
    person(1).create(Person::home);
  });
  const AnyObject third = person(3).any();
  const PropertyId friends_id = third.property("friends");
  const AnyResults friends = person(1).get(Person::friends).any().objects();
  const AnyResults linking = third.linking(third.class_id(), friends_id);
  const auto ids = [](const AnyResults& results) {
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < results.size(); ++i) {
      all.push_back(results.at(i).get("_id").as_int());
    }
    return all;
  };

  EXPECT_THAT(ids(friends), ElementsAre(2, 3));
  EXPECT_THAT(ids(friends.sorted("_id", SortOrder::kDescending)), ElementsAre(3, 2));
  EXPECT_THAT(ids(friends.filtered("name == 'two'")), ElementsAre(2));
  EXPECT_THAT(ids(linking), ElementsAre(1, 2));
  EXPECT_THAT(ids(linking.filtered("_id > 1")), ElementsAre(2));
  EXPECT_EQ(third.link_count(), 2U);
  EXPECT_THAT(friends.explain(), HasSubstr("in the collection"));
  EXPECT_THAT(linking.explain(), HasSubstr("link to the object"));
  EXPECT_EQ(code_of([&] { (void)person(1).get(Person::tags).any().objects(); }),
            ErrorCode::kTypeMismatch);
  EXPECT_EQ(code_of([&] { (void)third.linking(third.class_id(), third.property("home")); }),
            ErrorCode::kInvalidArgument);

  Calls<CollectionChanges> calls;
  const NotificationToken token = friends.observe(calls.record());
  realm_.refresh();
  (void)calls.take();
  realm_.write([&] { realm_.erase(person(2)); });
  EXPECT_EQ(calls.take(), (CollectionChanges{{0}, {}, {}, {}}));
  realm_.write([&] { realm_.erase(person(1)); });
  EXPECT_EQ(calls.take(), (CollectionChanges{{0}, {}, {}, {}}));
  EXPECT_TRUE(linking.empty());
}

TEST_F(KindsTest, MisuseIsNamedAndChangesNothing) {
  auto subject = person(1);
  const AnyObject any = subject.any();
  const auto write_fails = [&](const std::function<void()>& call) {
    return code_of([&] { realm_.write([&] { call(); }); });
  };
  AnySet tags = any.set_of(any.property("tags"));
  AnyList things = any.list(any.property("things"));

  EXPECT_EQ(code_of([&] { tags.insert(Value::of_string("x")); }), ErrorCode::kNotInTransaction);
  EXPECT_EQ(write_fails([&] { tags.insert(Value::of_int(1)); }), ErrorCode::kTypeMismatch);
  EXPECT_EQ(write_fails([&] { tags.insert(Value::null()); }), ErrorCode::kTypeMismatch);
  EXPECT_EQ(write_fails([&] { things.push_back(Value::new_object()); }), ErrorCode::kTypeMismatch);
  EXPECT_EQ(write_fails([&] { realm_.create(realm_.class_id("Address"), {}); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([&] { (void)any.owner(); }), ErrorCode::kInvalidArgument);
  for (const char* name : {"name", "scores", "things"}) {
    EXPECT_EQ(code_of([&] { (void)any.set_of(any.property(name)); }), ErrorCode::kTypeMismatch);
  }
  EXPECT_EQ(code_of([&] { (void)any.list(any.property("anything")); }), ErrorCode::kTypeMismatch);
  EXPECT_EQ(code_of([&] { (void)things.get(0); }), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(tags.empty());

  Schema schema = schema_of<Person, Address, Street, Reading>();
  schema.classes[0].properties.push_back(
      {.name = "any", .type = PropertyType::kLink, .nullable = true});
  try {
    (void)Realm::open({.path = directory_.file("other.realm"), .schema = schema});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidSchema);
    EXPECT_THAT(error.message(), HasSubstr("Person.any"));
  }
}

TEST_F(KindsTest, ObserversOfSetsHearOfPositions) {
  auto tags = person(1).get(Person::tags);
  realm_.write([&] {
    for (const char* tag : {"a", "c", "e"}) tags.insert(tag);
  });
  Calls<CollectionChanges> calls;
  const NotificationToken token = tags.observe(calls.record());
  realm_.refresh();
  EXPECT_TRUE(calls.take().empty());

  realm_.write([&] {
    tags.insert("b");
    tags.erase("e");
    tags.insert("a");
  });

  EXPECT_EQ(calls.take(), (CollectionChanges{{2}, {1}, {}, {}}));
  realm_.write([&] { tags.insert("b"); });
  EXPECT_THAT(calls.all, IsEmpty());
  realm_.write([&] { realm_.erase(person(1)); });
  EXPECT_EQ(calls.take(), (CollectionChanges{{0, 1, 2}, {}, {}, {}}));
}

TEST_F(KindsTest, ObserversOfDictionariesHearOfKeys) {
  auto scores = person(1).get(Person::scores);
  realm_.write([&] {
    for (const char* key : {"a", "c", "e"}) scores.set(key, 1);
  });
  Calls<DictionaryChanges> calls;
  const NotificationToken token = scores.observe(calls.record());
  realm_.refresh();
  EXPECT_EQ(calls.take(), DictionaryChanges());

  realm_.write([&] {
    scores.set("b", 2);
    scores.erase("a");
    scores.set("c", 3);
    scores.erase("e");
    scores.set("e", 4);
  });
  EXPECT_EQ(calls.take(), (DictionaryChanges{{"a"}, {"b"}, {"c", "e"}}));

  realm_.write([&] {
    scores.clear();
    scores.set("c", 1);
    scores.set("z", 1);
  });
  EXPECT_EQ(calls.take(), (DictionaryChanges{{"b", "e"}, {"z"}, {"c"}}));
  realm_.write([&] { realm_.erase(person(1)); });
  EXPECT_EQ(calls.take(), (DictionaryChanges{{"c", "z"}, {}, {}}));
}

TEST_F(KindsTest, ObserversHearOfChangesInEmbeddedObjectsAndBehindLinks) {
  realm_.write([&] {
    person(1).create(Person::home).create(Address::street);
    person(1).get(Person::stays).create_back();
    person(1).get(Person::offices).create("north");
    person(1).get(Person::friends).insert(person(2));
    person(1).get(Person::roles).set("boss", person(2));
    person(1).get(Person::roles).set("nobody", std::nullopt);
  });
  Calls<CollectionChanges> people;
  Calls<CollectionChanges> stays;
  Calls<CollectionChanges> friends;
  Calls<DictionaryChanges> offices;
  Calls<DictionaryChanges> roles;
  const NotificationToken tokens[] = {
      realm_.objects<Person>().observe(people.record(), {{"home.street.number"}}),
      person(1).get(Person::stays).observe(stays.record()),
      person(1).get(Person::friends).observe(friends.record()),
      person(1).get(Person::offices).observe(offices.record()),
      person(1).get(Person::roles).observe(roles.record())};
  realm_.refresh();
  (void)people.take();
  (void)stays.take();
  (void)friends.take();
  (void)offices.take();
  (void)roles.take();

  realm_.write([&] {
    person(1).get(Person::home)->get(Address::street)->set(Street::number, 5);
    person(1).get(Person::stays)[0].set(Address::city, "Bern");
    person(1).get(Person::offices).get("north")->set(Address::city, "Kiruna");
    person(2).set(Person::name, "two");
  });

  EXPECT_THAT(people.take().new_modifications, ElementsAre(0));
  EXPECT_THAT(stays.take().new_modifications, ElementsAre(0));
  EXPECT_THAT(friends.take().new_modifications, ElementsAre(0));
  EXPECT_THAT(offices.take().modifications, ElementsAre("north"));
  EXPECT_THAT(roles.take().modifications, ElementsAre("boss"));

  // An embedded object that changed before it went.
  realm_.write([&] {
    person(1).get(Person::home)->get(Address::street)->set(Street::number, 6);
    person(1).set(Person::home, std::nullopt);
    person(1).get(Person::stays)[0].set(Address::city, "Rome");
    person(1).get(Person::stays).clear();
  });
  EXPECT_THAT(people.take().new_modifications, ElementsAre(0));
  EXPECT_THAT(stays.take().deletions, ElementsAre(0));
}

TEST_F(KindsTest, ANestedCollectionHasObserversUntilItGoes) {
  realm_.write([&] { person(1).set(Person::anything, Value::new_list()); });
  AnyList list = person(1).list(Person::anything);
  Calls<CollectionChanges> calls;
  Calls<ObjectChanges> object;
  const NotificationToken tokens[] = {list.observe(calls.record()),
                                      person(1).observe(object.record())};
  realm_.refresh();
  (void)calls.take();
  (void)object.take();

  realm_.write([&] { list.push_back(Value::of_int(1)); });
  EXPECT_EQ(calls.take(), (CollectionChanges{{}, {0}, {}, {}}));
  EXPECT_THAT(object.take().changed_properties, ElementsAre("anything"));
  realm_.write([&] { person(1).set(Person::anything, 1); });
  EXPECT_EQ(calls.take(), (CollectionChanges{{0}, {}, {}, {}}));
}

TEST_F(KindsTest, ACollectionIsModifiedWhereAnotherIsInItThatChanged) {
  // Given an observer of a list that has a plain value and lists in lists in it, and of a
  // dictionary.
  realm_.write([&] {
    AnyList things = person(1).get(Person::things).any();
    things.push_back(Value::of_int(0));
    for (std::size_t i = 1; i < 3; ++i) {
      things.push_back(Value::new_list());
      things.list(i).push_back(Value::new_list());
    }
    AnyDictionary extras = person(1).get(Person::extras).any();
    extras.set("deep", Value::new_list());
    extras.set("flat", Value::of_int(1));
  });
  Calls<CollectionChanges> list;
  Calls<DictionaryChanges> dictionary;
  const NotificationToken tokens[] = {
      person(1).get(Person::things).any().observe(list.record()),
      person(1).get(Person::extras).any().observe(dictionary.record())};
  realm_.refresh();
  (void)list.take();
  (void)dictionary.take();

  // When the innermost list changes, the element on the way to it is modified,
  const auto innermost = [&] { return person(1).get(Person::things).any().list(2).list(0); };
  realm_.write([&] { innermost().push_back(Value::of_int(1)); });
  EXPECT_EQ(list.take(), (CollectionChanges{{}, {}, {2}, {2}}));
  EXPECT_THAT(dictionary.all, IsEmpty());

  // wherever that stands then,
  realm_.write([&] {
    innermost().push_back(Value::of_int(2));
    AnyList things = person(1).get(Person::things).any();
    things.erase(0);
  });
  EXPECT_EQ(list.take(), (CollectionChanges{{0}, {}, {2}, {1}}));

  // and one that is new is inserted only.
  realm_.write([&] {
    AnyList things = person(1).get(Person::things).any();
    things.push_back(Value::new_list());
    things.list(2).push_back(Value::of_int(3));
    person(1).get(Person::extras).any().list("deep").push_back(Value::of_int(4));
  });
  EXPECT_EQ(list.take(), (CollectionChanges{{}, {2}, {}, {}}));
  EXPECT_THAT(dictionary.take().modifications, ElementsAre("deep"));
}

}  // namespace
}  // namespace tombolo
