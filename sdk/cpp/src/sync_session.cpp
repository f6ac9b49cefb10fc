#include "tombolo/sync_session.h"

#include <algorithm>
#include <atomic>
#include <chrono>
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

sync::Direction to_client(SyncDirection direction) {
  return direction == SyncDirection::kUpload ? sync::Direction::kUpload
                                             : sync::Direction::kDownload;
}

/// Longer than anybody waits, and short enough to be counted from any moment.
constexpr std::chrono::milliseconds kTimeoutMax = std::chrono::hours(24 * 365);

std::optional<Duration> to_duration(SyncSession::Timeout timeout) {
  return timeout ? std::optional<Duration>(std::min(*timeout, kTimeoutMax)) : std::nullopt;
}

/// Runs `task` on the realm's thread if there is a way to it, otherwise here.
void run_on(const Scheduler& scheduler, std::function<void()> task) {
  if (scheduler) {
    scheduler(std::move(task));
  } else {
    task();
  }
}

std::optional<std::chrono::milliseconds> to_milliseconds(std::optional<Duration> duration) {
  if (!duration) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(*duration);
}

template <typename T>
std::function<void(const Result<T>&)> on_realm_thread(const Scheduler& scheduler,
                                                      std::function<void(const Result<T>&)> done) {
  return [scheduler, done = std::move(done)](const Result<T>& outcome) {
    run_on(scheduler, [done, outcome] { done(outcome); });
  };
}

/// A callback and the future that it fulfils.
template <typename T>
std::pair<std::function<void(const Result<T>&)>, std::future<Result<T>>> make_future() {
  const auto promise = std::make_shared<std::promise<Result<T>>>();
  return {[promise](const Result<T>& outcome) { promise->set_value(outcome); },
          promise->get_future()};
}

/// Begins a wait with `begin(timeout, done)`, which answers with its ticket, and lets
/// `options.stop` end it for as long as it has not settled.
template <typename T, typename Begin>
void begin_wait(const std::shared_ptr<client::SyncSession>& session,
                const WaitOptions& options,
                std::function<void(const Result<T>&)> done,
                Begin&& begin) {
  using StopCallback = std::stop_callback<std::function<void()>>;
  // It goes with `done`, once that has been called.
  const auto stop = std::make_shared<std::optional<StopCallback>>();
  const auto ticket =
      begin(to_duration(options.timeout),
            [stop, done = std::move(done)](const Result<T>& outcome) { done(outcome); });
  if (options.stop.stop_possible())
    stop->emplace(options.stop, [session, ticket] { session->cancel_wait(ticket); });
}

/// A callback that can be taken back on the thread that it runs on.
template <typename Callback>
struct Revocable {
  explicit Revocable(Callback function) : callback(std::move(function)) {}
  Callback callback;
  std::atomic<bool> is_revoked{false};
};

}  // namespace

SyncSession::SyncSession(std::shared_ptr<client::SyncSession> session,
                         Scheduler scheduler,
                         std::uint64_t wait_group) noexcept
    : session_(std::move(session)),
      scheduler_(std::move(scheduler)),
      wait_group_(wait_group) {}

void SyncSession::pause() {
  session_->pause();
}
void SyncSession::resume() {
  session_->resume();
}
void SyncSession::pause(SyncDirection direction) {
  session_->pause(to_client(direction));
}
void SyncSession::resume(SyncDirection direction) {
  session_->resume(to_client(direction));
}
bool SyncSession::is_paused(SyncDirection direction) const {
  return session_->is_paused(to_client(direction));
}
void SyncSession::reconnect() {
  session_->reconnect();
}

const std::string& SyncSession::partition() const {
  return session_->partition();
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

void SyncSession::begin_upload_wait(const WaitOptions& options, WaitDone done) {
  begin_wait<void>(
      session_, options, std::move(done), [&](std::optional<Duration> timeout, WaitDone settled) {
        return session_->wait_for_upload(timeout, std::move(settled), wait_group_);
      });
}
void SyncSession::begin_download_wait(const WaitOptions& options, WaitDone done) {
  begin_wait<void>(
      session_, options, std::move(done), [&](std::optional<Duration> timeout, WaitDone settled) {
        return session_->wait_for_download(timeout, std::move(settled), wait_group_);
      });
}
void SyncSession::begin_receipt(const WaitOptions& options, ReceiptDone done) {
  begin_wait<Receipt>(session_,
                      options,
                      std::move(done),
                      [&](std::optional<Duration> timeout, ReceiptDone settled) {
                        return session_->wait_for_receipt(
                            timeout,
                            [settled = std::move(settled)](const Result<client::Receipt>& outcome) {
                              settled(outcome ? Result<Receipt>({outcome->version.value()})
                                              : Result<Receipt>(outcome.error()));
                            },
                            wait_group_);
                      });
}

void SyncSession::wait_for_upload(const WaitOptions& options, WaitDone done) {
  begin_upload_wait(options, on_realm_thread<void>(scheduler_, std::move(done)));
}
void SyncSession::wait_for_download(const WaitOptions& options, WaitDone done) {
  begin_download_wait(options, on_realm_thread<void>(scheduler_, std::move(done)));
}
void SyncSession::receipt(const WaitOptions& options, ReceiptDone done) {
  begin_receipt(options, on_realm_thread<Receipt>(scheduler_, std::move(done)));
}

std::future<Result<void>> SyncSession::wait_for_upload(const WaitOptions& options) {
  auto [done, future] = make_future<void>();
  begin_upload_wait(options, std::move(done));
  return std::move(future);
}
std::future<Result<void>> SyncSession::wait_for_download(const WaitOptions& options) {
  auto [done, future] = make_future<void>();
  begin_download_wait(options, std::move(done));
  return std::move(future);
}
std::future<Result<Receipt>> SyncSession::receipt(const WaitOptions& options) {
  auto [done, future] = make_future<Receipt>();
  begin_receipt(options, std::move(done));
  return std::move(future);
}

void SyncSession::wait_for_upload(Timeout timeout, WaitDone done) {
  wait_for_upload(WaitOptions{.timeout = timeout}, std::move(done));
}
void SyncSession::wait_for_download(Timeout timeout, WaitDone done) {
  wait_for_download(WaitOptions{.timeout = timeout}, std::move(done));
}
std::future<Result<void>> SyncSession::wait_for_upload(Timeout timeout) {
  return wait_for_upload(WaitOptions{.timeout = timeout});
}
std::future<Result<void>> SyncSession::wait_for_download(Timeout timeout) {
  return wait_for_download(WaitOptions{.timeout = timeout});
}

SyncSessionStats SyncSession::stats() const {
  const client::SyncStats stats = session_->stats();
  return {.messages_sent = stats.session.messages_sent,
          .bytes_sent = stats.session.bytes_sent,
          .messages_received = stats.session.messages_received,
          .bytes_received = stats.session.bytes_received,
          .round_trip = stats.round_trip,
          .last_message_age = to_milliseconds(stats.last_message_age),
          .last_error = stats.session.last_error,
          .next_retry = to_milliseconds(stats.next_retry)};
}

PendingUploads SyncSession::pending_uploads() const {
  const client::PendingUploads pending = session_->pending_uploads();
  return {pending.transactions, pending.objects, pending.bytes, pending.oldest_age};
}

NotificationToken SyncSession::observe_progress(
    ProgressDirection direction,
    ProgressMode mode,
    std::function<void(const SyncProgress& progress)> callback) {
  const auto revocable = std::make_shared<Revocable<decltype(callback)>>(std::move(callback));
  const auto id = session_->add_progress_callback(
      to_client(direction),
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
