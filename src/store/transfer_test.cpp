#include "store/transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "store/applier.h"
#include "test/support/item_file.h"

namespace tombolo::store {
namespace {

using test::ItemFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Makes `target` equal to `source` and returns what observers are told of it.
RealmChanges transfer_between(const ItemFile& source, ItemFile& target) {
  RealmChanges told;
  const Observation observation =
      target.environment().observe([&](const std::shared_ptr<const Commit>& commit) {
        if (!commit->realms.empty()) told = commit->realms.front();
      });
  const ReadTransaction from = source.environment().begin_read();
  WriteTransaction to = target.environment().begin_write();
  transfer(from.realm(), to.realm()).value();
  to.commit();
  return told;
}

TEST(Transfer, TellsNothingWhenBothAreTheSame) {
  ItemFile source;
  ItemFile target;
  for (ItemFile* file : {&source, &target}) {
    file->write([](RealmWriter& realm) {
      ItemFile::create(realm, 1);
      ItemFile::set_list(realm, 1, {1, 2, 3});
    });
  }

  const RealmChanges changes = transfer_between(source, target);

  EXPECT_THAT(changes.classes, IsEmpty());
}

TEST(Transfer, WritesOnlyWhatDiffers) {
  // Given files with one object that differs in one property, one that is only here, one only
  // there,
  ItemFile source;
  ItemFile target;
  for (ItemFile* file : {&source, &target}) {
    file->write([](RealmWriter& realm) {
      for (const std::int64_t key : {1, 2}) ItemFile::create(realm, key);
    });
  }
  source.write([](RealmWriter& realm) {
    realm.set(ItemFile::object(realm, 2), ItemFile::property(realm, "count"), Value::of_int(5));
    ItemFile::create(realm, 3);
  });
  target.write([](RealmWriter& realm) { ItemFile::create(realm, 4); });
  const RowId kept = ItemFile::object(target.environment().begin_read().realm(), 2).row;
  const RowId gone = ItemFile::object(target.environment().begin_read().realm(), 4).row;
  const PropertyId count = ItemFile::property(target.environment().begin_read().realm(), "count");

  // When the one becomes as the other,
  const RealmChanges changes = transfer_between(source, target);

  // Then that is what is told, and rows stay.
  EXPECT_EQ(target.state(), source.state());
  ASSERT_EQ(changes.classes.size(), 1U);
  const ClassChanges& items = changes.classes.front();
  EXPECT_THAT(items.erased, ElementsAre(gone));
  EXPECT_EQ(items.inserted.size(), 1U);
  EXPECT_THAT(items.modified, ElementsAre(ModifiedRow{kept, std::uint64_t{1} << count.value()}));
  EXPECT_EQ(ItemFile::object(target.environment().begin_read().realm(), 2).row, kept);
}

TEST(Transfer, AddsWhatTheSchemaLacksAndRefusesWhatItWouldHaveToRemove) {
  ItemFile source;
  ItemFile target;
  const auto add = [](ItemFile& file, const char* name) {
    file.write([&](RealmWriter& realm) {
      realm.add_class({.name = name, .primary_key = "_id", .properties = {{.name = "_id"}}});
      realm.add_property(ItemFile::item(realm), {.name = name});
    });
  };

  add(source, "New");
  transfer_between(source, target);

  const ReadTransaction snapshot = target.environment().begin_read();
  EXPECT_NE(snapshot.realm().catalog().find_class("New"), nullptr);
  EXPECT_NE(snapshot.realm().catalog().find_class("Item")->find_property("New"), nullptr);

  add(target, "Own");
  const ReadTransaction from = source.environment().begin_read();
  WriteTransaction to = target.environment().begin_write();
  const auto outcome = transfer(from.realm(), to.realm());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kSchemaMismatch);
  EXPECT_THAT(outcome.error().message(), HasSubstr("'Own'"));
  EXPECT_THAT(outcome.error().message(), HasSubstr("'Item.Own'"));
}

TEST(Transfer, RefusesPropertiesOfAnotherType) {
  ItemFile source;
  ItemFile target;
  source.write([](RealmWriter& realm) {
    realm.add_property(ItemFile::item(realm), {.name = "extra", .type = PropertyType::kString});
  });
  target.write([](RealmWriter& realm) {
    realm.add_property(ItemFile::item(realm), {.name = "extra", .type = PropertyType::kInt});
  });

  const ReadTransaction from = source.environment().begin_read();
  WriteTransaction to = target.environment().begin_write();
  const auto outcome = transfer(from.realm(), to.realm());

  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message(), HasSubstr("Item.extra"));
}

