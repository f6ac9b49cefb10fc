#include <iostream>

#include "tombolo/tombolo.h"

/// Sets, dictionaries, mixed values and embedded objects: `contacts FILE`.

struct Address {
  static constexpr std::string_view class_name = "Address";
  static constexpr auto class_kind = tombolo::ClassKind::kEmbedded;
  static constexpr tombolo::Field<std::string> city{"city"};
  static constexpr auto properties = std::tuple(city);
};

struct Contact {
  static constexpr std::string_view class_name = "Contact";
  static constexpr tombolo::Key<std::string> name{"_id"};
  static constexpr tombolo::Field<tombolo::Set<std::string>> tags{"tags"};
  static constexpr tombolo::Field<tombolo::Dictionary<std::string>> phones{"phones"};
  static constexpr tombolo::Field<tombolo::Embedded<Address>> home{"home"};
  static constexpr tombolo::Field<tombolo::List<tombolo::Embedded<Address>>> past{"past"};
  static constexpr tombolo::Field<tombolo::Mixed> note{"note"};
  static constexpr auto properties = std::tuple(name, tags, phones, home, past, note);
};

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: contacts FILE\n";
    return 2;
  }
  auto realm =
      tombolo::Realm::open({.path = argv[1], .schema = tombolo::schema_of<Contact, Address>()});

  realm.write([&] {
    auto ada = realm.create<Contact>(tombolo::UpdateMode::kModified, Contact::name = "Ada");
    ada.get(Contact::tags).insert("friend");
    ada.get(Contact::phones).set("work", "+44 20 7946 0000");
    ada.create(Contact::home, Address::city = "London");
    ada.get(Contact::past).create_back(Address::city = "Ockham");
    ada.set(Contact::note, 1815);

    ada.set(Contact::note, tombolo::Value::new_dictionary());
    tombolo::AnyDictionary note = ada.dictionary(Contact::note);
    note.set("born", tombolo::Value::of_int(1815));
    note.set("languages", tombolo::Value::new_list());
    note.list("languages").push_back(tombolo::Value::of_string("English"));
  });

  const auto ada = *realm.find<Contact>("Ada");
  for (const auto& [kind, number] : ada.get(Contact::phones)) {
    std::cout << kind << ": " << number << '\n';
  }
  std::cout << "lives in " << ada.get(Contact::home)->get(Address::city) << ", "
            << ada.get(Contact::tags).contains("friend") << '\n';
  std::cout << "born in " << ada.dictionary(Contact::note).get("born").as_int() << '\n';
  std::cout
      << realm.objects<Contact>().filtered("home.city == 'London' AND 'friend' IN tags").size()
      << " in London\n";
  return 0;
} catch (const tombolo::Error& error) {
  std::cerr << error.describe() << '\n';
  return 1;
}
