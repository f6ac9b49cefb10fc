#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"
#include "tombolo/tombolo.h"

/// Files that are made as small as what they hold, by their realms and before they are opened.

namespace tombolo {
namespace {

Schema note_schema() {
  return {{{.name = "Note",
            .primary_key = "_id",
            .properties = {{.name = "_id", .type = PropertyType::kInt},
                           {.name = "text", .type = PropertyType::kString}}}}};
}

void add_note(Realm& realm, std::int64_t id) {
  const ClassId note = realm.class_id("Note");
  realm.write([&] {
    realm.create(note,
                 std::vector<PropertyValue>{{realm.property_id(note, "_id"), Value::of_int(id)}});
  });
}

std::size_t count_notes(const Realm& realm) {
  return realm.objects(realm.class_id("Note")).size();
}

class RealmCompactionTest : public ::testing::Test {
 protected:
  [[nodiscard]] RealmConfiguration file() const {
    return {.path = folder_.file("notes.realm"), .schema = note_schema()};
  }

  test::TemporaryDirectory folder_;
};

/// Notes of 10 kB, of which few are left.
void leave_few_notes(Realm& realm) {
  const ClassId note = realm.class_id("Note");
  const std::string text(10'000, 't');
  realm.write([&] {
    for (std::int64_t id = 0; id < 200; ++id) {
      realm.create(
          note,
          std::vector<PropertyValue>{{realm.property_id(note, "_id"), Value::of_int(id)},
                                     {realm.property_id(note, "text"), Value::of_string(text)}});
    }
  });
  realm.write([&] {
    for (std::int64_t id = 5; id < 200; ++id) {
      realm.erase(*realm.find(note, ObjectKey::of_int(id)));
    }
  });
}

TEST_F(RealmCompactionTest, ARealmCompactsItsFileAndStaysWhatItIs) {
  Realm realm = Realm::open(file());
  leave_few_notes(realm);
  const std::uintmax_t before = std::filesystem::file_size(realm.path());
  const AnyResults notes = realm.objects(realm.class_id("Note"));
  const AnyObject first = notes.at(0);
  std::vector<CollectionChanges> told;
  const NotificationToken token = notes.observe(
      [&](const AnyResults&, const CollectionChanges& changes) { told.push_back(changes); });
  realm.refresh();

  // When it is asked to inside of a transaction, and while another realm has the file,
  realm.begin_transaction();
  EXPECT_THROW(realm.compact(), Error);
  realm.cancel_transaction();
  {
    const Realm other = Realm::open(file());
    EXPECT_FALSE(realm.compact());
  }
  EXPECT_EQ(std::filesystem::file_size(realm.path()), before);

  // then nothing happens; and else the file is small, and nothing else has changed.
  EXPECT_TRUE(realm.compact());
  EXPECT_LT(std::filesystem::file_size(realm.path()), before / 2);
  EXPECT_EQ(notes.size(), 5U);
  EXPECT_EQ(first.get(realm.property_id(first.ref().class_id, "_id")).as_int(), 0);
  realm.refresh();
  EXPECT_EQ(told.size(), 1U);
  add_note(realm, 7);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].insertions, (std::vector<std::size_t>{5}));
  EXPECT_TRUE(told[1].old_modifications.empty());
}

TEST_F(RealmCompactionTest, AFileIsCompactedAtTheFirstOpeningWhenItIsWanted) {
  {
    Realm realm = Realm::open(file());
    leave_few_notes(realm);
  }
  const std::uintmax_t before = std::filesystem::file_size(file().path);
  std::vector<FileUsage> asked;
  bool answer = false;
  RealmConfiguration configuration = file();
  configuration.should_compact = [&](const FileUsage& usage) {
    asked.push_back(usage);
    return answer;
  };

  { EXPECT_EQ(count_notes(Realm::open(configuration)), 5U); }
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_LE(asked[0].total_bytes, before);
  EXPECT_LT(asked[0].used_bytes, asked[0].total_bytes / 2);
  EXPECT_EQ(std::filesystem::file_size(file().path), before);

  answer = true;
  const Realm realm = Realm::open(configuration);
  EXPECT_LT(std::filesystem::file_size(file().path), before / 2);
  EXPECT_EQ(count_notes(realm), 5U);
  // Whoever comes second is not asked.
  const Realm second = Realm::open(configuration);
  EXPECT_EQ(asked.size(), 2U);
}

}  // namespace
}  // namespace tombolo
