#include "tombolo/sync_session.h"

#include <array>
#include <chrono>
#include <csignal>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "test/e2e/sdk_fixture.h"

/// What the C++ SDK's sync session promises, against a `tombolo` process.

namespace tombolo::test {
namespace {

using namespace std::chrono_literals;

class SyncSessionTest : public SdkTest {
 protected:
  Realm open(const std::string& device) { return Realm::open(configuration(user(device))); }
  [[nodiscard]] App with_connection(const ConnectionParameters& parameters) const {
    return App({.id = "dev",
                .base_url = url_,
                .base_path = directory_.file("device"),
                .connection = parameters});
  }
  template <typename Condition>
  static void wait_until(Condition&& holds) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::yield();
    }
  }
};

TEST_F(SyncSessionTest, TellsWhatIsPendingAndGivesAReceiptForIt) {
  Realm realm = open("a");
  SyncSession session = *realm.sync_session();
  session.pause();
  EXPECT_EQ(session.pending_uploads().transactions, 0U) << "the schema is nobody's write";

  write_note(realm, 1);
  write_note(realm, 2);
  const PendingUploads pending = session.pending_uploads();
  EXPECT_EQ(pending.transactions, 2U);
  EXPECT_EQ(pending.objects, 2U);
  EXPECT_GT(pending.bytes, 0U);
  EXPECT_LT(pending.oldest_age, 1min);

  auto receipt = session.receipt({.timeout = 30s});
  session.resume();
  EXPECT_GT(receipt.get().value().version, 0U);
  EXPECT_EQ(session.pending_uploads().transactions, 0U);
}

TEST_F(SyncSessionTest, CountsItsMessages) {
  Realm realm = open("a");
  SyncSession session = *realm.sync_session();
  session.wait_for_download(30s).get().value();
  const SyncSessionStats before = session.stats();
  EXPECT_GT(before.messages_received, 0U);
  EXPECT_TRUE(before.last_message_age);
  EXPECT_FALSE(before.last_error);
  EXPECT_FALSE(before.next_retry);

  write_note(realm, 1, std::string(1000, 'x'));
  session.wait_for_upload(30s).get().value();

  EXPECT_GT(session.stats().bytes_sent, before.bytes_sent);
  EXPECT_GT(session.stats().messages_received, before.messages_received);
}

