#include "tombolo/sync_session.h"

#include <atomic>
#include <utility>

#include "client/sync_session.h"

namespace tombolo {
namespace {

ConnectionState to_public(sync::ConnectionState state) {
  switch (state) {
    case sync::ConnectionState::kDisconnected: return ConnectionState::kDisconnected;
    case sync::ConnectionState::kConnecting: return ConnectionState::kConnecting;
    case sync::ConnectionState::kConnected: return ConnectionState::kConnected;
  }
  return ConnectionState::kDisconnected;
}

std::optional<Duration> to_duration(SyncSession::Timeout timeout) {
  return timeout ? std::optional<Duration>(*timeout) : std::nullopt;
}

/// Runs `task` on the realm's thread if there is a way to it, otherwise here.
void run_on(const Scheduler& scheduler, std::function<void()> task) {
  if (scheduler) {
    scheduler(std::move(task));
  } else {
    task();
  }
}

SyncSession::WaitDone on_realm_thread(const Scheduler& scheduler, SyncSession::WaitDone done) {
  return [scheduler, done = std::move(done)](const Result<void>& outcome) {
    run_on(scheduler, [done, outcome] { done(outcome); });
  };
}

/// A callback that can be taken back on the thread that it runs on.
template <typename Callback>
struct Revocable {
  explicit Revocable(Callback function) : callback(std::move(function)) {}
  Callback callback;
  std::atomic<bool> is_revoked{false};
};

}  // namespace

SyncSession::SyncSession(std::shared_ptr<client::SyncSession> session, Scheduler scheduler) noexcept
    : session_(std::move(session)),
      scheduler_(std::move(scheduler)) {}

void SyncSession::pause() {
  session_->pause();
}
void SyncSession::resume() {
  session_->resume();
}
void SyncSession::reconnect() {
  session_->reconnect();
}

SessionState SyncSession::state() const {
  switch (session_->state()) {
    case sync::SessionState::kActive:
    case sync::SessionState::kDying:
    case sync::SessionState::kWaitingForAccessToken: return SessionState::kActive;
    default: return SessionState::kInactive;
  }
}
ConnectionState SyncSession::connection_state() const {
  return to_public(session_->connection_state());
}
bool SyncSession::is_connected() const {
  return connection_state() == ConnectionState::kConnected && state() == SessionState::kActive;
}

void SyncSession::wait_for_upload(Timeout timeout, WaitDone done) {
  session_->wait_for_upload(to_duration(timeout), on_realm_thread(scheduler_, std::move(done)));
}
void SyncSession::wait_for_download(Timeout timeout, WaitDone done) {
  session_->wait_for_download(to_duration(timeout), on_realm_thread(scheduler_, std::move(done)));
}

std::future<Result<void>> SyncSession::wait_for_upload(Timeout timeout) {
  const auto promise = std::make_shared<std::promise<Result<void>>>();
  session_->wait_for_upload(to_duration(timeout), [promise](const Result<void>& outcome) {
    promise->set_value(outcome);
  });
  return promise->get_future();
}
std::future<Result<void>> SyncSession::wait_for_download(Timeout timeout) {
  const auto promise = std::make_shared<std::promise<Result<void>>>();
  session_->wait_for_download(to_duration(timeout), [promise](const Result<void>& outcome) {
    promise->set_value(outcome);
  });
  return promise->get_future();
}

NotificationToken SyncSession::observe_progress(
    ProgressDirection direction,
    ProgressMode mode,
    std::function<void(const SyncProgress& progress)> callback) {
  const auto revocable = std::make_shared<Revocable<decltype(callback)>>(std::move(callback));
  const auto id = session_->add_progress_callback(
      direction == ProgressDirection::kUpload ? sync::Direction::kUpload
                                              : sync::Direction::kDownload,
      mode == ProgressMode::kReportIndefinitely ? sync::ProgressMode::kStreaming
                                                : sync::ProgressMode::kCurrent,
      [revocable, scheduler = scheduler_](const sync::ProgressNotification& progress) {
        run_on(scheduler, [revocable, progress] {
          if (revocable->is_revoked) return;
          revocable->callback({progress.transferred, progress.transferable, progress.estimate});
        });
      });
  return NotificationToken([session = session_, id, revocable] {
    revocable->is_revoked = true;
    session->remove_progress_callback(id);
  });
}

NotificationToken SyncSession::observe_connection(
    std::function<void(ConnectionState current, ConnectionState previous)> callback) {
  const auto revocable = std::make_shared<Revocable<decltype(callback)>>(std::move(callback));
  const auto id = session_->add_connection_callback(
      [revocable, scheduler = scheduler_](sync::ConnectionState current,
                                          sync::ConnectionState previous) {
        run_on(scheduler, [revocable, current, previous] {
          if (!revocable->is_revoked) revocable->callback(to_public(current), to_public(previous));
        });
      });
  return NotificationToken([session = session_, id, revocable] {
    revocable->is_revoked = true;
    session->remove_connection_callback(id);
  });
}

}  // namespace tombolo
