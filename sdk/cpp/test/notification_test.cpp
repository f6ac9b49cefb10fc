#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"
#include "realm_core.h"
#include "test/support/temporary_directory.h"
#include "tombolo/tombolo.h"

/// What observers of results, collections and objects are told.

namespace tombolo {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Person;

struct Pet {
  static constexpr std::string_view class_name = "Pet";
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr Field<std::string> name{"name"};
  static constexpr Field<Link<Person>> owner{"owner"};
  static constexpr auto properties = std::tuple(id, name, owner);
};

struct Person {
  static constexpr std::string_view class_name = "Person";
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr Field<std::string> name{"name"};
  static constexpr Field<std::int64_t> age{"age"};
  static constexpr Field<Link<Person>> friend_{"friend"};
  static constexpr Field<List<Link<Pet>>> pets{"pets"};
  static constexpr Field<List<std::string>> tags{"tags"};
  static constexpr Field<Set<std::string>> labels{"labels"};
  static constexpr Field<Set<Link<Pet>>> flock{"flock"};
  static constexpr Field<Dictionary<Link<Pet>>> marks{"marks"};
  static constexpr auto properties =
      std::tuple(id, name, age, friend_, pets, tags, labels, flock, marks);
};

/// What an application sees of an object, `levels` objects deep; behind that only keys.
std::string content(const Realm& realm, const AnyObject& object, int levels);

std::string content(const Realm& realm, const Value& value, int levels) {
  if (value.is_null()) return "-";
  if (value.type() == store::ValueType::kInt) return std::to_string(value.as_int());
  if (value.type() == store::ValueType::kString) return std::string(value.as_string());
  return "{" + content(realm, AnyObject(realm.core(), value.as_link()), levels) + "}";
}

/// What it sees of the elements of a collection.
std::vector<std::string> elements(const Realm& realm, const AnyList& list, int levels) {
  std::vector<std::string> all;
  if (!list.is_valid()) return all;
  for (const Value value : list) all.push_back(content(realm, value, levels));
  return all;
}
std::vector<std::string> elements(const Realm& realm, const AnySet& set, int levels) {
  std::vector<std::string> all;
  if (!set.is_valid()) return all;
  for (const Value value : set) all.push_back(content(realm, value, levels));
  return all;
}
std::vector<std::string> elements(const Realm& realm, const AnySortedValues& values, int levels) {
  std::vector<std::string> all;
  if (!values.is_valid()) return all;
  for (const Value value : values) all.push_back(content(realm, value, levels));
  return all;
}
std::vector<std::string> elements(const Realm& realm, const AnyDictionary& dictionary, int levels) {
  std::vector<std::string> all;
  if (!dictionary.is_valid()) return all;
  for (const auto& [key, value] : dictionary) {
    all.push_back(key + "=" + content(realm, value, levels));
  }
  return all;
}

std::vector<std::string> elements(const Realm& realm,
                                  const AnyObject& object,
                                  std::string_view name,
                                  int levels) {
  const PropertyId property = object.property(name);
  switch (realm.core()->property_info(object.class_id(), property).collection) {
    case CollectionType::kSet: return elements(realm, object.set_of(property), levels);
    case CollectionType::kDictionary: return elements(realm, object.dictionary(property), levels);
    default: return elements(realm, object.list(property), levels);
  }
}

std::string content(const Realm& realm, const AnyObject& object, int levels) {
  std::string text = content(realm, object.get("_id"), 0);
  if (levels == 0) return text;
  for (const Property& property : realm.schema().find_class(object.class_name())->properties) {
    text += ' ';
    if (property.collection == CollectionType::kSingle) {
      text += content(realm, object.get(property.name), levels - 1);
      continue;
    }
    for (const std::string& element : elements(realm, object, property.name, levels - 1)) {
      text += element + ",";
    }
  }
  return text;
}

/// Something that is observed: applies what it is told to what it saw last.
class Watched {
 public:
  using Content = std::vector<std::string>;

  explicit Watched(std::function<Content()> now) : now_(std::move(now)), seen_(now_()) {}

