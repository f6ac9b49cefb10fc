#include <iostream>

#include "examples/cpp/cities.h"

/// A local realm: `local FILE`.
int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: local FILE\n";
    return 2;
  }
  auto realm =
      tombolo::Realm::open({.path = argv[1], .schema = tombolo::schema_of<City, Country>()});

  const tombolo::NotificationToken token = realm.objects<City>().observe(
      [](const tombolo::Results<City>& cities, const tombolo::CollectionChanges& changes) {
        std::cout << cities.size() << " cities, " << changes.insertions.size() << " new\n";
      });

  realm.write([&] {
    auto italy = realm.create<Country>(
        tombolo::UpdateMode::kModified, Country::code = "IT", Country::name = "Italy");
    auto rome = realm.create<City>(tombolo::UpdateMode::kModified,
                                   City::id = 1,
                                   City::name = "Rome",
                                   City::population = 2'800'000);
    rome.set(City::country, std::optional(italy));
    rome.get(City::aliases).push_back("Roma");
    rome.add(City::population, 1);
  });

  for (const tombolo::Object<City> city :
       realm.objects<City>().where(City::population > 1'000'000 && City::name == "Rome")) {
    std::cout << city[City::name] << " in " << city.get(City::country)->get(Country::name) << ": "
              << city[City::population] << '\n';
  }

  const auto large =
      realm.objects<City>()
          .filtered("population > $0 AND country.name BEGINSWITH[c] $1", 1'000'000, "i")
          .sorted(City::population, tombolo::SortOrder::kDescending);
  std::cout << large.size() << " large ones in countries with an I\n";

  try {
    realm.write([&] {
      realm.create<City>(City::id = 2, City::name = "Atlantis");
      realm.create<City>(City::id = 2, City::name = "Atlantis again");
    });
  } catch (const tombolo::Error& error) {
    std::cout << tombolo::error_code_name(error.code())
              << ", and nothing was written: " << realm.find<City>(2).has_value() << '\n';
  }
  return 0;
} catch (const tombolo::Error& error) {
  std::cerr << error.describe() << '\n';
  return 1;
}
