#include "store/property_index.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "query/binder.h"
#include "store/query_execution.h"
#include "store/query_objects.h"
#include "store/transfer.h"
#include "test/support/store_realm.h"

namespace tombolo::store {
namespace {

using test::StoreRealm;

Schema schema_with(IndexType index) {
  return {
      {{.name = "Item",
        .kind = ClassKind::kTopLevel,
        .primary_key = "_id",
        .properties = {
            {.name = "_id", .type = PropertyType::kInt},
            {.name = "name", .type = PropertyType::kString, .nullable = true, .index = index}}}}};
}

/// A realm with one class, whose `name` may have an index.
class Items {
 public:
  explicit Items(IndexType index) {
    WriteTransaction write = file_.environment().begin_write();
    write.realm().add_schema(schema_with(index));
    write.commit();
  }

  void set_index(IndexType index) {
    WriteTransaction write = file_.environment().begin_write();
    write.realm().set_indexes(schema_with(index));
    write.commit();
  }
  void put(std::int64_t id, std::string_view name) {
    WriteTransaction write = file_.environment().begin_write();
    put(write.realm(), id, name);
    write.commit();
  }
  static void put(RealmWriter& realm, std::int64_t id, std::string_view name) {
    const ClassInfo& item = *realm.catalog().find_class("Item");
    const RowId row = realm.create(item.id, ObjectKey::of_int(id)).row;
    realm.set({item.id, row}, item.find_property("name")->id, Value::of_string(name));
  }
  /// The keys of the objects that match.
  [[nodiscard]] static std::vector<std::int64_t> find(const RealmReader& realm,
                                                      std::string_view text) {
    const ClassId item = realm.catalog().find_class("Item")->id;
    const auto query = compile(realm, text);
    std::vector<std::int64_t> keys;
    for (const RowId row : find_matching(realm, item, {&query, 1})) {
      keys.push_back(realm.key_of({item, row}).as_int());
    }
    return keys;
  }
  [[nodiscard]] std::vector<std::int64_t> find(std::string_view text) const {
    return find(file_.environment().begin_read().realm(), text);
  }
  [[nodiscard]] bool uses_index(std::string_view text) const {
    const ReadTransaction read = file_.environment().begin_read();
    const ClassId item = read.realm().catalog().find_class("Item")->id;
    const auto query = compile(read.realm(), text);
    return explain(read.realm(), item, {&query, 1}).find("in the index of 'name'") !=
           std::string::npos;
  }
  [[nodiscard]] StoreRealm& file() { return file_; }

 private:
  static std::shared_ptr<const query::BoundQuery> compile(const RealmReader& realm,
                                                          std::string_view text) {
    return query::compile(
               text,
               std::make_shared<const query::QuerySchema>(make_query_schema(realm.catalog())),
               "Item",
               {})
        .value();
  }

