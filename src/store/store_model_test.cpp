#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "test/support/generators.h"
#include "test/support/store_realm.h"

namespace tombolo::store {
namespace {

using test::EditorOptions;
using test::ModelRealm;
using test::RealmEditor;
using test::StoreRealm;

/// The kinds of properties that the store has.
EditorOptions supported(Random& random) {
  EditorOptions options;
  options.mixed = false;
  options.sets = false;
  options.dictionaries = false;
  options.embedded_objects = false;
  options.nested_collections = false;
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
  RealmEditor editor(model, random, supported(random));
  StoreRealm store;
  store.apply(editor.create_classes()).value();

  const std::size_t transactions = 1 + random.below(12);
  for (std::size_t i = 0; i < transactions; ++i) {
    store.apply(editor.transaction(1 + random.below(80))).value();
    if (random.below(4) == 0) store.reopen();
  }

  require_same(store, model);
}

}  // namespace
}  // namespace tombolo::store
