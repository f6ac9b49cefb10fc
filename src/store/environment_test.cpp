#include "store/environment.h"

#include <atomic>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <lmdb.h>
#include <rapidcheck/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "store/keys.h"
#include "test/support/child_process.h"
#include "test/support/store_realm.h"
#include "test/support/temporary_directory.h"

namespace tombolo::store {
namespace {

using test::ChildProcess;
using test::Pipe;
using test::TemporaryDirectory;

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

/// Of the files that the running test makes; nullopt: they are not encrypted.
std::optional<EncryptionKey> key_of_files;

EnvironmentOptions small_map() {
  EnvironmentOptions options;
  options.map_bytes = kMebibyte;
  options.durability = Durability::kDeferred;
  options.encryption_key = key_of_files;
  return options;
}

/// Of files as they are and of encrypted ones.
class AnyEnvironment : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) key_of_files = test::encryption_key(1);
  }
  void TearDown() override { key_of_files.reset(); }
};

INSTANTIATE_TEST_SUITE_P(Files, AnyEnvironment, ::testing::Bool(), [](const auto& test) {
  return test.param ? "Encrypted" : "Plain";
});

/// A file whose every commit leaves one object more, numbered from 1, each with a text that only
/// its number decides, and their count in the metadata.
class Ledger {
 public:
  explicit Ledger(const std::filesystem::path& path,
                  const EnvironmentOptions& options = small_map())
      : environment_(Environment::open(path, options)) {}

  /// Adds what is missing up to `count`, each in a commit of its own.
  void grow_to(std::uint64_t count, std::size_t text_bytes = 100) {
    for (std::uint64_t i = this->count() + 1; i <= count; ++i) add(i, text_bytes);
  }

  void add(std::uint64_t number, std::size_t text_bytes) {
    WriteTransaction write = environment_->begin_write();
    fill(write, number, text_bytes);
    write.commit();
  }

  static void fill(WriteTransaction& write, std::uint64_t number, std::size_t text_bytes) {
    RealmWriter& realm = write.realm();
    realm.add_schema(schema());
    const ClassInfo& entry = *realm.catalog().find_class("Entry");
    const ObjectKey key = ObjectKey::of_int(static_cast<std::int64_t>(number));
    const ObjectRef object{entry.id, realm.create(entry.id, key).row};
    realm.set(object, entry.find_property("text")->id, Value::of_string(text(number, text_bytes)));
    std::string count = std::to_string(number);
    realm.metadata().put(as_bytes("count"), as_bytes(count));
  }

  /// How many entries there are; checks each of them.
  [[nodiscard]] std::uint64_t count() const {
    const ReadTransaction read = environment_->begin_read();
    const RealmReader& realm = read.realm();
    const ClassInfo* const entry = realm.catalog().find_class("Entry");
    if (entry == nullptr) return 0;
    const auto record = realm.metadata().find(as_bytes("count"));
    const std::uint64_t count = record ? std::stoull(std::string(as_text(*record))) : 0;
    EXPECT_EQ(realm.object_count(entry->id), count);
    for (std::uint64_t number = 1; number <= count; ++number) {
      const auto row = realm.find(entry->id, ObjectKey::of_int(static_cast<std::int64_t>(number)));
      if (!row) {
        ADD_FAILURE() << "entry " << number << " of " << count << " is missing";
        break;
      }
      const Value value = realm.get({entry->id, *row}, entry->find_property("text")->id);
      const std::string_view found = value.as_string();
      EXPECT_EQ(found, text(number, found.size()));
    }
    return count;
  }

  [[nodiscard]] Environment& environment() const { return *environment_; }

 private:
  static Schema schema() {
    return {{{.name = "Entry",
              .kind = ClassKind::kTopLevel,
              .primary_key = "_id",
              .properties = {{.name = "_id",
                              .type = PropertyType::kInt,
                              .collection = CollectionType::kSingle,
                              .nullable = false,
                              .target = {}},
                             {.name = "text",
                              .type = PropertyType::kString,
                              .collection = CollectionType::kSingle,
                              .nullable = false,
                              .target = {}}}}}};
  }
  static std::string text(std::uint64_t number, std::size_t bytes) {
    return std::string(bytes, static_cast<char>('a' + number % 26));
  }

  std::shared_ptr<Environment> environment_;
};