  StoreRealm file_;
};

TEST(PropertyIndex, IsBuiltWhenItIsAddedAndGoneWhenItIsDropped) {
  Items items(IndexType::kNone);
  items.put(1, "red");
  items.put(2, "blue");
  EXPECT_FALSE(items.uses_index("name == 'red'"));

  items.set_index(IndexType::kGeneral);
  items.put(3, "red");

  EXPECT_TRUE(items.uses_index("name == 'red'"));
  EXPECT_EQ(items.find("name == 'red'"), (std::vector<std::int64_t>{1, 3}));

  items.set_index(IndexType::kNone);
  items.put(1, "green");
  EXPECT_FALSE(items.uses_index("name == 'red'"));

  items.set_index(IndexType::kGeneral);
  items.file().reopen();
  EXPECT_EQ(items.find("name == 'red'"), std::vector<std::int64_t>{3});
}

TEST(PropertyIndex, ServesTheTransactionThatWrites) {
  Items items(IndexType::kGeneral);
  items.put(1, "red");
  WriteTransaction write = items.file().environment().begin_write();

  Items::put(write.realm(), 2, "red");
  Items::put(write.realm(), 1, "blue");

  EXPECT_EQ(Items::find(write.realm(), "name == 'red'"), std::vector<std::int64_t>{2});
}

TEST(PropertyIndex, OrdersTextsByBytesAndAsksThoseThatBeginAlike) {
  Items items(IndexType::kGeneral);
  const std::vector<std::string> names{"",
                                       "a",
                                       std::string("a\0", 2),
                                       "sixteen letters.",
                                       "sixteen letters.b",
                                       "sixteen letters.a",
                                       "sixteen letters",
                                       std::string(100'000, 's')};
  for (std::size_t i = 0; i < names.size(); ++i) {
    items.put(static_cast<std::int64_t>(i), names[i]);
  }

  EXPECT_EQ(items.find("name == 'a'"), std::vector<std::int64_t>{1});
  EXPECT_EQ(items.find("name > 'a' AND name < 'b'"), std::vector<std::int64_t>{2});
  EXPECT_EQ(items.find("name > 'sixteen letters.a'"), (std::vector<std::int64_t>{4, 7}));
  EXPECT_EQ(items.find("name <= 'sixteen letters.' AND name > 'b'"),
            (std::vector<std::int64_t>{3, 6}));
  EXPECT_EQ(items.find("name BEGINSWITH 'sixteen letters.'"), (std::vector<std::int64_t>{3, 4, 5}));
  EXPECT_EQ(items.find("name BEGINSWITH 'sixteen letters.b'"), std::vector<std::int64_t>{4});
  EXPECT_EQ(items.find("name == null"), std::vector<std::int64_t>{});
}

TEST(PropertyIndex, IsNotUsedWhereItLeadsToMostObjects) {
  Items items(IndexType::kGeneral);
  WriteTransaction write = items.file().environment().begin_write();
  for (std::int64_t id = 0; id < 1000; ++id) {
    Items::put(write.realm(), id, id % 500 == 0 ? "rare" : "common");
  }
  write.commit();

  EXPECT_TRUE(items.uses_index("name == 'rare'"));
  EXPECT_FALSE(items.uses_index("name == 'common'"));
  EXPECT_EQ(items.find("name == 'common'").size(), 998U);
}

TEST(PropertyIndex, OfWordsFindsWholeWordsAndBeginnings) {
  Items items(IndexType::kFullText);
  items.put(1, "A fast red Bike, red!");
  items.put(2, "Café; bikes");
  items.put(3, "");

  EXPECT_TRUE(items.uses_index("name TEXT 'bike'"));
  EXPECT_EQ(items.find("name TEXT 'bike'"), std::vector<std::int64_t>{1});
  EXPECT_EQ(items.find("name TEXT 'bike*'"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(items.find("name TEXT 'bike* -cafe'"), std::vector<std::int64_t>{1});
  EXPECT_EQ(items.find("name TEXT '-bike'"), (std::vector<std::int64_t>{2, 3}));

  items.put(1, "A slow red bus");
  EXPECT_EQ(items.find("name TEXT 'bike'"), std::vector<std::int64_t>{});
  EXPECT_EQ(items.find("name TEXT 'red bus'"), std::vector<std::int64_t>{1});
}

TEST(PropertyIndex, GoesWithItsPropertyAndItsClass) {
  Items items(IndexType::kGeneral);
  items.put(1, "red");
  {
    WriteTransaction write = items.file().environment().begin_write();
    Items::put(write.realm(), 2, "red");  // Its entry is not written yet.
    const ClassInfo& item = *write.realm().catalog().find_class("Item");
    write.realm().erase_property(item.id, item.find_property("name")->id);
    write.realm().add_schema(schema_with(IndexType::kGeneral));
    write.commit();
  }
  EXPECT_EQ(items.find("name == 'red'"), std::vector<std::int64_t>{});
  EXPECT_EQ(items.find("name == null"), (std::vector<std::int64_t>{1, 2}));
  {
    WriteTransaction write = items.file().environment().begin_write();
    write.realm().erase_class(write.realm().catalog().find_class("Item")->id);
    write.realm().add_schema(schema_with(IndexType::kGeneral));
    write.commit();
  }
  EXPECT_EQ(items.find("name == null"), std::vector<std::int64_t>{});
}

TEST(PropertyIndex, StaysWhenContentsComeFromARealmWithoutIt) {
  Items source(IndexType::kNone);
  source.put(1, "red");
  Items target(IndexType::kGeneral);
  target.put(2, "red");
  {
    const ReadTransaction read = source.file().environment().begin_read();
    WriteTransaction write = target.file().environment().begin_write();
    transfer(read.realm(), write.realm()).value();
    write.commit();
  }

  EXPECT_TRUE(target.uses_index("name == 'red'"));
  EXPECT_EQ(target.find("name == 'red'"), std::vector<std::int64_t>{1});
}

TEST(PropertyIndex, IsNoPartOfClassRecordsOfTheFirstFormat) {
  ClassInfo info;
  info.id = ClassId(1);
  info.name = "Item";
  info.add_key(nullptr);
  info.add_property({.name = "name", .type = PropertyType::kString}, ClassId());
  Bytes record = encode_class(info);
  const std::size_t behind_index = sizeof(std::uint32_t) + 3 * sizeof(std::uint16_t) + 4;
  record.erase(record.end() - static_cast<std::ptrdiff_t>(behind_index) - 1);
  record[0] = std::byte{1};

  const ClassInfo parsed = parse_class(ClassId(1), record);

  EXPECT_EQ(parsed.find_property("name")->type, PropertyType::kString);
  EXPECT_EQ(parsed.find_property("name")->index, IndexType::kNone);
}

TEST(PropertyIndex, OfAnUnknownTypeInAFileIsDamage) {
  ClassInfo info;
  info.id = ClassId(1);
  info.name = "Item";
  info.add_key(nullptr);
  info.add_property({.name = "name", .type = PropertyType::kInt, .index = IndexType::kFullText},
                    ClassId());

  try {
    (void)parse_class(ClassId(1), encode_class(info));
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFileCorrupt);
  }
}

}  // namespace
}  // namespace tombolo::store