TEST_F(SyncSessionTest, AWaitIsStoppedByItsTokenOrItsTime) {
  Realm realm = open("a");
  SyncSession session = *realm.sync_session();
  session.pause();
  write_note(realm, 1);

  std::stop_source source;
  auto upload = session.wait_for_upload({.stop = source.get_token()});
  auto receipt = session.receipt({.stop = source.get_token()});
  auto timed = session.wait_for_download({.timeout = 20ms, .stop = source.get_token()});
  EXPECT_EQ(timed.get().error().code(), ErrorCode::kTimedOut);
  source.request_stop();
  EXPECT_EQ(upload.get().error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(receipt.get().error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(session.wait_for_upload({.stop = source.get_token()}).get().error().code(),
            ErrorCode::kCancelled);
}

TEST_F(SyncSessionTest, WaitsFailWithWhatEndedThem) {
  User user = this->user("a");
  Realm realm = Realm::open(configuration(user));
  SyncSession session = *realm.sync_session();
  session.wait_for_download(30s).get().value();

  server_->send_signal(SIGSTOP);  // Its answer could come first.
  auto paused = session.wait_for_download();
  session.pause();
  EXPECT_EQ(paused.get().error().code(), ErrorCode::kCancelled);
  server_->send_signal(SIGCONT);

  auto logged_out = session.wait_for_download();
  user.log_out([] {});
  EXPECT_EQ(logged_out.get().error().code(), ErrorCode::kAuthentication);
  EXPECT_EQ(session.wait_for_download().get().error().code(), ErrorCode::kAuthentication);
}

TEST_F(SyncSessionTest, AWaitKeepsItsSessionWhenTheRealmIsDropped) {
  App app = this->app("a");
  const User user = app.log_in(Credentials::anonymous()).get().value();
  for (const StopPolicy stop_policy : {StopPolicy::kAfterUpload, StopPolicy::kImmediately}) {
    RealmConfiguration wanted = configuration(user);
    wanted.sync->stop_policy = stop_policy;
    std::optional<Realm> realm(Realm::open(wanted));
    upload(*realm);
    stop_server();
    write_note(*realm, static_cast<std::int64_t>(stop_policy));

    auto uploaded = realm->sync_session()->wait_for_upload();
    auto downloaded = realm->sync_session()->wait_for_download();
    auto receipt = realm->sync_session()->receipt();
    realm.reset();
    restart_server();
    app.reconnect();

    EXPECT_TRUE(uploaded.get());
    EXPECT_TRUE(downloaded.get());
    EXPECT_TRUE(receipt.get());
    wait_until([&] { return user.sync_sessions().empty(); });
  }
}

TEST_F(SyncSessionTest, ClosingARealmEndsItsWaitsAndNoOthers) {
  App app = this->app("a");
  const User user = app.log_in(Credentials::anonymous()).get().value();
  Realm realm = Realm::open(configuration(user));
  Realm other = Realm::open(configuration(user));
  SyncSession session = *realm.sync_session();
  upload(realm);
  stop_server();
  write_note(realm, 1);
  auto uploaded = session.wait_for_upload();
  auto downloaded = session.wait_for_download();
  auto receipt = session.receipt();
  auto of_other = other.sync_session()->wait_for_upload();

  realm.close();

  EXPECT_EQ(uploaded.get().error().code(), ErrorCode::kClosed);
  EXPECT_EQ(downloaded.get().error().code(), ErrorCode::kClosed);
  EXPECT_EQ(receipt.get().error().code(), ErrorCode::kClosed);
  // Who goes on with the session afterwards waits with it.
  auto afterwards = session.wait_for_upload();
  restart_server();
  app.reconnect();
  EXPECT_TRUE(of_other.get());
  EXPECT_TRUE(afterwards.get());
}

TEST_F(SyncSessionTest, PausesOneDirectionAlone) {
  Realm left = open("left");
  Realm right = open("right");
  SyncSession session = *left.sync_session();
  for (Realm* realm : {&left, &right}) upload(*realm);
  for (Realm* realm : {&left, &right}) download(*realm);

  // While uploads are paused, what others write comes.
  auto cancelled = session.wait_for_upload();
  write_note(left, 1);
  session.pause(SyncDirection::kUpload);
  EXPECT_TRUE(session.is_paused(SyncDirection::kUpload));
  EXPECT_FALSE(session.is_paused(SyncDirection::kDownload));
  write_note(left, 2);
  write_note(right, 3);
  upload(right);
  download(left);
  EXPECT_TRUE(left.find<Note>(3));
  EXPECT_EQ(session.wait_for_upload(20ms).get().error().code(), ErrorCode::kTimedOut);
  EXPECT_TRUE(session.is_connected());
  download(right);
  EXPECT_FALSE(right.find<Note>(2));
  session.resume(SyncDirection::kUpload);
  upload(left);
  download(right);
  EXPECT_TRUE(right.find<Note>(2));

  // While downloads are paused, what is written here goes.
  auto download_wait = session.wait_for_download();
  session.pause(SyncDirection::kDownload);
  write_note(right, 4);
  upload(right);
  write_note(left, 5);
  upload(left);
  EXPECT_EQ(session.wait_for_download(20ms).get().error().code(), ErrorCode::kTimedOut);
  left.refresh();
  EXPECT_FALSE(left.find<Note>(4));
  EXPECT_TRUE(session.is_connected());
  download(right);
  EXPECT_TRUE(right.find<Note>(5));
  auto kept = session.wait_for_download(30s);
  session.resume(SyncDirection::kDownload);
  EXPECT_TRUE(kept.get());
  left.refresh();
  EXPECT_TRUE(left.find<Note>(4));
}

TEST_F(SyncSessionTest, AWishToReconnectPassesOverADelayThatIsReadable) {
  App app = with_connection({.initial_delay = 1h, .maximum_delay = 2h});
  const User user = app.log_in(Credentials::anonymous()).get().value();
  Realm realm = Realm::open(configuration(user));
  SyncSession session = *realm.sync_session();
  session.wait_for_download(30s).get().value();

  stop_server();
  wait_until([&] { return session.stats().next_retry.has_value(); });
  EXPECT_GT(session.stats().next_retry, 40min);
  EXPECT_LE(session.stats().next_retry, 1h);
  EXPECT_TRUE(session.stats().last_error);
  EXPECT_FALSE(session.is_connected());
  restart_server();
  auto download = session.wait_for_download(30s);
  app.reconnect();

  EXPECT_TRUE(download.get());
}

TEST_F(SyncSessionTest, NoticesSoonThatTheServerAnswersNothing) {
  App app = with_connection({.initial_delay = 50ms, .answer_timeout = 400ms});
  const User user = app.log_in(Credentials::anonymous()).get().value();
  Realm realm = Realm::open(configuration(user));
  SyncSession session = *realm.sync_session();
  session.wait_for_download(30s).get().value();

  // Its machine takes bytes, and nobody reads them.
  server_->send_signal(SIGSTOP);
  const auto began = std::chrono::steady_clock::now();
  write_note(realm, 1);
  wait_until([&] { return !session.is_connected(); });
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);

  server_->send_signal(SIGCONT);
  app.network_changed(true);
  upload(realm);
}

TEST_F(SyncSessionTest, RefusesConnectionParametersOutOfTheirRange) {
  for (const ConnectionParameters& parameters :
       {ConnectionParameters{.initial_delay = 0ms},
        ConnectionParameters{.initial_delay = 2s, .maximum_delay = 1s},
        ConnectionParameters{.delay_multiplier = 0},
        ConnectionParameters{.ping_period = 25h},
        ConnectionParameters{.answer_timeout = -1ms}}) {
    try {
      static_cast<void>(with_connection(parameters));
      ADD_FAILURE() << "was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    }
  }
}

TEST_F(SyncSessionTest, LogsByCategoryFromItsLevelOn) {
  std::mutex mutex;
  std::vector<std::string> categories;
  set_logger([&](const LogEntry& entry) {
    const std::lock_guard lock(mutex);
    categories.emplace_back(entry.category);
  });
  set_log_level(LogLevel::kInfo, "Realm.Sync");
  Realm realm = open("a");
  upload(realm);
  set_log_level(LogLevel::kOff);
  set_logger(nullptr);

  const std::lock_guard lock(mutex);
  EXPECT_FALSE(categories.empty());
  for (const std::string& category : categories) EXPECT_EQ(category, "Realm.Sync.Client.Network");
  EXPECT_THROW(set_log_level(LogLevel::kInfo, "Realm.Nothing"), Error);
}

/// What a progress callback heard, and whether it keeps the rules.
struct Heard {
  std::mutex mutex;
  std::vector<SyncProgress> reports;

  void add(const SyncProgress& progress) {
    const std::lock_guard lock(mutex);
    reports.push_back(progress);
  }
  void expect_whole_transfer() {
    const std::lock_guard lock(mutex);
    ASSERT_FALSE(reports.empty());
    for (std::size_t i = 1; i < reports.size(); ++i)
      EXPECT_GE(reports[i].transferred, reports[i - 1].transferred);
    EXPECT_EQ(reports.back().transferred, reports.back().transferable);
    EXPECT_EQ(reports.back().estimate, 1);
  }
  [[nodiscard]] std::size_t count() {
    const std::lock_guard lock(mutex);
    return reports.size();
  }
};

TEST_F(SyncSessionTest, ProgressIsSmoothAndEndsBeforeTheWaitInBothDirectionsAndModes) {
  Realm left = open("left");
  Realm right = open("right");
  upload(left);
  download(right);
  upload(right);
  SyncSession sender = *left.sync_session();
  SyncSession receiver = *right.sync_session();
  sender.pause();
  receiver.pause();
  constexpr int kNotes = 100;
  for (int id = 0; id < kNotes; ++id) write_note(left, id, std::string(50'000, 'x'));

  std::array<Heard, 4> heard;
  std::vector<NotificationToken> tokens;
  for (std::size_t i = 0; i < 4; ++i) {
    SyncSession& session = i < 2 ? sender : receiver;
    tokens.push_back(session.observe_progress(
        i < 2 ? ProgressDirection::kUpload : ProgressDirection::kDownload,
        i % 2 == 0 ? ProgressMode::kReportIndefinitely : ProgressMode::kForCurrentlyOutstandingWork,
        [&heard, i](const SyncProgress& progress) { heard[i].add(progress); }));
  }
  sender.resume();
  sender.wait_for_upload(60s).get().value();
  heard[0].expect_whole_transfer();
  heard[1].expect_whole_transfer();
  receiver.resume();
  receiver.wait_for_download(60s).get().value();
  heard[2].expect_whole_transfer();
  heard[3].expect_whole_transfer();

  // 5 MB are on their way in parts of 512 KiB.
  EXPECT_GE(heard[0].count(), 6U);
  EXPECT_GE(heard[1].count(), 6U);
  EXPECT_GE(heard[2].count(), 4U);
  right.refresh();
  EXPECT_EQ(right.objects<Note>().size(), static_cast<std::size_t>(kNotes));
}

TEST_F(SyncSessionTest, OneLongTransactionMovesWhileItIsSentAndWhileItComes) {
  Realm realm = open("left");
  Realm other = open("right");
  upload(realm);
  upload(other);
  SyncSession session = *realm.sync_session();
  session.pause();
  // 20 MB that are not compressed away.
  SeededRandom random(1);
  realm.write([&] {
    for (int id = 0; id < 200; ++id) {
      std::string text(100'000, ' ');
      for (char& letter : text) letter = static_cast<char>(' ' + random.below(90));
      realm.create<Note>(Note::id = id, Note::text = text);
    }
  });
  Heard heard;
  const NotificationToken token =
      session.observe_progress(ProgressDirection::kUpload,
                               ProgressMode::kForCurrentlyOutstandingWork,
                               [&heard](const SyncProgress& progress) { heard.add(progress); });

  Heard heard_there;
  const NotificationToken there = other.sync_session()->observe_progress(
      ProgressDirection::kDownload,
      ProgressMode::kReportIndefinitely,
      [&heard_there](const SyncProgress& progress) { heard_there.add(progress); });

  session.resume();
  session.wait_for_upload(60s).get().value();

  heard.expect_whole_transfer();
  EXPECT_GE(heard.count(), 6U) << "the beginning, parts of the message, the end";

  // The other device watches it come.
  download(other);
  heard_there.expect_whole_transfer();
  EXPECT_GE(heard_there.count(), 6U) << "parts of the message, the end";
  EXPECT_EQ(other.objects<Note>().size(), 200U);
}

}  // namespace
}  // namespace tombolo::test
