#include "bench/store_query_rows.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support/sqlite.h"
#include "query/binder.h"
#include "store/environment.h"
#include "store/query_execution.h"
#include "store/query_objects.h"
#include "test/support/temporary_directory.h"

namespace tombolo::bench {
namespace {

using store::ClassId;
using store::Environment;
using store::ObjectKey;
using store::ObjectRef;
using store::PropertyId;
using store::RealmReader;
using store::RealmWriter;
using store::RowId;
using store::Value;

constexpr int kRounds = 5;

using BoundQuery = std::shared_ptr<const query::BoundQuery>;

/// A store with the classes of `schema`.
class Store {
 public:
  explicit Store(const Schema& schema) : environment_(Environment::open(directory_.file("store"))) {
    auto write = environment_->begin_write();
    write.realm().add_schema(schema);
    write.commit();
  }

  [[nodiscard]] Environment& environment() { return *environment_; }
  [[nodiscard]] ClassId class_id(std::string_view name) {
    return environment_->begin_read().realm().catalog().find_class(name)->id;
  }
  [[nodiscard]] PropertyId property(std::string_view owner, std::string_view name) {
    const auto read = environment_->begin_read();
    return read.realm().catalog().find_class(owner)->find_property(name)->id;
  }
  [[nodiscard]] BoundQuery compile(std::string_view owner,
                                   std::string_view text,
                                   const std::vector<query::Constant>& arguments = {}) {
    const auto read = environment_->begin_read();
    return query::compile(text,
                          std::make_shared<const query::QuerySchema>(
                              store::make_query_schema(read.realm().catalog())),
                          owner,
                          arguments)
        .value();
  }

 private:
  test::TemporaryDirectory directory_;
  std::shared_ptr<Environment> environment_;
};

Schema one_class(std::vector<Property> properties) {
  properties.insert(properties.begin(), {.name = "_id", .type = PropertyType::kInt});
  return {{{.name = "Item", .primary_key = "_id", .properties = std::move(properties)}}};
}

void check_same(std::int64_t ours, std::int64_t peers) {
  if (ours != peers) throw std::runtime_error("the sides find different things");
}

/// One text an object, in both.
class Texts {
 public:
  Texts(const std::vector<std::string>& texts, IndexType index, const char* sqlite_table)
      : ours(one_class({{.name = "text", .type = PropertyType::kString, .index = index}})),
        item(ours.class_id("Item")) {
    const PropertyId text = ours.property("Item", "text");
    auto write = ours.environment().begin_write();
    RealmWriter& realm = write.realm();
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const RowId row = realm.create(item, ObjectKey::of_int(static_cast<std::int64_t>(i))).row;
      realm.set({item, row}, text, Value::of_string(texts[i]));
    }
    write.commit();
    peer.run(sqlite_table);
    peer.run("BEGIN");
    {
      Statement insert = peer.prepare("INSERT INTO items(rowid, text) VALUES(?, ?)");
      for (std::size_t i = 0; i < texts.size(); ++i) {
        insert.bind(1, static_cast<std::int64_t>(i)).bind(2, texts[i]).run();
      }
    }
    peer.run("COMMIT");
  }

  [[nodiscard]] std::int64_t count(const BoundQuery& query) {
    const auto read = ours.environment().begin_read();
    return count(read.realm(), query);
  }
  [[nodiscard]] std::int64_t count(const RealmReader& realm, const BoundQuery& query) const {
    return static_cast<std::int64_t>(store::count_matching(realm, item, {&query, 1}));
  }
  /// `select` counts what its one argument asks for.
  [[nodiscard]] static std::int64_t count(Statement& select, const std::string& argument) {
    select.bind(1, argument);
    const std::int64_t found = select.step() ? select.integer(0) : -1;
    select.reset();
    return found;
  }

  Store ours;
  ClassId item;
  SqliteDatabase peer;
};

std::vector<std::string> names(std::size_t count) {
  std::mt19937_64 random(20150101);
  std::vector<std::string> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back("object number " + std::to_string(random() % 1'000'000));
  }
  return made;
}