  void told(const CollectionChanges& changes) {
    const Content now = now_();
    Content made = seen_;
    const auto in_order = [](const std::vector<std::size_t>& positions) {
      return std::ranges::adjacent_find(positions, std::ranges::greater_equal()) == positions.end();
    };
    RC_ASSERT(in_order(changes.deletions) && in_order(changes.insertions));
    RC_ASSERT(in_order(changes.old_modifications) && in_order(changes.new_modifications));
    RC_ASSERT(changes.old_modifications.size() == changes.new_modifications.size());
    for (std::size_t i = 0; i < changes.old_modifications.size(); ++i) {
      // So that each is known to come from where it is said to come from.
      made.at(changes.old_modifications[i]) = "modified " + std::to_string(i);
    }
    for (auto position = changes.deletions.rbegin(); position != changes.deletions.rend();
         ++position) {
      made.erase(made.begin() + static_cast<std::ptrdiff_t>(*position));
    }
    for (const std::size_t position : changes.insertions) {
      RC_ASSERT(position <= made.size());
      made.insert(made.begin() + static_cast<std::ptrdiff_t>(position), now.at(position));
    }
    for (std::size_t i = 0; i < changes.new_modifications.size(); ++i) {
      std::string& element = made.at(changes.new_modifications[i]);
      RC_ASSERT(element == "modified " + std::to_string(i));
      element = now.at(changes.new_modifications[i]);
    }
    RC_ASSERT(made == now);
    seen_ = now;
  }
  /// There are no further calls.
  void end() { is_over_ = true; }
  /// Nothing happened that was not told.
  void check() const {
    if (!is_over_) RC_ASSERT(seen_ == now_());
  }

 private:
  std::function<Content()> now_;
  Content seen_;
  bool is_over_ = false;
};

/// The same of a dictionary, whose elements are "key=value".
class WatchedKeys {
 public:
  using Content = Watched::Content;

  explicit WatchedKeys(std::function<Content()> now) : now_(std::move(now)), seen_(read()) {}

  void told(const DictionaryChanges& changes) {
    const auto now = read();
    for (const auto* keys : {&changes.deletions, &changes.insertions, &changes.modifications}) {
      RC_ASSERT(std::ranges::adjacent_find(*keys, std::ranges::greater_equal()) == keys->end());
    }
    for (const std::string& key : changes.deletions) RC_ASSERT(seen_.erase(key) == 1);
    for (const std::string& key : changes.insertions) {
      RC_ASSERT(seen_.emplace(key, now.at(key)).second);
    }
    for (const std::string& key : changes.modifications) seen_.at(key) = now.at(key);
    RC_ASSERT(seen_ == now);
  }
  void end() { is_over_ = true; }
  void check() const {
    if (!is_over_) RC_ASSERT(seen_ == read());
  }

 private:
  [[nodiscard]] std::map<std::string, std::string> read() const {
    std::map<std::string, std::string> content;
    for (const std::string& element : now_()) {
      content.emplace(element.substr(0, element.find('=')), element.substr(element.find('=')));
    }
    return content;
  }

  std::function<Content()> now_;
  std::map<std::string, std::string> seen_;
  bool is_over_ = false;
};

/// Writes at random to a few people and their pets.
class Editor {
 public:
  explicit Editor(Random& random) : random_(random) {}

  void transaction(Realm& realm) {
    realm.write([&] {
      for (std::uint64_t i = 1 + random_.below(6); i-- > 0;) edit(realm);
    });
  }

 private:
  static constexpr std::uint64_t kObjects = 5;

  std::int64_t id() { return static_cast<std::int64_t>(random_.below(kObjects)); }
  std::string text() { return std::string(1, static_cast<char>('a' + random_.below(26))); }

  Object<Person> person(Realm& realm) {
    const std::int64_t key = id();
    if (auto found = realm.find<Person>(key)) return *found;
    return realm.create<Person>(Person::id = key);
  }
  Object<Pet> pet(Realm& realm) {
    const std::int64_t key = id();
    if (auto found = realm.find<Pet>(key)) return *found;
    return realm.create<Pet>(Pet::id = key);
  }

  void edit(Realm& realm) {
    Object<Person> subject = person(realm);
    switch (random_.below(13)) {
      case 0: subject.set(Person::name, text()); break;
      case 1: subject.set(Person::age, id()); break;
      case 2: subject.set(Person::friend_, std::optional(person(realm))); break;
      case 3: subject.set(Person::friend_, std::optional<Object<Person>>()); break;
      case 4: pet(realm).set(Pet::name, text()); break;
      case 5: pet(realm).set(Pet::owner, std::optional(subject)); break;
      case 6: erase(realm, subject.any()); break;
      case 7: erase(realm, pet(realm).any()); break;
      case 8: edit_list(subject.get(Person::tags), [&] { return text(); }); break;
      case 9: edit_list(subject.get(Person::pets), [&] { return pet(realm); }); break;
      case 10: edit_set(subject.get(Person::labels), [&] { return text(); }); break;
      case 11: edit_set(subject.get(Person::flock), [&] { return pet(realm); }); break;
      case 12: edit_dictionary(subject.get(Person::marks), realm); break;
    }
  }

