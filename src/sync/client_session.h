#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "protocol/message.h"
#include "sync/backoff.h"
#include "sync/binding.h"
#include "sync/client_reset.h"
#include "sync/download_inbox.h"
#include "sync/event.h"
#include "sync/progress.h"
#include "sync/replica.h"
#include "sync/session_stats.h"
#include "sync/sync_error.h"
#include "sync/waits.h"

namespace tombolo::sync {

class SessionHost;

/// What becomes of a session whose file nobody uses any more.
enum class StopPolicy : std::uint8_t {
  kAfterChangesUploaded,  ///< It goes on until the server has everything that was written.
  kImmediately,
  kLiveIndefinitely,
};

struct SessionOptions {
  std::string partition;  ///< The partition value as canonical Extended JSON: `"team-7"`.
  StopPolicy stop_policy = StopPolicy::kAfterChangesUploaded;
  /// Waits also fail when an error is reported after which the session goes on by itself.
  bool cancel_waits_on_nonfatal_error = false;
  /// After each connect, hold uploads back until the first download is complete, as the original's
  /// clients do, unless the connection was lost only a moment ago.
  bool delay_uploads_until_downloaded = false;
  /// How long a DOWNLOAD without changes may wait to be stored, unless somebody waits for it or
  /// watches progress, or more comes: its commit takes the file's write lock from the application.
  /// What is lost by waiting is sent again and counts once.
  Duration progress_delay{0};
  /// The same for one that does not even confirm a change of the file's own: others were at work,
  /// and nothing came of it here. At least `progress_delay`.
  Duration idle_progress_delay{0};
  BackoffParameters backoff;  ///< Of a session that the server ended but will take again.
  /// `kManual`: the session ends when the server asks for a client reset. In the other modes that
  /// is carried out, and waits go on.
  ClientResetMode client_reset = ClientResetMode::kManual;
  /// The file is a fresh copy for the client reset of another: it only downloads.
  bool is_fresh_copy = false;
};

/// Who ended a log-in: the application need not be told of what it did itself.
enum class LogOut : std::uint8_t { kByUser, kByServer };

/// One WebSocket message. Head and body are sent one after the other and never joined here.
struct OutgoingMessage {
  Bytes head;
  Bytes body;
};

/// A client file's session, as a state machine with no socket, clock or thread. It lives from the
/// first to the last use of the file, over any number of connections, pauses and errors; each time
/// it becomes active it binds under a new session ident.
///
///     intentions -- activate(), pause(), wait_for_upload() ... -->  +---------------+
///     local work -- local_change() ------------------------------>  | ClientSession |
///     results    -- file_ident_stored(), integrated() ----------->  +---------------+
///                                                                      events, messages: through
///                                                                      its ClientConnection
///
/// Each call may make events and output ready; the driver then drains `next_event()` and
/// `take_output()` of the connection.
///
/// Thread:  the connection's strand; no call blocks longer than a read of the replica.
/// Errors:  peer input neither throws nor asserts, and a replica that throws suspends the session.
/// Source:  docs/sync-client.md, "Session".
class ClientSession {
 public:
  /// Throws what the replica throws.
  ClientSession(SessionKey key,
                std::shared_ptr<const Replica> replica,
                SessionOptions options,
                SessionHost& host);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // Intentions of the application.

  /// First use of the file, or use again while dying or after an error. Without effect when paused
  /// or active.
  void activate(TimePoint now);
  /// As `activate()` for somebody who waits: but what an error has ended stays so.
  void keep_up(TimePoint now);
  /// Stops syncing at once and cancels the waits. Local writes are kept for later.
  void pause(TimePoint now);
  /// Leaves every pause, connects without delay and wakes a session that an error suspended.
  void resume(TimePoint now);
  /// Stops one direction and cancels its waits, but for receipts; the session stays bound. Local
  /// writes, or what the server has, are kept there for later.
  void pause(Direction direction, TimePoint now);
  void resume(Direction direction, TimePoint now);
  /// Nobody uses the file any more: what happens now is the stop policy's.
  void release(TimePoint now);
  /// Ends the session and its waits, these with `cause`; `SessionClosed` follows once no work is
  /// under way, and with it this object is gone.
  void close(TimePoint now,
             const Error& cause = Error(ErrorCode::kClosed, "the sync session has been closed"));

