#include "bench/store_encryption_rows.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "query/binder.h"
#include "store/environment.h"
#include "store/query_execution.h"
#include "store/query_objects.h"
#include "test/support/temporary_directory.h"

namespace tombolo::bench {
namespace {

using store::ObjectKey;
using store::RowId;
using store::Value;

constexpr std::int64_t kObjects = 300'000;
constexpr std::int64_t kGroups = 100;
constexpr int kCommits = 300;
constexpr int kRounds = 15;
/// At most 1.5 times as slow.
constexpr double kTarget = 1 / 1.5;

class Side {
 public:
  explicit Side(std::optional<store::EncryptionKey> key) : key_(key) {
    reopen();
    auto write = environment_->begin_write();
    store::RealmWriter& realm = write.realm();
    realm.add_schema({{{.name = "Item",
                        .primary_key = "_id",
                        .properties = {{.name = "_id", .type = PropertyType::kInt},
                                       {.name = "name", .type = PropertyType::kString},
                                       {.name = "score", .type = PropertyType::kDouble},
                                       {.name = "group", .type = PropertyType::kInt}}}}});
    const store::ClassInfo& info = *realm.catalog().find_class("Item");
    item_ = info.id;
    name_ = info.find_property("name")->id;
    score_ = info.find_property("score")->id;
    group_ = info.find_property("group")->id;
    for (std::int64_t i = 0; i < kObjects; ++i) create(realm, next_++);
    write.commit();
    const auto read = environment_->begin_read();
    query_ = query::compile("group == 42",
                            std::make_shared<const query::QuerySchema>(
                                store::make_query_schema(read.realm().catalog())),
                            "Item",
                            {})
                 .value();
  }

  /// Afterwards nothing of the file is opened yet.
  void reopen() {
    environment_.reset();
    environment_ = store::Environment::open(directory_.file("store"), {.encryption_key = key_});
  }

  void commit_one() {
    auto write = environment_->begin_write();
    write.realm().set_recording(store::Recording::kOn);
    create(write.realm(), next_++);
    write.commit();
  }
  [[nodiscard]] double read_by_key(const std::vector<std::int64_t>& keys) const {
    const auto read = environment_->begin_read();
    const store::RealmReader& realm = read.realm();
    double sum = 0;
    for (const std::int64_t key : keys) {
      const store::ObjectRef object{item_, realm.find(item_, ObjectKey::of_int(key)).value()};
      sum += realm.get(object, score_).as_double();
      sum += static_cast<double>(realm.get(object, group_).as_int());
    }
    return sum;
  }
  [[nodiscard]] double iterate() const {
    const auto read = environment_->begin_read();
    const store::RealmReader& realm = read.realm();
    double sum = 0;
    for (RowId row = realm.first_row(item_); row != store::kNoRow;
         row = realm.next_row(item_, row)) {
      sum += realm.get({item_, row}, score_).as_double();
      sum += static_cast<double>(realm.get({item_, row}, group_).as_int());
    }
    return sum;
  }
  [[nodiscard]] double count() const {
    const auto read = environment_->begin_read();
    return static_cast<double>(store::count_matching(read.realm(), item_, {&query_, 1}));
  }

 private:
  void create(store::RealmWriter& realm, std::int64_t i) const {
    const store::ObjectRef object{item_, realm.create(item_, ObjectKey::of_int(i)).row};
    const std::string name = "object number " + std::to_string(i * 7'919 % 1'000'000);
    realm.set(object, name_, Value::of_string(name));
    realm.set(object, score_, Value::of_double(static_cast<double>(i % 1'000) / 4));
    realm.set(object, group_, Value::of_int(i % kGroups));
  }

  const std::optional<store::EncryptionKey> key_;
  const test::TemporaryDirectory directory_;
  std::shared_ptr<store::Environment> environment_;
  store::ClassId item_;
  store::PropertyId name_;
  store::PropertyId score_;
  store::PropertyId group_;
  std::int64_t next_ = 0;
  std::shared_ptr<const query::BoundQuery> query_;
};

}  // namespace

void add_encryption_rows(Bench& bench) {
  store::EncryptionKey key;
  std::ranges::fill(key, std::byte{7});
  std::optional<Side> encrypted;
  std::optional<Side> plain;

  const auto row = [&](const std::string& what,
                       const char* unit,
                       std::int64_t count,
                       std::optional<double> target,
                       const auto& work) {
    const std::string measure = "encrypted / plain: " + what;
    if (!bench.selects(measure)) return;
    if (!encrypted) {
      encrypted.emplace(key);
      plain.emplace(std::nullopt);
    }
    double found = 0;
    double expected = 0;
    const Medians rates = medians(
        kRounds,
        [&] { return per_second(count, seconds([&] { found = work(*encrypted); })); },
        [&] { return per_second(count, seconds([&] { expected = work(*plain); })); });
    if (found != expected) throw std::runtime_error("the files differ");
    bench.row({.measure = measure,
               .ours = rates.ours,
               .peer = rates.peer,
               .unit = unit,
               .target = target});
  };
  row("count, nothing opened yet", "objects/s", kObjects, std::nullopt, [](Side& side) {
    side.reopen();
    return side.count();
  });
  row("count", "objects/s", kObjects, kTarget, [](Side& side) { return side.count(); });
  row("iterate, 2 properties", "objects/s", kObjects, kTarget, [](Side& side) {
    return side.iterate();
  });
  std::vector<std::int64_t> keys(kObjects);
  std::iota(keys.begin(), keys.end(), std::int64_t{0});
  std::ranges::shuffle(keys, std::mt19937_64(20150101));
  row("read by key", "objects/s", kObjects, kTarget, [&](Side& side) {
    return side.read_by_key(keys);
  });
  row("durable one-object commits", "commits/s", kCommits, kTarget, [](Side& side) {
    for (int i = 0; i < kCommits; ++i) side.commit_one();
    return 0.0;
  });
}

}  // namespace tombolo::bench
