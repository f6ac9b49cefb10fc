#include "client/sync_session.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/assertion.h"
#include "client/recovery_copy.h"

namespace tombolo::client {
namespace {

/// See `sync::SessionOptions::progress_delay`. Nobody notices them, but an application that writes
/// in a loop has its file to itself, and what does not concern a file costs it two commits a
/// minute.
constexpr Duration kProgressDelay = std::chrono::seconds(1);
constexpr Duration kIdleProgressDelay = std::chrono::seconds(30);

sync::SessionOptions with_progress_delays(sync::SessionOptions options) {
  options.progress_delay = kProgressDelay;
  options.idle_progress_delay = kIdleProgressDelay;
  return options;
}

std::optional<TimePoint> deadline_after(std::optional<Duration> timeout, TimePoint now) {
  return timeout ? std::optional(now + *timeout) : std::nullopt;
}

}  // namespace

/// What the driver holds of the session: it keeps the session alive until it has closed.
class SyncSession::Observer final : public SessionObserver {
 public:
  explicit Observer(std::shared_ptr<SyncSession> session) : session_(std::move(session)) {}

  void on_state(sync::SessionState current) override {
    session_->state_ = current;
    if (current == sync::SessionState::kActive) session_->watch_reset_attempt();
    if (current != sync::SessionState::kResetting && session_->reset_) {
      std::exchange(session_->reset_, nullptr)->stop();
    }
    // Nobody uses the file and there is nothing left to do for it: it may be closed.
    if (current == sync::SessionState::kInactive && session_->uses_ == 0) {
      session_->post([self = session_](sync::ClientSession& session, TimePoint now) {
        if (self->uses_ == 0) session.close(now);  // Nobody has come meanwhile.
      });
    }
  }

  void on_connection_state(sync::ConnectionState previous, sync::ConnectionState current) override {
    session_->connection_state_ = current;
    for (const auto& callback : session_->copy_of(session_->connection_callbacks_)) {
      callback(current, previous);
    }
  }

  void on_error(const sync::SyncError& error) override {
    if (error.error.code() == ErrorCode::kClientReset) {
      session_->tell_manual_reset(error);
    } else {
      session_->tell_error(error);
    }
  }

  void on_fresh_copy_wanted(const sync::SyncError& cause) override { session_->begin_reset(cause); }
  void on_file_reset_wanted() override { session_->perform_reset(); }

  void on_wait_settled(sync::WaitId wait, const Result<void>& outcome) override {
    const auto found = session_->waits_.find(wait);
    if (found == session_->waits_.end()) return;
    const WaitDone done = std::move(found->second.done);
    session_->waits_.erase(found);
    done(outcome);
  }

  void on_progress(sync::NotifierId notifier, const sync::ProgressNotification& progress) override {
    ProgressCallback callback;
    {
      const std::lock_guard lock(session_->mutex_);
      for (const auto& [id, entry] : session_->progress_) {
        if (entry.notifier != notifier) continue;
        callback = entry.callback;
        if (progress.is_last) session_->progress_.erase(id);
        break;
      }
    }
    if (callback) callback(progress);
  }

  void on_stats(const sync::SessionStats& stats) override {
    const std::lock_guard lock(session_->mutex_);
    session_->stats_ = stats;
  }

  void on_look() override {
    if (session_->file_->has_news(session_->seen_commit_, session_->driver_->now()))
      session_->committed();
  }

  void on_closed() override { session_->closed_on_strand(); }

 private:
  std::shared_ptr<SyncSession> session_;
};

template <typename Callback>
std::vector<Callback> SyncSession::copy_of(const std::map<CallbackId, Callback>& callbacks) const {
  const std::lock_guard lock(mutex_);
  std::vector<Callback> copies;
  for (const auto& [id, callback] : callbacks) copies.push_back(callback);
  return copies;
}

std::shared_ptr<SyncSession> SyncSession::make(
    std::shared_ptr<ConnectionDriver> driver,
    const std::shared_ptr<store::Environment>& environment,
    sync::SessionOptions options,
    std::function<void()> on_closed) {
  const std::shared_ptr<SyncSession> session(
      new SyncSession(std::move(driver), std::move(options), std::move(on_closed)));
  session->start(environment);
  return session;
}

SyncSession::SyncSession(std::shared_ptr<ConnectionDriver> driver,
                         sync::SessionOptions options,
                         std::function<void()> on_closed)
    : driver_(std::move(driver)),
      options_(with_progress_delays(std::move(options))),
      on_closed_(std::move(on_closed)) {}

SyncSession::~SyncSession() = default;

void SyncSession::start(const std::shared_ptr<store::Environment>& environment) {
  if (const auto& key = environment->options().encryption_key) {
    driver_->runtime().keep_key(environment->path(), *key);
  }
  file_ = std::make_shared<SyncedFile>(
      driver_->runtime().open_files(), environment, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->committed();
      });
  // The file stays open until its session has read it.
  driver_->post([self = shared_from_this(), environment](sync::ClientConnection&, TimePoint) {
    self->open_on_strand();
  });
}