  void erase(Realm& realm, const AnyObject& object) {
    if (random_.below(2) == 0) {
      realm.erase(object);
    } else {
      realm.core()->writer().invalidate(object.ref());  // As another device's erasure does.
    }
  }

  template <typename T, typename Make>
  void edit_list(List<T> list, Make&& make) {
    const std::size_t size = list.size();
    const std::size_t at = size == 0 ? 0 : random_.below(size);
    switch (size == 0 ? 0 : random_.below(6)) {
      case 0: list.insert(random_.below(size + 1), make()); break;
      case 1: list.push_back(make()); break;
      case 2: list.set(at, make()); break;
      case 3: list.move(at, random_.below(size)); break;
      case 4: list.erase(at); break;
      case 5:
        list.clear();
        list.push_back(make());
        list.push_back(make());
        break;
    }
  }

  template <typename T, typename Make>
  void edit_set(Set<T> set, Make&& make) {
    const std::size_t size = set.size();
    switch (size == 0 ? 0 : random_.below(5)) {
      case 0:
      case 1: set.insert(make()); break;
      case 2: set.erase(set[random_.below(size)]); break;
      case 3: set.erase(make()); break;
      case 4:
        set.clear();
        set.insert(make());
        break;
    }
  }

  void edit_dictionary(Dictionary<Link<Pet>> dictionary, Realm& realm) {
    const std::size_t size = dictionary.size();
    switch (size == 0 ? 0 : random_.below(5)) {
      case 0:
      case 1: dictionary.set(text(), pet(realm)); break;
      case 2: dictionary.set(dictionary[random_.below(size)].first, pet(realm)); break;
      case 3: dictionary.erase(dictionary[random_.below(size)].first); break;
      case 4:
        dictionary.clear();
        dictionary.set(text(), std::nullopt);
        break;
    }
  }

  Random& random_;
};

class NotificationTest : public ::testing::Test {
 protected:
  [[nodiscard]] Realm open() const {
    return Realm::open({.path = directory_.file("a.realm"), .schema = schema_of<Person, Pet>()});
  }