  /// Something was committed locally, here or by another process.
  void local_change(TimePoint now);

  // Waits settle with a `WaitSettled` event; those registered while the session is inactive or
  // paused go on when it becomes active.

  /// Settles when the server has confirmed every change that is in the file now; at once when there
  /// is none, connected or not.
  WaitId wait_for_upload(TimePoint now, std::optional<TimePoint> deadline = std::nullopt);
  /// The same, but it outlives pauses: a proof that the server has what was written is owed
  /// whenever sync goes on.
  WaitId wait_for_receipt(TimePoint now, std::optional<TimePoint> deadline = std::nullopt);
  /// Settles when everything is integrated that the server has once it hears of this.
  WaitId wait_for_download(std::optional<TimePoint> deadline = std::nullopt);
  /// Settles the wait with `cause`; without effect when it has settled.
  void cancel_wait(WaitId wait,
                   const Error& cause = Error(ErrorCode::kCancelled,
                                              "the wait was ended by its caller"));

  NotifierId add_progress_notifier(Direction direction, ProgressMode mode, TimePoint now);
  void remove_progress_notifier(NotifierId notifier);

  // Results of work that events asked for.

  void file_ident_stored(Result<ReplicaState> result, TimePoint now);
  void integrated(Result<IntegrationResult> result, TimePoint now);

  // A client reset, in the state `kResetting`: the answers to `DownloadFreshCopy`, both without
  // effect in other states, and to `ResetFile`.

  /// The fresh copy is complete: `ResetFile` follows.
  void reset_file(TimePoint now);
  /// The reset is not possible: the session ends with `error`.
  void reset_failed(const SyncError& error, TimePoint now);
  /// `failure`: what the session ends with; the file is as it was then.
  void file_reset(const std::optional<SyncError>& failure, TimePoint now);

  [[nodiscard]] SessionKey key() const noexcept { return key_; }
  [[nodiscard]] SessionState state() const noexcept { return session_state_; }
  /// Whether that direction alone was paused.
  [[nodiscard]] bool is_paused(Direction direction) const noexcept {
    return direction == Direction::kUpload ? uploads_paused_ : downloads_paused_;
  }
  [[nodiscard]] ConnectionState connection_state() const noexcept { return connection_state_; }
  /// When a session that the server ended binds again by itself; nullopt when it is not waiting.
  [[nodiscard]] std::optional<TimePoint> next_resumption() const noexcept { return resume_at_; }
  [[nodiscard]] const SessionStats& stats() const noexcept { return stats_; }
  /// Progress and sizes as last read from the file.
  [[nodiscard]] const ReplicaState& replica_state() const noexcept { return replica_state_; }

 private:
  friend class ClientConnection;

  // What the connection tells its sessions.
  void count_sent(std::size_t bytes);
  /// So much of a message of `bytes` has not been sent yet.
  void message_left(std::size_t bytes, std::size_t left);
  void count_received(std::size_t bytes);
  /// So many bytes of a DOWNLOAD have come, and others have not.
  void download_arrives(const protocol::DownloadHead& head, std::size_t bytes);
  void connecting();
  void connected();
  /// `suspends`: the server will not have the session until the user acts.
  void connection_lost(const std::optional<SyncError>& error, bool suspends, TimePoint now);
  void wake(TimePoint now);  ///< Ends a suspension, whatever its cause.
  void credentials_refreshed(bool with_location, TimePoint now);
  void refresh_failed(const Error& error, TimePoint now);
  void logged_out(const SyncError& error, LogOut by, TimePoint now);
  void advance(TimePoint now);

