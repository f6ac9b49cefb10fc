/// How fast is the store beside SQLite and plain LMDB, both durable?
///
/// One table of objects with an int key, a string, a double and an int. SQLite runs with prepared
/// statements, a write-ahead log and synchronous=full; LMDB as it comes. The store records history
/// as for a synced file where it says so. Every figure of a pair is taken in the same run.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <lmdb.h>

#include "bench/store_encryption_rows.h"
#include "bench/store_life_rows.h"
#include "bench/store_query_rows.h"
#include "bench/support/bench_rows.h"
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
using store::PropertyId;
using store::RealmReader;
using store::RealmWriter;
using store::Recording;
using store::RowId;
using store::Value;

constexpr std::int64_t kObjects = 1'000'000;
constexpr std::int64_t kGroups = 100;
constexpr std::int64_t kWantedGroup = 42;
constexpr double kLowScore = 0.25;
constexpr double kHighScore = 0.5;
constexpr int kDurableCommits = 300;
constexpr int kWriteRounds = 9;
constexpr int kReadRounds = 5;

/// The objects that every side stores, made before anything is timed.
struct Objects {
  std::vector<std::string> names;
  std::vector<double> scores;
  std::vector<std::int64_t> groups;
  std::vector<std::int64_t> shuffled_keys;
};

Objects make_objects() {
  std::mt19937_64 random(20150101);
  Objects objects;
  objects.shuffled_keys.resize(kObjects);
  std::iota(objects.shuffled_keys.begin(), objects.shuffled_keys.end(), std::int64_t{0});
  std::ranges::shuffle(objects.shuffled_keys, random);
  for (std::int64_t i = 0; i < kObjects; ++i) {
    objects.names.push_back("object number " + std::to_string(random() % 1'000'000));
    objects.scores.push_back(static_cast<double>(random() % 1'000'000) / 1e6);
    objects.groups.push_back(static_cast<std::int64_t>(random() % kGroups));
  }
  return objects;
}

