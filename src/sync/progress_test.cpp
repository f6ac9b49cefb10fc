#include "sync/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tombolo::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<ProgressNotification> heard(ProgressMonitor& monitor, const ByteCounters& bytes) {
  std::vector<ProgressNotification> progress;
  for (const ProgressMonitor::Notice& notice : monitor.update(bytes))
    progress.push_back(notice.progress);
  return progress;
}

TEST(ProgressMonitor, TellsUploadsFromTheStartAndEndsAtAll) {
  ProgressMonitor monitor;
  monitor.start({.uploaded = 100, .uploadable = 100});
  static_cast<void>(monitor.add(Direction::kUpload, ProgressMode::kStreaming));

  EXPECT_THAT(heard(monitor, {.uploaded = 100, .uploadable = 100}),
              ElementsAre(ProgressNotification{100, 100, 1, false}));
  EXPECT_THAT(heard(monitor, {.uploaded = 100, .uploadable = 300}),
              ElementsAre(ProgressNotification{100, 300, 0, false}));
  EXPECT_THAT(heard(monitor, {.uploaded = 150, .uploadable = 300}),
              ElementsAre(ProgressNotification{150, 300, 0.25, false}));
  EXPECT_THAT(heard(monitor, {.uploaded = 300, .uploadable = 300}),
              ElementsAre(ProgressNotification{300, 300, 1, false}));
}

TEST(ProgressMonitor, IsSilentAboutDownloadsUntilTheServerHasSpoken) {
  ProgressMonitor monitor;
  static_cast<void>(monitor.add(Direction::kDownload, ProgressMode::kStreaming));

  EXPECT_THAT(heard(monitor, {}), IsEmpty()) << "nothing known is not everything done";
  monitor.set_downloads_known(true);
  EXPECT_THAT(heard(monitor, {.downloaded = 10, .downloads_left = 30}),
              ElementsAre(ProgressNotification{10, 40, 0.25, false}));
}

TEST(ProgressMonitor, CountsWhatIsOnItsWayAndEndsOnlyWhenAllIsConfirmed) {
  ProgressMonitor monitor;
  monitor.start({});
  static_cast<void>(monitor.add(Direction::kUpload, ProgressMode::kStreaming));
  static_cast<void>(heard(monitor, {.uploadable = 100}));

  monitor.set_upload_sent(40);
  EXPECT_THAT(heard(monitor, {.uploadable = 100}),
              ElementsAre(ProgressNotification{40, 100, 0.4, false}));
  // The connection is lost, and it is sent again.
  monitor.set_upload_sent(0);
  EXPECT_THAT(heard(monitor, {.uploadable = 100}), IsEmpty());
  monitor.set_upload_sent(100);
  EXPECT_THAT(heard(monitor, {.uploadable = 100}),
              ElementsAre(ProgressNotification{99, 100, 0.99, false}));
  monitor.set_upload_sent(0);
  EXPECT_THAT(heard(monitor, {.uploaded = 100, .uploadable = 100}),
              ElementsAre(ProgressNotification{100, 100, 1, false}));
}

TEST(ProgressMonitor, DoesNotTakeWhatIsOnItsWayForTheEndOfCurrentWork) {
  ProgressMonitor monitor;
  monitor.start({});
  static_cast<void>(monitor.add(Direction::kUpload, ProgressMode::kCurrent));
  static_cast<void>(heard(monitor, {.uploadable = 100}));

  monitor.set_upload_sent(200);
  EXPECT_THAT(heard(monitor, {.uploadable = 500}),
              ElementsAre(ProgressNotification{99, 100, 0.99, false}));
  EXPECT_THAT(heard(monitor, {.uploaded = 100, .uploadable = 500}),
              ElementsAre(ProgressNotification{100, 100, 1, true}));
}

TEST(ProgressMonitor, GoesOnWhenWhatWasOnItsWayIsNotThereAnyMore) {
  ProgressMonitor monitor;
  monitor.start({});
  static_cast<void>(monitor.add(Direction::kUpload, ProgressMode::kStreaming));
  monitor.set_upload_sent(40);
  static_cast<void>(heard(monitor, {.uploadable = 100}));

  // A client reset discards it.
  monitor.set_upload_sent(0);
  EXPECT_THAT(heard(monitor, {}), ElementsAre(ProgressNotification{40, 40, 1, false}));
}

TEST(ProgressMonitor, TellsNothingTwice) {
  ProgressMonitor monitor;
  static_cast<void>(monitor.add(Direction::kUpload, ProgressMode::kStreaming));

  EXPECT_EQ(heard(monitor, {.uploadable = 5}).size(), 1U);
  EXPECT_THAT(heard(monitor, {.uploadable = 5, .downloaded = 7}), IsEmpty());
}