void SyncSession::adopt(const std::shared_ptr<store::Environment>& environment) {
  file_->adopt(environment);
}

void SyncSession::open_on_strand() {
  try {
    has_reset_attempt_ =
        read_reset_attempt(file_->open()->begin_read().realm().metadata()).has_value();
    auto replica = std::make_shared<StoreReplica>(
        [file = file_] { return file->open(); },
        [self = weak_from_this()] {
          const auto session = self.lock();
          return session && session->is_paused(sync::Direction::kUpload);
        });
    key_ = driver_
               ->open_session(
                   std::move(replica), options_, std::make_shared<Observer>(shared_from_this()))
               .key();
  } catch (const Error& error) {
    tell_error({.error = error, .status = protocol::SdkStatus::kRuntimeError, .is_fatal = true});
    end_on_strand();
  }
}

void SyncSession::closed_on_strand() {
  if (uses_ == 0 || is_close_asked_) return end_on_strand();
  // The file was opened again after its last use had ended the session.
  open_on_strand();
  post([](sync::ClientSession& session, TimePoint now) { session.activate(now); });
}

void SyncSession::end_on_strand() {
  is_closed_ = true;
  reset_.reset();
  file_->close();
  driver_->runtime().forget_session(file(), this);
  if (on_closed_) on_closed_();
}

void SyncSession::committed() {
  // Many commits in a row are one look at the history.
  if (is_commit_posted_.exchange(true)) return;
  post([this](sync::ClientSession& session, TimePoint now) {
    is_commit_posted_ = false;
    note_newest_commit();
    session.local_change(now);
  });
}

void SyncSession::note_newest_commit() {
  try {
    seen_commit_ = file_->look();
  } catch (const Error&) {
    // The session meets the same when it reads the file, and reports it.
  }
}

void SyncSession::post(std::function<void(sync::ClientSession& session, TimePoint now)> work,
                       std::function<void()> otherwise) {
  driver_->post(
      [self = shared_from_this(), work = std::move(work), otherwise = std::move(otherwise)](
          sync::ClientConnection& connection, TimePoint now) {
        if (auto* session = connection.find_session(self->key_)) {
          work(*session, now);
        } else if (otherwise) {
          otherwise();
        }
      });
}

SyncSession::Use SyncSession::use() {
  begin_use();
  return Use(shared_from_this());
}

SyncSession::Use& SyncSession::Use::operator=(Use&& other) noexcept {
  if (this != &other) {
    const auto previous = std::exchange(session_, std::move(other.session_));
    if (previous) previous->end_use();
  }
  return *this;
}

SyncSession::Use::~Use() {
  if (session_) session_->end_use();
}

void SyncSession::begin_use() {
  ++uses_;
  // It shows at once what it is about to be.
  auto state = sync::SessionState::kInactive;
  state_.compare_exchange_strong(state, sync::SessionState::kActive);
  post([this](sync::ClientSession& session, TimePoint now) {
    session.activate(now);
    state_ = session.state();
  });
}

void SyncSession::end_use() {
  if (--uses_ > 0) return;
  post([this](sync::ClientSession& session, TimePoint now) {
    if (uses_ > 0) return;  // The file was opened again meanwhile.
    session.release(now);
    const bool is_idle = session.state() == sync::SessionState::kInactive ||
                         session.state() == sync::SessionState::kPaused;
    if (is_idle) session.close(now);
  });
}

