#include "store/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changeset/changeset.h"
#include "store/applier.h"
#include "store/transfer.h"
#include "test/support/item_file.h"

namespace tombolo::store {
namespace {

using changeset::Opcode;
using test::ItemFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The file where the changes were made, and the fresh copy: both with an object 1 of list
/// [10, 20, 30] and an object 2.
class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest() {
    for (ItemFile* file : {&local_, &copy_}) {
      file->write([](RealmWriter& realm) {
        for (const std::int64_t key : {1, 2}) ItemFile::create(realm, key);
        ItemFile::set_list(realm, 1, {10, 20, 30});
      });
    }
  }

  using Edit = std::function<void(RealmWriter& realm)>;

  /// What was written locally, one changeset for each call.
  void write(const Edit& edit) { changesets_.push_back(local_.write(edit)); }
  /// What others have written meanwhile.
  void meanwhile(const Edit& edit) { copy_.write(edit); }

  /// Repeats everything on the copy. What is told there must do the same to a third file.
  Result<void> replay() {
    ItemFile third;
    {
      WriteTransaction write = third.environment().begin_write();
      transfer(copy_.environment().begin_read().realm(), write.realm()).value();
      write.commit();
    }
    {
      const ReadTransaction local = local_.environment().begin_read();
      WriteTransaction write = copy_.environment().begin_write();
      Replay replay(write.realm(), local.realm());
      if (Result<void> done = replay.add_local_schema(); !done) return done;
      for (const Bytes& changeset : changesets_) {
        if (Result<void> done = replay.repeat(changeset); !done) return done;
        told_.push_back(replay.take());
      }
      left_out_ = replay.left_out();
      write.commit();
    }
    WriteTransaction write = third.environment().begin_write();
    Applier applier(write.realm());
    for (const Bytes& changeset : told_) applier.apply(changeset).value();
    write.commit();
    EXPECT_EQ(third.state(), copy_.state());
    return {};
  }

  [[nodiscard]] std::vector<Opcode> told() const {
    std::vector<Opcode> opcodes;
    for (const Bytes& bytes : told_) {
      const auto parsed = changeset::parse(bytes);
      for (const auto& instruction : parsed->instructions) opcodes.push_back(instruction.opcode);
    }
    return opcodes;
  }
  [[nodiscard]] Value get(std::int64_t key, const char* name) const {
    static thread_local std::optional<ReadTransaction> snapshot;
    snapshot.emplace(copy_.environment().begin_read());
    const RealmReader& realm = snapshot->realm();
    return realm.get(ItemFile::object(realm, key), ItemFile::property(realm, name));
  }
  [[nodiscard]] bool has(std::int64_t key) const {
    const ReadTransaction snapshot = copy_.environment().begin_read();
    return snapshot.realm()
        .find(ItemFile::item(snapshot.realm()), ObjectKey::of_int(key))
        .has_value();
  }

  static void erase(RealmWriter& realm, std::int64_t key) {
    realm.erase(ItemFile::object(realm, key));
  }
  static void link(RealmWriter& realm, std::int64_t from, std::int64_t to) {
    realm.set(ItemFile::object(realm, from),
              ItemFile::property(realm, "next"),
              Value::of_link(ItemFile::object(realm, to)));
  }
  static SlotRef list(RealmWriter& realm) { return ItemFile::slot(realm, 1, "list"); }

  ItemFile local_;
  ItemFile copy_;
  std::vector<Bytes> changesets_;
  std::vector<Bytes> told_;
  std::size_t left_out_ = 0;
};

TEST_F(ReplayTest, AddsATableAndTellsOneThatIsThereAgain) {
  const ClassSchema more{.name = "More", .primary_key = "_id", .properties = {{.name = "_id"}}};
  write([&](RealmWriter& realm) { realm.add_class(more); });
  meanwhile([&](RealmWriter& realm) { realm.add_class(more); });

  replay().value();

  EXPECT_THAT(told(), ElementsAre(Opcode::kAddTable));
}

TEST_F(ReplayTest, FailsForATableOfAnotherKind) {
  write([](RealmWriter& realm) {
    realm.add_class({.name = "More", .primary_key = "_id", .properties = {{.name = "_id"}}});
  });
  meanwhile([](RealmWriter& realm) { realm.add_class({.name = "More", .properties = {}}); });

  const auto outcome = replay();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kSchemaMismatch);
}