void contains(Bench& bench) {
  if (!bench.selects("string contains") && !bench.selects("string contains / memmem")) return;
  constexpr std::int64_t kTexts = 1'000'000;
  const std::string needle = "777";
  const std::vector<std::string> texts = names(kTexts);
  Texts sides(texts, IndexType::kNone, "CREATE TABLE items(id INTEGER PRIMARY KEY, text TEXT)");
  const BoundQuery query = sides.ours.compile("Item", "text CONTAINS $0", {{needle}});
  std::int64_t found = 0;
  std::int64_t peers = 0;
  const auto ours = [&] {
    return per_second(kTexts, seconds([&] { found = sides.count(query); }));
  };
  if (bench.selects("string contains")) {
    Statement select = sides.peer.prepare("SELECT count(*) FROM items WHERE instr(text, ?) > 0");
    const Medians rates = medians(kRounds, ours, [&] {
      return per_second(kTexts, seconds([&] { peers = Texts::count(select, needle); }));
    });
    check_same(found, peers);
    bench.row({.measure = "string contains",
               .ours = rates.ours,
               .peer = rates.peer,
               .unit = "objects/s",
               .target = 6.0});
  }
  if (!bench.selects("string contains / memmem")) return;
  std::string all;
  for (const std::string& text : texts) all += text + '\0';
  const Medians rates = medians(4 * kRounds, ours, [&] {
    return per_second(
        kTexts, seconds([&] {
          peers = 0;
          const char* at = all.data();
          const char* const end = at + all.size();
          while (const void* hit = ::memmem(
                     at, static_cast<std::size_t>(end - at), needle.data(), needle.size())) {
            ++peers;
            // The next text: each counts once.
            at = static_cast<const char*>(hit);
            at += std::strlen(at) + 1;
          }
        }));
  });
  check_same(found, peers);
  bench.row({.measure = "string contains / memmem",
             .ours = rates.ours,
             .peer = rates.peer,
             .unit = "objects/s",
             .target = 0.5});
}

void sort(Bench& bench) {
  if (!bench.selects("sort by string / std::sort")) return;
  constexpr std::int64_t kTexts = 100'000;
  const std::vector<std::string> texts = names(kTexts);
  Texts sides(texts, IndexType::kNone, "CREATE TABLE items(id INTEGER PRIMARY KEY, text TEXT)");
  const BoundQuery query = sides.ours.compile("Item", "TRUEPREDICATE SORT(text ASC)");
  store::RowSequence rows;
  std::vector<std::string_view> views;
  const auto ours = [&] {
    return per_second(kTexts, seconds([&] {
                        const auto read = sides.ours.environment().begin_read();
                        rows = store::find_matching(read.realm(), sides.item, {&query, 1});
                      }));
  };
  const Medians rates = medians(2 * kRounds, ours, [&] {
    views.assign(texts.begin(), texts.end());
    return per_second(kTexts, seconds([&] { std::ranges::sort(views); }));
  });
  const auto read = sides.ours.environment().begin_read();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto key = read.realm().key_of({sides.item, rows[i]}).as_int();
    if (texts[static_cast<std::size_t>(key)] != views[i]) {
      throw std::runtime_error("the sides sort differently");
    }
  }
  bench.row({.measure = "sort by string / std::sort",
             .ours = rates.ours,
             .peer = rates.peer,
             .unit = "objects/s",
             .target = 1 / 1.5});
}