void SyncSession::pause() {
  is_paused_ = true;
  post([](sync::ClientSession& session, TimePoint now) { session.pause(now); });
}
void SyncSession::pause(sync::Direction direction) {
  is_direction_paused(direction) = true;
  post([direction](sync::ClientSession& session, TimePoint now) { session.pause(direction, now); });
}
void SyncSession::resume(sync::Direction direction) {
  is_direction_paused(direction) = false;
  post(
      [direction](sync::ClientSession& session, TimePoint now) { session.resume(direction, now); });
}
bool SyncSession::is_paused(sync::Direction direction) const noexcept {
  return is_paused_ || (direction == sync::Direction::kUpload ? are_uploads_paused_.load()
                                                              : are_downloads_paused_.load());
}
std::atomic<bool>& SyncSession::is_direction_paused(sync::Direction direction) noexcept {
  return direction == sync::Direction::kUpload ? are_uploads_paused_ : are_downloads_paused_;
}
void SyncSession::resume() {
  is_paused_ = false;
  are_uploads_paused_ = false;
  are_downloads_paused_ = false;
  post([](sync::ClientSession& session, TimePoint now) { session.resume(now); });
}
void SyncSession::reconnect() {
  driver_->post(
      [](sync::ClientConnection& connection, TimePoint now) { connection.reconnect(now); });
}
void SyncSession::revive() {
  post([this](sync::ClientSession& session, TimePoint now) {
    if (uses_ > 0) session.activate(now);
  });
}
void SyncSession::close(const Error& cause) {
  is_close_asked_ = true;
  post([cause](sync::ClientSession& session, TimePoint now) { session.close(now, cause); });
}

sync::SessionState SyncSession::state() const noexcept {
  return is_paused_ ? sync::SessionState::kPaused : state_.load();
}
sync::ConnectionState SyncSession::connection_state() const noexcept {
  return is_paused_ || is_closed_ ? sync::ConnectionState::kDisconnected : connection_state_.load();
}

SyncSession::WaitTicket SyncSession::wait(
    WaitDone done,
    WaitGroup group,
    std::function<sync::WaitId(sync::ClientSession& session, TimePoint now)> begin) {
  const WaitTicket ticket = ++last_ticket_;
  ++uses_;
  const WaitDone settled = [this, done = std::move(done)](const Result<void>& outcome) {
    done(outcome);
    end_use();
  };
  post(
      [this, ticket, group, settled, begin = std::move(begin)](sync::ClientSession& session,
                                                               TimePoint now) {
        session.keep_up(now);
        waits_.emplace(begin(session, now), Waiter{ticket, group, settled});
      },
      [settled] { settled(Error(ErrorCode::kClosed, "the sync session has been closed")); });
  return ticket;
}

SyncSession::WaitTicket SyncSession::wait_for_upload(std::optional<Duration> timeout,
                                                     WaitDone done,
                                                     WaitGroup group) {
  return wait(std::move(done), group, [timeout](sync::ClientSession& session, TimePoint now) {
    return session.wait_for_upload(now, deadline_after(timeout, now));
  });
}

SyncSession::WaitTicket SyncSession::wait_for_download(std::optional<Duration> timeout,
                                                       WaitDone done,
                                                       WaitGroup group) {
  return wait(std::move(done), group, [timeout](sync::ClientSession& session, TimePoint now) {
    return session.wait_for_download(deadline_after(timeout, now));
  });
}

SyncSession::WaitTicket SyncSession::wait_for_receipt(std::optional<Duration> timeout,
                                                      ReceiptDone done,
                                                      WaitGroup group) {
  const auto receipt = std::make_shared<Receipt>();
  return wait(
      [receipt, done = std::move(done)](const Result<void>& outcome) {
        done(outcome ? Result<Receipt>(*receipt) : Result<Receipt>(outcome.error()));
      },
      group,
      [receipt, timeout](sync::ClientSession& session, TimePoint now) {
        const sync::WaitId wait = session.wait_for_receipt(now, deadline_after(timeout, now));
        receipt->version = session.replica_state().newest_client_version;
        return wait;
      });
}

void SyncSession::cancel_wait(WaitTicket ticket) {
  post([this, ticket](sync::ClientSession& session, TimePoint) {
    const auto found = std::ranges::find_if(
        waits_, [ticket](const auto& entry) { return entry.second.ticket == ticket; });
    if (found != waits_.end()) session.cancel_wait(found->first);
  });
}

