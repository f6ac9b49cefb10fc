#include "client/synced_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"

namespace tombolo::client {
namespace {

/// Two writes within a tick of the clock that file systems take their time stamps from may leave
/// the same one.
constexpr auto kStampTick = std::chrono::milliseconds(100);

/// Since the epoch of the system's clock.
std::chrono::nanoseconds to_duration(const statx_timestamp& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Whether what is written from now on leaves another stamp.
bool is_past(std::chrono::nanoseconds written) {
  const auto now = system_clock().wall_now().time_since_epoch();
  return written < now - kStampTick;
}

}  // namespace

SyncedFile::SyncedFile(std::shared_ptr<OpenFiles> files,
                       const std::shared_ptr<store::Environment>& environment,
                       std::function<void()> committed)
    : files_(std::move(files)),
      path_(environment->path()),
      options_(environment->options()),
      committed_(std::move(committed)),
      ident_(store::ident_of(*environment)),
      place_(read_stamp()),
      newest_(environment->begin_read().realm().history().bounds().newest) {
  take(environment);
}

SyncedFile::~SyncedFile() {
  close();
}

std::optional<SyncedFile::Stamp> SyncedFile::read_stamp() const {
  struct statx found {};
  const unsigned wanted = STATX_INO | STATX_MTIME | STATX_BTIME;
  if (::statx(AT_FDCWD, path_.c_str(), 0, wanted, &found) != 0) return std::nullopt;
  return Stamp{found.stx_ino, to_duration(found.stx_btime), to_duration(found.stx_mtime)};
}

bool SyncedFile::is_this(store::Environment& environment) {
  if (store::ident_of(environment) != ident_) return false;
  const auto stamp = read_stamp();
  if (!stamp) return false;
  const store::HistoryVersion newest = environment.begin_read().realm().history().bounds().newest;
  const std::lock_guard lock(mutex_);
  if (place_ && stamp->inode == place_->inode && stamp->born == place_->born) return true;
  // It was compacted, or it is a copy that was made earlier.
  if (newest < newest_) return false;
  place_ = stamp;
  has_moved_ = true;
  return true;
}

void SyncedFile::take(const std::shared_ptr<store::Environment>& environment) {
  const std::lock_guard lock(mutex_);
  if (environment_.lock() == environment) return;
  environment_ = environment;
  observation_ = environment->observe(
      [committed = committed_](const std::shared_ptr<const store::Commit>&) { committed(); });
}

std::shared_ptr<store::Environment> SyncedFile::open() {
  std::shared_ptr<store::Environment> environment;
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) {
      throw Error(ErrorCode::kClosed, "the file of the session has been closed");
    }
    environment = environment_.lock();
  }
  if (!environment) {
    if (read_stamp()) environment = files_->open(path_, options_);
    if (!environment || !is_this(*environment)) {
      throw Error(ErrorCode::kNotFound,
                  "'" + path_.string() + "' was removed or replaced while it was synced");
    }
    take(environment);
  }
  files_->hold(environment);
  const std::lock_guard lock(mutex_);
  if (is_closed_) files_->let_go(environment.get());  // It was closed meanwhile.
  return environment;
}

void SyncedFile::adopt(const std::shared_ptr<store::Environment>& environment) {
  {
    const std::lock_guard lock(mutex_);
    if (environment_.lock() == environment) return;
  }
  if (!is_this(*environment)) {
    throw Error(ErrorCode::kFileInUse,
                "'" + path_.string() + "' was removed or replaced while it was synced, and its " +
                    "session has not ended yet");
  }
  take(environment);
  committed_();
}

void SyncedFile::close() {
  std::shared_ptr<store::Environment> environment;
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    observation_ = {};
    environment = environment_.lock();
  }
  if (environment) files_->let_go(environment.get());
}

store::CommitId SyncedFile::look() {
  const auto environment = open();
  const store::ReadTransaction snapshot = environment->begin_read();
  const store::HistoryVersion newest = snapshot.realm().history().bounds().newest;
  const std::lock_guard lock(mutex_);
  newest_ = newest;
  has_moved_ = false;
  return snapshot.commit_id();
}

bool SyncedFile::has_news(store::CommitId seen, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (has_moved_ && !is_closed_) return true;
  const bool is_noted = without_news_ && without_news_->first == seen;
  if (const auto environment = environment_.lock()) {
    // Read first: what is committed after it leaves another one.
    const auto stamp = is_noted ? std::nullopt : read_stamp();
    if (environment->newest_commit() > seen) return true;
    if (stamp && is_past(stamp->written)) without_news_.emplace(seen, *stamp);
    return false;
  }
  if (is_closed_ || now < next_look_) return false;
  next_look_ = now + kClosedFileInterval;
  const auto stamp = read_stamp();
  return stamp && !(is_noted && without_news_->second == *stamp);
}

}  // namespace tombolo::client