/// The code of what `work` throws; nullopt when it does not.
template <typename Work>
std::optional<ErrorCode> failure_of(const Work& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

// ---- Crashes

TEST_P(AnyEnvironment, AfterAKillExactlyTheCommittedTransactionsAreThere) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  SeededRandom random(1);
  std::uint64_t before = 0;

  for (int round = 0; round < 25; ++round) {
    // Given a process that commits one entry after the other, of sizes up to several pages, and
    // tells of each,
    const std::uint64_t seed = random.next();
    ChildProcess child([&](const Pipe& parent) {
      SeededRandom sizes(seed);
      Ledger ledger(path);
      for (std::uint64_t number = ledger.count() + 1;; ++number) {
        ledger.add(number, sizes.below(30'000));
        parent.send(number);
      }
    });

    // When it is killed somewhere on its way,
    std::uint64_t told = before;
    for (std::uint64_t i = 1 + random.below(12); i > 0; --i) told = child.receive().value();
    child.kill();
    while (const auto number = child.receive()) told = *number;

    // Then what it told of is there, and at most the one commit more that it could not tell of.
    const std::uint64_t found = Ledger(path).count();
    EXPECT_GE(found, told);
    EXPECT_LE(found, told + 1);
    before = found;
  }
}

// ---- Several processes

TEST_P(AnyEnvironment, AnotherProcessReadsTheOldStateUntilACommit) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  ChildProcess child([&](const Pipe& parent) {
    Ledger ledger(path);
    parent.send(0);
    while (parent.receive()) parent.send(ledger.count());
  });
  ASSERT_EQ(child.receive(), 0U);  // To open a new file it may wait for the writer.
  Ledger ledger(path);
  ledger.grow_to(3);

  // While a write transaction is open, the other process sees what was there before it.
  WriteTransaction write = ledger.environment().begin_write();
  Ledger::fill(write, 4, 100);
  child.send(0);
  EXPECT_EQ(child.receive(), 3U);

  // After the commit it sees all of it.
  write.commit();
  child.send(0);
  EXPECT_EQ(child.receive(), 4U);
}

TEST_P(AnyEnvironment, AnotherProcessTakesOverTheSizeOfAMapThatHasGrown) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  ChildProcess child([&](const Pipe& parent) {
    Ledger ledger(path);
    parent.send(ledger.environment().stats().map_bytes);
    while (parent.receive()) {
      ledger.grow_to(ledger.count() + 1);
      parent.send(ledger.environment().stats().map_bytes);
    }
  });
  const std::uint64_t map_before = child.receive().value();
  Ledger ledger(path);

  ledger.grow_to(20, kMebibyte / 2);
  child.send(0);

  EXPECT_GE(child.receive().value(), std::max<std::uint64_t>(10 * kMebibyte, map_before + 1));
  EXPECT_EQ(ledger.count(), 21U) << "what the other process wrote into the larger map is read here";
}

TEST_P(AnyEnvironment, TheMapGrowsBesideThreadsThatRead) {
  const TemporaryDirectory directory;
  Ledger ledger(directory.file("realm"));
  ledger.grow_to(1);
  std::atomic<bool> is_done = false;
  std::atomic<std::uint64_t> newest_read = 0;
  std::jthread reader([&] {
    while (!is_done) newest_read = ledger.count();
  });

  for (std::uint64_t number = 2; number <= 40; ++number) ledger.add(number, kMebibyte / 4);
  is_done = true;
  reader.join();

  EXPECT_GE(ledger.environment().stats().map_bytes, 10 * kMebibyte);
  EXPECT_EQ(ledger.count(), 40U);
  EXPECT_LE(newest_read, 40U);
}

