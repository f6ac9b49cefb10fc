#include "server/commit_queue.h"

#include <map>
#include <optional>
#include <utility>

#include "server/integrator.h"
#include "server/session_error.h"

namespace tombolo::server {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

using Outcome = CommitQueue::Outcome;

std::size_t bytes_of(const CommitJob& job) {
  if (const auto* upload = std::get_if<UploadJob>(&job)) return upload->upload.bytes();
  // Clients choose the partition and can ask again and again.
  const auto& allocation = std::get<AllocationJob>(job);
  return sizeof(CommitJob) + allocation.partition.size() + allocation.owner.size();
}

/// Whether somebody waits for it: everything but an upload that holds only progress.
bool is_urgent(const CommitJob& job) {
  const auto* upload = std::get_if<UploadJob>(&job);
  return !upload || !upload->upload.entries.empty();
}

bool is_broken(const CommitJob& job) {
  const auto* upload = std::get_if<UploadJob>(&job);
  return upload && upload->upload.stream->is_broken;
}

Outcome run(StorageTransaction& storage,
            Random& random,
            UploadWindows& windows,
            const CommitJob& job) {
  return std::visit(Overloaded{
                        [&](const AllocationJob& allocation) -> Outcome {
                          const ServerFileId file = storage.open_server_file(allocation.partition);
                          const ClientFile client =
                              storage.allocate_client_file(file, allocation.owner, random.salt());
                          return protocol::SaltedFileIdent{client.ident, client.salt};
                        },
                        [&](const UploadJob& upload) -> Outcome {
                          const auto integrated =
                              integrate(storage, upload.upload, random, windows);
                          if (!integrated) return integrated.error();
                          return *integrated;
                        },
                    },
                    job);
}

/// Whether every job would meet the same failure.
bool is_of_the_world(const Error& error) {
  return error.code() == ErrorCode::kStorage || error.code() == ErrorCode::kDiskFull;
}

/// Like `run`, with a bug that this one job brings to light kept to this one job.
Outcome run_guarded(StorageTransaction& storage,
                    Random& random,
                    UploadWindows& windows,
                    const CommitJob& job) {
  try {
    return run(storage, random, windows, job);
  } catch (const Error& error) {
    if (is_of_the_world(error)) throw;
    return error;
  }
}

/// The outcomes of the jobs before the first that fails, and why it does.
std::vector<Outcome> run_until_failure(StorageTransaction& storage,
                                       Random& random,
                                       UploadWindows& windows,
                                       std::span<const CommitJob> jobs,
                                       std::optional<Error>& failure) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(jobs.size());
  for (const CommitJob& job : jobs) {
    if (is_broken(job)) {
      // Nothing is written for it, so that it spoils nothing.
      outcomes.emplace_back(
          Error(ErrorCode::kCancelled, "an earlier upload of the session failed"));
      continue;
    }
    Outcome outcome = run_guarded(storage, random, windows, job);
    if (const auto* error = std::get_if<Error>(&outcome)) {
      failure = *error;
      break;
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

/// Tells the job's owner. A failed upload breaks its stream.
void finish(CommitJob& job, const Outcome& outcome) {
  const auto* error = std::get_if<Error>(&outcome);
  std::visit(Overloaded{
                 [&](AllocationJob& allocation) {
                   if (error) return allocation.done(*error);
                   allocation.done(std::get<protocol::SaltedFileIdent>(outcome));
                 },
                 [&](UploadJob& upload) {
                   if (error) {
                     upload.upload.stream->is_broken = true;
                     return upload.done(*error);
                   }
                   upload.done(std::get<IntegratedUpload>(outcome));
                 },
             },
             job);
}

}  // namespace

void CommitQueue::submit(CommitJob job) {
  const std::size_t bytes = bytes_of(job);
  {
    const std::lock_guard lock(mutex_);
    if (bytes == 0 || waiting_bytes_ + bytes <= options_.waiting_bytes_max) {
      waiting_bytes_ += bytes;
      if (is_urgent(job)) ++urgent_jobs_;
      jobs_.push_back(std::move(job));
      filled_.notify_one();
      return;
    }
  }
  finish(job, Error(ErrorCode::kLimitExceeded, "too much waits for the writer"));
}

bool CommitQueue::wait(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (std::exchange(has_committed_, false)) {
    filled_.wait_for(
        lock, stop, options_.pause, [&] { return waiting_bytes_ >= options_.commit_bytes_target; });
  }
  if (!filled_.wait(lock, stop, [&] { return !jobs_.empty(); })) return false;
  filled_.wait_for(lock, stop, options_.progress_delay, [&] { return urgent_jobs_ > 0; });
  return true;
}

bool CommitQueue::is_empty() const {
  const std::lock_guard lock(mutex_);
  return jobs_.empty();
}

std::vector<CommitJob> CommitQueue::take_jobs() {
  const std::lock_guard lock(mutex_);
  std::vector<CommitJob> jobs;
  std::size_t bytes = 0;
  while (!jobs_.empty() && bytes < options_.commit_bytes_target) {
    bytes += bytes_of(jobs_.front());
    if (is_urgent(jobs_.front())) --urgent_jobs_;
    jobs.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  waiting_bytes_ -= bytes;
  has_committed_ = true;
  return jobs;
}

void CommitQueue::commit_waiting() {
  std::vector<CommitJob> jobs = take_jobs();
  for (std::span<CommitJob> rest = jobs; !rest.empty();) rest = rest.subspan(commit_front(rest));
}

std::size_t CommitQueue::commit_front(std::span<CommitJob> jobs) {
  const std::span<CommitJob> all = jobs;
  std::vector<Outcome> outcomes;
  std::optional<Error> failure;  // Of the job behind `jobs`, once it was cut.
  try {
    while (!jobs.empty()) {
      const auto storage = storage_.begin();
      outcomes = run_until_failure(*storage, random_, windows_, jobs, failure);
      if (outcomes.size() == jobs.size()) {
        storage->commit();
        windows_.committed();
        break;
      }
      windows_.rolled_back();
      // What the failed job wrote cannot be undone alone: do those before it again without it.
      jobs = jobs.first(outcomes.size());
    }
  } catch (const Error& error) {
    windows_.rolled_back();
    logger_.error("commit_failed error=\"" + error.describe() + '"');
    for (CommitJob& job : jobs) finish(job, error);
    return jobs.size();
  }

  report_growth(jobs, outcomes);
  for (std::size_t i = 0; i < jobs.size(); ++i) finish(jobs[i], outcomes[i]);
  if (!failure) return jobs.size();
  finish(all[jobs.size()], *failure);
  return jobs.size() + 1;
}

void CommitQueue::report_growth(std::span<const CommitJob> jobs,
                                std::span<const Outcome> outcomes) {
  std::map<ServerFileId, HistoryGrowth> grown;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto* integrated = std::get_if<IntegratedUpload>(&outcomes[i]);
    if (integrated && integrated->has_grown) {
      HistoryGrowth& growth = grown[std::get<UploadJob>(jobs[i]).upload.file];
      growth.end = integrated->history_end;
      growth.has_content |= integrated->has_content;
    }
  }
  for (const auto& [file, growth] : grown) advanced_(file, growth);
}

}  // namespace tombolo::server
