#include <atomic>
#include <fstream>
#include <sstream>

#include "test/e2e/sdk_fixture.h"

/// Copies of synced realms through the C++ SDK.

namespace tombolo::test {
namespace {

/// Objects that only their global keys tell apart.
struct Mark {
  static constexpr std::string_view class_name = "Mark";
  static constexpr Field<std::string> text{"text"};
  static constexpr auto properties = std::tuple(text);
};

struct Folder {
  static constexpr std::string_view class_name = "Folder";
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr Field<Link<Note>> first{"first"};
  static constexpr Field<List<Link<Note>>> notes{"notes"};
  static constexpr auto properties = std::tuple(id, first, notes);
};

class SdkCopy : public SdkTest {
 protected:
  [[nodiscard]] static RealmConfiguration with_marks(const User& user) {
    RealmConfiguration result = configuration(user);
    result.schema = schema_of<Note, Mark>();
    return result;
  }
  static void write_mark(Realm& realm, const std::string& text) {
    realm.write([&] { realm.create<Mark>(Mark::text = text); });
  }
  static ErrorCode code_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  }
};

TEST_F(SdkCopy, ALocalCopyStopsSyncingForGood) {
  // Given a realm with what came from the server, and what the server does not have yet,
  Realm left = Realm::open(with_marks(user("left")));
  write_note(left, 1);
  write_mark(left, "theirs");
  upload(left);
  Realm right = Realm::open(with_marks(user("right")));
  download(right);
  right.sync_session()->pause();
  write_note(right, 2);
  write_mark(right, "ours");

  // When it is copied to a local one,
  const auto file = directory_.file("copies") / "local.realm";
  right.write_copy_to({.path = file});
  Realm copy = Realm::open({.path = file});

  // Then that has everything, and no session.
  EXPECT_TRUE(copy.find<Note>(1) && copy.find<Note>(2));
  EXPECT_EQ(copy.objects<Mark>().size(), 2);
  EXPECT_FALSE(copy.sync_session());
  write_mark(copy, "local");
  EXPECT_EQ(copy.objects<Mark>().size(), 3);
  EXPECT_EQ(right.objects<Mark>().size(), 2);
}

TEST_F(SdkCopy, ASyncedCopyIsAnotherDeviceThatHasEverythingAlready) {
  // Given a synced realm, and a copy for another user,
  Realm source = Realm::open(with_marks(user("source")));
  for (int id = 0; id < 50; ++id) write_note(source, id, std::string(2000, 'x'));
  write_mark(source, "source");
  EXPECT_EQ(code_of([&] { source.write_copy_to(with_marks(user("early"))); }),
            ErrorCode::kInvalidArgument)
      << "the server does not have everything";
  upload(source);
  download(source);
  const RealmConfiguration target = with_marks(user("target"));
  source.write_copy_to(target);

  // When it is opened, then nothing has to come that is there already.
  Realm copy = Realm::open(target);
  std::atomic<std::uint64_t> received = 0;
  const NotificationToken token = copy.sync_session()->observe_progress(
      ProgressDirection::kDownload,
      ProgressMode::kReportIndefinitely,
      [&](const SyncProgress& now) { received = now.transferred; });
  write_mark(copy, "before it has a name of its own");
  download(copy);
  EXPECT_EQ(copy.objects<Note>().size(), 50);
  EXPECT_LT(received, 2000);

  // And both are devices like others.
  write_note(source, 100);
  write_mark(source, "source again");
  source.write([&] { source.find<Note>(1)->set(Note::text, "source"); });
  write_note(copy, 101);
  copy.write([&] { copy.erase(*copy.find<Note>(2)); });
  for (Realm* realm : {&source, &copy}) upload(*realm);
  for (Realm* realm : {&source, &copy}) download(*realm);
  for (const Realm* realm : {&source, &copy}) {
    EXPECT_EQ(realm->objects<Note>().size(), 51);
    EXPECT_EQ(realm->objects<Mark>().size(), 3);
    EXPECT_EQ((*realm->find<Note>(1))[Note::text], "source");
    EXPECT_FALSE(realm->find<Note>(2));
  }
}

TEST_F(SdkCopy, ACopyOfALocalRealmUploadsAllOfIt) {
  // Given a local realm with more than goes into one changeset, and a partition with something in
  // it already,
  Realm local = Realm::open(
      {.path = directory_.file("local.realm"), .schema = schema_of<Note, Mark, Folder>()});
  for (int id = 0; id < 300; ++id) write_note(local, id, std::string(4000, 'x'));
  local.write([&] {
    auto folder = local.create<Folder>(Folder::id = 1);
    folder.get(Folder::notes).push_back(*local.find<Note>(7));
    folder.set(Folder::first, std::optional(*local.find<Note>(8)));
  });
  write_mark(local, "local");
  RealmConfiguration other = with_marks(user("other"));
  other.schema = schema_of<Note, Mark, Folder>();
  Realm theirs = Realm::open(other);
  write_note(theirs, 1000, "theirs");
  upload(theirs);

  // When the local one is copied to a synced one, which is opened,
  RealmConfiguration target = with_marks(user("target"));
  local.write_copy_to(target);
  Realm copy = Realm::open(target);
  EXPECT_EQ(copy.sync_session()->pending_uploads().objects, 302);
  EXPECT_GT(copy.sync_session()->pending_uploads().transactions, 1);
  upload(copy);
  download(copy);
  download(theirs);

  // Then both have everything, links and lists too,
  for (const Realm* realm : {&copy, &theirs}) {
    EXPECT_EQ(realm->objects<Note>().size(), 301);
    EXPECT_EQ((*realm->find<Note>(299))[Note::text].size(), 4000);
    EXPECT_EQ((*realm->find<Folder>(1)).get(Folder::notes)[0][Note::id], 7);
    EXPECT_EQ((*realm->find<Folder>(1)).get(Folder::first)->get(Note::id), 8);
    ASSERT_EQ(realm->objects<Mark>().size(), 1);
  }
  // are devices like others, also for objects that only their global keys tell apart,
  theirs.write([&] { theirs.erase(theirs.objects<Mark>()[0]); });
  write_mark(copy, "copy");
  upload(theirs);
  upload(copy);
  for (Realm* realm : {&copy, &theirs}) {
    download(*realm);
    ASSERT_EQ(realm->objects<Mark>().size(), 1);
    EXPECT_EQ(realm->objects<Mark>()[0][Mark::text], "copy");
  }
  // and the local one is as it was.
  EXPECT_EQ(local.objects<Note>().size(), 300);
  EXPECT_FALSE(local.sync_session());
}

TEST_F(SdkCopy, IsEncryptedWithTheKeyThatIsGivenForIt) {
  // Given a synced realm that is encrypted,
  RealmConfiguration encrypted = configuration(user("source"));
  encrypted.encryption_key = EncryptionKey{std::byte{1}};
  Realm source = Realm::open(encrypted);
  write_note(source, 1, "a secret of the source");
  upload(source);
  download(source);
  const auto has_secret = [](const std::filesystem::path& file) {
    std::stringstream content;
    content << std::ifstream(file, std::ios::binary).rdbuf();
    return content.str().find("secret") != std::string::npos;
  };
  EXPECT_FALSE(has_secret(encrypted.path));

  // When it is copied without a key, with another one, and to another device with its own,
  const RealmConfiguration plain{.path = directory_.file("plain.realm")};
  const RealmConfiguration other{.path = directory_.file("other.realm"),
                                 .encryption_key = EncryptionKey{std::byte{2}}};
  RealmConfiguration target = configuration(user("target"));
  target.encryption_key = encrypted.encryption_key;
  for (const RealmConfiguration& copy : {plain, other, target}) source.write_copy_to(copy);

  // Then each opens with what it was given, and only that one can be read which was given none.
  EXPECT_TRUE(has_secret(plain.path));
  EXPECT_FALSE(has_secret(other.path));
  EXPECT_FALSE(has_secret(target.path));
  for (const RealmConfiguration& copy : {plain, other, target}) {
    const Realm opened = Realm::open(copy);
    EXPECT_EQ((*opened.find<Note>(1))[Note::text], "a secret of the source");
  }
  RealmConfiguration wrong = other;
  wrong.encryption_key = EncryptionKey{std::byte{1}};
  EXPECT_EQ(code_of([&] { (void)Realm::open(wrong); }), ErrorCode::kWrongKey);

  // And the device goes on syncing.
  Realm device = Realm::open(target);
  write_note(device, 2);
  upload(device);
  download(source);
  EXPECT_TRUE(source.find<Note>(2));
}

TEST_F(SdkCopy, WhatCannotBeCopiedIsRefused) {
  const User someone = user("a");
  Realm realm = Realm::open(configuration(someone));
  upload(realm);
  EXPECT_EQ(code_of([&] { realm.write_copy_to({.path = realm.path()}); }),
            ErrorCode::kAlreadyExists);
  EXPECT_EQ(code_of([&] { realm.write_copy_to(configuration(someone, "other")); }),
            ErrorCode::kInvalidArgument);
  realm.begin_transaction();
  EXPECT_EQ(code_of([&] { realm.write_copy_to({.path = directory_.file("copy")}); }),
            ErrorCode::kInTransaction);
  EXPECT_FALSE(std::filesystem::exists(directory_.file("copy")));
}

}  // namespace
}  // namespace tombolo::test