TEST_F(ReplayTest, AddsAColumnAndTellsOneThatIsThereAgain) {
  const auto add = [](RealmWriter& realm) {
    realm.add_property(ItemFile::item(realm), {.name = "extra"});
  };
  write(add);
  meanwhile(add);

  replay().value();

  EXPECT_THAT(told(), ElementsAre(Opcode::kAddColumn));
}

TEST_F(ReplayTest, FailsForRemovedColumns) {
  write([](RealmWriter& realm) {
    realm.erase_property(ItemFile::item(realm), ItemFile::property(realm, "count"));
  });
  const auto outcome = replay();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kClientReset);
}

TEST_F(ReplayTest, FailsForRemovedTables) {
  write([](RealmWriter& realm) { realm.erase_class(realm.catalog().find_class("Loose")->id); });

  const auto outcome = replay();
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message(), HasSubstr("'Loose'"));
}

TEST_F(ReplayTest, CreatesAnObjectAndTellsOneThatIsThereAgain) {
  for (const std::int64_t key : {3, 4}) {
    write([&](RealmWriter& realm) { ItemFile::create(realm, key); });
  }
  meanwhile([](RealmWriter& realm) { ItemFile::create(realm, 4); });

  replay().value();

  EXPECT_TRUE(has(3));
  EXPECT_THAT(told(), ElementsAre(Opcode::kCreateObject, Opcode::kCreateObject));
}

TEST_F(ReplayTest, ErasesAnObjectThatIsThere) {
  write([](RealmWriter& realm) { erase(realm, 1); });
  write([](RealmWriter& realm) { erase(realm, 2); });
  meanwhile([](RealmWriter& realm) { erase(realm, 2); });

  replay().value();

  EXPECT_FALSE(has(1));
  EXPECT_THAT(told(), ElementsAre(Opcode::kEraseObject));
}

TEST_F(ReplayTest, UpdatesProperties) {
  write([](RealmWriter& realm) {
    realm.set(
        ItemFile::object(realm, 1), ItemFile::property(realm, "text"), Value::of_string("mine"));
    realm.set(ItemFile::object(realm, 1), ItemFile::property(realm, "maybe"), Value::of_int(5));
  });

  replay().value();

  EXPECT_EQ(get(1, "text").as_string(), "mine");
  EXPECT_EQ(get(1, "maybe").as_int(), 5);
}