  // Messages for an active session. An error is a violation of the protocol and costs the whole
  // connection.
  [[nodiscard]] Result<void> receive(const protocol::ServerIdent& message);
  [[nodiscard]] Result<void> receive(const protocol::Download& message,
                                     Bytes storage,
                                     TimePoint now);
  [[nodiscard]] Result<void> receive(const protocol::Mark& message, TimePoint now);
  [[nodiscard]] Result<void> receive(const protocol::Unbound& message);
  [[nodiscard]] Result<void> receive(const protocol::ServerError& message, TimePoint now);
  [[nodiscard]] Result<void> receive(const protocol::LegacyError& message, TimePoint now);
  [[nodiscard]] Result<void> receive_error(std::string_view name);

  /// The next message by priority; nullopt when there is none to send now. Requires an active
  /// session.
  [[nodiscard]] std::optional<OutgoingMessage> next_message(TimePoint now);
  [[nodiscard]] std::optional<OutgoingMessage> make_unbind();
  [[nodiscard]] std::optional<OutgoingMessage> make_bind();
  [[nodiscard]] std::optional<OutgoingMessage> make_ident(TimePoint now);
  [[nodiscard]] std::optional<OutgoingMessage> make_change(TimePoint now);
  [[nodiscard]] std::optional<OutgoingMessage> make_upload();
  /// How many bytes of changesets may be on their way to being confirmed.
  [[nodiscard]] std::size_t upload_window() const noexcept;
  void uploads_confirmed(ClientVersion up_to);
  /// Bytes of changesets that have come in whole DOWNLOADs and are not integrated.
  [[nodiscard]] std::uint64_t waiting_bytes() const;
  /// Something was integrated: what counted as received counts less, or is in the file's counters.
  void update_download_received();
  void forget_large_upload();

  [[nodiscard]] bool is_active() const noexcept { return binding_.has_value(); }
  [[nodiscard]] bool ignores_messages() const noexcept {
    return gives_up_binding_ || binding_->is_leaving();
  }
  /// Whether something was sent that the server has to answer.
  [[nodiscard]] bool awaits_answer() const noexcept;
  [[nodiscard]] bool wants_connection() const noexcept { return is_active() && !suspension_; }

  // Activation.
  void begin(TimePoint now);
  void become_active(SessionState state, TimePoint now);
  /// Ends the binding and leaves nothing that only an active session has.
  void deactivate(SessionState state, TimePoint now);
  void set_state(SessionState state);
  void set_connection_state(ConnectionState state);
  void follow_connection_state();
  void report_wish(TimePoint now);  ///< Tells the host whether a connection is wanted.
  void binding_ended();             ///< Forgets what holds for one BIND only.

  // Errors.
  void fail(const SyncError& error, TimePoint now);  ///< Ends the session with it.
  /// The same for an error of the server's, unless it asks for a reset that can be carried out.
  void fail_or_reset(const SyncError& error, TimePoint now);
  void ask_for_fresh_copy();  ///< Once no work is under way.
  void report(const SyncError& error, TimePoint now);
  void suspend(const SyncError& error, std::optional<Duration> delay, TimePoint now);
  void note_error(const Error& error);  ///< For the statistics.
  void take_server_error(const SyncError& error,
                         protocol::SyncErrorCode code,
                         const std::optional<protocol::RetryDelay>& retry_delay,
                         TimePoint now);
  void storage_failed(const Error& cause, TimePoint now);
  void integration_failed(const Error& cause, TimePoint now);
  void report_compensating_writes();
  void drop_downloads();
  /// What is received while downloads are paused is not kept: it comes again after the next BIND.
  void miss_downloads();
  /// Stores what the server has confirmed, and nothing that it sent; null when that is stored.
  [[nodiscard]] std::shared_ptr<const DownloadBatch> make_confirmation() const;