  const test::TemporaryDirectory directory_;
};

// Applying what is told to what was seen before gives what is there: for results, with and without
// predicate and key paths, for lists, and for objects.
RC_GTEST_FIXTURE_PROP(NotificationTest, TheChangesMakeTheNewStateOfTheOld, (std::uint64_t seed)) {
  SeededRandom random(seed);
  Editor editor(random);
  std::filesystem::remove(directory_.file("a.realm"));
  Realm realm = open();
  Realm other = open();
  for (int i = 0; i < 3; ++i) editor.transaction(realm);

  std::list<Watched> watched;
  std::vector<NotificationToken> tokens;
  const auto watch = [&](auto observed, auto&& content_of, const KeyPaths& paths) {
    Watched& subject = watched.emplace_back([observed, content_of] {
      Watched::Content all;
      for (std::size_t i = 0; i < observed.size(); ++i) all.push_back(content_of(observed, i));
      return all;
    });
    tokens.push_back(observed.observe(
        [&subject](const auto&, const CollectionChanges& changes) { subject.told(changes); },
        paths));
  };
  const auto of_object = [&](int levels) {
    return [&realm, levels](const auto& results, std::size_t i) {
      return content(realm, results[i].any(), levels);
    };
  };
  const auto friends_name = [](const Results<Person>& results, std::size_t i) {
    const auto linked = results[i].get(Person::friend_);
    return std::to_string(results[i][Person::id]) +
           (linked ? std::to_string((*linked)[Person::id]) + (*linked)[Person::name] : "-");
  };
  watch(realm.objects<Person>(), of_object(4), std::nullopt);
  watch(realm.objects<Pet>(), of_object(4), std::nullopt);
  watch(realm.objects<Person>().where(Person::age > 1), of_object(4), std::nullopt);
  watch(realm.objects<Person>(), of_object(1), {{"*"}});
  watch(realm.objects<Person>(), friends_name, {{"friend.name"}});
  watch(realm.objects<Person>(), of_object(0), std::vector<std::string>());

  struct WatchedPerson {
    Object<Person> object;
    std::vector<std::string> values;
    bool is_deleted = false;
  };
  const auto values_of = [&](const Object<Person>& person) {
    std::vector<std::string> values;
    for (const char* name : {"name", "age", "friend"}) {
      values.push_back(content(realm, person.any().get(name), 0));
    }
    for (const char* name : {"pets", "tags", "labels", "flock", "marks"}) {
      std::string text;
      for (const std::string& each : elements(realm, person.any(), name, 0)) text += each + ",";
      values.push_back(text);
    }
    return values;
  };
  std::list<WatchedPerson> people;
  std::list<WatchedKeys> watched_keys;
  for (const Object<Person> person : realm.objects<Person>()) {
    const auto watch_elements = [&](const auto& all, int levels) {
      Watched& subject =
          watched.emplace_back([&realm, all, levels] { return elements(realm, all, levels); });
      tokens.push_back(all.observe([&subject](const auto& told, const CollectionChanges& changes) {
        subject.told(changes);
        if (!told.is_valid()) subject.end();
      }));
    };
    watch_elements(person.get(Person::tags).any(), 0);
    watch_elements(person.get(Person::pets).any(), 4);
    watch_elements(person.get(Person::labels).any(), 0);
    watch_elements(person.get(Person::flock).any(), 4);
    watch_elements(person.get(Person::tags).sorted().any(), 0);
    watch_elements(person.get(Person::labels).sorted(SortOrder::kDescending).any(), 0);
    const AnyDictionary marks = person.get(Person::marks).any();
    WatchedKeys& keys =
        watched_keys.emplace_back([&realm, marks] { return elements(realm, marks, 4); });
    tokens.push_back(marks.observe([&keys](const auto& told, const DictionaryChanges& changes) {
      keys.told(changes);
      if (!told.is_valid()) keys.end();
    }));
    WatchedPerson& subject = people.emplace_back(WatchedPerson{person, values_of(person)});
    tokens.push_back(person.observe([&](const auto&, const ObjectChanges& changes) {
      subject.is_deleted = changes.deleted;
      if (changes.deleted) return;
      const auto now = values_of(subject.object);
      const std::vector<std::string> names{
          "name", "age", "friend", "pets", "tags", "labels", "flock", "marks"};
      for (std::size_t i = 0; i < names.size(); ++i) {
        const bool is_told = std::ranges::count(changes.changed_properties, names[i]) == 1;
        RC_ASSERT(is_told || now[i] == subject.values[i]);
      }
      subject.values = now;
    }));
  }
  realm.refresh();

  for (int round = 0; round < 8; ++round) {
    for (std::uint64_t i = random.below(3); i-- > 0;) editor.transaction(other);
    if (random.below(2) == 0) editor.transaction(realm);
    realm.refresh();

    for (const Watched& subject : watched) subject.check();
    for (const WatchedKeys& subject : watched_keys) subject.check();
    for (const WatchedPerson& person : people) {
      RC_ASSERT(person.is_deleted ||
                (person.object.is_valid() && person.values == values_of(person.object)));
    }
  }
}

/// The calls that an observer has had.
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

class ListNotificationTest : public NotificationTest {
 protected:
  ListNotificationTest() {
    realm_.write([&] {
      auto person = realm_.create<Person>(Person::id = 1);
      for (const char* tag : {"a", "b", "c", "d"}) person.get(Person::tags).push_back(tag);
    });
    token_ = tags().observe(calls_.record());
    realm_.refresh();
    EXPECT_TRUE(calls_.take().empty());
  }
  [[nodiscard]] List<std::string> tags() const { return realm_.find<Person>(1)->get(Person::tags); }

