#include "store/compaction.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/random.h"
#include "store/environment.h"
#include "test/support/child_process.h"
#include "test/support/store_realm.h"
#include "test/support/temporary_directory.h"

namespace tombolo::store {
namespace {

using test::ChildProcess;
using test::Pipe;
using test::TemporaryDirectory;

Schema schema_with(const std::string& property) {
  return {{{.name = "Entry",
            .primary_key = "_id",
            .properties = {{.name = "_id", .type = PropertyType::kInt},
                           {.name = property, .type = PropertyType::kString}}}}};
}

std::string text_of(std::int64_t key) {
  return std::string(3000, static_cast<char>('a' + key % 26)) + std::to_string(key);
}

void add_entries(Environment& environment, std::int64_t first, std::int64_t end) {
  WriteTransaction write = environment.begin_write();
  RealmWriter& realm = write.realm();
  realm.add_schema(schema_with("text"));
  const ClassInfo& entry = *realm.catalog().find_class("Entry");
  const PropertyId text = entry.find_property("text")->id;
  for (std::int64_t key = first; key < end; ++key) {
    const ObjectRef object{entry.id, realm.create(entry.id, ObjectKey::of_int(key)).row};
    realm.set(object, text, Value::of_string(text_of(key)));
  }
  write.commit();
}

void erase_entries(Environment& environment, std::int64_t first, std::int64_t end) {
  WriteTransaction write = environment.begin_write();
  RealmWriter& realm = write.realm();
  const ClassId entry = realm.catalog().find_class("Entry")->id;
  for (std::int64_t key = first; key < end; ++key) {
    realm.erase({entry, *realm.find(entry, ObjectKey::of_int(key))});
  }
  write.commit();
}

/// Whether these are all entries that there are.
void expect_entries(Environment& environment, std::int64_t first, std::int64_t end) {
  const ReadTransaction read = environment.begin_read();
  const RealmReader& realm = read.realm();
  const ClassInfo& entry = *realm.catalog().find_class("Entry");
  ASSERT_EQ(realm.object_count(entry.id), static_cast<std::uint64_t>(end - first));
  for (std::int64_t key = first; key < end; ++key) {
    const auto row = realm.find(entry.id, ObjectKey::of_int(key));
    ASSERT_TRUE(row) << key;
    ASSERT_EQ(realm.get({entry.id, *row}, entry.find_property("text")->id).as_string(),
              text_of(key));
  }
}

constexpr std::int64_t kErased = 400;
constexpr std::int64_t kEnd = 500;

/// A file as it is, or an encrypted one.
class CompactionTest : public ::testing::TestWithParam<bool> {
 protected:
  CompactionTest() {
    if (GetParam()) options_.encryption_key = test::encryption_key(1);
    const auto environment = open();
    add_entries(*environment, 0, kEnd);
    erase_entries(*environment, 0, kErased);
  }

  [[nodiscard]] std::shared_ptr<Environment> open() const {
    return Environment::open(path_, options_);
  }
  [[nodiscard]] std::optional<Compaction> compact() const {
    return Environment::compact(path_, options_);
  }
  [[nodiscard]] std::uintmax_t file_bytes() const { return std::filesystem::file_size(path_); }
  [[nodiscard]] std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::filesystem::path copy() const { return path_.string() + "-compact"; }