void indexed_equality(Bench& bench) {
  if (!bench.selects("indexed equality")) return;
  constexpr std::int64_t kTexts = 1'000'000;
  constexpr std::int64_t kDifferent = 100'000;
  constexpr std::int64_t kLookups = 100'000;
  constexpr std::size_t kWanted = 1'000;
  std::mt19937_64 random(20150101);
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < kTexts; ++i) {
    texts.push_back("code " + std::to_string(random() % kDifferent));
  }
  Texts sides(texts, IndexType::kGeneral, "CREATE TABLE items(id INTEGER PRIMARY KEY, text TEXT)");
  sides.peer.run("CREATE INDEX by_text ON items(text)");
  std::vector<std::string> wanted;
  std::vector<BoundQuery> queries;
  for (std::size_t i = 0; i < kWanted; ++i) {
    wanted.push_back("code " + std::to_string(random() % kDifferent));
    queries.push_back(sides.ours.compile("Item", "text == $0", {{wanted.back()}}));
  }
  std::int64_t found = 0;
  std::int64_t peers = 0;
  Statement select = sides.peer.prepare("SELECT count(*) FROM items WHERE text = ?");
  const Medians rates = medians(
      kRounds,
      [&] {
        return per_second(kLookups, seconds([&] {
                            found = 0;
                            const auto read = sides.ours.environment().begin_read();
                            for (std::int64_t n = 0; n < kLookups; ++n) {
                              found += sides.count(read.realm(),
                                                   queries[static_cast<std::size_t>(n) % kWanted]);
                            }
                          }));
      },
      [&] {
        return per_second(kLookups, seconds([&] {
                            peers = 0;
                            sides.peer.run("BEGIN");
                            for (std::int64_t n = 0; n < kLookups; ++n) {
                              peers += Texts::count(select,
                                                    wanted[static_cast<std::size_t>(n) % kWanted]);
                            }
                            sides.peer.run("COMMIT");
                          }));
      });
  check_same(found, peers);
  bench.row({.measure = "indexed equality",
             .ours = rates.ours,
             .peer = rates.peer,
             .unit = "lookups/s",
             .target = 3.0});
}

void full_text(Bench& bench) {
  if (!bench.selects("full text / FTS5")) return;
  constexpr std::size_t kTexts = 100'000;
  constexpr std::size_t kWordsPerText = 20;
  constexpr std::size_t kVocabulary = 20'000;
  constexpr std::int64_t kQueries = 500;
  std::mt19937_64 random(20150101);
  // The n-th word is about n times as rare as the first.
  const auto word = [&] {
    const double share = static_cast<double>(random() % 1'000'000) / 1e6;
    const auto rank = static_cast<std::size_t>(std::pow(static_cast<double>(kVocabulary), share));
    return "w" + std::to_string(rank);
  };
  std::vector<std::string> texts(kTexts);
  for (std::string& text : texts) {
    for (std::size_t i = 0; i < kWordsPerText; ++i) text += word() + " ";
  }
  Texts sides(texts, IndexType::kFullText, "CREATE VIRTUAL TABLE items USING fts5(text)");
  std::vector<std::string> wanted;
  std::vector<BoundQuery> queries;
  for (std::int64_t i = 0; i < kQueries; ++i) {
    std::string first = word();
    std::string second = word();
    if (i % 5 == 0) second += "*";
    wanted.push_back(first + " " + second);
    queries.push_back(sides.ours.compile("Item", "text TEXT $0", {{wanted.back()}}));
  }
  std::int64_t found = 0;
  std::int64_t peers = 0;
  Statement select = sides.peer.prepare("SELECT count(*) FROM items WHERE items MATCH ?");
  const Medians rates = medians(
      kRounds,
      [&] {
        return per_second(kQueries, seconds([&] {
                            found = 0;
                            const auto read = sides.ours.environment().begin_read();
                            for (const BoundQuery& query : queries) {
                              found += sides.count(read.realm(), query);
                            }
                          }));
      },
      [&] {
        return per_second(kQueries, seconds([&] {
                            peers = 0;
                            sides.peer.run("BEGIN");
                            for (const std::string& text : wanted) {
                              peers += Texts::count(select, text);
                            }
                            sides.peer.run("COMMIT");
                          }));
      });
  check_same(found, peers);
  bench.row({.measure = "full text / FTS5",
             .ours = rates.ours,
             .peer = rates.peer,
             .unit = "queries/s",
             .target = 1.0});
}