  Realm realm_ = open();
  Calls<CollectionChanges> calls_;
  NotificationToken token_;
};

TEST_F(ListNotificationTest, AMoveIsADeletionAndAnInsertion) {
  realm_.write([&] { tags().move(0, 2); });

  EXPECT_EQ(calls_.take(), (CollectionChanges{{0}, {2}, {}, {}}));
}

TEST_F(ListNotificationTest, AnElementThatIsSetIsModifiedAlsoToAnEqualValue) {
  realm_.write([&] {
    tags().set(1, std::string("b"));
    tags().erase(0);
    tags().push_back(std::string("e"));
  });

  EXPECT_EQ(calls_.take(), (CollectionChanges{{0}, {3}, {1}, {0}}));
}

TEST_F(ListNotificationTest, WhatIsClearedAndFilledAgainIsAllNew) {
  realm_.write([&] {
    tags().clear();
    tags().push_back(std::string("a"));
  });

  EXPECT_EQ(calls_.take(), (CollectionChanges{{0, 1, 2, 3}, {0}, {}, {}}));
}

TEST_F(ListNotificationTest, WhatCameAndWentInOneTransactionIsNotTold) {
  realm_.write([&] {
    tags().insert(0, std::string("x"));
    tags().erase(0);
  });
  realm_.write([&] { realm_.find<Person>(1)->set(Person::name, std::string("Ada")); });

  EXPECT_THAT(calls_.all, IsEmpty());
}

TEST_F(ListNotificationTest, EndsWithTheObjectThatHasTheList) {
  realm_.write([&] { realm_.erase(*realm_.find<Person>(1)); });

  EXPECT_EQ(calls_.take(), (CollectionChanges{{0, 1, 2, 3}, {}, {}, {}}));
  realm_.write([&] { realm_.create<Person>(Person::id = 1); });
  EXPECT_THAT(calls_.all, IsEmpty());
}

TEST_F(ListNotificationTest, TellsOfItsSortedValuesWhereTheyStandThere) {
  // Given the values of d, c, b, a as their order backwards shows them,
  Calls<CollectionChanges> sorted;
  const NotificationToken token = tags().sorted(SortOrder::kDescending).observe(sorted.record());
  realm_.refresh();
  (void)sorted.take();

  // when the b becomes an x, the d goes and an a comes first,
  realm_.write([&] {
    tags().set(1, "x");
    tags().erase(3);
    tags().insert(0, "a");
  });

  // then the x has another place, and of two equal ones the first in the list comes first.
  const auto values = tags().sorted(SortOrder::kDescending);
  EXPECT_THAT(std::vector<std::string>(values.begin(), values.end()),
              ElementsAre("x", "c", "a", "a"));
  EXPECT_EQ(sorted.take(), (CollectionChanges{{0, 2}, {0, 2}, {}, {}}));
}

TEST_F(ListNotificationTest, IsShortWhateverWasDoneTransactionLong) {
  realm_.write([&] {
    for (int i = 0; i < 20'000; ++i) tags().insert(static_cast<std::size_t>(i) / 2 + 1, "x");
  });

  const CollectionChanges changes = calls_.take();

  EXPECT_EQ(changes.insertions.size(), 20'000U + changes.deletions.size());
}

TEST_F(NotificationTest, AChangeBehindLinksIsOneOfResultsThreeLinksOn) {
  // Given a chain 1 -> 2 -> 3 -> 4 -> 5,
  Realm realm = open();
  realm.write([&] {
    for (std::int64_t id = 1; id <= 5; ++id) realm.create<Person>(Person::id = id);
    for (std::int64_t id = 1; id < 5; ++id) {
      realm.find<Person>(id)->set(Person::friend_, realm.find<Person>(id + 1));
    }
  });
  Calls<CollectionChanges> all;
  Calls<ObjectChanges> first;
  Calls<ObjectChanges> by_path;
  const auto people = realm.objects<Person>();
  const auto one = *realm.find<Person>(1);
  const NotificationToken tokens[] = {people.observe(all.record()),
                                      one.observe(first.record()),
                                      one.observe(by_path.record(), {{"friend.friend.name"}})};
  realm.refresh();
  (void)all.take();
  (void)first.take();
  (void)by_path.take();

  realm.write([&] { realm.find<Person>(5)->set(Person::name, std::string("five")); });

  EXPECT_THAT(all.take().new_modifications, ElementsAre(1, 2, 3, 4));

  realm.write([&] { realm.find<Person>(3)->set(Person::name, std::string("three")); });

  EXPECT_THAT(all.take().new_modifications, ElementsAre(0, 1, 2));
  EXPECT_THAT(by_path.take().changed_properties, ElementsAre("friend"));
  EXPECT_THAT(first.all, IsEmpty()) << "an object tells of itself";

  // A link on the way counts, other properties do not.
  realm.write([&] {
    realm.find<Person>(3)->set(Person::age, 3);
    realm.find<Person>(1)->set(Person::name, std::string("one"));
  });
  EXPECT_THAT(by_path.all, IsEmpty());
  realm.write([&] { realm.find<Person>(2)->set(Person::friend_, realm.find<Person>(5)); });
  EXPECT_THAT(by_path.take().changed_properties, ElementsAre("friend"));
}

TEST_F(NotificationTest, KeyPathsThatLeadNowhereAreRefused) {
  Realm realm = open();
  realm.write([&] { realm.create<Person>(Person::id = 1); });
  const auto message = [&](const std::string& path) -> std::string {
    try {
      const auto token = realm.objects<Person>().observe([](const auto&, const auto&) {}, {{path}});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.message();
    }
    return "";
  };

  EXPECT_EQ(message("friend.zz"),
            "Property 'zz' in KeyPath 'friend.zz' is not a valid property in Person.");
  EXPECT_EQ(message("zz"), "Property 'zz' in KeyPath 'zz' is not a valid property in Person.");
  EXPECT_NE(message("name.length"), "");
  EXPECT_NE(message(""), "");
  EXPECT_NE(message("friend."), "");
  EXPECT_EQ(message("*.*.name"), "");
}

TEST_F(NotificationTest, ObserversBeginBeforeChangesAndOnWhatIsThere) {
  Realm realm = open();
  realm.begin_transaction();
  auto person = realm.create<Person>(Person::id = 1);
  EXPECT_THROW((void)realm.objects<Person>().observe([](const auto&, const auto&) {}), Error);
  realm.commit_transaction();
  Calls<CollectionChanges> list;
  Calls<ObjectChanges> object;
  realm.write([&] { realm.erase(person); });

  const NotificationToken tokens[] = {person.observe(object.record()),
                                      person.get(Person::tags).observe(list.record())};
  realm.refresh();

  EXPECT_THAT(list.all, IsEmpty());
  EXPECT_THAT(object.all, IsEmpty());
}

TEST_F(NotificationTest, ACommitIsShownAtOnceByRealmsOfTheThreadThatHaveAScheduler) {
  // Given two such realms that observe, and one without a scheduler,
  std::vector<std::function<void()>> tasks;
  const auto open_scheduled = [&] {
    return Realm::open({.path = directory_.file("a.realm"),
                        .schema = schema_of<Person, Pet>(),
                        .scheduler = [&](std::function<void()> task) { tasks.push_back(task); }});
  };
  Realm realm = open_scheduled();
  Realm other = open_scheduled();
  const Realm refreshed_by_hand = open();
  Calls<CollectionChanges> told;
  const auto people = other.objects<Person>();
  const NotificationToken token = people.observe(told.record());
  std::vector<std::size_t> seen;
  const NotificationToken commits = other.observe([&] {
    seen.push_back(people.size());
    if (people.size() == 1) other.write([&] { other.create<Person>(Person::id = 2); });
  });
  const auto run_tasks = [&] {
    for (const auto& task : std::exchange(tasks, {})) task();
  };
  run_tasks();

  // When one of the two commits, and the other does from its observer,
  realm.write([&] { realm.create<Person>(Person::id = 1); });

  // Then each shows both, observers of commits have been called, and others before a transaction
  // begins or later.
  EXPECT_EQ(people.size(), 2U);
  EXPECT_EQ(realm.objects<Person>().size(), 2U);
  EXPECT_EQ(refreshed_by_hand.objects<Person>().size(), 0U);
  EXPECT_THAT(seen, ElementsAre(1, 2));
  ASSERT_THAT(told.all, SizeIs(2));
  EXPECT_THAT(told.all[1].insertions, ElementsAre(0));
  run_tasks();
  ASSERT_THAT(told.all, SizeIs(3));
  EXPECT_THAT(told.all[2].insertions, ElementsAre(1));
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST_F(NotificationTest, ASnapshotKeepsItsObjects) {
  Realm realm = open();
  realm.write([&] {
    for (std::int64_t id = 0; id < 3; ++id) realm.create<Person>(Person::id = id);
  });
  const auto snapshot = realm.objects<Person>().snapshot();

  realm.write([&] {
    realm.erase(*realm.find<Person>(1));
    realm.create<Person>(Person::id = 7);
    realm.find<Person>(2)->set(Person::name, std::string("two"));
  });

  ASSERT_EQ(snapshot.size(), 3U);
  EXPECT_TRUE(snapshot[0].is_valid());
  EXPECT_FALSE(snapshot[1].is_valid());
  EXPECT_EQ(snapshot[2][Person::name], "two") << "what is in them is live";
  EXPECT_THROW((void)snapshot.observe([](const auto&, const auto&) {}), Error);
  EXPECT_THROW((void)snapshot.where(Person::age > 1), Error);
}

}  // namespace
}  // namespace tombolo