  TemporaryDirectory directory_;
  const std::filesystem::path path_ = directory_.file("realm");
  EnvironmentOptions options_;
};

INSTANTIATE_TEST_SUITE_P(Files, CompactionTest, ::testing::Bool(), [](const auto& test) {
  return test.param ? "Encrypted" : "Plain";
});

TEST_P(CompactionTest, MakesTheFileAsSmallAsWhatItHolds) {
  const std::uintmax_t before = file_bytes();
  const FileUsage usage = open()->usage();
  ASSERT_LT(usage.used_bytes, usage.total_bytes / 2);
  ASSERT_LE(usage.total_bytes, before);

  ASSERT_TRUE(compact());

  EXPECT_LE(file_bytes(), usage.used_bytes + 16384);
  const auto environment = open();
  expect_entries(*environment, kErased, kEnd);
  EXPECT_EQ(std::filesystem::status(path_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(std::filesystem::exists(copy()));
}

TEST_P(CompactionTest, CountsCommitsAnewAndSchemasStillDiffer) {
  // Given a file whose schema was changed by its commit number n, and that was compacted,
  CommitId changed;
  {
    const auto environment = open();
    WriteTransaction write = environment->begin_write();
    write.realm().add_schema(schema_with("first"));
    changed = write.commit();
  }
  const auto done = compact();
  ASSERT_TRUE(done);
  ASSERT_EQ(done->before, changed);
  const auto environment = open();
  ASSERT_EQ(environment->newest_commit(), done->after);

  // When the schema is changed by each commit up to that number and after it,
  for (int i = 0; environment->newest_commit() <= changed; ++i) {
    const std::string name = "later" + std::to_string(i);
    WriteTransaction write = environment->begin_write();
    write.realm().add_schema(schema_with(name));
    write.commit();

    // Then a snapshot knows that change.
    const ReadTransaction read = environment->begin_read();
    ASSERT_NE(read.realm().catalog().find_class("Entry")->find_property(name), nullptr) << name;
  }
}

TEST_P(CompactionTest, NeedsTheKeyOfTheFileBeforeAndAfter) {
  const auto expect_refused = [&](const std::optional<EncryptionKey>& key) {
    EnvironmentOptions options;
    options.encryption_key = key;
    for (const bool compacts : {true, false}) {
      try {
        if (compacts) {
          (void)Environment::compact(path_, options);
        } else {
          (void)Environment::open(path_, options);
        }
        ADD_FAILURE() << compacts;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kWrongKey) << error.message();
      }
    }
  };
  const std::string before = content();
  if (GetParam()) expect_refused(std::nullopt);
  expect_refused(test::encryption_key(2));
  EXPECT_EQ(content(), before);

  ASSERT_TRUE(compact());

  if (GetParam()) expect_refused(std::nullopt);
  expect_refused(test::encryption_key(2));
  EXPECT_EQ(content().find(text_of(kErased)) == std::string::npos, GetParam());
  expect_entries(*open(), kErased, kEnd);
}

TEST_P(CompactionTest, IsNotDoneWhileSomebodyHasTheFileOpen) {
  const std::string before = content();
  {
    const auto environment = open();
    EXPECT_FALSE(compact());
  }
  ChildProcess child([&](const Pipe& parent) {
    const auto environment = open();
    parent.send(1);
    (void)parent.receive();
    expect_entries(*environment, kErased, kEnd);
  });
  ASSERT_TRUE(child.receive());
  EXPECT_FALSE(compact());
  EXPECT_EQ(content(), before);
  child.send(1);
  EXPECT_TRUE(child.succeeds());

  EXPECT_TRUE(compact());
}

TEST_P(CompactionTest, WhoOpensTheFileMeanwhileWaits) {
  ChildProcess child([&](const Pipe& parent) {
    for (;;) {
      (void)compact();
      parent.send(1);
      if (parent.receive().value() == 0) return;
    }
  });
  for (std::int64_t key = kEnd; key < kEnd + 100; ++key) {
    // The child is at it, or about to.
    ASSERT_NO_THROW(add_entries(*open(), key, key + 1));
    ASSERT_TRUE(child.receive());
    child.send(1);
  }
  ASSERT_TRUE(child.receive());
  child.send(0);
  EXPECT_TRUE(child.succeeds());

  expect_entries(*open(), kErased, kEnd + 100);
}

TEST_P(CompactionTest, ThatTheDiskHasNoRoomForLeavesTheFileAsItWas) {
  const std::string before = content();
  ChildProcess child([&](const Pipe&) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
    for (const rlim_t room : {rlim_t{40'000}, rlim_t{100'000}, rlim_t{250'001}}) {
      SCOPED_TRACE(room);
      limit.rlim_cur = room;
      ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
      try {
        (void)compact();
        ADD_FAILURE();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kDiskFull);
        EXPECT_NE(error.message().find("cannot compact '" + path_.string()), std::string::npos)
            << error.message();
      }
      EXPECT_FALSE(std::filesystem::exists(copy()));
    }
  });
  EXPECT_TRUE(child.succeeds());

  EXPECT_EQ(content(), before);
  EXPECT_TRUE(compact());
}

TEST_P(CompactionTest, AKilledOneHasHappenedOrHasNot) {
  const std::string before = content();
  const std::uintmax_t old_bytes = file_bytes();
  const std::uintmax_t new_bytes = open()->usage().used_bytes;
  SeededRandom random(20150101);
  int old_files = 0;
  int new_files = 0;
  int copies = 0;
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    std::ofstream(path_, std::ios::binary) << before;
    std::filesystem::remove(path_.string() + "-lock");

    if (round % 2 == 0) {
      // When the process ends at some byte of the copy,
      const rlim_t end = 34'000 + random.below(new_bytes);
      ChildProcess child([&](const Pipe&) {
        rlimit limit{};
        (void)::getrlimit(RLIMIT_FSIZE, &limit);
        limit.rlim_cur = end;
        (void)::setrlimit(RLIMIT_FSIZE, &limit);
        ::signal(SIGXFSZ, [](int) { (void)::raise(SIGKILL); });
        (void)compact();
      });
      (void)child.succeeds();
    } else {
      // or at any moment from its beginning to after its end,
      ChildProcess child([&](const Pipe& parent) {
        parent.send(1);
        (void)compact();
        parent.send(2);
        (void)parent.receive();
      });
      ASSERT_TRUE(child.receive());
      const std::uint64_t steps = random.below(3'000'000);
      for (std::atomic<std::uint64_t> step = 0; step < steps; ++step) {
      }
      child.kill();
    }
    copies += std::filesystem::exists(copy()) ? 1 : 0;

    // Then it is the old file or the new one, whole, and what is left over goes with the next use.
    (file_bytes() == old_bytes ? old_files : new_files) += 1;
    const auto environment = open();
    expect_entries(*environment, kErased, kEnd);
    EXPECT_FALSE(std::filesystem::exists(copy()));
    add_entries(*environment, kEnd, kEnd + 1);
    expect_entries(*environment, kErased, kEnd + 1);
  }
  EXPECT_GE(old_files, 10);
  EXPECT_GE(new_files, 1);
  EXPECT_GE(copies, 5);
}

}  // namespace
}  // namespace tombolo::store
