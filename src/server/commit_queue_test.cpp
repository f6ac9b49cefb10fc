#include "server/commit_queue.h"

#include <chrono>
#include <memory>
#include <stop_token>

#include <gtest/gtest.h>

#include "test/support/memory_storage.h"

namespace tombolo::server {
namespace {

using namespace std::chrono_literals;

class CommitQueueTest : public ::testing::Test {
 protected:
  CommitQueueTest() {
    const auto storage = storage_.begin();
    file_ = storage->open_server_file("p");
    client_file_ = storage->allocate_client_file(file_, "u", Salt(1)).ident;
    storage->commit();
  }

  [[nodiscard]] std::unique_ptr<CommitQueue> make_queue(std::chrono::milliseconds progress_delay,
                                                        std::chrono::milliseconds pause = 0ms) {
    return std::make_unique<CommitQueue>(
        storage_,
        random_,
        null_logger(),
        [](ServerFileId, HistoryGrowth) {},
        CommitQueue::Options{.progress_delay = progress_delay, .pause = pause});
  }
  /// An upload without entries.
  [[nodiscard]] UploadJob progress() {
    return {.upload = {.file = file_,
                       .client_file = client_file_,
                       .stream = std::make_shared<UploadStream>()},
            .done = [this](const Result<IntegratedUpload>&) { ++done_; }};
  }
  [[nodiscard]] AllocationJob allocation() {
    return {.partition = "p",
            .owner = "u",
            .done = [this](const Result<protocol::SaltedFileIdent>&) { ++done_; }};
  }

  test::MemoryStorage storage_;
  ServerFileId file_;
  ClientFileIdent client_file_;
  SeededRandom random_{1};
  int done_ = 0;
};

TEST_F(CommitQueueTest, ProgressAloneWaitsForItsTime) {
  const auto queue = make_queue(20ms);
  queue->submit(progress());

  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(queue->wait({}));

  EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST_F(CommitQueueTest, ProgressGoesWithTheFirstThatSomebodyWaitsFor) {
  const auto queue = make_queue(std::chrono::hours(1));
  queue->submit(progress());
  queue->submit(allocation());

  EXPECT_TRUE(queue->wait({}));
  queue->commit_waiting();

  EXPECT_EQ(done_, 2);
  EXPECT_TRUE(queue->is_empty());
}

TEST_F(CommitQueueTest, PausesAfterACommitSoThatMoreCanGather) {
  const auto queue = make_queue(0ms, 20ms);
  queue->submit(allocation());
  EXPECT_TRUE(queue->wait({}));
  queue->commit_waiting();
  queue->submit(allocation());

  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(queue->wait({}));

  EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST_F(CommitQueueTest, AStopWaitsForNobodyAndLosesNothing) {
  const auto queue = make_queue(std::chrono::hours(1));
  queue->submit(progress());
  std::stop_source stop;
  stop.request_stop();

  EXPECT_TRUE(queue->wait(stop.get_token()));
  queue->commit_waiting();

  EXPECT_EQ(done_, 1);
  EXPECT_FALSE(queue->wait(stop.get_token()));
}

}  // namespace
}  // namespace tombolo::server
