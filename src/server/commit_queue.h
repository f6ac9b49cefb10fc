#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/logging.h"
#include "base/random.h"
#include "base/result.h"
#include "protocol/cursor.h"
#include "server/history_position.h"
#include "server/storage.h"
#include "server/upload.h"
#include "server/upload_windows.h"

namespace tombolo::server {

/// What waits for the writer. Its outcome is told once, on the writer's thread, when it is durable
/// or has failed.
struct AllocationJob {
  std::string partition;
  std::string owner;
  std::function<void(Result<protocol::SaltedFileIdent>)> done;
};
struct UploadJob {
  Upload upload;
  std::function<void(Result<IntegratedUpload>)> done;
};
using CommitJob = std::variant<AllocationJob, UploadJob>;

/// Group commit: whatever waits is written in one durable transaction, for all server files. A disk
/// flush costs the same for one upload as for a hundred, and while one runs the next ones gather.
///
/// An upload that cannot be integrated takes nobody with it: the jobs before it are committed, it
/// alone fails, and the rest goes on.
///
/// Thread:  `submit` from any thread; `wait` and `commit_waiting` from the one writer.
/// Source:  docs/server.md, "Group commit".
class CommitQueue {
 public:
  struct Options {
    /// Bytes of jobs that may wait, over all connections; more is turned away.
    std::size_t waiting_bytes_max = std::size_t{1} << 30;
    /// Bytes of jobs after which a transaction is committed, so that none grows without end.
    std::size_t commit_bytes_target = std::size_t{16} << 20;
    /// How long uploads that only say how far a client has come may wait for company. Nobody waits
    /// for them, and there is one for each download that a client stores.
    std::chrono::milliseconds progress_delay{20};
    /// How long the writer pauses after a commit, unless a commit's worth waits already: of a
    /// stream of small uploads several share a flush then, here and where they are sent to.
    std::chrono::milliseconds pause{1};
    UploadWindows::Options windows = {};
  };
  /// What became of a job, kept back until it is durable.
  using Outcome = std::variant<protocol::SaltedFileIdent, IntegratedUpload, Error>;
  /// Told after a commit and before the outcomes of its jobs.
  using Advanced = std::function<void(ServerFileId, HistoryGrowth)>;

  CommitQueue(Storage& storage, Random& random, Logger& logger, Advanced advanced, Options options)
      : storage_(storage),
        random_(random),
        logger_(logger),
        advanced_(std::move(advanced)),
        options_(options) {}

  /// Errors:  a job that finds too much waiting is told `kLimitExceeded` at once.
  void submit(CommitJob job);

  /// Pauses after a commit; then waits until there is something to commit, and if that is only
  /// progress, a while longer. False when `stop` was requested and nothing is left.
  [[nodiscard]] bool wait(std::stop_token stop);
  [[nodiscard]] bool is_empty() const;
  /// Commits what waits; if that is a lot, the front of it.
  void commit_waiting();

 private:
  [[nodiscard]] std::vector<CommitJob> take_jobs();
  /// Commits jobs from the front up to the first that fails, and tells them and it. Returns how
  /// many.
  [[nodiscard]] std::size_t commit_front(std::span<CommitJob> jobs);
  void report_growth(std::span<const CommitJob> jobs, std::span<const Outcome> outcomes);

  Storage& storage_;
  Random& random_;
  Logger& logger_;
  const Advanced advanced_;
  const Options options_;
  UploadWindows windows_{options_.windows};  ///< The writer's.

  mutable std::mutex mutex_;  // Guards the members below.
  std::condition_variable_any filled_;
  std::deque<CommitJob> jobs_;
  std::size_t urgent_jobs_ = 0;  ///< Of them, those that somebody waits for.
  std::size_t waiting_bytes_ = 0;
  bool has_committed_ = false;  ///< Since the last pause.
};

}  // namespace tombolo::server
