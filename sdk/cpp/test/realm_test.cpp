#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test/support/child_process.h"
#include "tombolo/tombolo.h"

namespace tombolo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Country {
  static constexpr std::string_view class_name = "Country";
  static constexpr Key<std::string> code{"code"};
  static constexpr Field<std::string> name{"name"};
  static constexpr auto properties = std::tuple(code, name);
};

struct City {
  static constexpr std::string_view class_name = "City";
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr Field<std::string> name{"name"};
  static constexpr Field<std::optional<double>> elevation{"elevation"};
  static constexpr Field<std::int64_t> population{"population"};
  static constexpr Field<Link<Country>> country{"country"};
  static constexpr Field<List<std::string>> aliases{"aliases"};
  static constexpr Field<List<Link<Country>>> visited_from{"visitedFrom"};
  static constexpr auto properties =
      std::tuple(id, name, elevation, population, country, aliases, visited_from);
};

/// A city of a program that searches more.
struct IndexedCity {
  static constexpr std::string_view class_name = "City";
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr FullText<std::string> name{"name"};
  static constexpr Indexed<std::int64_t> population{"population"};
  static constexpr Field<std::optional<double>> elevation{"elevation"};
  static constexpr Field<Link<Country>> country{"country"};
  static constexpr Field<List<std::string>> aliases{"aliases"};
  static constexpr Field<List<Link<Country>>> visited_from{"visitedFrom"};
  static constexpr auto properties =
      std::tuple(id, name, elevation, population, country, aliases, visited_from);
};