  // Work, waits and progress.
  [[nodiscard]] bool read_state(TimePoint now);
  void take_state(ReplicaState state);  ///< Of a finished work.
  void pump(TimePoint now);             ///< Gives out the next work that waits in the inbox.
  /// Whether what waits is progress that need not be stored yet.
  [[nodiscard]] bool delays_progress(TimePoint now);
  void reach(RequestIdent mark);
  [[nodiscard]] bool end_work();  ///< False: the session has closed meanwhile.
  void take_integration(std::size_t entries_done, TimePoint now);
  [[nodiscard]] ClientVersion confirmed_version() const;
  WaitId begin_upload_wait(bool outlives_pause, TimePoint now, std::optional<TimePoint> deadline);
  void settle_uploads(TimePoint now);
  void settle_if_hopeless(WaitId wait);
  void fail_wait(WaitId wait, const Error& error);  ///< Unless it has settled.
  void settle(const std::vector<WaitId>& waits, const Result<void>& outcome);
  void notify_progress();
  void finish_dying(TimePoint now);
  void reschedule();
  void report_unintegrated_bytes();

  const SessionKey key_;
  const std::shared_ptr<const Replica> replica_;
  const SessionOptions options_;
  SessionHost& host_;

  SessionState session_state_ = SessionState::kInactive;
  ConnectionState connection_state_ = ConnectionState::kDisconnected;
  ReplicaState replica_state_;
  Waits waits_;
  ProgressMonitor progress_;
  SessionStats stats_;

  // What the host was told last.
  bool wish_reported_ = false;
  std::optional<TimePoint> scheduled_;
  std::size_t unintegrated_bytes_ = 0;
  std::uint64_t arrival_step_ = 0;  ///< Of the DOWNLOAD that arrives: what was told last.

  /// Work that an event asked for and whose result has not come. It outlives the activation that
  /// asked for it, and the next one waits for it.
  bool is_working_ = false;

  std::optional<Binding> binding_;  ///< Present exactly while active or dying.
  DownloadInbox inbox_;
  std::shared_ptr<const DownloadBatch> batch_;  ///< In integration.
  std::size_t batch_done_ = 0;                  ///< Entries of it.
  std::optional<TimePoint> progress_due_;       ///< When progress that waits is stored.

  RequestIdent mark_target_;  ///< The newest that somebody wants answered.
  RequestIdent mark_sent_;
  RequestIdent mark_received_;
  RequestIdent mark_reached_;  ///< Received, and everything before it is integrated.
  bool uploads_delayed_ = false;
  bool uploads_paused_ = false;
  bool downloads_paused_ = false;
  bool downloads_missed_ = false;  ///< In this binding.

  protocol::UploadCursor upload_sent_;  ///< Where the next scan for uploads begins.
  ClientVersion newest_entry_sent_;     ///< In this binding; 0 = none.
  /// UPLOADs that the server has not confirmed: newest entry, and bytes of changesets.
  std::deque<std::pair<ClientVersion, std::size_t>> unconfirmed_uploads_;
  std::size_t unconfirmed_bytes_ = 0;
  /// An UPLOAD that is larger than what is confirmed at one time anyway: its changesets and its
  /// message; 0 = none.
  std::pair<std::size_t, std::size_t> large_upload_;
  /// An integration failed: nothing but this is sent, once, until the session is unbound.
  std::optional<protocol::ClientError> client_error_;
  bool client_error_sent_ = false;
  std::vector<SyncError> compensating_writes_;  ///< Their DOWNLOAD is not yet integrated.

  std::optional<SyncError> reset_cause_;  ///< While resetting: a fresh copy is to be asked for.
  std::optional<Error> ended_by_;         ///< While inactive: the error that no wait can outlive.

  /// UNBIND is to be sent, even if the suspension has ended by then: what came meanwhile is lost.
  bool gives_up_binding_ = false;

  /// Keeps the session from being bound; see `wake()`.
  std::optional<SyncError> suspension_;
  std::optional<TimePoint> resume_at_;
  bool awaits_refresh_ = false;  ///< Of credentials, which ends the suspension.
  bool restarts_after_refresh_ = false;
  int refusals_in_row_ = 0;  ///< Of the credentials, without a DOWNLOAD in between.
  Backoff<protocol::SyncErrorCode> backoff_;
};

}  // namespace tombolo::sync
