#include "client/synced_file.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "test/support/temporary_directory.h"

namespace tombolo::client {
namespace {

using store::CommitId;
using store::Environment;

/// Files of which two are held open.
class SyncedFiles : public ::testing::Test {
 protected:
  std::shared_ptr<SyncedFile> make(const std::string& name) {
    return std::make_shared<SyncedFile>(
        files_, Environment::open(directory_.file(name)), [this] { ++commits_; });
  }
  static CommitId commit(Environment& environment) {
    auto transaction = environment.begin_write();
    transaction.realm().metadata().put(as_bytes("key"), as_bytes("value"));
    return transaction.commit();
  }
  /// As another process would, which nothing tells of.
  CommitId commit_unseen(const std::string& name) const {
    return commit(*Environment::open(directory_.file(name)));
  }
  void set_written(const std::string& name, std::chrono::seconds ago) const {
    std::filesystem::last_write_time(directory_.file(name),
                                     std::filesystem::file_time_type::clock::now() - ago);
  }

  const test::TemporaryDirectory directory_;
  const std::shared_ptr<OpenFiles> files_ = std::make_shared<OpenFiles>(2);
  int commits_ = 0;
};

TEST_F(SyncedFiles, AreClosedByLeastRecentUseAndOpenedWhenTheyAreNeeded) {
  const auto a = make("a");
  const auto b = make("b");
  const auto c = make("c");
  const std::weak_ptr<Environment> of_a = a->open();
  const std::weak_ptr<Environment> of_b = b->open();
  (void)a->open();

  const std::weak_ptr<Environment> of_c = c->open();

  EXPECT_FALSE(of_a.expired());
  EXPECT_TRUE(of_b.expired());
  EXPECT_FALSE(of_c.expired());
  EXPECT_EQ(files_->count(), 2U);
  EXPECT_GT(commit(*b->open()), CommitId(0));
}

TEST_F(SyncedFiles, StayOpenForWhoWorksWithThem) {
  const auto a = make("a");
  const auto snapshot = a->open()->begin_read();

  files_->set_count_max(0);

  EXPECT_EQ(files_->count(), 0U);
  EXPECT_EQ(snapshot.commit_id(), a->open()->newest_commit());
}

TEST_F(SyncedFiles, TellOfCommitsWhoeverHasOpenedThem) {
  const auto a = make("a");
  commit(*a->open());
  EXPECT_EQ(commits_, 1);
  files_->set_count_max(0);

  // The application opens it, and may have written before anybody knew.
  const auto opened = Environment::open(directory_.file("a"));
  a->adopt(opened);
  EXPECT_EQ(commits_, 2);
  commit(*opened);
  EXPECT_EQ(commits_, 3);
}

TEST_F(SyncedFiles, FindCommitsOfOthersWhileTheyAreClosed) {
  // Given a closed file that was looked at since it was written,
  const auto a = make("a");
  const CommitId seen = a->open()->newest_commit();
  set_written("a", std::chrono::hours(1));
  TimePoint now{};
  EXPECT_FALSE(a->has_news(seen, now));
  files_->set_count_max(0);
  EXPECT_FALSE(a->has_news(seen, now));

  // When somebody commits to it, then the next look that is due finds that.
  const CommitId newer = commit_unseen("a");
  EXPECT_FALSE(a->has_news(seen, now));
  now += kClosedFileInterval;
  EXPECT_TRUE(a->has_news(seen, now));
  EXPECT_EQ(a->open()->newest_commit(), newer);
}

TEST_F(SyncedFiles, TrustNoTimeStampThatALaterCommitMayShare) {
  const auto a = make("a");
  const CommitId seen = commit(*a->open());
  EXPECT_FALSE(a->has_news(seen, TimePoint{}));
  files_->set_count_max(0);

  EXPECT_TRUE(a->has_news(seen, TimePoint{}));
}

TEST_F(SyncedFiles, AreNotMistakenForOthersInTheirPlace) {
  const auto a = make("a");
  files_->set_count_max(0);
  std::filesystem::remove(directory_.file("a"));
  EXPECT_THROW((void)a->open(), Error);
  EXPECT_FALSE(std::filesystem::exists(directory_.file("a")));

  const auto other = Environment::open(directory_.file("a"));
  EXPECT_THROW((void)a->open(), Error);
  EXPECT_THROW(a->adopt(other), Error);
}

TEST_F(SyncedFiles, StayThemselvesWhenTheyAreCompacted) {
  // Given a closed file of several commits,
  const auto a = make("a");
  for (int i = 0; i < 5; ++i) commit(*a->open());
  const CommitId seen = a->look();
  files_->set_count_max(0);

  // When somebody compacts it, and commits until the file counts as many as before,
  const auto done = Environment::compact(directory_.file("a"));
  ASSERT_TRUE(done);
  ASSERT_LT(done->after, seen);
  while (commit_unseen("a") < seen) {
  }

  // Then it is the same file, and the commits are found once.
  EXPECT_EQ(a->open()->newest_commit(), seen);
  EXPECT_TRUE(a->has_news(seen, TimePoint{}));
  const auto opened = a->open();
  EXPECT_EQ(a->look(), seen);
  EXPECT_FALSE(a->has_news(seen, TimePoint{}));
}

TEST_F(SyncedFiles, AreAdoptedWhenTheyWereCompacted) {
  const auto a = make("a");
  commit(*a->open());
  files_->set_count_max(0);
  ASSERT_TRUE(Environment::compact(directory_.file("a")));

  const auto opened = Environment::open(directory_.file("a"));
  commits_ = 0;
  a->adopt(opened);

  EXPECT_EQ(commits_, 1);
  EXPECT_EQ(a->open(), opened);
  commit(*opened);
  EXPECT_EQ(commits_, 2);
}

TEST_F(SyncedFiles, AreNotMistakenForCopiesThatWereMadeEarlier) {
  // Given a copy of a closed file, to which its session saw a change added,
  const auto a = make("a");
  files_->set_count_max(0);
  const auto path = directory_.file("a");
  const auto copy = directory_.file("copy");
  std::filesystem::copy_file(path, copy);
  {
    auto transaction = a->open()->begin_write();
    transaction.realm().history().append({.origin = {},
                                          .peer_version = {},
                                          .origin_timestamp = {},
                                          .salt = {},
                                          .changeset = as_bytes("change")});
    transaction.commit();
  }
  (void)a->look();

  // When the copy takes its place, then it is not the file of the session.
  std::filesystem::rename(copy, path);
  EXPECT_THROW((void)a->open(), Error);
  EXPECT_THROW(a->adopt(Environment::open(path)), Error);
}

TEST_F(SyncedFiles, AreLetGoWithTheirSession) {
  const auto a = make("a");
  const std::weak_ptr<Environment> environment = a->open();

  a->close();

  EXPECT_TRUE(environment.expired());
  EXPECT_THROW((void)a->open(), Error);
}

}  // namespace
}  // namespace tombolo::client
