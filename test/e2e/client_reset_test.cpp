#include <chrono>
#include <filesystem>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/e2e/sdk_fixture.h"

/// Client resets through the C++ SDK, after a `tombolo` process came back with the data of a backup
/// and does not know a device's file any more.

namespace tombolo::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Of a file as it is, and of an encrypted one.
class ClientResetTest : public SdkTest, public ::testing::WithParamInterface<bool> {
 protected:
  /// The users are in the backup; of the files it knows those that were synced before.
  void back_up() {
    stop_server();
    std::filesystem::remove_all(backup());
    std::filesystem::copy(data(), backup(), std::filesystem::copy_options::recursive);
    restart_server();
  }
  void restore() {
    stop_server();
    std::filesystem::remove_all(data());
    std::filesystem::copy(backup(), data(), std::filesystem::copy_options::recursive);
    restart_server();
  }

  /// A device whose file the server has forgotten: note 1 was uploaded and is lost there, note 2
  /// was not uploaded; note 3 is new on the server.
  Realm open_forgotten(ClientResetOptions options) {
    const User user_a = user("a");
    const User user_b = user("b");
    back_up();
    RealmConfiguration config = configuration(user_a);
    config.encryption_key = key_;
    config.sync->client_reset = std::move(options);
    config.sync->on_error = [this](const SyncError& error) {
      const std::lock_guard lock(mutex_);
      errors_.push_back(error);
      if (errors_.size() == 1) told_.set_value();
    };
    config_ = config;
    Realm realm = Realm::open(std::move(config));
    write_note(realm, 1, "uploaded");
    upload(realm);
    download(realm);
    realm.sync_session()->pause();
    write_note(realm, 2, "unsynced");
    restore();
    Realm other = Realm::open(configuration(user_b));
    write_note(other, 3, "new");
    upload(other);
    return realm;
  }
  static std::vector<std::int64_t> notes(const Realm& realm) {
    std::vector<std::int64_t> ids;
    for (const Object<Note> note : realm.objects<Note>()) ids.push_back(note[Note::id]);
    std::ranges::sort(ids);
    return ids;
  }
  [[nodiscard]] Realm open_other() {
    Realm realm = Realm::open(configuration(user("c")));
    download(realm);
    return realm;
  }
  [[nodiscard]] std::vector<SyncError> errors() {
    const std::lock_guard lock(mutex_);
    return errors_;
  }
  [[nodiscard]] std::filesystem::path data() const { return directory_.file("server"); }
  [[nodiscard]] std::filesystem::path backup() const { return directory_.file("backup"); }

  /// Of the device's file, and so of what becomes of it.
  const std::optional<EncryptionKey> key_ =
      GetParam() ? std::optional(EncryptionKey{std::byte{7}}) : std::nullopt;
  std::promise<void> told_;
  std::optional<RealmConfiguration> config_;  ///< Of the device.

 private:
  std::mutex mutex_;
  std::vector<SyncError> errors_;
};

INSTANTIATE_TEST_SUITE_P(Files, ClientResetTest, ::testing::Bool(), [](const auto& test) {
  return test.param ? "Encrypted" : "Plain";
});

/// What the callbacks saw.
struct Seen {
  std::vector<std::int64_t> before;
  std::vector<std::int64_t> frozen;
  std::vector<std::int64_t> after;
  bool recovered = false;
};

