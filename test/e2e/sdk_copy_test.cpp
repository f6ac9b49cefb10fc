#include <atomic>

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

TEST_F(SdkCopy, WhatCannotBeCopiedIsRefused) {
  const User someone = user("a");
  Realm realm = Realm::open(configuration(someone));
  upload(realm);
  Realm local = Realm::open({.path = directory_.file("local.realm"), .schema = schema_of<Note>()});

  EXPECT_EQ(code_of([&] { realm.write_copy_to({.path = local.path()}); }),
            ErrorCode::kAlreadyExists);
  EXPECT_EQ(code_of([&] { realm.write_copy_to(configuration(someone, "other")); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([&] { local.write_copy_to(configuration(someone, "other")); }),
            ErrorCode::kInvalidArgument);
  realm.begin_transaction();
  EXPECT_EQ(code_of([&] { realm.write_copy_to({.path = directory_.file("copy")}); }),
            ErrorCode::kInTransaction);
  EXPECT_FALSE(std::filesystem::exists(directory_.file("copy")));
}

}  // namespace
}  // namespace tombolo::test
