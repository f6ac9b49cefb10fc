#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lmdb.h>

#include "base/error.h"
#include "base/random.h"
#include "store/applier.h"
#include "store/environment.h"
#include "store/history.h"
#include "store/keys.h"
#include "test/support/child_process.h"
#include "test/support/generators.h"
#include "test/support/model_realm.h"
#include "test/support/random_edits.h"
#include "test/support/store_realm.h"
#include "test/support/temporary_directory.h"

namespace tombolo::store {
namespace {

using nlohmann::json;
using test::ChildProcess;
using test::encryption_key;
using test::Pipe;
using test::TemporaryDirectory;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kSecret = "a secret that the file must not tell";

EnvironmentOptions with_key(std::optional<EncryptionKey> key) {
  return {.durability = Durability::kDeferred, .encryption_key = key};
}

/// What opening the file throws; nullopt when it does not.
std::optional<Error> failure_to_open(const std::filesystem::path& path,
                                     std::optional<EncryptionKey> key) {
  try {
    (void)Environment::open(path, with_key(key));
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// All that a file tells.
json read_all(Environment& environment) {
  const ReadTransaction read = environment.begin_read();
  const RealmReader& realm = read.realm();
  json all = {{"state", test::state_json(realm)}, {"schema", test::schema_json(realm)}};
  realm.history().for_each_after({}, [&](const HistoryEntry& entry) {
    all["history"].push_back(std::string(as_text(entry.changeset)).size());
    return true;
  });
  realm.metadata().scan({}, [&](BytesView key, BytesView value) {
    all["metadata"][std::string(as_text(key))] = std::string(as_text(value));
    return true;
  });
  return all;
}

/// Makes an encrypted file with records of every kind; gives what it tells.
json write_file(const std::filesystem::path& path, const EncryptionKey& key) {
  const auto environment = Environment::open(path, with_key(key));
  SeededRandom random(1);
  test::ModelRealm model;
  test::RealmEditor editor(model, random, {});
  const Bytes classes = editor.create_classes();
  for (int i = 0; i < 12; ++i) {
    WriteTransaction write = environment->begin_write();
    RealmWriter& realm = write.realm();
    realm.set_recording(Recording::kOn);
    if (i == 0) Applier(realm).apply(classes).value();
    const ClassId item = realm.catalog().find_class("Item")->id;
    for (std::int64_t j = 0; j < 30; ++j) {
      const ObjectRef object{item, realm.create(item, ObjectKey::of_int(j)).row};
      test::RandomEdits(realm, random).edit(object);
    }
    realm.metadata().put(as_bytes("secret"), as_bytes(kSecret));
    realm.metadata().put(as_bytes("public"), as_bytes(std::string(kSecret.size(), 'p')));
    write.commit();
  }
  return read_all(*environment);
}

/// The values of a file as they lie in it.
class StoredValues {
 public:
  struct Place {
    Bytes key;
    std::size_t offset;
    std::size_t size;
  };

  explicit StoredValues(const std::filesystem::path& path) : path_(path) {
    MDB_env* environment = nullptr;
    MDB_txn* transaction = nullptr;
    MDB_cursor* cursor = nullptr;
    MDB_dbi tree = 0;
    EXPECT_EQ(mdb_env_create(&environment), 0);
    EXPECT_EQ(mdb_env_open(environment, path.c_str(), MDB_NOSUBDIR | MDB_RDONLY, 0600), 0);
    EXPECT_EQ(mdb_txn_begin(environment, nullptr, MDB_RDONLY, &transaction), 0);
    EXPECT_EQ(mdb_dbi_open(transaction, nullptr, 0, &tree), 0);
    EXPECT_EQ(mdb_cursor_open(transaction, tree, &cursor), 0);
    MDB_val key;
    MDB_val value;
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
      // A page of LMDB begins with its number.
      constexpr std::uintptr_t kPageBytes = 4096;
      const auto address = reinterpret_cast<std::uintptr_t>(value.mv_data);
      std::uint64_t page = 0;
      std::memcpy(&page, reinterpret_cast<const void*>(address & ~(kPageBytes - 1)), sizeof(page));
      const auto* bytes = static_cast<const std::byte*>(key.mv_data);
      places.push_back({Bytes(bytes, bytes + key.mv_size),
                        page * kPageBytes + address % kPageBytes,
                        value.mv_size});
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(transaction);
    mdb_env_close(environment);
  }

  /// The record of that name in the metadata of a realm.
  [[nodiscard]] const Place& find(std::string_view name) const {
    const auto found = std::ranges::find_if(
        places, [&](const Place& place) { return as_text(place.key).ends_with(name); });
    if (found == places.end()) throw std::runtime_error("there is no " + std::string(name));
    return *found;
  }
  [[nodiscard]] std::string read(const Place& place) const {
    std::ifstream file(path_, std::ios::binary);
    std::string bytes(place.size, '\0');
    file.seekg(static_cast<std::streamoff>(place.offset));
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
  }
  void write(const Place& place, const std::string& bytes) const {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(place.offset));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  std::vector<Place> places;

 private:
  std::filesystem::path path_;
};

TEST(Encryption, AFileOpensWithItsKeyAlone) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  const json written = write_file(path, encryption_key(1));

  EXPECT_EQ(read_all(*Environment::open(path, with_key(encryption_key(1)))), written);
  for (const std::optional<EncryptionKey>& key :
       {std::optional(encryption_key(2)), std::optional<EncryptionKey>()}) {
    const std::optional<Error> failure = failure_to_open(path, key);
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code(), ErrorCode::kWrongKey);
    EXPECT_THAT(failure->message(), HasSubstr(path.string()));
  }
  EXPECT_EQ(read_all(*Environment::open(path, with_key(encryption_key(1)))), written);
}

TEST(Encryption, AFileThatIsNotEncryptedIsRefusedWithAKey) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  (void)Environment::open(path, with_key(std::nullopt));

