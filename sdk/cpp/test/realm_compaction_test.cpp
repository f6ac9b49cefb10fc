#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "test/support/child_process.h"
#include "test/support/temporary_directory.h"
#include "tombolo/tombolo.h"

/// Files that are made as small as what they hold, by their realms and before they are opened.

namespace tombolo {
namespace {

using test::ChildProcess;
using test::Pipe;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Schema note_schema() {
  return {{{.name = "Note",
            .primary_key = "_id",
            .properties = {{.name = "_id", .type = PropertyType::kInt},
                           {.name = "text", .type = PropertyType::kString},
                           {.name = "tags",
                            .type = PropertyType::kString,
                            .collection = CollectionType::kList}}}}};
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

std::optional<ErrorCode> error_of_compacting(Realm& realm) {
  try {
    (void)realm.compact();
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

class RealmCompactionTest : public ::testing::Test {
 protected:
  [[nodiscard]] RealmConfiguration file() const {
    return {.path = folder_.file("notes.realm"), .schema = note_schema()};
  }
  [[nodiscard]] std::uintmax_t file_bytes() const {
    return std::filesystem::file_size(file().path);
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
  const std::uintmax_t before = file_bytes();
  const AnyResults notes = realm.objects(realm.class_id("Note"));
  const AnyObject first = notes.at(0);
  std::vector<CollectionChanges> told;
  const NotificationToken token = notes.observe(
      [&](const AnyResults&, const CollectionChanges& changes) { told.push_back(changes); });
  realm.refresh();

  // When it is asked to inside of a transaction,
  realm.begin_transaction();
  EXPECT_EQ(error_of_compacting(realm), ErrorCode::kInTransaction);
  realm.cancel_transaction();
  EXPECT_EQ(file_bytes(), before);

  // then nothing happens; and else the file is small, and nothing else has changed.
  EXPECT_TRUE(realm.compact());
  EXPECT_LT(file_bytes(), before / 2);
  EXPECT_EQ(notes.size(), 5U);
  EXPECT_EQ(first.get(realm.property_id(first.ref().class_id, "_id")).as_int(), 0);
  realm.refresh();
  EXPECT_EQ(told.size(), 1U);
  add_note(realm, 7);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].insertions, (std::vector<std::size_t>{5}));
  EXPECT_TRUE(told[1].old_modifications.empty());
}

TEST_F(RealmCompactionTest, TheRealmsOfTheThreadRestMeanwhileAndStayWhatTheyAre) {
  // Given three realms of a file, with what was read from the one that does not compact it,
  Realm realm = Realm::open(file());
  Realm other = Realm::open(file());
  const Realm third = Realm::open(file());
  leave_few_notes(realm);
  other.refresh();
  const std::uintmax_t before = file_bytes();
  const ClassId note = other.class_id("Note");
  const AnyResults notes = other.objects(note);
  const AnyResults odd = notes.filtered("_id == 1 OR _id == 3");
  const AnyResults snapshot = notes.snapshot();
  const AnyObject first = notes.at(0);
  std::vector<CollectionChanges> told;
  const NotificationToken token = notes.observe(
      [&](const AnyResults&, const CollectionChanges& changes) { told.push_back(changes); });
  int commits = 0;
  const NotificationToken commit_token = other.observe([&] { ++commits; });
  other.refresh();

  // When the file is compacted,
  ASSERT_TRUE(realm.compact());

  // Then it is all there, nobody is told of anything,
  EXPECT_LT(file_bytes(), before / 2);
  EXPECT_EQ(count_notes(third), 5U);
  EXPECT_EQ(notes.size(), 5U);
  EXPECT_EQ(odd.size(), 2U);
  EXPECT_EQ(first.get(other.property_id(note, "_id")).as_int(), 0);
  other.refresh();
  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(commits, 0);

  // and each sees, and is told exactly, what the other writes.
  add_note(realm, 7);
  other.refresh();
  add_note(other, 8);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_THAT(told[1].insertions, ElementsAre(5));
  EXPECT_THAT(told[1].old_modifications, IsEmpty());
  EXPECT_THAT(told[2].insertions, ElementsAre(6));
  EXPECT_EQ(commits, 2);
  EXPECT_EQ(snapshot.size(), 5U);
  realm.refresh();
  EXPECT_EQ(count_notes(realm), 7U);
  EXPECT_TRUE(other.compact());
}

TEST_F(RealmCompactionTest, ARealmThatIsBehindIsBroughtForwardAndToldExactly) {
  Realm realm = Realm::open(file());
  leave_few_notes(realm);
  const ClassId note = realm.class_id("Note");
  const PropertyId tags = realm.property_id(note, "tags");
  const auto insert_tag = [&](Realm& writer) {
    writer.write([&] { writer.objects(note).at(0).list(tags).insert(0, Value::of_string("new")); });
  };
  insert_tag(realm);
  // Given a realm that has yet to see what another one and another thread have written,
  Realm behind = Realm::open(file());
  const AnyList list = behind.objects(note).at(0).list(tags);
  std::vector<CollectionChanges> told;
  const NotificationToken token = list.observe(
      [&](const AnyList&, const CollectionChanges& changes) { told.push_back(changes); });
  behind.refresh();
  insert_tag(realm);
  std::thread([&] {
    Realm of_another_thread = Realm::open(file());
    insert_tag(of_another_thread);
  }).join();
  ASSERT_EQ(list.size(), 1U);

  ASSERT_TRUE(realm.compact());

  EXPECT_EQ(list.size(), 3U);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_THAT(told[1].insertions, ElementsAre(0, 1));
  EXPECT_THAT(told[1].deletions, IsEmpty());
}

TEST_F(RealmCompactionTest, IsRefusedWhileARealmOfTheThreadIsInATransaction) {
  Realm realm = Realm::open(file());
  leave_few_notes(realm);
  Realm other = Realm::open(file());
  const std::uintmax_t before = file_bytes();

  // When another realm writes, in a transaction of its own or in a migration,
  other.write([&] {
    other.erase(other.objects(other.class_id("Note")).at(0));
    EXPECT_EQ(error_of_compacting(realm), ErrorCode::kInTransaction);
  });
  RealmConfiguration next = file();
  next.schema_version = 1;
  int migrations = 0;
  next.migration = [&](const Realm& old, Realm& now) {
    ++migrations;
    Realm old_realm = old;
    for (Realm* const each : {&realm, &old_realm, &now}) {
      EXPECT_EQ(error_of_compacting(*each), ErrorCode::kInTransaction);
    }
  };
  Realm migrated = Realm::open(next);

  // Then nothing has happened to the file, and what was written is in it.
  EXPECT_EQ(migrations, 1);
  EXPECT_GE(file_bytes(), before);
  realm.refresh();
  EXPECT_EQ(count_notes(realm), 4U);
  EXPECT_TRUE(realm.compact());
  EXPECT_EQ(count_notes(migrated), 4U);
}

TEST_F(RealmCompactionTest, IsNotDoneWhileAnotherThreadHasTheFile) {
  Realm realm = Realm::open(file());
  leave_few_notes(realm);
  Realm beside = Realm::open(file());
  const std::uintmax_t before = file_bytes();
  std::promise<void> opened;
  std::promise<void> asked;
  std::thread holder([&] {
    Realm other = Realm::open(file());
    EXPECT_FALSE(other.compact());
    opened.set_value();
    asked.get_future().wait();
    EXPECT_EQ(count_notes(other), 5U);
  });
  opened.get_future().wait();

  EXPECT_FALSE(realm.compact());

  EXPECT_EQ(file_bytes(), before);
  EXPECT_EQ(count_notes(realm), 5U);
  add_note(beside, 7);
  asked.set_value();
  holder.join();
  EXPECT_TRUE(realm.compact());
  EXPECT_EQ(count_notes(realm), 6U);
  EXPECT_EQ(count_notes(beside), 6U);
}

TEST_F(RealmCompactionTest, ARealmBelongsToTheThreadThatUsedItLast) {
  Realm realm = Realm::open(file());
  leave_few_notes(realm);
  // When another thread takes over a realm that was opened here,
  std::promise<void> refreshed;
  std::promise<void> asked;
  std::thread thread([&, taken = Realm::open(file())]() mutable {
    taken.refresh();
    EXPECT_FALSE(taken.compact());
    refreshed.set_value();
    asked.get_future().wait();
    taken.close();
  });
  refreshed.get_future().wait();

  // Then the file is not compacted from here before it has been closed there.
  EXPECT_FALSE(realm.compact());
  asked.set_value();
  thread.join();
  EXPECT_TRUE(realm.compact());
  EXPECT_EQ(count_notes(realm), 5U);
}

TEST_F(RealmCompactionTest, CallbacksCompactAndCloseRealms) {
  Realm realm = Realm::open(file());
  leave_few_notes(realm);
  Realm writer = Realm::open(file());
  Realm closed = Realm::open(file());
  const std::uintmax_t before = file_bytes();

  // When an observer of one realm compacts with another, whose observer closes a third,
  std::vector<bool> compacted;
  const NotificationToken token = writer.observe([&] { compacted.push_back(realm.compact()); });
  const NotificationToken closing = realm.observe([&] { closed.close(); });
  int calls_of_closed = 0;
  const NotificationToken counting = closed.observe([&] { ++calls_of_closed; });
  add_note(writer, 7);

  // Then all go on, but for the closed one, which is told no more.
  EXPECT_THAT(compacted, ElementsAre(true));
  EXPECT_LT(file_bytes(), before / 2);
  EXPECT_EQ(count_notes(realm), 6U);
  EXPECT_EQ(count_notes(writer), 6U);
  EXPECT_TRUE(closed.is_closed());
  EXPECT_EQ(calls_of_closed, 0);
}

TEST_F(RealmCompactionTest, OneThatFailsLeavesAllRealmsWhatTheyWere) {
  Realm realm = Realm::open(file());
  leave_few_notes(realm);
  Realm other = Realm::open(file());
  const std::uintmax_t before = file_bytes();
  // Given something in the place of the copy that cannot be removed,
  const std::filesystem::path copy = file().path.string() + "-compact";
  std::filesystem::create_directory(copy);
  std::ofstream(copy / "file") << "text";

  EXPECT_EQ(error_of_compacting(realm), ErrorCode::kStorage);

  EXPECT_EQ(file_bytes(), before);
  add_note(realm, 7);
  other.refresh();
  EXPECT_EQ(count_notes(other), 6U);
  std::filesystem::remove_all(copy);
  EXPECT_TRUE(other.compact());
  EXPECT_EQ(count_notes(realm), 6U);
}

TEST_F(RealmCompactionTest, AKilledOneLosesNothingThatOtherRealmsOfTheThreadWrote) {
  SeededRandom random(20150101);
  std::int64_t written = 0;
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE(round);
    // When a process ends while a realm compacts what two others write by turns,
    ChildProcess child([&](const Pipe& parent) {
      Realm realm = Realm::open(file());
      Realm writers[] = {Realm::open(file()), Realm::open(file())};
      for (std::int64_t id = written;; ++id) {
        add_note(writers[id % 2], id);
        parent.send(static_cast<std::uint64_t>(id));
        if (!realm.compact()) throw std::runtime_error("it is not compacted");
      }
    });
    const std::uint64_t commits = 1 + random.below(5);
    for (std::uint64_t i = 0; i < commits; ++i) ASSERT_TRUE(child.receive());
    child.kill();
    written += static_cast<std::int64_t>(commits);
    while (child.receive()) ++written;

    // Then all is there of which it said so, and at most what it was about to say.
    const Realm realm = Realm::open(file());
    const auto count = static_cast<std::int64_t>(count_notes(realm));
    ASSERT_GE(count, written);
    ASSERT_LE(count, written + 1);
    written = count;
  }
}

TEST_F(RealmCompactionTest, AFileIsCompactedAtTheFirstOpeningWhenItIsWanted) {
  {
    Realm realm = Realm::open(file());
    leave_few_notes(realm);
  }
  const std::uintmax_t before = file_bytes();
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
  EXPECT_EQ(file_bytes(), before);

  answer = true;
  const Realm realm = Realm::open(configuration);
  EXPECT_LT(file_bytes(), before / 2);
  EXPECT_EQ(count_notes(realm), 5U);
  // Whoever comes second is not asked.
  const Realm second = Realm::open(configuration);
  EXPECT_EQ(asked.size(), 2U);
}

}  // namespace
}  // namespace tombolo
