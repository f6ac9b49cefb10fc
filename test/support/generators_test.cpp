#include "test/support/generators.h"

#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tombolo::test {
namespace {

using changeset::Opcode;

TEST(RealmEditor, ReachesEveryInstructionAndDepth) {
  SeededRandom random(1);
  ModelRealm realm;
  RealmEditor editor(realm, random, {.types = {PropertyType::kInt}});
  (void)editor.create_classes();

  std::map<Opcode, std::size_t> seen;
  std::size_t path_elements_max = 0;
  for (int i = 0; i < 60; ++i) {
    const Bytes bytes = editor.transaction(50);
    const changeset::Changeset edits = changeset::parse(bytes).value();
    for (const auto& instruction : edits.instructions) {
      ++seen[instruction.opcode];
      path_elements_max = std::max<std::size_t>(path_elements_max, instruction.path.count);
    }
  }

  for (const Opcode opcode : {Opcode::kCreateObject,
                              Opcode::kEraseObject,
                              Opcode::kUpdate,
                              Opcode::kAddInteger,
                              Opcode::kArrayInsert,
                              Opcode::kArrayMove,
                              Opcode::kArrayErase,
                              Opcode::kClear,
                              Opcode::kSetInsert,
                              Opcode::kSetErase}) {
    EXPECT_GT(seen[opcode], 5U) << static_cast<int>(opcode);
  }
  EXPECT_GE(path_elements_max, EditorOptions{}.path_elements_max);
}

RC_GTEST_PROP(RealmEditor, ItsTransactionsBuildTheSameRealmElsewhere, (std::uint64_t seed)) {
  SeededRandom random(seed);
  ModelRealm realm;
  ModelRealm copy;
  RealmEditor editor(realm, random);

  copy.apply(BytesView(editor.create_classes())).value();
  for (int i = 0; i < 3; ++i) copy.apply(BytesView(editor.transaction(20))).value();

  RC_ASSERT(copy.state() == realm.state());
  RC_ASSERT(copy.schema() == realm.schema());
}

}  // namespace
}  // namespace tombolo::test