TEST(Transfer, KeepsLinksToObjectsThatAreMissing) {
  // Given a link in the source to an object that was deleted by a changeset,
  ItemFile source;
  ItemFile target;
  source.write([](RealmWriter& realm) {
    for (const std::int64_t key : {1, 2}) ItemFile::create(realm, key);
    const Value two = Value::of_link(ItemFile::object(realm, 2));
    realm.set(ItemFile::object(realm, 1), ItemFile::property(realm, "next"), two);
    realm.list_insert(ItemFile::slot(realm, 1, "friends"), 0, two);
    realm.invalidate(ItemFile::object(realm, 2));
  });

  // When the target becomes as the source and the object is made again in it,
  transfer_between(source, target);
  target.write([](RealmWriter& realm) { ItemFile::create(realm, 2); });

  // Then the links lead to it.
  const ReadTransaction snapshot = target.environment().begin_read();
  const RealmReader& realm = snapshot.realm();
  EXPECT_EQ(realm.get(ItemFile::object(realm, 1), ItemFile::property(realm, "next")).as_link(),
            ItemFile::object(realm, 2));
  EXPECT_EQ(realm.list(ItemFile::slot(realm, 1, "friends")).visible_size(), 1U);
}

TEST(Transfer, TellsObjectsWithoutPrimaryKeyApartByWhatOthersKnowThemBy) {
  // Given an object made in the target, a file known as 7, which the source, known as 9, has got,
  ItemFile source(9);
  ItemFile target(7);
  const Bytes made = target.write([](RealmWriter& realm) {
    static_cast<void>(realm.create_keyless(realm.catalog().find_class("Loose")->id));
  });
  {
    WriteTransaction write = source.environment().begin_write();
    Applier(write.realm()).apply(made).value();
    write.commit();
  }
  const ClassId loose = target.environment().begin_read().realm().catalog().find_class("Loose")->id;
  const RowId row = target.environment().begin_read().realm().first_row(loose);

  // When the target takes over the source's ident and content, and makes another object,
  {
    WriteTransaction write = target.environment().begin_write();
    write.realm().set_file_ident(ClientFileIdent(9));
    transfer(source.environment().begin_read().realm(), write.realm()).value();
    static_cast<void>(write.realm().create_keyless(loose));
    write.commit();
  }

  // Then the first is what it was, and the second has a key of the new ident.
  const ReadTransaction snapshot = target.environment().begin_read();
  const RealmReader& realm = snapshot.realm();
  EXPECT_EQ(realm.object_count(loose), 2U);
  EXPECT_EQ(realm.first_row(loose), row);
  EXPECT_EQ(realm.key_of({loose, row}), ObjectKey::of_global_key({7, 0}));
  EXPECT_EQ(realm.find(loose, ObjectKey::of_global_key({7, 0})), row);
  EXPECT_EQ(realm.key_of({loose, realm.next_row(loose, row)}).as_global_key().high, 9U);
}

TEST(Transfer, ComesWithAHistoryThatBeginsAnew) {
  ItemFile file;
  for (const std::int64_t key : {1, 2}) {
    file.write([&](RealmWriter& realm) { ItemFile::create(realm, key); });
  }
  {
    WriteTransaction write = file.environment().begin_write();
    HistoryWriter history = write.realm().history();
    history.put_reciprocal(ClientFileIdent(1), HistoryVersion(2), as_bytes("form"));
    history.restart(HistoryVersion(1));
    history.append_as(HistoryVersion(5), {.changeset = as_bytes("five")});
    history.append({.changeset = as_bytes("sixth")});
    write.commit();
  }

  const ReadTransaction snapshot = file.environment().begin_read();
  const HistoryReader history = snapshot.realm().history();
  EXPECT_EQ(history.bounds(), (HistoryBounds{HistoryVersion(1), HistoryVersion(6), 9}));
  EXPECT_FALSE(history.find(HistoryVersion(2)));
  EXPECT_EQ(history.find_next(HistoryVersion(1))->version, HistoryVersion(5));
  EXPECT_FALSE(history.find_reciprocal(ClientFileIdent(1), HistoryVersion(2)));
}

TEST(Transfer, MakesAnyTwoFilesEqual) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    ItemFile source(5);
    ItemFile target(5);
    for (ItemFile* file : {&source, &target}) {
      for (int i = 0; i < 10; ++i) {
        file->write([&](RealmWriter& realm) {
          for (int edit = 0; edit < 10; ++edit) file->edit_randomly(realm, random);
        });
      }
    }

    transfer_between(source, target);

    ASSERT_EQ(target.state(), source.state());
    EXPECT_THAT(transfer_between(source, target).classes, IsEmpty());
  }
}

}  // namespace
}  // namespace tombolo::store
