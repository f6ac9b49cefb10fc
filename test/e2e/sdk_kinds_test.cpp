#include "test/e2e/sdk_fixture.h"

/// Sets, dictionaries, mixed values and embedded objects on two devices.

namespace tombolo::test {
namespace {

struct Address {
  static constexpr std::string_view class_name = "Address";
  static constexpr auto class_kind = ClassKind::kEmbedded;
  static constexpr Field<std::string> city{"city"};
  static constexpr auto properties = std::tuple(city);
};

struct Person {
  static constexpr std::string_view class_name = "Person";
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr Field<Mixed> anything{"anything"};
  static constexpr Field<Set<std::string>> tags{"tags"};
  static constexpr Field<Set<Link<Person>>> friends{"friends"};
  static constexpr Field<Dictionary<std::int64_t>> scores{"scores"};
  static constexpr Field<Embedded<Address>> home{"home"};
  static constexpr Field<List<Embedded<Address>>> stays{"stays"};
  static constexpr Field<Dictionary<Embedded<Address>>> offices{"offices"};
  static constexpr auto properties =
      std::tuple(id, anything, tags, friends, scores, home, stays, offices);
};

class SdkKinds : public SdkTest {
 protected:
  struct Device {
    User user;
    Realm realm;

    [[nodiscard]] Object<Person> person(std::int64_t id) const { return *realm.find<Person>(id); }
  };

  [[nodiscard]] Device device(const std::string& name) const {
    const User user = this->user(name);
    RealmConfiguration configuration = SdkTest::configuration(user, "people");
    configuration.schema = schema_of<Person, Address>();
    return {user, Realm::open(configuration)};
  }
  /// Both have what the other wrote.
  static void exchange(Device& left, Device& right) {
    upload(left.realm);
    upload(right.realm);
    download(left.realm);
    download(right.realm);
  }

  /// Everything in a person, as text.
  static std::string content(const Device& device, std::int64_t id) {
    const Object<Person> person = device.person(id);
    std::string text = "tags";
    for (const std::string tag : person.get(Person::tags)) text += ' ' + tag;
    text += "; friends";
    for (const Object<Person> each : person.get(Person::friends)) {
      text += ' ' + std::to_string(each[Person::id]);
    }
    text += "; scores";
    for (const auto& [key, score] : person.get(Person::scores)) {
      text += ' ' + key + '=' + std::to_string(score);
    }
    const auto home = person.get(Person::home);
    text += "; home " + (home ? (*home)[Address::city] : "-") + "; stays";
    for (const Object<Address> stay : person.get(Person::stays)) {
      text += ' ' + stay[Address::city];
    }
    text += "; offices";
    for (const auto& [key, office] : person.get(Person::offices)) {
      text += ' ' + key + '=' + (office ? (*office)[Address::city] : "-");
    }
    return text + "; anything " + content(person.dictionary(Person::anything));
  }
  static std::string content(const AnyDictionary& dictionary) {
    std::string text = "{";
    for (const auto& [key, value] : dictionary) {
      text += ' ' + key + ':';
      if (value.type() == ValueType::kInt) text += std::to_string(value.as_int());
      if (value.type() == ValueType::kList) {
        for (const Value element : dictionary.list(key)) {
          text += ' ' + std::to_string(element.as_int());
        }
      }
    }
    return text + " }";
  }
};

TEST_F(SdkKinds, WhatOneDeviceWritesIsOnTheOther) {
  Device phone = device("phone");
  Device laptop = device("laptop");
  phone.realm.write([&] {
    auto person = phone.realm.create<Person>(Person::id = 1);
    auto other = phone.realm.create<Person>(Person::id = 2);
    person.get(Person::tags).insert("b");
    person.get(Person::tags).insert("a");
    person.get(Person::friends).insert(other);
    person.get(Person::scores).set("go", 7);
    person.create(Person::home, Address::city = "Rome");
    person.get(Person::stays).create_back(Address::city = "Oslo");
    person.get(Person::stays).create_back(Address::city = "Bern");
    person.get(Person::offices).create("north", Address::city = "Kiruna");
    person.set(Person::anything, Value::new_dictionary());
    AnyDictionary anything = person.dictionary(Person::anything);
    anything.set("n", Value::of_int(1));
    anything.set("list", Value::new_list());
    anything.list("list").push_back(Value::of_int(2));
  });

  exchange(phone, laptop);

  const std::string expected =
      "tags a b; friends 2; scores go=7; home Rome; stays Oslo Bern; offices north=Kiruna; "
      "anything { list: 2 n:1 }";
  EXPECT_EQ(content(phone, 1), expected);
  EXPECT_EQ(content(laptop, 1), expected);

  laptop.realm.write([&] {
    laptop.person(1).get(Person::tags).erase("a");
    laptop.person(1).get(Person::scores).erase("go");
    laptop.person(1).set(Person::home, std::nullopt);
    laptop.person(1).get(Person::stays)[0].set(Address::city, "Turku");
    laptop.person(1).get(Person::offices).erase("north");
    laptop.person(1).dictionary(Person::anything).list("list").clear();
    laptop.realm.erase(laptop.person(2));
  });
  exchange(laptop, phone);

  EXPECT_EQ(content(phone, 1),
            "tags b; friends; scores; home -; stays Turku Bern; offices; anything { list: n:1 }");
  EXPECT_EQ(content(laptop, 1), content(phone, 1));
}

TEST_F(SdkKinds, WhatBothWroteOfflineIsMergedToTheSame) {
  Device phone = device("phone");
  Device laptop = device("laptop");
  phone.realm.write([&] {
    phone.realm.create<Person>(Person::id = 1).set(Person::anything, Value::new_dictionary());
    phone.person(1).create(Person::home, Address::city = "Rome");
  });
  exchange(phone, laptop);
  for (const Device* each : {&phone, &laptop}) each->realm.sync_session()->pause();
  const auto edit = [](Device& device, const std::string& name) {
    device.realm.write([&] {
      auto person = device.person(1);
      person.get(Person::tags).insert("both");
      person.get(Person::tags).insert(name);
      person.get(Person::scores).set("both", static_cast<std::int64_t>(name.size()));
      person.get(Person::scores).set(name, 1);
      person.get(Person::stays).create_back(Address::city = name);
      person.get(Person::offices).create(name, Address::city = name);
      person.dictionary(Person::anything).set(name, Value::of_int(1));
    });
  };
  edit(phone, "phone");
  edit(laptop, "laptop");
  phone.realm.write([&] { phone.person(1).get(Person::home)->set(Address::city, "Pisa"); });

  for (const Device* each : {&phone, &laptop}) each->realm.sync_session()->resume();
  exchange(phone, laptop);
  exchange(phone, laptop);

  EXPECT_EQ(content(phone, 1), content(laptop, 1));
  EXPECT_EQ(phone.person(1).get(Person::tags).size(), 3U);
  EXPECT_EQ(phone.person(1).get(Person::scores).size(), 3U);
  EXPECT_EQ(phone.person(1).get(Person::stays).size(), 2U);
  EXPECT_EQ(phone.person(1).get(Person::offices).size(), 2U);
  EXPECT_EQ(phone.person(1).dictionary(Person::anything).size(), 2U);
  EXPECT_EQ((*phone.person(1).get(Person::home))[Address::city], "Pisa");
}

}  // namespace
}  // namespace tombolo::test