void SyncSession::end_waits(WaitGroup group, const Error& cause) {
  post([this, group, cause](sync::ClientSession& session, TimePoint) {
    for (const auto& [wait, waiter] : waits_) {
      if (waiter.group == group) session.cancel_wait(wait, cause);
    }
  });
}

SyncStats SyncSession::stats() const {
  const TimePoint now = driver_->now();
  const sync::ConnectionStats connection = driver_->stats();
  SyncStats stats{.round_trip = connection.round_trip};
  {
    const std::lock_guard lock(mutex_);
    stats.session = stats_;
  }
  if (connection.last_message) stats.last_message_age = now - *connection.last_message;
  const auto next =
      stats.session.next_resumption ? stats.session.next_resumption : connection.next_attempt;
  const bool wants_connection =
      state() == sync::SessionState::kActive || state() == sync::SessionState::kDying;
  if (next && wants_connection) stats.next_retry = std::max(*next - now, Duration::zero());
  return stats;
}

PendingUploads SyncSession::pending_uploads() const {
  return read_pending_uploads(*file_->open(), system_clock().wall_now());
}

SyncSession::CallbackId SyncSession::add_progress_callback(sync::Direction direction,
                                                           sync::ProgressMode mode,
                                                           ProgressCallback callback) {
  CallbackId id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++last_callback_;
    progress_.emplace(id, ProgressEntry{std::nullopt, std::move(callback)});
  }
  post([this, id, direction, mode](sync::ClientSession& session, TimePoint now) {
    const std::lock_guard lock(mutex_);
    const auto found = progress_.find(id);
    if (found == progress_.end()) return;  // Removed before it came to life.
    found->second.notifier = session.add_progress_notifier(direction, mode, now);
  });
  return id;
}

void SyncSession::remove_progress_callback(CallbackId id) {
  std::optional<sync::NotifierId> notifier;
  {
    const std::lock_guard lock(mutex_);
    const auto found = progress_.find(id);
    if (found == progress_.end()) return;
    notifier = found->second.notifier;
    progress_.erase(found);
  }
  if (!notifier) return;
  post([notifier = *notifier](sync::ClientSession& session, TimePoint) {
    session.remove_progress_notifier(notifier);
  });
}

SyncSession::CallbackId SyncSession::add_connection_callback(ConnectionCallback callback) {
  const std::lock_guard lock(mutex_);
  connection_callbacks_.emplace(++last_callback_, std::move(callback));
  return last_callback_;
}
void SyncSession::remove_connection_callback(CallbackId id) {
  const std::lock_guard lock(mutex_);
  connection_callbacks_.erase(id);
}
SyncSession::CallbackId SyncSession::add_error_callback(ErrorCallback callback) {
  const std::lock_guard lock(mutex_);
  error_callbacks_.emplace(++last_callback_, std::move(callback));
  return last_callback_;
}
void SyncSession::remove_error_callback(CallbackId id) {
  const std::lock_guard lock(mutex_);
  error_callbacks_.erase(id);
}

SyncSession::CallbackId SyncSession::add_reset_callbacks(ResetCallbacks callbacks) {
  const std::lock_guard lock(mutex_);
  reset_callbacks_.emplace(++last_callback_, std::move(callbacks));
  return last_callback_;
}
void SyncSession::remove_reset_callbacks(CallbackId id) {
  const std::lock_guard lock(mutex_);
  reset_callbacks_.erase(id);
}

// Client reset.

void SyncSession::begin_reset(const sync::SyncError& cause) {
  reset_cause_ = cause;
  // Whether it can be done is known before anything is downloaded, for all but earlier attempts.
  if (const auto method = sync::choose_reset_method(options_.client_reset, *cause.action, {});
      !method) {
    return fresh_copy_downloaded(method.error());
  }
  reset_ = std::make_shared<ClientReset>(driver_, file_, options_);
  reset_->download(
      [self = shared_from_this(), reset = std::weak_ptr(reset_)](const Result<void>& outcome) {
        if (self->reset_ && self->reset_ == reset.lock()) self->fresh_copy_downloaded(outcome);
      });
}

