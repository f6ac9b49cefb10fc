#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "store/realm_state.h"
#include "store/state_changesets.h"
#include "test/support/generators.h"
#include "test/support/random_edits.h"
#include "test/support/store_realm.h"

namespace tombolo::store {
namespace {

using test::EditorOptions;
using test::ModelRealm;
using test::RealmEditor;
using test::StoreRealm;

EditorOptions any_size(Random& random) {
  EditorOptions options;
  options.objects_per_class = static_cast<std::uint32_t>(1 + random.below(60));
  return options;
}

/// Every second file is encrypted.
std::optional<EncryptionKey> any_key(Random& random) {
  return random.below(2) == 0 ? std::optional(test::encryption_key(1)) : std::nullopt;
}

void require_same(const StoreRealm& store, const ModelRealm& model) {
  const auto state = store.state();
  if (state != model.state()) {
    RC_FAIL("the store holds " + state.dump() + "\nthe model holds " + model.state().dump());
  }
  const auto schema = store.schema();
  if (schema != model.schema()) {
    RC_FAIL("the store has " + schema.dump() + "\nthe model has " + model.schema().dump());
  }
}

RC_GTEST_PROP(StoreAgainstModel, AppliedChangesetsLeaveWhatTheModelHolds, (std::uint64_t seed)) {
  SeededRandom random(seed);
  ModelRealm model;
  RealmEditor editor(model, random, any_size(random));
  StoreRealm store(any_key(random));
  store.apply(editor.create_classes()).value();

  const std::size_t transactions = 1 + random.below(12);
  for (std::size_t i = 0; i < transactions; ++i) {
    store.apply(editor.transaction(1 + random.below(80))).value();
    if (random.below(4) == 0) store.reopen();
  }

  require_same(store, model);
}

/// Gives some properties an index and takes it from others.
void change_indexes(const StoreRealm& store, Random& random) {
  WriteTransaction transaction = store.environment().begin_write();
  Schema schema = transaction.realm().schema();
  for (ClassSchema& changed : schema.classes) {
    for (Property& property : changed.properties) {
      property.index = random.below(4) == 0 ? IndexType::kFullText : IndexType::kGeneral;
      const bool is_wanted = random.below(3) != 0 && property.name != changed.primary_key;
      if (!is_wanted || !supports_index(property.type, property.collection, property.index)) {
        property.index = IndexType::kNone;
      }
    }
  }
  transaction.realm().set_indexes(schema);
  RC_ASSERT(transaction.realm().schema() == schema);
  transaction.commit();
}

/// Every index has what the values of the objects come to, and nothing else.
void require_whole_indexes(const StoreRealm& store) {
  const ReadTransaction snapshot = store.environment().begin_read();
  const RealmReader& realm = snapshot.realm();
  for (const ClassInfo& info : realm.catalog().classes()) {
    ClassStore& objects = realm.state().class_store(info.id);
    for (const PropertyInfo& property : info.properties) {
      PropertyIndex* index = objects.find_index(property.id);
      RC_ASSERT((index != nullptr) == (property.index != IndexType::kNone));
      if (index == nullptr) continue;
      std::vector<Tuple> expected;
      for (RowId row = objects.next_row(kNoRow); row != kNoRow; row = objects.next_row(row)) {
        const auto entries = index->entries(row, objects.read(row, property));
        expected.insert(expected.end(), entries.begin(), entries.end());
      }
      std::ranges::sort(expected);
      std::vector<Tuple> found;
      for (auto run = index->tuples().find_run({}); !run.empty();) {
        for (std::size_t i = 0; i < run.size(); ++i) found.push_back(run[i]);
        Tuple next = found.back();
        ++next.words[index->tuples().width() - 1];
        run = index->tuples().find_run(next);
      }
      RC_ASSERT(found == expected);
    }
  }
}

/// A realm that is written to as an application does, while what it records is applied to a model
/// and to a second realm.
class Application {
 public:
  explicit Application(Random& random) : random_(random), written_(any_key(random)) {
    ModelRealm classes;
    RealmEditor editor(classes, random, {});
    const Bytes changeset = editor.create_classes();
    written_.apply(changeset).value();
    follow(changeset);
    change_indexes(written_, random_);
    change_indexes(follower_, random_);
  }

  /// A transaction, which may be aborted.
  void write(std::size_t edit_count) {
    WriteTransaction transaction = written_.environment().begin_write();
    RealmWriter& realm = transaction.realm();
    realm.set_recording(Recording::kOn);
    for (std::size_t i = 0; i < edit_count; ++i) edit(realm);
    if (random_.below(8) == 0) return;
    transaction.commit();
    if (random_.below(6) == 0) change_indexes(written_, random_);
    const ReadTransaction snapshot = written_.environment().begin_read();
    const auto entry = snapshot.realm().history().find_next(recorded_);
    RC_ASSERT(entry.has_value());
    recorded_ = entry->version;
    follow(entry->changeset);
  }
  void reopen() { written_.reopen(); }
  void check() const {
    require_same(written_, model_);
    require_same(follower_, model_);
    require_whole_indexes(written_);
    require_whole_indexes(follower_);
  }
  [[nodiscard]] const StoreRealm& realm() const noexcept { return written_; }

 private:
  void edit(RealmWriter& realm) {
    const auto& classes = realm.catalog().classes();
    const ClassInfo& info = classes[random_.below(classes.size())];
    if (info.kind != ClassKind::kTopLevel) return;
    const std::uint64_t number = random_.below(6);
    std::optional<ObjectKey> key;
    const std::string name = "name " + std::to_string(number);
    if (info.primary_key) {
      key = info.key_property().type == PropertyType::kInt
                ? ObjectKey::of_int(static_cast<std::int64_t>(number))
                : ObjectKey::of_string(name);
    } else if (realm.object_count(info.id) > number) {
      RowId row = realm.first_row(info.id);
      for (std::uint64_t i = 0; i < number; ++i) row = realm.next_row(info.id, row);
      key = realm.key_of({info.id, row});
    }
    if (!key) return static_cast<void>(realm.create_keyless(info.id));
    const ObjectRef object{info.id, realm.create(info.id, *key).row};
    if (random_.below(40) == 0) return realm.erase(object);
    test::RandomEdits(realm, random_).edit(object);
  }
  void follow(BytesView changeset) {
    model_.apply(changeset).value();
    follower_.apply(changeset).value();
  }

  Random& random_;
  StoreRealm written_;
  StoreRealm follower_;
  ModelRealm model_;
  HistoryVersion recorded_;
};

RC_GTEST_PROP(StoreAgainstModel,
              WhatIsWrittenIsWhatItsRecordMakesOfTheModel,
              (std::uint64_t seed)) {
  SeededRandom random(seed);
  Application application(random);

  const std::size_t transactions = 1 + random.below(10);
  for (std::size_t i = 0; i < transactions; ++i) {
    application.write(1 + random.below(60));
    if (random.below(4) == 0) application.reopen();
  }

  application.check();
}

RC_GTEST_PROP(StoreAgainstModel, TheStateThatARealmTellsIsItsOwn, (std::uint64_t seed)) {
  SeededRandom random(seed);
  Application application(random);
  for (int i = 0; i < 4; ++i) application.write(1 + random.below(60));

  StoreRealm told;
  const std::size_t bytes_target = 1 + random.below(2000);
  const ReadTransaction snapshot = application.realm().environment().begin_read();
  tell_state(
      snapshot.realm(), bytes_target, [&](BytesView changeset) { told.apply(changeset).value(); });

  RC_ASSERT(told.state() == application.realm().state());
}

}  // namespace
}  // namespace tombolo::store