TEST_P(AnyEnvironment, WritingTheSameRecordsAgainNeedsNoMoreRoom) {
  const TemporaryDirectory directory;
  EnvironmentOptions options = small_map();
  options.growth_wait_max = std::chrono::milliseconds(0);
  const auto environment = Environment::open(directory.file("realm"), options);
  const std::size_t map_bytes = environment->stats().map_bytes;
  const ReadTransaction reader = environment->begin_read();  // The map cannot grow beside it.
  WriteTransaction write = environment->begin_write();

  // 100 MB in 10,000 writes to ten records: beside a text of two pages, one within a node.
  for (int i = 0; i < 10'000; ++i) {
    const std::string text(i % 2 == 0 ? 5'000 : 100, static_cast<char>('a' + i % 26));
    write.metadata().put(as_bytes(std::string(1, static_cast<char>('0' + i % 10))), as_bytes(text));
  }
  write.commit();

  EXPECT_EQ(environment->stats().map_bytes, map_bytes);
}

TEST_P(AnyEnvironment, TheMapGrowsWhileASnapshotRests) {
  const TemporaryDirectory directory;
  EnvironmentOptions options = small_map();
  options.growth_wait_max = std::chrono::milliseconds(0);
  Ledger ledger(directory.file("realm"), options);
  ReadTransaction reader = ledger.environment().begin_read();
  const CommitId before = reader.commit_id();

  reader.rest();
  for (std::uint64_t number = 1; number <= 10; ++number) ledger.add(number, kMebibyte);

  EXPECT_EQ(reader.commit_id(), before);
  EXPECT_TRUE(reader.renew());
  const ClassInfo* const entry = reader.realm().catalog().find_class("Entry");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(reader.realm().object_count(entry->id), 10U);
}

RC_GTEST_PROP(Environment, ATransactionOfAnyWritesFindsRoomInTime, (std::uint64_t seed)) {
  const TemporaryDirectory directory;
  EnvironmentOptions options = small_map();
  options.map_bytes = kMebibyte / 4;
  if (seed % 2 == 0) options.encryption_key = test::encryption_key(1);
  const auto environment = Environment::open(directory.file("realm"), options);
  std::map<std::string, std::string> expected;
  SeededRandom random(seed);
  const auto below = [&random](std::uint64_t bound) { return random.below(bound); };

  for (int transaction = 0; transaction < 6; ++transaction) {
    WriteTransaction write = environment->begin_write();
    MetadataWriter records = write.metadata();
    const std::uint64_t keys = 1 + below(300);
    for (std::uint64_t i = below(1'500); i > 0; --i) {
      const std::string key = std::to_string(below(keys)) + std::string(below(2) * 300, 'k');
      if (below(4) == 0) {
        RC_ASSERT(records.erase(as_bytes(key)) == (expected.erase(key) == 1));
      } else {
        const std::uint64_t bytes = below(3) == 0 ? below(40'000) : below(2'500);
        std::string& text = expected[key];
        text.assign(bytes, static_cast<char>('a' + below(26)));
        records.put(as_bytes(key), as_bytes(text));
      }
    }
    write.commit();
  }

  std::map<std::string, std::string> found;
  const ReadTransaction read = environment->begin_read();
  read.metadata().scan({}, [&found](BytesView key, BytesView value) {
    found.emplace(as_text(key), as_text(value));
    return true;
  });
  RC_ASSERT(found == expected);
}

TEST(Environment, AnExclusiveOwnerKeepsOthersOut) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  ChildProcess child([&](const Pipe& parent) {
    EnvironmentOptions options = small_map();
    options.exclusive = true;
    const Ledger ledger(path, options);
    parent.send(1);
    static_cast<void>(parent.receive());
  });
  ASSERT_EQ(child.receive(), 1U);

  EXPECT_EQ(failure_of([&] { Ledger ledger(path); }), ErrorCode::kFileInUse);
}

// ---- Files that are not as they should be

/// Writes `version` where the header keeps the version of the format.
void set_format_version(const std::filesystem::path& path, std::uint32_t version) {
  MDB_env* environment = nullptr;
  MDB_txn* transaction = nullptr;
  MDB_dbi tree = 0;
  ASSERT_EQ(mdb_env_create(&environment), 0);
  ASSERT_EQ(mdb_env_open(environment, path.c_str(), MDB_NOSUBDIR, 0600), 0);
  ASSERT_EQ(mdb_txn_begin(environment, nullptr, 0, &transaction), 0);
  ASSERT_EQ(mdb_dbi_open(transaction, nullptr, 0, &tree), 0);
  const Key key(kEnvironmentRealm, Space::kHeader);
  MDB_val name{key.size(), const_cast<std::byte*>(key.view().data())};
  MDB_val record;
  ASSERT_EQ(mdb_get(transaction, tree, &name, &record), 0);
  constexpr std::size_t kMagicBytes = 8;
  Bytes header(static_cast<const std::byte*>(record.mv_data),
               static_cast<const std::byte*>(record.mv_data) + record.mv_size);
  std::memcpy(header.data() + kMagicBytes, &version, sizeof version);
  MDB_val changed{header.size(), header.data()};
  ASSERT_EQ(mdb_put(transaction, tree, &name, &changed, 0), 0);
  ASSERT_EQ(mdb_txn_commit(transaction), 0);
  mdb_env_close(environment);
}

TEST(Environment, AFileOfANewerFormatIsRefusedAndLeftAsItIs) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  Ledger(path).grow_to(2);
  set_format_version(path, 7);

  try {
    Ledger ledger(path);
    FAIL() << "it was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFileFormatTooNew);
    EXPECT_EQ(error.message(),
              "'" + std::filesystem::canonical(path).string() +
                  "' has format 7; this version knows up to 4");
  }

  set_format_version(path, 1);
  EXPECT_EQ(Ledger(path).count(), 2U);
}

TEST(Environment, AnEncryptedFileOfAnOlderFormatIsRefused) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  const EnvironmentOptions encrypted{.encryption_key = EncryptionKey{}};
  (void)Environment::open(path, encrypted);
  set_format_version(path, 3);

  try {
    (void)Environment::open(path, encrypted);
    FAIL() << "it was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFileCorrupt);
    EXPECT_EQ(error.message(),
              "'" + std::filesystem::canonical(path).string() +
                  "' has format 3, and encrypted files are read of format 4 only");
  }
}

