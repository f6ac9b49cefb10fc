#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/random.h"
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
  StoreRealm store;
  store.apply(editor.create_classes()).value();

  const std::size_t transactions = 1 + random.below(12);
  for (std::size_t i = 0; i < transactions; ++i) {
    store.apply(editor.transaction(1 + random.below(80))).value();
    if (random.below(4) == 0) store.reopen();
  }

  require_same(store, model);
}

/// A realm that is written to as an application does, while what it records is applied to a model
/// and to a second realm.
class Application {
 public:
  explicit Application(Random& random) : random_(random) {
    ModelRealm classes;
    RealmEditor editor(classes, random, {});
    const Bytes changeset = editor.create_classes();
    written_.apply(changeset).value();
    follow(changeset);
  }

  /// A transaction, which may be aborted.
  void write(std::size_t edit_count) {
    WriteTransaction transaction = written_.environment().begin_write();
    RealmWriter& realm = transaction.realm();
    realm.set_recording(Recording::kOn);
    for (std::size_t i = 0; i < edit_count; ++i) edit(realm);
    if (random_.below(8) == 0) return;
    transaction.commit();
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