TEST_F(ReplayTest, LeavesOutWhatConcernsADeletedObject) {
  write([](RealmWriter& realm) {
    realm.set(ItemFile::object(realm, 2), ItemFile::property(realm, "count"), Value::of_int(5));
  });
  meanwhile([](RealmWriter& realm) { erase(realm, 2); });

  replay().value();

  EXPECT_FALSE(has(2));
  EXPECT_EQ(left_out_, 1U);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(ReplayTest, WritesNullForALinkToADeletedObject) {
  write([](RealmWriter& realm) { link(realm, 1, 2); });
  meanwhile([](RealmWriter& realm) {
    erase(realm, 2);
    link(realm, 1, 1);
  });

  replay().value();

  EXPECT_TRUE(get(1, "next").is_null());
  EXPECT_THAT(told(), ElementsAre(Opcode::kUpdate));
}

TEST_F(ReplayTest, AddsToIntegersThatAreNotNull) {
  const auto set = [](RealmWriter& realm, const Value& value) {
    realm.set(ItemFile::object(realm, 1), ItemFile::property(realm, "maybe"), value);
  };
  local_.write([&](RealmWriter& realm) { set(realm, Value::of_int(0)); });
  write([](RealmWriter& realm) {
    realm.add_int(ItemFile::object(realm, 1), ItemFile::property(realm, "count"), 3);
    realm.add_int(ItemFile::object(realm, 1), ItemFile::property(realm, "maybe"), 3);
  });
  meanwhile([&](RealmWriter& realm) {
    realm.set(ItemFile::object(realm, 1), ItemFile::property(realm, "count"), Value::of_int(4));
  });

  replay().value();

  EXPECT_EQ(get(1, "count").as_int(), 7);
  EXPECT_TRUE(get(1, "maybe").is_null());
  EXPECT_EQ(left_out_, 1U);
}

TEST_F(ReplayTest, InsertsIntoListsAtThePositionOrTheEnd) {
  write([](RealmWriter& realm) {
    realm.list_insert(list(realm), 3, Value::of_int(40));
    realm.list_insert(list(realm), 0, Value::of_int(5));
  });
  meanwhile([](RealmWriter& realm) { realm.list_erase(list(realm), 0); });

  replay().value();

  EXPECT_THAT(copy_.list_of(1), ElementsAre(5, 20, 30, 40));
}

TEST_F(ReplayTest, ChangesElementsThatItHasInserted) {
  write([](RealmWriter& realm) {
    realm.list_insert(list(realm), 3, Value::of_int(40));
    realm.list_insert(list(realm), 4, Value::of_int(50));
    realm.list_insert(list(realm), 5, Value::of_int(60));
  });
  write([](RealmWriter& realm) {
    realm.list_set(list(realm), 3, Value::of_int(41));
    realm.list_erase(list(realm), 4);
    realm.list_move(list(realm), 4, 3);
  });
  meanwhile([](RealmWriter& realm) {
    for (int i = 0; i < 3; ++i) realm.list_erase(list(realm), 0);
    realm.list_insert(list(realm), 0, Value::of_int(99));
  });

  replay().value();

  EXPECT_THAT(copy_.list_of(1), ElementsAre(99, 60, 41));
}

TEST_F(ReplayTest, TakesOverTheWholeListWhenAnUnknownElementIsChanged) {
  using Change = std::function<void(RealmWriter&)>;
  const Change changes[] = {
      [](RealmWriter& realm) { realm.list_set(list(realm), 1, Value::of_int(21)); },
      [](RealmWriter& realm) { realm.list_erase(list(realm), 1); },
      [](RealmWriter& realm) { realm.list_move(list(realm), 0, 2); }};
  const std::vector<std::int64_t> expected[] = {{10, 21, 30, 40}, {10, 30, 40}, {20, 30, 10, 40}};
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    const auto reset = [](RealmWriter& realm) { ItemFile::set_list(realm, 1, {10, 20, 30}); };
    local_.write(reset);
    copy_.write(reset);
    changesets_.clear();
    told_.clear();
    write(changes[i]);
    // A later insertion is part of what the list holds at the end.
    write([](RealmWriter& realm) {
      realm.list_insert(list(realm), realm.list(list(realm)).size(), Value::of_int(40));
    });
    meanwhile([](RealmWriter& realm) { realm.list_insert(list(realm), 0, Value::of_int(99)); });

    replay().value();

    EXPECT_EQ(copy_.list_of(1), expected[i]) << "change " << i;
  }
}

TEST_F(ReplayTest, ClearsAListAndKnowsItsElementsFromThenOn) {
  write([](RealmWriter& realm) {
    realm.list_set(list(realm), 0, Value::of_int(11));
    realm.list_clear(list(realm));
    realm.list_insert(list(realm), 0, Value::of_int(1));
    realm.list_insert(list(realm), 1, Value::of_int(2));
    realm.list_set(list(realm), 1, Value::of_int(3));
  });
  meanwhile([](RealmWriter& realm) { realm.list_insert(list(realm), 0, Value::of_int(99)); });

  replay().value();

  EXPECT_THAT(copy_.list_of(1), ElementsAre(1, 3));
  EXPECT_THAT(
      told(),
      ElementsAre(Opcode::kClear, Opcode::kArrayInsert, Opcode::kArrayInsert, Opcode::kUpdate));
}