void SyncSession::fresh_copy_downloaded(const Result<void>& outcome) {
  if (!outcome) {
    post([failure = reset_failure(outcome.error())](sync::ClientSession& session, TimePoint now) {
      session.reset_failed(failure, now);
    });
    return;
  }
  const std::shared_ptr<void> hold(nullptr, [self = shared_from_this()](void*) {
    self->post([](sync::ClientSession& session, TimePoint now) { session.reset_file(now); });
  });
  if (const auto callbacks = reset_callbacks(); callbacks.before) callbacks.before(hold);
}

void SyncSession::perform_reset() {
  TOMBOLO_ASSERT(reset_ != nullptr);
  reset_->perform(*reset_cause_,
                  [self = shared_from_this()](const Result<FileResetOutcome>& outcome) {
                    self->reset_performed(outcome);
                  });
}

void SyncSession::reset_performed(const Result<FileResetOutcome>& outcome) {
  std::optional<sync::SyncError> failure;
  if (!outcome) failure = reset_failure(outcome.error());
  has_reset_attempt_ = true;
  post([this, failure](sync::ClientSession& session, TimePoint now) {
    note_newest_commit();
    session.file_reset(failure, now);
  });
  if (failure) return;
  const std::shared_ptr<Logger>& logger = file_->options().logger;
  if (logger && outcome->left_out > 0) {
    logger->warn("client_reset_left_out changes=" + std::to_string(outcome->left_out));
  }
  if (const auto callbacks = reset_callbacks(); callbacks.after) callbacks.after(outcome->method);
}

sync::SyncError SyncSession::reset_failure(const Error& reason) const {
  const auto action = std::string(protocol::action_info(*reset_cause_->action).name);
  const auto status = std::string(protocol::status_name(reset_cause_->status));
  sync::SyncError failure = sync::make_local_error(
      protocol::SdkStatus::kAutoClientResetFailed,
      reset_cause_->action,
      true,
      "A fatal error occurred during '" + action + "' client reset for " + status + ": '" +
          reset_cause_->error.message() + "': " + reason.describe());
  failure.server_error = reset_cause_->server_error;
  return failure;
}

SyncSession::ResetCallbacks SyncSession::reset_callbacks() const {
  const std::lock_guard lock(mutex_);
  return reset_callbacks_.empty() ? ResetCallbacks{} : reset_callbacks_.begin()->second;
}

void SyncSession::watch_reset_attempt() {
  if (!has_reset_attempt_ || std::exchange(is_attempt_watched_, true)) return;
  struct Progress {
    int open = 2;
    bool has_failed = false;
  };
  const auto progress = std::make_shared<Progress>();
  const WaitDone done = [this, progress](const Result<void>& outcome) {
    if (!outcome) progress->has_failed = true;
    if (--progress->open > 0) return;
    is_attempt_watched_ = false;  // A pause or an error came first: the next activation goes on.
    if (progress->has_failed || is_closed_) return;
    has_reset_attempt_ = false;
    driver_->runtime().workers().post([self = shared_from_this(), file = file_] {
      try {
        clear_reset_attempt(*file->open());
      } catch (const Error&) {
        // The file cannot be written now: it is tried again when the session is next active.
        self->post([self](sync::ClientSession&, TimePoint) { self->has_reset_attempt_ = true; });
      }
    });
  };
  post([this, done](sync::ClientSession& session, TimePoint now) {
    waits_.emplace(session.wait_for_upload(now), Waiter{++last_ticket_, kNoWaitGroup, done});
    waits_.emplace(session.wait_for_download(), Waiter{++last_ticket_, kNoWaitGroup, done});
  });
}

void SyncSession::tell_error(const sync::SyncError& error) {
  for (const auto& callback : copy_of(error_callbacks_)) callback(error);
}

void SyncSession::tell_manual_reset(const sync::SyncError& error) {
  driver_->runtime().workers().post([self = shared_from_this(), error = error]() mutable {
    try {
      error.recovery_path = plan_recovery_copy(self->file()).string();
    } catch (const Error& failure) {
      // The application is told without it; the server asks again, and then it may succeed.
      error.error = Error::caused_by(ErrorCode::kClientReset, error.error.message(), failure);
    }
    self->driver_->post(
        [self, error](sync::ClientConnection&, TimePoint) { self->tell_error(error); });
  });
}

}  // namespace tombolo::client
