#include "realm_copy.h"

#include <algorithm>
#include <iterator>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"
#include "test/support/generators.h"
#include "test/support/store_realm.h"
#include "test/support/temporary_directory.h"

namespace tombolo {
namespace {

using test::EditorOptions;
using test::ModelRealm;
using test::RealmEditor;
using test::StoreRealm;
using test::TemporaryDirectory;

/// The kinds of properties that the store has.
EditorOptions supported() {
  EditorOptions options;
  options.mixed = false;
  options.sets = false;
  options.dictionaries = false;
  options.embedded_objects = false;
  options.nested_collections = false;
  options.objects_per_class = 30;
  return options;
}

// What a realm holds after any edits, of every type, its copy holds too.
RC_GTEST_PROP(RealmCopy, HasEverything, (std::uint64_t seed)) {
  SeededRandom random(seed);
  ModelRealm model;
  RealmEditor editor(model, random, supported());
  StoreRealm store;
  store.apply(editor.create_classes()).value();
  for (int i = 0; i < 5; ++i) store.apply(editor.transaction(1 + random.below(80))).value();

  const TemporaryDirectory directory;
  copy_realm(store.environment(), directory.file("copy"), kLocalKind);

  const auto snapshot = store::Environment::open(directory.file("copy"))->begin_read();
  RC_ASSERT(test::state_json(snapshot.realm()) == store.state());
  RC_ASSERT(test::schema_json(snapshot.realm()) == store.schema());
}

TEST(RealmCopy, IsItsOwnersAndTheOnlyFileThatIsLeft) {
  const StoreRealm store;
  const TemporaryDirectory directory;

  copy_realm(store.environment(), directory.file("copy"), kLocalKind);

  const auto permissions = std::filesystem::status(directory.file("copy")).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST(RealmCopy, DoesNotReplaceAFile) {
  const StoreRealm store;
  const TemporaryDirectory directory;
  copy_realm(store.environment(), directory.file("copy"), kLocalKind);
  const auto written = std::filesystem::last_write_time(directory.file("copy"));

  try {
    copy_realm(store.environment(), directory.file("copy"), kLocalKind);
    ADD_FAILURE() << "it was replaced";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kAlreadyExists);
  }
  EXPECT_EQ(std::filesystem::last_write_time(directory.file("copy")), written);
}

}  // namespace
}  // namespace tombolo