TEST_F(ReplayTest, LeavesOutLinksToDeletedObjectsInLists) {
  write([](RealmWriter& realm) {
    const SlotRef friends = ItemFile::slot(realm, 1, "friends");
    realm.list_insert(friends, 0, Value::of_link(ItemFile::object(realm, 2)));
    realm.list_insert(friends, 1, Value::of_link(ItemFile::object(realm, 1)));
    realm.list_set(friends, 1, Value::of_link(ItemFile::object(realm, 1)));
  });
  meanwhile([](RealmWriter& realm) { erase(realm, 2); });

  replay().value();

  EXPECT_EQ(left_out_, 1U);
  const ReadTransaction snapshot = copy_.environment().begin_read();
  EXPECT_EQ(snapshot.realm().list(ItemFile::slot(snapshot.realm(), 1, "friends")).size(), 1U);
}

TEST_F(ReplayTest, TakesOverLinksToObjectsThatComeLater) {
  local_.write([](RealmWriter& realm) {
    realm.list_insert(
        ItemFile::slot(realm, 1, "friends"), 0, Value::of_link(ItemFile::object(realm, 2)));
  });
  write([](RealmWriter& realm) { realm.list_erase(ItemFile::slot(realm, 1, "friends"), 0); });
  write([](RealmWriter& realm) {
    ItemFile::create(realm, 3);
    realm.list_insert(
        ItemFile::slot(realm, 1, "friends"), 0, Value::of_link(ItemFile::object(realm, 3)));
  });

  replay().value();

  const ReadTransaction snapshot = copy_.environment().begin_read();
  EXPECT_EQ(snapshot.realm().list(ItemFile::slot(snapshot.realm(), 1, "friends")).visible_size(),
            1U);
}

TEST_F(ReplayTest, FailsForWhatIsImpossible) {
  meanwhile([](RealmWriter& realm) {
    realm.erase_property(ItemFile::item(realm), ItemFile::property(realm, "count"));
    realm.add_property(ItemFile::item(realm), {.name = "count", .type = PropertyType::kString});
  });
  write([](RealmWriter& realm) {
    realm.add_int(ItemFile::object(realm, 1), ItemFile::property(realm, "count"), 3);
  });

  const ReadTransaction local = local_.environment().begin_read();
  WriteTransaction write = copy_.environment().begin_write();
  Replay replay(write.realm(), local.realm());
  EXPECT_EQ(replay.add_local_schema().error().code(), ErrorCode::kSchemaMismatch);
  const auto outcome = replay.repeat(changesets_.front());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kClientReset);
  EXPECT_EQ(replay.repeat(as_bytes("no changeset")).error().code(), ErrorCode::kBadChangeset);
}

TEST_F(ReplayTest, AddsTheSchemaThatOnlyTheLocalFileHas) {
  local_.write([](RealmWriter& realm) {
    realm.add_class({.name = "More", .primary_key = "_id", .properties = {{.name = "_id"}}});
    realm.add_property(ItemFile::item(realm), {.name = "extra"});
  });
  const ReadTransaction local = local_.environment().begin_read();
  WriteTransaction write = copy_.environment().begin_write();
  Replay replay(write.realm(), local.realm());

  replay.add_local_schema().value();

  std::vector<Opcode> opcodes;
  const auto parsed = changeset::parse(replay.take());
  for (const auto& instruction : parsed->instructions) opcodes.push_back(instruction.opcode);
  EXPECT_THAT(opcodes, ElementsAre(Opcode::kAddTable, Opcode::kAddColumn));
  EXPECT_THAT(replay.take(), IsEmpty());
}

/// On a copy that nobody else has changed, a replay does what was done.
TEST_F(ReplayTest, RepeatsAnythingOnAnEqualCopy) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    changesets_.clear();
    told_.clear();
    for (int i = 0; i < 10; ++i) {
      write([&](RealmWriter& realm) {
        for (int edit = 0; edit < 10; ++edit) local_.edit_randomly(realm, random);
      });
    }

    replay().value();

    ASSERT_EQ(copy_.state(), local_.state());
  }
}

}  // namespace
}  // namespace tombolo::store