TEST(Environment, AFileOfAnotherKindIsRefusedAndLeftAsItIs) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  const std::string text(100'000, 'x');
  std::ofstream(path) << text;

  EXPECT_EQ(failure_of([&] { Ledger ledger(path); }), ErrorCode::kFileCorrupt);

  std::stringstream content;
  content << std::ifstream(path).rdbuf();
  EXPECT_EQ(content.str(), text);
}

TEST(Environment, ADirectoryThatMayNotBeWrittenIsPermissionDenied) {
  const TemporaryDirectory directory;
  const auto closed = directory.file("closed");
  std::filesystem::create_directory(closed);
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(closed.c_str(), 0555), 0);

  ChildProcess child([&](const Pipe&) {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0) {  // Root may write everywhere.
      ASSERT_EQ(::seteuid(kNobody), 0);
    }
    EXPECT_EQ(failure_of([&] { Ledger ledger(closed / "realm"); }), ErrorCode::kPermissionDenied);
  });

  EXPECT_TRUE(child.succeeds());
}

TEST(Environment, AFileIsReadWhereNothingMayBeWritten) {
  const TemporaryDirectory directory;
  const auto closed = directory.file("closed");
  std::filesystem::create_directory(closed);
  { Ledger(closed / "realm").grow_to(3); }
  for (const bool has_other_files : {true, false}) {
    if (!has_other_files) {
      std::filesystem::remove(closed / "realm-lock");
      std::filesystem::remove(closed / "realm-guard");
    }
    for (const auto& entry : std::filesystem::directory_iterator(closed)) {
      ASSERT_EQ(::chmod(entry.path().c_str(), 0444), 0);
    }
    ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
    ASSERT_EQ(::chmod(closed.c_str(), 0555), 0);

    ChildProcess child([&](const Pipe&) {
      constexpr uid_t kNobody = 65534;
      if (::geteuid() == 0) {  // Root may write everywhere.
        ASSERT_EQ(::seteuid(kNobody), 0);
      }
      EnvironmentOptions options = small_map();
      options.read_only = true;
      EXPECT_EQ(Ledger(closed / "realm", options).count(), 3U);
    });

    EXPECT_TRUE(child.succeeds());
    ASSERT_EQ(::chmod(closed.c_str(), 0755), 0);
  }
}

// ---- A full disk

/// From now on this process cannot make a file longer than `bytes`: what a full disk is to it.
void limit_files(rlim_t bytes) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST_P(AnyEnvironment, AWriteThatTheDiskCutsShortLosesNothingAndCanBeDoneAgain) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  ChildProcess child([&](const Pipe&) {
    ::signal(SIGXFSZ, SIG_IGN);
    Ledger ledger(path);
    ledger.grow_to(3);
    std::uint64_t count = 3;
    // From no room at all to nearly enough: the writes of a commit are cut in different places.
    for (const rlim_t room :
         {rlim_t{0}, rlim_t{1}, rlim_t{4096}, rlim_t{100'000}, rlim_t{900'000}}) {
      SCOPED_TRACE(room);
      limit_files(std::filesystem::file_size(path) + room);

      EXPECT_EQ(failure_of([&] { ledger.add(count + 1, kMebibyte); }), ErrorCode::kDiskFull);
      EXPECT_EQ(ledger.count(), count) << "nothing was changed";
      EXPECT_EQ(failure_of([&] { ledger.add(count + 1, kMebibyte); }), ErrorCode::kDiskFull);

      limit_files(RLIM_INFINITY);
      ledger.add(++count, kMebibyte);
      EXPECT_EQ(ledger.count(), count) << "there is room again";
    }
  });

  EXPECT_TRUE(child.succeeds());
  EXPECT_EQ(Ledger(path).count(), 8U);
}

TEST_P(AnyEnvironment, AFileThatTheDiskHasNoRoomForIsMadeOnceThereIs) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  ChildProcess child([&](const Pipe&) {
    ::signal(SIGXFSZ, SIG_IGN);
    // Other files than the data itself have had their room.
    { const Ledger ledger(path); }
    std::filesystem::remove(path);
    for (const rlim_t room : {rlim_t{0}, rlim_t{100}, rlim_t{4096}, rlim_t{8192}, rlim_t{10'000}}) {
      SCOPED_TRACE(room);
      limit_files(room);
      EXPECT_EQ(failure_of([&] { Ledger ledger(path); }), ErrorCode::kDiskFull);
    }
    limit_files(RLIM_INFINITY);
    Ledger ledger(path);
    ledger.grow_to(1);
  });

  EXPECT_TRUE(child.succeeds());
  EXPECT_EQ(Ledger(path).count(), 1U);
}

}  // namespace
}  // namespace tombolo::store
