#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"
#include "tombolo/tombolo.h"

/// Where a realm's data is and how long: in memory, in a file that is only read.

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

std::optional<Error> error_of(const RealmConfiguration& configuration) {
  try {
    (void)Realm::open(configuration);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

class FileLifeTest : public ::testing::Test {
 protected:
  [[nodiscard]] RealmConfiguration file() const {
    return {.path = folder_.file("notes.realm"), .schema = note_schema()};
  }
  [[nodiscard]] RealmConfiguration in_memory() const {
    RealmConfiguration configuration = file();
    configuration.in_memory = true;
    return configuration;
  }

  test::TemporaryDirectory folder_;
};

TEST_F(FileLifeTest, ARealmInMemoryIsSharedByThreadsAndLeavesNothing) {
  Realm realm = Realm::open(in_memory());
  add_note(realm, 1);

  // When another thread opens the same name and writes,
  std::thread([&] {
    Realm same = Realm::open(in_memory());
    EXPECT_EQ(count_notes(same), 1U);
    add_note(same, 2);
  }).join();

  // Then it is the same realm, there is no file, and it is gone when the last has closed.
  realm.refresh();
  EXPECT_EQ(count_notes(realm), 2U);
  EXPECT_TRUE(realm.is_in_memory());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  realm.close();
  EXPECT_EQ(count_notes(Realm::open(in_memory())), 0U);
}

TEST_F(FileLifeTest, ARealmInMemoryIsMigratedCopiedAndGrows) {
  Realm first = Realm::open(in_memory());
  const ClassId note = first.class_id("Note");
  const std::string text(100'000, 't');
  first.write([&] {
    for (std::int64_t id = 0; id < 100; ++id) {
      first.create(
          note,
          std::vector<PropertyValue>{{first.property_id(note, "_id"), Value::of_int(id)},
                                     {first.property_id(note, "text"), Value::of_string(text)}});
    }
  });
  RealmConfiguration next = in_memory();
  next.schema->classes[0].properties[1].nullable = true;
  next.schema_version = 1;
  std::size_t before_count = 0;
  next.migration = [&](const Realm& before, Realm&) { before_count = count_notes(before); };

  const Realm realm = Realm::open(next);
  realm.write_copy_to({.path = folder_.file("copy.realm")});

  EXPECT_EQ(before_count, 100U);
  EXPECT_EQ(count_notes(realm), 100U);
  EXPECT_EQ(count_notes(Realm::open({.path = folder_.file("copy.realm")})), 100U);
}

TEST_F(FileLifeTest, AFileAndARealmInMemoryAreNotOfOneName) {
  Realm realm = Realm::open(file());
  add_note(realm, 1);

  EXPECT_EQ(error_of(in_memory())->code(), ErrorCode::kInvalidArgument);

  // When the file is closed the name is free, and the file stays as it was.
  realm.close();
  EXPECT_EQ(count_notes(Realm::open(in_memory())), 0U);
  EXPECT_EQ(count_notes(Realm::open(file())), 1U);
}

TEST_F(FileLifeTest, AFileThatIsOnlyReadTakesNoWritesAndNoOtherSchema) {
  {
    Realm realm = Realm::open(file());
    add_note(realm, 1);
  }
  RealmConfiguration configuration = file();
  configuration.read_only = true;

  {
    Realm realm = Realm::open(configuration);
    EXPECT_TRUE(realm.is_read_only());
    EXPECT_EQ(count_notes(realm), 1U);
    try {
      realm.begin_transaction();
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kReadOnly);
      EXPECT_EQ(error.message(), "Can't perform transactions on read-only Realms.");
    }
  }

  // A schema with less and another index will do; one with more will not, and every line says why.
  configuration.schema->classes[0].properties[1].index = IndexType::kGeneral;
  EXPECT_FALSE(error_of(configuration));
  configuration.schema->classes[0].properties.pop_back();
  EXPECT_FALSE(error_of(configuration));
  configuration.schema->classes[0].properties.push_back(
      {.name = "stars", .type = PropertyType::kInt});
  configuration.schema->classes.push_back(
      {.name = "Tag", .properties = {{.name = "name", .type = PropertyType::kString}}});
  const auto error = error_of(configuration);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kSchemaMismatch);
  EXPECT_EQ(error->message(),
            "These changes cannot be made in read-only schema mode:\n"
            "- Class 'Tag' has been added.\n"
            "- Property 'Note.stars' has been added.");

  configuration.path = folder_.file("absent.realm");
  EXPECT_TRUE(error_of(configuration));
  EXPECT_FALSE(std::filesystem::exists(configuration.path));
}

}  // namespace
}  // namespace tombolo
