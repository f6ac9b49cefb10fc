#include "tombolo/sync_session.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "test/e2e/sdk_fixture.h"

/// What the C++ SDK's sync session promises, against a `tombolo` process.

namespace tombolo::test {
namespace {

using namespace std::chrono_literals;

class SyncSessionTest : public SdkTest {
 protected:
  Realm open(const std::string& device) { return Realm::open(configuration(user(device))); }
};

TEST_F(SyncSessionTest, TellsWhatIsPendingAndGivesAReceiptForIt) {
  Realm realm = open("a");
  SyncSession session = *realm.sync_session();
  session.wait_for_upload(30s).get().value();
  EXPECT_EQ(session.pending_uploads().transactions, 0U);

  session.pause();
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

  auto paused = session.wait_for_download();
  session.pause();
  EXPECT_EQ(paused.get().error().code(), ErrorCode::kCancelled);

  auto logged_out = session.wait_for_download();
  user.log_out([] {});
  EXPECT_EQ(logged_out.get().error().code(), ErrorCode::kAuthentication);
  EXPECT_EQ(session.wait_for_download().get().error().code(), ErrorCode::kClosed);
}

}  // namespace
}  // namespace tombolo::test
