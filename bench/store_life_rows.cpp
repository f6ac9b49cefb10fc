#include "bench/store_life_rows.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <malloc.h>

#include "store/environment.h"
#include "test/support/temporary_directory.h"
#include "tombolo/tombolo.h"

namespace tombolo::bench {
namespace {

using store::ClassId;
using store::Environment;
using store::ObjectKey;
using store::ObjectRef;
using store::PropertyId;
using store::RealmWriter;
using store::Recording;
using store::RowId;
using store::Value;

constexpr std::int64_t kPerTransaction = 1'000;

/// A file of objects with an int key, a string and a number.
class Objects {
 public:
  Objects() : environment_(Environment::open(directory_.file("store"))) {
    auto write = environment_->begin_write();
    write.realm().add_schema(
        {{{.name = "Item",
           .primary_key = "_id",
           .properties = {{.name = "_id", .type = PropertyType::kInt},
                          {.name = "name", .type = PropertyType::kString},
                          {.name = "score", .type = PropertyType::kDouble}}}}});
    const store::ClassInfo& info = *write.realm().catalog().find_class("Item");
    item_ = info.id;
    name_ = info.find_property("name")->id;
    score_ = info.find_property("score")->id;
    write.commit();
  }

  /// Writes for each of `count` objects, so many in a transaction.
  void for_each(std::int64_t count,
                std::int64_t per_transaction,
                Recording recording,
                const std::function<void(RealmWriter&, std::int64_t)>& write_one) {
    for (std::int64_t next = 0; next < count;) {
      auto write = environment_->begin_write();
      write.realm().set_recording(recording);
      for (const std::int64_t end = std::min(count, next + per_transaction); next < end; ++next) {
        write_one(write.realm(), next);
      }
      write.commit();
      after_commit();
    }
  }
  void insert(std::int64_t count, std::int64_t per_transaction, Recording recording) {
    for_each(count, per_transaction, recording, [this](RealmWriter& realm, std::int64_t number) {
      const ObjectRef object{item_, realm.create(item_, ObjectKey::of_int(number)).row};
      const std::string text = "object number " + std::to_string(number);
      realm.set(object, name_, Value::of_string(text));
      realm.set(object, score_, Value::of_double(0));
    });
  }
  void update(std::int64_t count, std::int64_t per_transaction, int round) {
    for_each(count,
             per_transaction,
             Recording::kOff,
             [this, round](RealmWriter& realm, std::int64_t number) {
               const auto row = realm.find(item_, ObjectKey::of_int(number));
               realm.set({item_, row.value()}, score_, Value::of_double(round + 0.5));
             });
  }
  /// Gives back the history after each commit, as when a server has confirmed it.
  void confirm_commits() { confirms_ = true; }

  [[nodiscard]] Environment& environment() { return *environment_; }
  [[nodiscard]] ClassId item() const { return item_; }
  [[nodiscard]] PropertyId score() const { return score_; }
  [[nodiscard]] double file_bytes() const {
    return static_cast<double>(environment_->stats().used_bytes);
  }

 private:
  void after_commit() {
    if (!confirms_) return;
    auto write = environment_->begin_write();
    store::HistoryWriter history = write.realm().history();
    history.trim(history.bounds().newest);
    write.commit();
  }

  test::TemporaryDirectory directory_;
  std::shared_ptr<Environment> environment_;
  ClassId item_;
  PropertyId name_;
  PropertyId score_;
  bool confirms_ = false;
};

void sizes_after_updates(Bench& bench) {
  constexpr std::int64_t kCount = 200'000;
  constexpr int kUpdates = 10;
  for (const auto& [measure, per_transaction, target] :
       {std::tuple{"file size, each updated 10 times, 1,000 a transaction", kPerTransaction, 1.5},
        std::tuple{"file size, each updated 10 times, all in a transaction", kCount, 3.5}}) {
    if (!bench.selects(measure)) continue;
    Objects objects;
    objects.insert(kCount, kCount, Recording::kOff);
    const double before = objects.file_bytes();
    for (int round = 0; round < kUpdates; ++round) objects.update(kCount, per_transaction, round);
    bench.row({.measure = measure,
               .ours = objects.file_bytes(),
               .peer = before,
               .unit = "B",
               .target = target,
               .better = Better::kLess});
  }
}

void size_after_uploads(Bench& bench) {
  constexpr std::int64_t kCount = 200'000;
  const char* measure = "file size, recorded and uploaded / not recorded";
  if (!bench.selects(measure)) return;
  Objects recorded;
  recorded.confirm_commits();
  recorded.insert(kCount, kPerTransaction, Recording::kOn);
  Objects plain;
  plain.insert(kCount, kPerTransaction, Recording::kOff);
  bench.row({.measure = measure,
             .ours = recorded.file_bytes(),
             .peer = plain.file_bytes(),
             .unit = "B",
             .target = 1.5,
             .better = Better::kLess});
}

/// Memory of this process that is not a file's.
double anonymous_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stod(line.substr(8)) * 1024;
  }
  throw std::runtime_error("the system does not tell how much memory is used");
}