TEST(ProgressMonitor, GoesOnWhereItWasWhenTheFilesCountersBeginAnew) {
  ProgressMonitor monitor;
  monitor.set_downloads_known(true);
  static_cast<void>(monitor.add(Direction::kDownload, ProgressMode::kStreaming));
  static_cast<void>(heard(monitor, {.downloaded = 60, .downloads_left = 40}));

  EXPECT_THAT(heard(monitor, {.downloaded = 0, .downloads_left = 80}),
              ElementsAre(ProgressNotification{60, 140, 0.6, false}));
  EXPECT_THAT(heard(monitor, {.downloaded = 80, .downloads_left = 0}),
              ElementsAre(ProgressNotification{140, 140, 1, false}));
}

TEST(ProgressMonitor, TheEstimateStandsWhenMoreIsFound) {
  ProgressMonitor monitor;
  static_cast<void>(monitor.add(Direction::kUpload, ProgressMode::kStreaming));
  static_cast<void>(heard(monitor, {.uploaded = 0, .uploadable = 100}));
  static_cast<void>(heard(monitor, {.uploaded = 50, .uploadable = 100}));

  EXPECT_THAT(heard(monitor, {.uploaded = 50, .uploadable = 200}),
              ElementsAre(ProgressNotification{50, 200, 0.5, false}));
}

TEST(ProgressMonitor, ACurrentNotifierEndsWithWhatThereWasAtRegistration) {
  ProgressMonitor monitor;
  monitor.start({.uploaded = 100, .uploadable = 300});
  static_cast<void>(monitor.add(Direction::kUpload, ProgressMode::kCurrent));

  EXPECT_THAT(heard(monitor, {.uploaded = 100, .uploadable = 300}),
              ElementsAre(ProgressNotification{100, 300, 0, false}));
  EXPECT_THAT(heard(monitor, {.uploaded = 200, .uploadable = 900}),
              ElementsAre(ProgressNotification{200, 300, 0.5, false}));
  EXPECT_THAT(heard(monitor, {.uploaded = 500, .uploadable = 900}),
              ElementsAre(ProgressNotification{300, 300, 1, true}));
  EXPECT_TRUE(monitor.empty());
}

TEST(ProgressMonitor, ACurrentNotifierWithNothingToDoEndsAtOnce) {
  ProgressMonitor monitor;
  static_cast<void>(monitor.add(Direction::kUpload, ProgressMode::kCurrent));

  EXPECT_THAT(heard(monitor, {.uploaded = 5, .uploadable = 5}),
              ElementsAre(ProgressNotification{5, 5, 1, true}));
  EXPECT_TRUE(monitor.empty());
}

TEST(ProgressMonitor, ARemovedNotifierHearsNothing) {
  ProgressMonitor monitor;
  const NotifierId notifier = monitor.add(Direction::kUpload, ProgressMode::kStreaming);

  monitor.remove(notifier);

  EXPECT_THAT(heard(monitor, {.uploadable = 5}), IsEmpty());
}

/// However a file's counters move, what is told never goes back and ends at all.
RC_GTEST_PROP(ProgressMonitorLaw, NeverGoesBackAndEndsAtAll, ()) {
  ProgressMonitor monitor;
  monitor.set_downloads_known(true);
  const auto mode = *rc::gen::element(ProgressMode::kCurrent, ProgressMode::kStreaming);
  static_cast<void>(monitor.add(Direction::kDownload, mode));
  ByteCounters bytes;
  ProgressNotification last;
  const auto hear = [&](const ProgressMonitor::Notice& notice) {
    const ProgressNotification& next = notice.progress;
    RC_ASSERT(next.transferred >= last.transferred);
    RC_ASSERT(next.transferred <= next.transferable);
    RC_ASSERT((next.estimate == 1) == (next.transferred == next.transferable));
    const bool is_same_transfer = last.transferred != last.transferable;
    if (is_same_transfer) RC_ASSERT(next.estimate >= last.estimate);
    last = next;
  };

  for (const auto& [arrived, left] :
       *rc::gen::container<std::vector<std::pair<std::uint8_t, std::uint8_t>>>(
           rc::gen::pair(rc::gen::arbitrary<std::uint8_t>(), rc::gen::arbitrary<std::uint8_t>()))) {
    bytes.downloaded += arrived;
    bytes.downloads_left = left;
    for (const auto& notice : monitor.update(bytes)) hear(notice);
  }
  bytes.downloaded += bytes.downloads_left;
  bytes.downloads_left = 0;
  for (const auto& notice : monitor.update(bytes)) hear(notice);

  RC_ASSERT(last.transferred == last.transferable);
}

}  // namespace
}  // namespace tombolo::sync