/// A folder that is gone after the test.
class RealmTest : public ::testing::Test {
 protected:
  RealmTest() {
    std::string name = (std::filesystem::temp_directory_path() / "tombolo-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~RealmTest() override { std::filesystem::remove_all(folder_); }

  Realm open() {
    return Realm::open({.path = folder_ / "cities.realm", .schema = schema_of<City, Country>()});
  }
  static ErrorCode code_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "no error";
    return ErrorCode::kInternal;
  }

  std::filesystem::path folder_;
};

TEST_F(RealmTest, WhatWasWrittenIsThereAfterReopening) {
  {
    Realm realm = open();
    realm.write([&] {
      auto italy = realm.create<Country>(Country::code = "IT", Country::name = "Italy");
      auto rome = realm.create<City>(
          City::id = 1, City::name = "Rome", City::elevation = 21.0, City::country = italy);
      rome.get(City::aliases).push_back("Roma");
      rome.get(City::visited_from).push_back(italy);
    });
  }

  Realm realm = open();
  const auto rome = realm.find<City>(1);

  ASSERT_TRUE(rome);
  EXPECT_EQ((*rome)[City::name], "Rome");
  EXPECT_EQ((*rome)[City::elevation], 21.0);
  EXPECT_EQ((*rome)[City::population], 0);
  EXPECT_EQ((*rome)[City::country]->get(Country::name), "Italy");
  EXPECT_EQ((*rome)[City::aliases][0], "Roma");
  EXPECT_EQ((*rome)[City::visited_from][0][Country::code], "IT");
  EXPECT_EQ(realm.find<Country>("IT")->get(Country::name), "Italy");
}

TEST_F(RealmTest, AnExceptionInsideWriteRollsEverythingBack) {
  Realm realm = open();

  EXPECT_THROW(realm.write([&] {
    realm.create<City>(City::id = 1);
    throw std::runtime_error("changed my mind");
  }),
               std::runtime_error);

  EXPECT_FALSE(realm.is_in_transaction());
  EXPECT_TRUE(realm.objects<City>().empty());
}

TEST_F(RealmTest, MisuseIsNamedAndChangesNothing) {
  Realm realm = open();
  realm.write([&] { realm.create<City>(City::id = 1); });
  auto city = *realm.find<City>(1);

  EXPECT_EQ(code_of([&] { city.set(City::name, "x"); }), ErrorCode::kNotInTransaction);
  EXPECT_EQ(code_of([&] { realm.write([&] { realm.create<City>(City::id = 1); }); }),
            ErrorCode::kDuplicateKey);
  EXPECT_EQ(code_of([&] { realm.write([&] { realm.create<City>(City::name = "x"); }); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([&] {
              AnyObject any = city.any();
              realm.write([&] { any.set("name", Value::of_int(3)); });
            }),
            ErrorCode::kTypeMismatch);
  EXPECT_EQ(code_of([&] { realm.write([&] { realm.begin_transaction(); }); }),
            ErrorCode::kInTransaction);
  realm.write([&] { realm.erase(city); });
  EXPECT_EQ(code_of([&] { (void)city[City::name]; }), ErrorCode::kObjectDeleted);
  realm.close();
  EXPECT_EQ(code_of([&] { (void)realm.objects<City>().size(); }), ErrorCode::kClosed);
}

TEST_F(RealmTest, ASchemaThatContradictsTheFileIsRefusedWithEveryProblem) {
  open().close();
  Schema other = schema_of<City, Country>();
  other.classes[0].properties[1].type = PropertyType::kInt;

  try {
    (void)Realm::open({.path = folder_ / "cities.realm", .schema = other});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kSchemaMismatch);
    EXPECT_THAT(error.message(), HasSubstr("name"));
  }
}

TEST_F(RealmTest, ASchemaThatContradictsItselfIsRefusedWithEveryProblem) {
  Schema schema = schema_of<City, Country>();
  schema.classes[0].primary_key = "number";
  schema.classes[1].properties.push_back(schema.classes[1].properties[0]);

  try {
    (void)Realm::open({.path = folder_ / "cities.realm", .schema = schema});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidSchema);
    EXPECT_EQ(error.message(),
              "City: the primary key 'number' is no property\n"
              "Country.code: the property is declared twice");
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cities.realm"));
}

TEST_F(RealmTest, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(folder_ / "file") << "no folder";
  try {
    (void)Realm::open({.path = folder_ / "file" / "cities.realm"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kStorage);
    EXPECT_THAT(error.message(), HasSubstr((folder_ / "file").string()));
  }
}

TEST_F(RealmTest, AFolderThatMayNotBeWrittenIsNamed) {
  std::filesystem::create_directory(folder_ / "closed");
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  std::filesystem::permissions(folder_ / "closed", std::filesystem::perms(0555));

  test::ChildProcess child([&](const test::Pipe&) {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0) {  // Root may write everywhere.
      ASSERT_EQ(::seteuid(kNobody), 0);
    }
    for (const char* const path : {"closed/cities.realm", "closed/new/cities.realm"}) {
      try {
        (void)Realm::open({.path = folder_ / path});
        ADD_FAILURE();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kPermissionDenied);
        EXPECT_THAT(error.message(), HasSubstr((folder_ / "closed").string()));
      }
    }
  });

  EXPECT_TRUE(child.succeeds());
}

TEST_F(RealmTest, AFullDiskFailsTheWriteAndLosesNothing) {
  test::ChildProcess child([&](const test::Pipe&) {
    ::signal(SIGXFSZ, SIG_IGN);
    Realm realm = open();
    realm.write([&] { realm.create<City>(City::id = 1, City::name = "Rome"); });
    const auto write_much = [&] {
      realm.write([&] {
        for (std::int64_t i = 2; i < 500; ++i) {
          realm.create<City>(City::id = i, City::name = std::string(10'000, 'x'));
        }
      });
    };

    // Given a disk on which the file can hardly grow,
    rlimit limit{std::filesystem::file_size(folder_ / "cities.realm") + 300'000, RLIM_INFINITY};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);

    // When a large transaction is committed, then it fails by name, nothing of it is there, and the
    // realm can still be read.
    EXPECT_EQ(code_of(write_much), ErrorCode::kDiskFull);
    EXPECT_FALSE(realm.is_in_transaction());
    EXPECT_EQ(realm.objects<City>().size(), 1U);
    EXPECT_EQ((*realm.find<City>(1))[City::name], "Rome");

    // With room again the same realm goes on.
    limit.rlim_cur = RLIM_INFINITY;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    write_much();
  });

  EXPECT_TRUE(child.succeeds());
  EXPECT_EQ(open().objects<City>().size(), 499U);
}

TEST_F(RealmTest, ResultsAreLiveAndFilteredByTypedPredicates) {
  Realm realm = open();
  const auto large =
      realm.objects<City>().where(City::population > 1'000'000 && City::name != "Atlantis");
  realm.write([&] {
    realm.create<City>(City::id = 1, City::name = "Rome", City::population = 2'800'000);
    realm.create<City>(City::id = 2, City::name = "Siena", City::population = 53'000);
    realm.create<City>(City::id = 3, City::name = "Atlantis", City::population = 9'000'000);
  });

  std::vector<std::string> names;
  for (const Object<City> city : large) names.push_back(city[City::name]);

  EXPECT_THAT(names, ElementsAre("Rome"));
}

TEST_F(RealmTest, ResultsAreFilteredByTextAndSorted) {
  Realm realm = open();
  realm.write([&] {
    const auto italy = realm.create<Country>(Country::code = "IT", Country::name = "Italy");
    realm.create<City>(
        City::id = 1, City::name = "Rome", City::population = 2'800'000, City::country = italy);
    realm.create<City>(
        City::id = 2, City::name = "Siena", City::population = 53'000, City::country = italy);
    realm.create<City>(City::id = 3, City::name = "Atlantis", City::population = 9'000'000);
  });
  const auto names = [](const Results<City>& results) {
    std::vector<std::string> found;
    for (const Object<City> city : results) found.push_back(city[City::name]);
    return found;
  };
  const Results<City> cities = realm.objects<City>();

  EXPECT_THAT(names(cities.filtered("population > $0 AND country.name == $1", 1000, "Italy")),
              ElementsAre("Rome", "Siena"));
  EXPECT_THAT(
      names(cities.filtered("country == $0", *realm.find<Country>("IT")).sorted(City::population)),
      ElementsAre("Siena", "Rome"));
  EXPECT_THAT(names(cities.where(City::population > 60'000).filtered("name CONTAINS[c] 'O'")),
              ElementsAre("Rome"));
  EXPECT_THAT(names(cities.sorted("name").sorted("country.name", SortOrder::kDescending)),
              ElementsAre("Atlantis", "Rome", "Siena"));
  EXPECT_THAT(names(cities.filtered("_id IN $0 SORT(name DESC) LIMIT(1)",
                                    std::vector<QueryArgument>{1, 2})),
              ElementsAre("Siena"));
  EXPECT_EQ(
      realm.objects<Country>()
          .any()
          .filtered(
              "visitors.name == 'Rome'", {}, {{}, {{"Country", "visitors", "City", "country"}}})
          .size(),
      1U);
  EXPECT_EQ(cities.filtered("_id == 1").any().explain(),
            "look up 'City' by its primary key '_id' and ask the object found\n");
}

TEST_F(RealmTest, ResultsAreDescribedByOneQueryWithItsArguments) {
  const Realm realm = open();
  const Results<City> cities = realm.objects<City>();

  EXPECT_EQ(cities.any().description(), "TRUEPREDICATE");
  EXPECT_EQ(cities.where(City::population > 5 && City::name == "Rome")
                .sorted(City::population)
                .filtered("name == $0 OR _id IN $1 LIMIT(3)", "a", std::vector<QueryArgument>{1, 2})
                .any()
                .description(),
            "population > 5 and name == \"Rome\" and (name == \"a\" or _id IN {1, 2})"
            " SORT(population ASC) LIMIT(3)");
}

TEST_F(RealmTest, ANewFileIsFilledInTheTransactionThatMakesIt) {
  RealmConfiguration configuration{.path = folder_ / "cities.realm",
                                   .schema = schema_of<City, Country>()};
  int calls = 0;
  bool fails = true;
  configuration.first_open = [&](Realm& realm) {
    ++calls;
    realm.create<City>(City::id = calls);
    if (fails) throw Error(ErrorCode::kInvalidArgument, "no");
  };

  // When it fails, the file stays new; otherwise it is so no more.
  EXPECT_EQ(code_of([&] { (void)Realm::open(configuration); }), ErrorCode::kInvalidArgument);
  fails = false;
  { const Realm first = Realm::open(configuration); }
  const Realm again = Realm::open(configuration);

  EXPECT_EQ(calls, 2);
  ASSERT_EQ(again.objects<City>().size(), 1U);
  EXPECT_EQ(again.objects<City>()[0][City::id], 2);
}

TEST_F(RealmTest, OpeningBringsTheIndexesOfTheModelAndDropsOthers) {
  {
    Realm realm = open();
    realm.write([&] {
      realm.create<City>(City::id = 1, City::name = "San Marino", City::population = 10);
      realm.create<City>(City::id = 2, City::name = "Rome", City::population = 31);
    });
  }
  {
    Realm realm = Realm::open(
        {.path = folder_ / "cities.realm", .schema = schema_of<IndexedCity, Country>()});
    const auto cities = realm.objects<IndexedCity>();
    EXPECT_EQ(cities.filtered("name TEXT 'marino'").size(), 1U);
    EXPECT_EQ(cities.filtered("population == 31").any().explain(),
              "look up 1 object of 'City' in the index of 'population'\n");
  }

  Realm realm = open();

  EXPECT_THAT(realm.objects<City>().filtered("population == 31").any().explain(),
              HasSubstr("scan the column 'population'"));
}

TEST_F(RealmTest, ResultsInATransactionShowWhatComesAndGoesInIt) {
  Realm realm = open();
  const Results<City> cities = realm.objects<City>();
  realm.write([&] {
    realm.create<City>(City::id = 1, City::name = "Rome");
    realm.create<City>(City::id = 2, City::name = "Bari");
    EXPECT_EQ(cities[1][City::name], "Bari");

    // What is written to objects changes nothing about which there are, a deletion does,
    cities[0].set(City::name, "Roma");
    EXPECT_EQ(cities[0][City::name], "Roma");
    realm.erase(cities[0]);
    EXPECT_EQ(cities.size(), 1U);
    EXPECT_EQ(cities[0][City::id], 2);

    // and one that comes in place of one that went does too.
    realm.erase(cities[0]);
    realm.create<City>(City::id = 3);
    EXPECT_EQ(cities[0][City::id], 3);
    // Where values decide, they count.
    const Results<City> named = cities.filtered("name == 'Lecce'");
    EXPECT_EQ(named.size(), 0U);
    cities[0].set(City::name, "Lecce");
    EXPECT_EQ(named[0][City::id], 3);
  });

  realm.begin_transaction();
  realm.erase(cities[0]);
  EXPECT_EQ(cities.size(), 0U);
  realm.cancel_transaction();
  EXPECT_EQ(cities[0][City::id], 3);
}

TEST_F(RealmTest, AggregatesLeaveOutNulls) {
  Realm realm = open();
  realm.write([&] {
    realm.create<City>(City::id = 1, City::population = 10, City::elevation = 2.5);
    realm.create<City>(City::id = 2, City::population = 31);
  });
  const AnyResults cities = realm.objects<City>().any();
  const PropertyId population = realm.property_id(cities.class_id(), "population");
  const PropertyId elevation = realm.property_id(cities.class_id(), "elevation");

  EXPECT_EQ(cities.min(population)->as_int(), 10);
  EXPECT_EQ(cities.max(population)->as_int(), 31);
  EXPECT_EQ(cities.sum(population).as_int(), 41);
  EXPECT_EQ(cities.average(population)->as_double(), 20.5);
  EXPECT_EQ(cities.average(elevation)->as_double(), 2.5);
  EXPECT_EQ(cities.filtered("_id == 7").sum(elevation).as_double(), 0);
  EXPECT_EQ(cities.filtered("_id == 7").max(elevation), std::nullopt);
  EXPECT_EQ(code_of([&] { (void)cities.sum(realm.property_id(cities.class_id(), "name")); }),
            ErrorCode::kInvalidArgument);
}

TEST_F(RealmTest, ABadQueryIsRefusedAtOnceWithItsColumn) {
  Realm realm = open();
  const Results<City> cities = realm.objects<City>();
  const auto message_of = [](const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.message();
    }
    return std::string();
  };

  EXPECT_EQ(message_of([&] { (void)cities.filtered("name == "); }),
            "Invalid predicate: 'name == ': expected a value or a property, found the end at "
            "column 9");
  EXPECT_EQ(message_of([&] { (void)cities.filtered("nope == 1"); }),
            "'City' has no property 'nope' at column 1");
  EXPECT_THAT(message_of([&] { (void)cities.filtered("population == $0", "many"); }),
              HasSubstr("Cannot compare argument $0 with value '\"many\"' to a int"));
  EXPECT_THAT(message_of([&] { (void)cities.sorted("country"); }),
              HasSubstr("cannot be the final property"));
  EXPECT_THAT(
      message_of([&] { (void)cities.filtered("TRUEPREDICATE LIMIT(1)").filtered("_id==1"); }),
      HasSubstr("Filtering a Results with a limit"));
}

TEST_F(RealmTest, ObserversOfSortedResultsHearOfMoves) {
  Realm realm = open();
  realm.write([&] {
    for (std::int64_t id = 0; id < 5; ++id) {
      realm.create<City>(City::id = id, City::population = id);
    }
  });
  std::vector<CollectionChanges> calls;
  auto token = realm.objects<City>()
                   .filtered("TRUEPREDICATE SORT(population ASC) LIMIT(4)")
                   .observe([&](const Results<City>&, const CollectionChanges& changes) {
                     calls.push_back(changes);
                   });
  realm.refresh();

  realm.write([&] { realm.find<City>(0)->set(City::population, 3); });  // 1 2 0 3, was 0 1 2 3
  realm.write([&] { realm.find<City>(1)->set(City::population, 9); });  // 2 0 3 4

  ASSERT_EQ(calls.size(), 3U);
  EXPECT_THAT(calls[1].deletions, ElementsAre(0U));
  EXPECT_THAT(calls[1].insertions, ElementsAre(2U));
  EXPECT_THAT(calls[2].deletions, ElementsAre(0U));
  EXPECT_THAT(calls[2].insertions, ElementsAre(3U));
  EXPECT_THAT(calls[2].new_modifications, IsEmpty());
}

TEST_F(RealmTest, ObserversHearOfEachCommitInPositions) {
  Realm realm = open();
  realm.write([&] {
    for (std::int64_t id = 0; id < 5; ++id) realm.create<City>(City::id = id);
  });
  std::vector<CollectionChanges> calls;
  auto token = realm.objects<City>().observe(
      [&](const Results<City>&, const CollectionChanges& changes) { calls.push_back(changes); });
  realm.refresh();

  realm.write([&] {
    realm.erase(*realm.find<City>(1));
    realm.find<City>(3)->set(City::name, "three");
    realm.create<City>(City::id = 9);
  });

  ASSERT_EQ(calls.size(), 2u);
  EXPECT_TRUE(calls[0].empty());
  EXPECT_THAT(calls[1].deletions, ElementsAre(1));
  EXPECT_THAT(calls[1].insertions, ElementsAre(4));
  EXPECT_THAT(calls[1].old_modifications, ElementsAre(3));
  EXPECT_THAT(calls[1].new_modifications, ElementsAre(2));

  token.stop();
  realm.write([&] { realm.create<City>(City::id = 10); });
  EXPECT_EQ(calls.size(), 2u);
}

TEST_F(RealmTest, AnObjectObserverNamesTheChangedPropertiesAndEndsWithDeletion) {
  Realm realm = open();
  realm.write([&] { realm.create<City>(City::id = 1); });
  auto city = *realm.find<City>(1);
  std::vector<ObjectChanges> calls;
  auto token = city.observe(
      [&](const Object<City>&, const ObjectChanges& changes) { calls.push_back(changes); });
  realm.refresh();

  realm.write([&] { city.set(City::name, "Rome"); });
  realm.write([&] { realm.create<City>(City::id = 2); });
  realm.write([&] { realm.erase(city); });

  ASSERT_EQ(calls.size(), 3u);
  EXPECT_THAT(calls[0].changed_properties, IsEmpty());
  EXPECT_THAT(calls[1].changed_properties, ElementsAre("name"));
  EXPECT_TRUE(calls[2].deleted);
}

TEST_F(RealmTest, WithoutDescriptorsOpeningSaysHowToHaveMore) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit scarce{40, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &scarce), 0);

  std::vector<Realm> realms;
  std::string message;
  try {
    for (int i = 0; i < 40; ++i)
      realms.push_back(Realm::open({.path = folder_ / std::to_string(i)}));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kLimitExceeded);
    message = error.message();
  }
  EXPECT_THAT(message, HasSubstr("this process may have 40"));
  EXPECT_THAT(message, HasSubstr("ulimit -n"));

  // Those that are open go on, and another one's place is enough.
  ASSERT_GE(realms.size(), 2U);
  realms.pop_back();
  Realm another = Realm::open({.path = folder_ / "another", .schema = schema_of<City, Country>()});
  another.write([&] { another.create<City>(City::id = 1); });
  EXPECT_EQ(another.objects<City>().size(), 1U);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(RealmTest, AnEncryptedFileOpensWithItsKeyAlone) {
  const RealmConfiguration configuration{.path = folder_ / "secret.realm",
                                         .schema = schema_of<City, Country>(),
                                         .encryption_key = EncryptionKey{std::byte{1}}};
  Realm realm = Realm::open(configuration);
  realm.write([&] { realm.create<City>(City::id = 1, City::name = "Rome"); });
  const RealmConfiguration copies[] = {
      {.path = folder_ / "other.realm", .encryption_key = EncryptionKey{std::byte{2}}},
      {.path = folder_ / "plain.realm"}};
  for (const RealmConfiguration& copy : copies) realm.write_copy_to(copy);
  EXPECT_EQ(code_of([&] { (void)Realm::open({.path = configuration.path}); }), ErrorCode::kWrongKey)
      << "while it is open";
  realm.close();

  for (const RealmConfiguration& copy : copies) {
    EXPECT_EQ((*Realm::open(copy).find<City>(1))[City::name], "Rome");
    EXPECT_EQ(
        code_of([&] {
          (void)Realm::open({.path = copy.path, .encryption_key = configuration.encryption_key});
        }),
        ErrorCode::kWrongKey);
  }
  EXPECT_EQ(code_of([&] { (void)Realm::open({.path = configuration.path}); }),
            ErrorCode::kWrongKey);
  EXPECT_EQ((*Realm::open(configuration).find<City>(1))[City::name], "Rome");
}

TEST_F(RealmTest, ARealmSeesTheCommitsOfAnotherWhenRefreshed) {
  Realm reader = open();
  Realm writer = open();
  int changes = 0;
  auto token = reader.observe([&] { ++changes; });

  writer.write([&] { writer.create<City>(City::id = 1); });

  EXPECT_EQ(reader.objects<City>().size(), 0u);
  EXPECT_TRUE(reader.refresh());
  EXPECT_EQ(reader.objects<City>().size(), 1u);
  EXPECT_EQ(changes, 1);
  EXPECT_FALSE(reader.refresh());
}

TEST_F(RealmTest, AddingToAnIntIsNotAnOverwrite) {
  Realm realm = open();
  realm.write([&] {
    auto city = realm.create<City>(City::id = 1, City::population = 10);
    city.add(City::population, -3);
    EXPECT_EQ(city[City::population], 7);
  });
}

TEST_F(RealmTest, UpdateModesDecideWhatHappensToAnExistingObject) {
  Realm realm = open();
  realm.write([&] { realm.create<City>(City::id = 1, City::name = "Rome", City::population = 5); });

  realm.write([&] { realm.create<City>(UpdateMode::kAll, City::id = 1, City::name = "Roma"); });

  EXPECT_EQ((*realm.find<City>(1))[City::name], "Roma");
  EXPECT_EQ((*realm.find<City>(1))[City::population], 5);
}

}  // namespace
}  // namespace tombolo