  EXPECT_EQ(failure_to_open(path, encryption_key(1))->code(), ErrorCode::kWrongKey);
}

TEST(Encryption, AnOpenFileIsGivenWithItsKeyAlone) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  const auto open = Environment::open(path, with_key(encryption_key(1)));

  EXPECT_EQ(Environment::open(path, with_key(encryption_key(1))), open);
  EXPECT_EQ(failure_to_open(path, encryption_key(2))->code(), ErrorCode::kWrongKey);
  EXPECT_EQ(failure_to_open(path, std::nullopt)->code(), ErrorCode::kWrongKey);
}

TEST(Encryption, ProcessesShareAFileByItsKey) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  const auto put = [](Environment& environment, std::string_view text) {
    WriteTransaction write = environment.begin_write();
    write.metadata().put(as_bytes("text"), as_bytes(text));
    write.commit();
  };
  ChildProcess child([&](const Pipe& parent) {
    const auto environment = Environment::open(path, with_key(encryption_key(1)));
    put(*environment, "from the child");
    parent.send(1);
    static_cast<void>(parent.receive());
    const ReadTransaction read = environment->begin_read();
    EXPECT_EQ(as_text(*read.metadata().find(as_bytes("text"))), "from the parent");
  });
  ASSERT_EQ(child.receive(), 1U);

  EXPECT_EQ(failure_to_open(path, encryption_key(2))->code(), ErrorCode::kWrongKey);
  const auto environment = Environment::open(path, with_key(encryption_key(1)));
  EXPECT_EQ(as_text(*environment->begin_read().metadata().find(as_bytes("text"))),
            "from the child");
  put(*environment, "from the parent");
  child.send(1);
  EXPECT_TRUE(child.succeeds());
}

TEST(Encryption, TheFileTellsNothingOfWhatIsInIt) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  {
    const auto environment = Environment::open(path, with_key(encryption_key(1)));
    WriteTransaction write = environment->begin_write();
    RealmWriter& realm = write.realm();
    realm.set_recording(Recording::kOn);
    realm.add_schema(
        {{{.name = "SecretClass",
           .primary_key = "secretKey",
           .properties = {
               {.name = "secretKey", .type = PropertyType::kString},
               {.name = "secretText", .type = PropertyType::kString, .index = IndexType::kGeneral},
               {.name = "secretWords",
                .type = PropertyType::kString,
                .index = IndexType::kFullText}}}}});
    const ClassInfo& info = *realm.catalog().find_class("SecretClass");
    const RowId row = realm.create(info.id, ObjectKey::of_string("secret name")).row;
    for (const char* name : {"secretText", "secretWords"}) {
      realm.set({info.id, row}, info.find_property(name)->id, Value::of_string(kSecret));
    }
    realm.metadata().put(as_bytes("note"), as_bytes(kSecret));
    write.commit();
  }

  EXPECT_THAT(content_of(path), Not(HasSubstr("secret")));
  EXPECT_THAT(content_of(path), Not(HasSubstr("Secret")));
  // Nor, as the order of bytes in an index would, of their beginnings.
  EXPECT_THAT(content_of(path), Not(HasSubstr(std::string("terces a"))));
}