struct Reading {
  static constexpr std::string_view class_name = "Reading";
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr Field<std::int64_t> level{"level"};
  static constexpr Field<std::int64_t> updates{"updates"};
  static constexpr auto properties = std::tuple(id, level, updates);
};

void memory_of_iteration(Bench& bench) {
  const char* measure = "memory, iterating 10,000,000 objects";
  if (!bench.selects(measure)) return;
  constexpr std::int64_t kCount = 10'000'000;
  constexpr std::int64_t kInTransaction = 1'000'000;
  constexpr std::int64_t kBetweenLooks = 100'000;
  constexpr double kPromisedBytes = 50e6;
  const test::TemporaryDirectory directory;
  Realm realm = Realm::open({.path = directory.file("realm"), .schema = schema_of<Reading>()});
  for (std::int64_t made = 0; made < kCount; made += kInTransaction) {
    realm.write([&] {
      for (std::int64_t i = made; i < made + kInTransaction; ++i) {
        realm.create<Reading>(Reading::id = i, Reading::level = i, Reading::updates = 0);
      }
    });
  }
  malloc_trim(0);  // What loading leaves free must not be what iterating takes.
  const double before = anonymous_bytes();
  double most = before;
  std::int64_t seen = 0;
  std::int64_t sum = 0;
  for (const Object<Reading> reading : realm.objects<Reading>()) {
    sum += reading.get(Reading::level);
    if (++seen % kBetweenLooks == 0) most = std::max(most, anonymous_bytes());
  }
  if (sum != kCount * (kCount - 1) / 2) throw std::runtime_error("not all objects were seen");
  bench.row({.measure = measure,
             .ours = most - before,
             .peer = kPromisedBytes,
             .unit = "B",
             .target = 1.0,
             .better = Better::kLess});
}

/// One realm changes an object that is in the results of all queries; another one, which has the
/// queries, hears of it.
void notifications(Bench& bench) {
  const char* measure = "notifications of 100 queries / the commit of one object";
  if (!bench.selects(measure)) return;
  constexpr std::int64_t kCount = 10'000;
  constexpr std::int64_t kQueries = 100;
  constexpr int kChanges = 101;
  test::TemporaryDirectory directory;
  const RealmConfiguration configuration{.path = directory.file("realm"),
                                         .schema = schema_of<Reading>()};
  Realm writer = Realm::open(configuration);
  writer.write([&] {
    for (std::int64_t i = 0; i < kCount; ++i) {
      writer.create<Reading>(Reading::id = i, Reading::level = i, Reading::updates = 0);
    }
  });
  Realm reader = Realm::open(configuration);
  std::int64_t told = 0;
  std::vector<NotificationToken> tokens;
  for (std::int64_t i = 0; i < kQueries; ++i) {
    tokens.push_back(reader.objects<Reading>()
                         .filtered("level >= $0", i * kCount / kQueries)
                         .observe([&](const auto&, const CollectionChanges&) { ++told; }));
  }
  reader.refresh();
  auto object = writer.find<Reading>(kCount - 1).value();
  std::vector<double> deliveries;
  std::vector<double> commits;
  for (int i = 1; i <= kChanges; ++i) {
    commits.push_back(1e6 *
                      seconds([&] { writer.write([&] { object.set(Reading::updates, i); }); }));
    told = 0;
    deliveries.push_back(1e6 * seconds([&] { reader.refresh(); }));
    if (told != kQueries) throw std::runtime_error("not all queries were told");
  }
  bench.row({.measure = measure,
             .ours = median(deliveries),
             .peer = median(commits),
             .unit = "us",
             .target = 5.0,
             .better = Better::kLess});
}

}  // namespace

void add_life_rows(Bench& bench) {
  notifications(bench);
  sizes_after_updates(bench);
  size_after_uploads(bench);
  memory_of_iteration(bench);
}

}  // namespace tombolo::bench