void links(Bench& bench) {
  if (!bench.selects("link traversal")) return;
  constexpr std::int64_t kItems = 1'000'000;
  constexpr std::int64_t kShops = 100'000;
  Schema schema = one_class(
      {{.name = "shop", .type = PropertyType::kLink, .nullable = true, .target = "Shop"}});
  schema.classes.push_back({.name = "Shop",
                            .primary_key = "_id",
                            .properties = {{.name = "_id", .type = PropertyType::kInt},
                                           {.name = "rating", .type = PropertyType::kInt}}});
  Store ours(schema);
  const ClassId item = ours.class_id("Item");
  const ClassId shop = ours.class_id("Shop");
  const PropertyId link = ours.property("Item", "shop");
  const PropertyId rating = ours.property("Shop", "rating");
  SqliteDatabase peer;
  peer.run("CREATE TABLE shops(id INTEGER PRIMARY KEY, rating INTEGER NOT NULL)");
  peer.run("CREATE TABLE items(id INTEGER PRIMARY KEY, shop INTEGER NOT NULL)");
  {
    std::mt19937_64 random(20150101);
    Statement insert_shop = peer.prepare("INSERT INTO shops VALUES(?, ?)");
    Statement insert_item = peer.prepare("INSERT INTO items VALUES(?, ?)");
    peer.run("BEGIN");
    auto write = ours.environment().begin_write();
    RealmWriter& realm = write.realm();
    std::vector<RowId> shops;
    for (std::int64_t i = 0; i < kShops; ++i) {
      const auto stars = static_cast<std::int64_t>(random() % 1000);
      shops.push_back(realm.create(shop, ObjectKey::of_int(i)).row);
      realm.set({shop, shops.back()}, rating, Value::of_int(stars));
      insert_shop.bind(1, i).bind(2, stars).run();
    }
    for (std::int64_t i = 0; i < kItems; ++i) {
      const auto target = static_cast<std::int64_t>(random() % kShops);
      const RowId row = realm.create(item, ObjectKey::of_int(i)).row;
      realm.set({item, row}, link, Value::of_link({shop, shops[static_cast<std::size_t>(target)]}));
      insert_item.bind(1, i).bind(2, target).run();
    }
    write.commit();
    peer.run("COMMIT");
  }
  std::int64_t found = 0;
  std::int64_t peers = 0;
  Statement select =
      peer.prepare("SELECT shops.rating FROM items CROSS JOIN shops ON shops.id = items.shop");
  const Medians rates = medians(
      kRounds,
      [&] {
        return per_second(kItems, seconds([&] {
                            found = 0;
                            const auto read = ours.environment().begin_read();
                            const RealmReader& realm = read.realm();
                            for (RowId row = realm.first_row(item); row != store::kNoRow;
                                 row = realm.next_row(item, row)) {
                              const Value to = realm.get({item, row}, link);
                              found += realm.get(to.as_link(), rating).as_int();
                            }
                          }));
      },
      [&] {
        return per_second(kItems, seconds([&] {
                            peers = 0;
                            while (select.step()) peers += select.integer(0);
                            select.reset();
                          }));
      });
  check_same(found, peers);
  bench.row({.measure = "link traversal",
             .ours = rates.ours,
             .peer = rates.peer,
             .unit = "objects/s",
             .target = 5.0});
}