/// Keeps the compiler from dropping what computes `value`.
template <typename T>
void use(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

class SqliteSide {
 public:
  SqliteSide() {
    database_.run(
        "CREATE TABLE objects(id INTEGER PRIMARY KEY, name TEXT NOT NULL, score REAL NOT NULL,"
        " group_id INTEGER NOT NULL)");
  }

  void run(const char* text) { database_.run(text); }
  [[nodiscard]] Statement prepare(const char* text) { return database_.prepare(text); }

  void insert(const Objects& objects) {
    Statement insert = prepare("INSERT INTO objects VALUES(?, ?, ?, ?)");
    run("BEGIN");
    for (std::size_t i = 0; i < objects.names.size(); ++i) {
      insert.bind(1, static_cast<std::int64_t>(i))
          .bind(2, objects.names[i])
          .bind(3, objects.scores[i])
          .bind(4, objects.groups[i])
          .run();
    }
    run("COMMIT");
  }
  [[nodiscard]] std::uintmax_t file_bytes() { return database_.file_bytes(); }

 private:
  SqliteDatabase database_;
};

// The store.

Schema schema() {
  const auto property = [](const char* name, PropertyType type) {
    return Property{.name = name,
                    .type = type,
                    .collection = CollectionType::kSingle,
                    .nullable = false,
                    .target = {}};
  };
  return {{{.name = "Item",
            .kind = ClassKind::kTopLevel,
            .primary_key = "_id",
            .properties = {property("_id", PropertyType::kInt),
                           property("name", PropertyType::kString),
                           property("score", PropertyType::kDouble),
                           property("group", PropertyType::kInt)}}}};
}

class StoreSide {
 public:
  StoreSide() : environment_(Environment::open(directory_.file("store"))) {
    auto write = environment_->begin_write();
    RealmWriter& realm = write.realm();
    realm.add_schema(schema());
    const store::ClassInfo& info = *realm.catalog().find_class("Item");
    item = info.id;
    name = info.find_property("name")->id;
    score = info.find_property("score")->id;
    group = info.find_property("group")->id;
    write.commit();
  }

  [[nodiscard]] Environment& environment() { return *environment_; }

  void insert(const Objects& objects, Recording recording) {
    auto write = environment_->begin_write();
    RealmWriter& realm = write.realm();
    realm.set_recording(recording);
    for (std::size_t i = 0; i < objects.names.size(); ++i) create(realm, objects, i);
    write.commit();
  }
  void create(RealmWriter& realm, const Objects& objects, std::size_t i) const {
    const store::ObjectRef object{
        item, realm.create(item, ObjectKey::of_int(static_cast<std::int64_t>(i))).row};
    realm.set(object, name, Value::of_string(objects.names[i]));
    realm.set(object, score, Value::of_double(objects.scores[i]));
    realm.set(object, group, Value::of_int(objects.groups[i]));
  }
  [[nodiscard]] std::uintmax_t file_bytes() const { return environment_->stats().used_bytes; }

  ClassId item;
  PropertyId name;
  PropertyId score;
  PropertyId group;

 private:
  test::TemporaryDirectory directory_;
  std::shared_ptr<Environment> environment_;
};

// The rows.

void insert_rows(Bench& bench, const Objects& objects) {
  const std::optional<double> any_size;
  for (const auto& [measure, recording, target, size_target] :
       {std::tuple{"insert, recorded", Recording::kOn, 1.2, any_size},
        std::tuple{"insert, not recorded", Recording::kOff, 2.0, std::optional(2.5)}}) {
    if (!bench.selects(measure)) continue;
    std::uintmax_t our_bytes = 0;
    std::uintmax_t peer_bytes = 0;
    const auto ours = [&] {
      StoreSide side;
      const double time = seconds([&] { side.insert(objects, recording); });
      our_bytes = side.file_bytes();
      return per_second(kObjects, time);
    };
    const auto peer = [&] {
      SqliteSide side;
      const double time = seconds([&] { side.insert(objects); });
      peer_bytes = side.file_bytes();
      return per_second(kObjects, time);
    };
    const Medians rates = medians(kWriteRounds, ours, peer);
    bench.row({.measure = measure,
               .ours = rates.ours,
               .peer = rates.peer,
               .unit = "objects/s",
               .target = target});
    bench.row({.measure = std::string(measure) + ": file size",
               .ours = static_cast<double>(our_bytes),
               .peer = static_cast<double>(peer_bytes),
               .unit = "B",
               .target = size_target,
               .better = Better::kLess});
  }
}

/// What is measured on a store and a database that hold all objects.
class FilledSides {
 public:
  explicit FilledSides(const Objects& objects) : objects_(objects) {
    ours_.insert(objects, Recording::kOn);
    sqlite_.insert(objects);
  }

  void read_by_key(Bench& bench);
  void iterate(Bench& bench);
  void count(Bench& bench);
  void update(Bench& bench);

 private:
  struct Read {
    std::int64_t group = 0;
    double score = 0;
  };
  void add(const RealmReader& realm, std::int64_t key, Read& sum) const {
    const auto row = realm.find(ours_.item, ObjectKey::of_int(key));
    const store::ObjectRef object{ours_.item, row.value()};
    sum.group += realm.get(object, ours_.group).as_int();
    sum.score += realm.get(object, ours_.score).as_double();
  }
  void check(const Read& ours, const Read& peer) {
    if (ours.group != peer.group) throw std::runtime_error("the sides read different values");
  }

  const Objects& objects_;
  StoreSide ours_;
  SqliteSide sqlite_;
};

void FilledSides::read_by_key(Bench& bench) {
  Statement select = sqlite_.prepare("SELECT group_id, score FROM objects WHERE id = ?");
  const auto sqlite_read = [&](Read& sum) {
    for (const std::int64_t key : objects_.shuffled_keys) {
      select.bind(1, key);
      if (!select.step()) throw std::runtime_error("an object is missing");
      sum.group += select.integer(0);
      sum.score += select.real(1);
      select.reset();
    }
  };
  Read our_sum;
  Read peer_sum;
  if (bench.selects("read by key, one snapshot")) {
    const auto ours = [&] {
      our_sum = {};
      const auto read = ours_.environment().begin_read();
      const RealmReader& realm = read.realm();
      return per_second(kObjects, seconds([&] {
                          for (const std::int64_t key : objects_.shuffled_keys) {
                            add(realm, key, our_sum);
                          }
                        }));
    };
    const auto peer = [&] {
      peer_sum = {};
      return per_second(kObjects, seconds([&] {
                          sqlite_.run("BEGIN");
                          sqlite_read(peer_sum);
                          sqlite_.run("COMMIT");
                        }));
    };
    const Medians rates = medians(kReadRounds, ours, peer);
    check(our_sum, peer_sum);
    bench.row({.measure = "read by key, one snapshot",
               .ours = rates.ours,
               .peer = rates.peer,
               .unit = "objects/s",
               .target = 1.5});
  }
  if (bench.selects("read by key, a snapshot each")) {
    const auto ours = [&] {
      our_sum = {};
      return per_second(kObjects, seconds([&] {
                          for (const std::int64_t key : objects_.shuffled_keys) {
                            const auto read = ours_.environment().begin_read();
                            add(read.realm(), key, our_sum);
                          }
                        }));
    };
    const auto peer = [&] {
      peer_sum = {};
      return per_second(kObjects, seconds([&] { sqlite_read(peer_sum); }));
    };
    const Medians rates = medians(kReadRounds, ours, peer);
    check(our_sum, peer_sum);
    bench.row({.measure = "read by key, a snapshot each",
               .ours = rates.ours,
               .peer = rates.peer,
               .unit = "objects/s",
               .target = 4.0});
  }
}

void FilledSides::iterate(Bench& bench) {
  if (!bench.selects("iterate, 2 properties")) return;
  Read our_sum;
  Read peer_sum;
  const auto ours = [&] {
    our_sum = {};
    const auto read = ours_.environment().begin_read();
    const RealmReader& realm = read.realm();
    return per_second(kObjects, seconds([&] {
                        for (RowId row = realm.first_row(ours_.item); row != store::kNoRow;
                             row = realm.next_row(ours_.item, row)) {
                          our_sum.group += realm.get({ours_.item, row}, ours_.group).as_int();
                          our_sum.score += realm.get({ours_.item, row}, ours_.score).as_double();
                        }
                      }));
  };
  const auto peer = [&] {
    peer_sum = {};
    Statement select = sqlite_.prepare("SELECT group_id, score FROM objects");
    return per_second(kObjects, seconds([&] {
                        while (select.step()) {
                          peer_sum.group += select.integer(0);
                          peer_sum.score += select.real(1);
                        }
                      }));
  };
  const Medians rates = medians(kReadRounds, ours, peer);
  check(our_sum, peer_sum);
  bench.row({.measure = "iterate, 2 properties",
             .ours = rates.ours,
             .peer = rates.peer,
             .unit = "objects/s",
             .target = 3.0});
}

void FilledSides::count(Bench& bench) {
  const auto compile = [&](std::string_view text, const std::vector<query::Constant>& arguments) {
    const auto read = ours_.environment().begin_read();
    return query::compile(text,
                          std::make_shared<const query::QuerySchema>(
                              store::make_query_schema(read.realm().catalog())),
                          read.realm().catalog().find_class(ours_.item)->name,
                          arguments)
        .value();
  };
  const auto our_count = [&](const std::shared_ptr<const query::BoundQuery>& query) {
    const auto read = ours_.environment().begin_read();
    return static_cast<std::int64_t>(store::count_matching(read.realm(), ours_.item, {&query, 1}));
  };
  std::int64_t our_result = 0;
  std::int64_t peer_result = 0;
  const auto check_results = [&] {
    if (our_result != peer_result) throw std::runtime_error("the sides count differently");
  };
  const auto group_is = compile("group == $0", {{kWantedGroup}});
  const auto our_groups = [&] {
    return per_second(kObjects, seconds([&] { our_result = our_count(group_is); }));
  };
  if (bench.selects("count, int equality")) {
    Statement select = sqlite_.prepare("SELECT count(*) FROM objects WHERE group_id = ?");
    const auto peer = [&] {
      return per_second(kObjects, seconds([&] {
                          select.bind(1, kWantedGroup);
                          peer_result = select.step() ? select.integer(0) : -1;
                          select.reset();
                        }));
    };
    const Medians rates = medians(kReadRounds, our_groups, peer);
    check_results();
    bench.row({.measure = "count, int equality",
               .ours = rates.ours,
               .peer = rates.peer,
               .unit = "objects/s",
               .target = 30.0});
  }
  if (bench.selects("count, int equality / array loop")) {
    const auto peer = [&] {
      return per_second(kObjects, seconds([&] {
                          std::int64_t count = 0;
                          for (const std::int64_t group : objects_.groups) {
                            count += static_cast<std::int64_t>(group == kWantedGroup);
                          }
                          peer_result = count;
                          use(peer_result);
                        }));
    };
    const Medians rates = medians(4 * kReadRounds, our_groups, peer);
    check_results();
    bench.row({.measure = "count, int equality / array loop",
               .ours = rates.ours,
               .peer = rates.peer,
               .unit = "objects/s",
               .target = 0.5});
  }
  if (bench.selects("count, double range")) {
    Statement select =
        sqlite_.prepare("SELECT count(*) FROM objects WHERE score >= ? AND score < ?");
    const auto number = [](double value) {
      return query::Constant{query::Constant::Floating{value, false, ""}};
    };
    const auto score_in =
        compile("score >= $0 AND score < $1", {number(kLowScore), number(kHighScore)});
    const auto ours = [&] {
      return per_second(kObjects, seconds([&] { our_result = our_count(score_in); }));
    };
    const auto peer = [&] {
      return per_second(kObjects, seconds([&] {
                          select.bind(1, kLowScore).bind(2, kHighScore);
                          peer_result = select.step() ? select.integer(0) : -1;
                          select.reset();
                        }));
    };
    const Medians rates = medians(kReadRounds, ours, peer);
    check_results();
    bench.row({.measure = "count, double range",
               .ours = rates.ours,
               .peer = rates.peer,
               .unit = "objects/s",
               .target = 15.0});
  }
}

void FilledSides::update(Bench& bench) {
  if (!bench.selects("update one property by key, recorded")) return;
  double score = 1.0;
  const auto ours = [&] {
    score += 1.0;
    return per_second(
        kObjects, seconds([&] {
          auto write = ours_.environment().begin_write();
          RealmWriter& realm = write.realm();
          realm.set_recording(Recording::kOn);
          for (const std::int64_t key : objects_.shuffled_keys) {
            const auto row = realm.find(ours_.item, ObjectKey::of_int(key));
            realm.set({ours_.item, row.value()}, ours_.score, Value::of_double(score));
          }
          write.commit();
        }));
  };
  const auto peer = [&] {
    Statement update = sqlite_.prepare("UPDATE objects SET score = ? WHERE id = ?");
    return per_second(kObjects, seconds([&] {
                        sqlite_.run("BEGIN");
                        for (const std::int64_t key : objects_.shuffled_keys) {
                          update.bind(1, score).bind(2, key).run();
                        }
                        sqlite_.run("COMMIT");
                      }));
  };
  const Medians rates = medians(kWriteRounds, ours, peer);
  bench.row({.measure = "update one property by key, recorded",
             .ours = rates.ours,
             .peer = rates.peer,
             .unit = "objects/s",
             .target = 1.2});
}

// Plain LMDB.

void check_code(int code) {
  if (code != MDB_SUCCESS) throw std::runtime_error(std::string("LMDB: ") + mdb_strerror(code));
}

/// An LMDB file as anyone would use it: a tree of small values.
class LmdbSide {
 public:
  LmdbSide() {
    check_code(mdb_env_create(&environment_));
    check_code(mdb_env_set_mapsize(environment_, std::size_t{1} << 30));
    check_code(mdb_env_open(environment_, directory_.file("lmdb").c_str(), MDB_NOSUBDIR, 0600));
  }
  ~LmdbSide() { mdb_env_close(environment_); }
  LmdbSide(const LmdbSide&) = delete;
  LmdbSide& operator=(const LmdbSide&) = delete;

  void commit_one(std::uint64_t number) {
    constexpr std::size_t kValueBytes = 48;
    std::array<char, kValueBytes> value{};
    MDB_txn* transaction = nullptr;
    check_code(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    MDB_dbi tree = 0;
    check_code(mdb_dbi_open(transaction, nullptr, MDB_INTEGERKEY | MDB_CREATE, &tree));
    MDB_val key{sizeof(number), &number};
    MDB_val data{value.size(), value.data()};
    check_code(mdb_put(transaction, tree, &key, &data, 0));
    check_code(mdb_txn_commit(transaction));
  }

 private:
  test::TemporaryDirectory directory_;
  MDB_env* environment_ = nullptr;
};

void durable_commits(Bench& bench, const Objects& objects) {
  if (!bench.selects("durable one-object commits / LMDB")) return;
  StoreSide our_side;
  LmdbSide lmdb;
  std::size_t our_next = 0;
  std::uint64_t peer_next = 0;
  const auto ours = [&] {
    return per_second(kDurableCommits, seconds([&] {
                        for (int i = 0; i < kDurableCommits; ++i) {
                          auto write = our_side.environment().begin_write();
                          write.realm().set_recording(Recording::kOn);
                          our_side.create(write.realm(), objects, our_next++);
                          write.commit();
                        }
                      }));
  };
  const auto peer = [&] {
    return per_second(kDurableCommits, seconds([&] {
                        for (int i = 0; i < kDurableCommits; ++i) lmdb.commit_one(peer_next++);
                      }));
  };
  const Medians rates = medians(kReadRounds, ours, peer);
  bench.row({.measure = "durable one-object commits / LMDB",
             .ours = rates.ours,
             .peer = rates.peer,
             .unit = "commits/s",
             .target = 1 / 1.5});
}

int run(int argc, char** argv) {
  Bench bench{argc, argv};
  const Objects objects = make_objects();
  insert_rows(bench, objects);
  FilledSides sides(objects);
  sides.read_by_key(bench);
  sides.iterate(bench);
  sides.count(bench);
  sides.update(bench);
  durable_commits(bench, objects);
  add_query_rows(bench);
  add_life_rows(bench);
  add_encryption_rows(bench);
  return bench.finish();
}

}  // namespace
}  // namespace tombolo::bench

int main(int argc, char** argv) {
  return tombolo::bench::run(argc, argv);
}