TEST(Encryption, ASecondFileUnderTheSameKeyIsAnotherOne) {
  const TemporaryDirectory directory;
  const auto key = encryption_key(1);
  write_file(directory.file("a"), key);
  write_file(directory.file("b"), key);
  const StoredValues a(directory.file("a"));
  const StoredValues b(directory.file("b"));

  b.write(b.find("secret"), a.read(a.find("secret")));

  const auto environment = Environment::open(directory.file("b"), with_key(key));
  EXPECT_THROW((void)read_all(*environment), Error);
}

TEST(Encryption, AChangedBitAnywhereIsNoticedOrWithoutEffect) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  const json written = write_file(path, encryption_key(1));
  const StoredValues stored(path);
  ASSERT_GT(stored.places.size(), 50U);
  SeededRandom random(1);
  std::size_t noticed = 0;

  for (const StoredValues::Place& place : stored.places) {
    if (place.size == 0) continue;
    const std::string before = stored.read(place);
    std::string changed = before;
    changed[random.below(changed.size())] ^= static_cast<char>(1U << random.below(8));
    stored.write(place, changed);
    try {
      EXPECT_EQ(read_all(*Environment::open(path, with_key(encryption_key(1)))), written);
    } catch (const Error& error) {
      ++noticed;
      const bool is_header = place.offset == stored.places.front().offset;
      EXPECT_TRUE(is_header || error.code() == ErrorCode::kFileCorrupt) << error.message();
      EXPECT_THAT(error.message(), HasSubstr(path.string()));
    }
    stored.write(place, before);
  }

  // All but indexes and numbers that nobody asked for.
  EXPECT_GT(noticed, stored.places.size() / 2);
  EXPECT_EQ(read_all(*Environment::open(path, with_key(encryption_key(1)))), written);
}

TEST(Encryption, AValueInThePlaceOfAnotherIsNoticed) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  write_file(path, encryption_key(1));
  const StoredValues stored(path);

  stored.write(stored.find("public"), stored.read(stored.find("secret")));

  const auto environment = Environment::open(path, with_key(encryption_key(1)));
  try {
    (void)environment->begin_read().realm().metadata().find(as_bytes("public"));
    ADD_FAILURE() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFileCorrupt);
    EXPECT_THAT(error.message(), HasSubstr("the record metadata"));
  }
}

TEST(Encryption, WhatIsReadAgainIsOpenedOnceAndNoMoreIsHeldThanWasSaid) {
  const TemporaryDirectory directory;
  const auto path = directory.file("realm");
  EnvironmentOptions options = with_key(encryption_key(1));
  options.opened_bytes_max = 1 << 16;
  const auto environment = Environment::open(path, options);
  const auto name = [](int i) { return "text " + std::to_string(i); };
  {
    WriteTransaction write = environment->begin_write();
    for (int i = 0; i < 200; ++i) {
      write.metadata().put(as_bytes(name(i)),
                           as_bytes(std::string(2'000, static_cast<char>('a' + i % 26))));
    }
    write.commit();
  }

  // More than is kept, by several snapshots in turn; views last as long as their snapshot.
  const ReadTransaction first = environment->begin_read();
  std::vector<BytesView> views;
  for (int i = 0; i < 200; ++i) views.push_back(*first.metadata().find(as_bytes(name(i))));
  for (int round = 0; round < 3; ++round) {
    const ReadTransaction read = environment->begin_read();
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(bytes_equal(*read.metadata().find(as_bytes(name(i))),
                              views[static_cast<std::size_t>(i)]));
    }
  }
  EXPECT_EQ(views[30].size(), 2'000U);
  EXPECT_EQ(static_cast<char>(views[30].front()), 'a' + 30 % 26);
}

}  // namespace
}  // namespace tombolo::store