/// A list of 100,000 numbers, and as a table with a number for the place of each element.
void lists(Bench& bench) {
  constexpr std::int64_t kElements = 100'000;
  constexpr std::int64_t kInsertions = 10'000;
  for (const bool at_end : {true, false}) {
    const char* measure =
        at_end ? "list append, 100,000 elements" : "list insert in the middle, 100,000 elements";
    if (!bench.selects(measure)) continue;
    Store ours(one_class(
        {{.name = "numbers", .type = PropertyType::kInt, .collection = CollectionType::kList}}));
    SqliteDatabase peer;
    peer.run(
        "CREATE TABLE elements(list INTEGER, place REAL, number INTEGER,"
        " PRIMARY KEY(list, place)) WITHOUT ROWID");
    const ClassId item = ours.class_id("Item");
    const PropertyId numbers = ours.property("Item", "numbers");
    std::uint32_t size = 0;
    RowId row;
    const auto our_insert = [&](RealmWriter& realm, std::uint32_t position) {
      realm.list_insert({item, row, numbers}, position, Value::of_int(size++));
    };
    {
      auto write = ours.environment().begin_write();
      row = write.realm().create(item, ObjectKey::of_int(1)).row;
      for (std::int64_t i = 0; i < kElements; ++i) our_insert(write.realm(), size);
      write.commit();
      peer.run("BEGIN");
      Statement insert = peer.prepare("INSERT INTO elements VALUES(1, ?, ?)");
      for (std::int64_t i = 0; i < kElements; ++i) {
        insert.bind(1, static_cast<double>(i)).bind(2, i).run();
      }
      peer.run("COMMIT");
    }
    std::mt19937_64 our_random(1);
    std::mt19937_64 peer_random(1);
    double place = static_cast<double>(kElements);
    const Medians rates = medians(
        kRounds,
        [&] {
          return per_second(
              kInsertions, seconds([&] {
                auto write = ours.environment().begin_write();
                for (std::int64_t i = 0; i < kInsertions; ++i) {
                  our_insert(write.realm(),
                             at_end ? size : static_cast<std::uint32_t>(our_random() % size));
                }
                write.commit();
              }));
        },
        [&] {
          Statement insert = peer.prepare("INSERT INTO elements VALUES(1, ?, ?)");
          return per_second(kInsertions, seconds([&] {
                              peer.run("BEGIN");
                              for (std::int64_t i = 0; i < kInsertions; ++i) {
                                const double between = static_cast<double>(peer_random() >> 11) /
                                                       0x1p53 * static_cast<double>(kElements);
                                insert.bind(1, at_end ? place++ : between).bind(2, i).run();
                              }
                              peer.run("COMMIT");
                            }));
        });
    bench.row({.measure = measure,
               .ours = rates.ours,
               .peer = rates.peer,
               .unit = "elements/s",
               .target = std::nullopt});
  }
}

/// A file with as many objects of a megabyte.
void fill(const std::filesystem::path& path, std::int64_t objects) {
  const auto environment = Environment::open(path);
  const std::string megabyte(std::size_t{1} << 20, 'x');
  for (std::int64_t i = 0; i < objects; ++i) {
    auto write = environment->begin_write();
    RealmWriter& realm = write.realm();
    if (i == 0) {
      realm.add_schema(one_class({{.name = "text", .type = PropertyType::kString}}));
    }
    const store::ClassInfo& item = *realm.catalog().find_class("Item");
    const RowId row = realm.create(item.id, ObjectKey::of_int(i)).row;
    realm.set({item.id, row}, item.find_property("text")->id, Value::of_string(megabyte));
    write.commit();
  }
}

void open(Bench& bench) {
  if (!bench.selects("open a file of 1 GB / of 1 MB")) return;
  constexpr std::int64_t kLarge = 1024;
  constexpr int kOpenings = 20;
  test::TemporaryDirectory directory;
  fill(directory.file("large"), kLarge);
  fill(directory.file("small"), 1);
  const auto open_and_read = [&](const char* name) {
    return seconds([&] {
             for (int i = 0; i < kOpenings; ++i) {
               const auto environment = Environment::open(directory.file(name));
               const auto read = environment->begin_read();
               const ClassId item = read.realm().catalog().find_class("Item")->id;
               if (!read.realm().find(item, ObjectKey::of_int(0))) {
                 throw std::runtime_error("an object is missing");
               }
             }
           }) /
           kOpenings * 1e6;
  };
  const Medians times = medians(
      2 * kRounds, [&] { return open_and_read("large"); }, [&] { return open_and_read("small"); });
  bench.row({.measure = "open a file of 1 GB / of 1 MB",
             .ours = times.ours,
             .peer = times.peer,
             .unit = "us",
             .target = 1.5,
             .better = Better::kLess});
}

}  // namespace

void add_query_rows(Bench& bench) {
  contains(bench);
  sort(bench);
  indexed_equality(bench);
  full_text(bench);
  links(bench);
  lists(bench);
  open(bench);
}

}  // namespace tombolo::bench