TEST_P(ClientResetTest, RecoversWhatWasNotUploaded) {
  // Given a live object, an observer and waits,
  std::promise<Seen> seen;
  const auto partial = std::make_shared<Seen>();
  Realm realm = open_forgotten({
      .before = [partial](const Realm& before) { partial->before = notes(before); },
      .after =
          [partial, &seen](const Realm& before, const Realm& after, bool recovered) {
            partial->frozen = notes(before);
            partial->after = notes(after);
            partial->recovered = recovered;
            seen.set_value(*partial);
          },
  });
  const Object<Note> second = *realm.find<Note>(2);
  CollectionChanges changes;
  const NotificationToken token = realm.objects<Note>().observe(
      [&](const Results<Note>&, const CollectionChanges& now) { changes = now; });
  realm.refresh();

  // When the session goes on with a server that has forgotten the file,
  SyncSession session = *realm.sync_session();
  auto uploaded = session.wait_for_upload(30s);
  auto downloaded = session.wait_for_download(30s);
  session.resume();
  uploaded.get().value();
  downloaded.get().value();
  realm.refresh();

  // Then the file is what the server has, and what was not uploaded; the others get that.
  EXPECT_THAT(notes(realm), ElementsAre(2, 3));
  EXPECT_THAT(notes(open_other()), ElementsAre(2, 3));
  EXPECT_EQ(second[Note::text], "unsynced") << "the live object";
  EXPECT_EQ(changes.deletions.size(), 1U);
  EXPECT_EQ(changes.insertions.size(), 1U);
  const Seen told = seen.get_future().get();
  EXPECT_THAT(told.before, ElementsAre(1, 2));
  EXPECT_THAT(told.frozen, ElementsAre(1, 2));
  EXPECT_THAT(told.after, ElementsAre(2, 3));
  EXPECT_TRUE(told.recovered);
  EXPECT_THAT(errors(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(realm.path().string() + ".fresh"));
}

TEST_P(ClientResetTest, RecoversWhatADeviceWroteWhileItsPastWasTrimmed) {
  // Given a device that writes while it is away, and others that go on,
  std::promise<bool> was_reset;
  RealmConfiguration config = configuration(user("a"));
  config.sync->client_reset.after = [&](const Realm&, const Realm&, bool recovered) {
    was_reset.set_value(recovered);
  };
  Realm realm = Realm::open(std::move(config));
  write_note(realm, 1, "uploaded");
  upload(realm);
  download(realm);
  realm.sync_session()->pause();
  write_note(realm, 2, "away");
  {
    Realm other = Realm::open(configuration(user("b")));
    write_note(other, 3, "new");
    upload(other);
  }

  // When it comes back after the history that it needs was trimmed,
  stop_server();
  ServerProcess trim({"trim", "--data", data().string(), "--max-offline", "0s"});
  EXPECT_TRUE(trim.read_line());
  EXPECT_EQ(trim.wait(), 0);
  restart_server();
  SyncSession session = *realm.sync_session();
  auto uploaded = session.wait_for_upload(30s);
  session.resume();
  uploaded.get().value();
  download(realm);

  // Then it was reset and nothing is missing anywhere.
  EXPECT_TRUE(was_reset.get_future().get());
  EXPECT_THAT(notes(realm), ElementsAre(1, 2, 3));
  EXPECT_THAT(notes(open_other()), ElementsAre(1, 2, 3));
}

TEST_P(ClientResetTest, DiscardsWhatWasNotUploaded) {
  Realm realm = open_forgotten({.mode = ClientResetMode::kDiscardUnsyncedChanges});
  SyncSession session = *realm.sync_session();

  auto uploaded = session.wait_for_upload(30s);
  session.resume();
  session.wait_for_download(30s).get().value();
  uploaded.get().value();
  realm.refresh();

  EXPECT_THAT(notes(realm), ElementsAre(3));
  EXPECT_THAT(errors(), IsEmpty());
  // It goes on as an ordinary file.
  write_note(realm, 4);
  upload(realm);
  EXPECT_THAT(notes(open_other()), ElementsAre(3, 4));
}

TEST_P(ClientResetTest, RecoversAgainWhenTheServerForgetsAgain) {
  Realm realm = open_forgotten({});
  SyncSession session = *realm.sync_session();
  session.resume();
  upload(realm);
  download(realm);
  // With that the first reset has proved itself.
  session.pause();
  write_note(realm, 5);
  restore();

  session.resume();
  upload(realm);
  download(realm);

  EXPECT_THAT(notes(realm), ElementsAre(5));
}

TEST_P(ClientResetTest, ManualLeavesAReadableCopyAndBeginsAnew) {
  // Given a realm whose session has ended with the demand for a client reset,
  Realm realm = open_forgotten({.mode = ClientResetMode::kManual});
  const std::filesystem::path path = realm.path();
  SyncSession session = *realm.sync_session();
  auto uploaded = session.wait_for_upload(30s);
  session.resume();
  const auto outcome = uploaded.get();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kClientReset);
  told_.get_future().wait();
  const SyncError error = errors().front();
  EXPECT_EQ(error.code, 1032);
  EXPECT_FALSE(error.recovery_path.empty());
  EXPECT_THAT(notes(realm), ElementsAre(1, 2)) << "it stays usable";

  // When the application closes it and asks for the reset,
  App app = this->app("a");
  EXPECT_THROW(app.initiate_client_reset(path), Error) << "while it is open";
  realm.close();
  app.initiate_client_reset(path);

  // Then all that was in it can be read, and the path begins anew.
  const Realm copy =
      Realm::open({.path = error.recovery_path, .read_only = true, .encryption_key = key_});
  EXPECT_THAT(notes(copy), ElementsAre(1, 2));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_THROW(app.initiate_client_reset(path), Error) << "none is due";
}

TEST_P(ClientResetTest, ManualIsDoneAtTheNextOpening) {
  Realm realm = open_forgotten({.mode = ClientResetMode::kManual});
  const RealmConfiguration config = *config_;
  realm.sync_session()->resume();
  told_.get_future().wait();
  const std::filesystem::path copy_path = errors().front().recovery_path;
  realm.close();

  Realm again = Realm::open(config);
  download(again);

  EXPECT_THAT(notes(again), ElementsAre(3));
  EXPECT_THAT(notes(Realm::open({.path = copy_path, .encryption_key = key_})), ElementsAre(1, 2));
}

TEST_P(ClientResetTest, ThatCannotBeDoneIsLeftToTheApplication) {
  // Given a server where the property has another type than in the file,
  const User user_a = user("a");
  const User user_b = user("b");
  back_up();
  RealmConfiguration config = configuration(user_a);
  config.sync->on_error = [&](const SyncError& error) {
    if (error.code == 1028) told_.set_value();
    EXPECT_THAT(error.error.message(), HasSubstr("ClientReset"));
    EXPECT_FALSE(error.recovery_path.empty());
  };
  Realm realm = Realm::open(config);
  write_note(realm, 1);
  upload(realm);
  realm.sync_session()->pause();
  restore();
  RealmConfiguration other = configuration(user_b);
  other.schema->classes[0].properties[1].type = PropertyType::kInt;
  const Realm changed = Realm::open(other);
  upload(changed);

  auto uploaded = realm.sync_session()->wait_for_download(30s);
  realm.sync_session()->resume();

  EXPECT_EQ(uploaded.get().error().code(), ErrorCode::kClientReset);
  told_.get_future().wait();
  EXPECT_THAT(notes(realm), ElementsAre(1));
}

}  // namespace
}  // namespace tombolo::test
