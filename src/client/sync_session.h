#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "client/client_reset.h"
#include "client/connection_driver.h"
#include "client/pending_uploads.h"
#include "client/store_replica.h"
#include "client/synced_file.h"

namespace tombolo::client {

/// How a session is doing, at the moment of asking.
struct SyncStats {
  sync::SessionStats session;
  std::optional<std::chrono::milliseconds> round_trip;
  std::optional<Duration> last_message_age;
  std::optional<Duration> next_retry;  ///< Until the next attempt; nullopt: none is planned.
};

/// That the server holds, on durable storage, all that had been committed to the file.
struct Receipt {
  ClientVersion version;  ///< The newest commit that it covers.
};

/// The sync session of one file: one object for all realms of the file, usable from any thread.
/// What it does happens on its connection's strand, where callbacks are called too.
///
/// Thread:  callable from any thread. No lock is held while a callback runs.
class SyncSession : public std::enable_shared_from_this<SyncSession> {
 public:
  using WaitDone = std::function<void(const Result<void>& outcome)>;
  using ReceiptDone = std::function<void(const Result<Receipt>& outcome)>;
  /// Names a wait, for its cancellation.
  using WaitTicket = std::uint64_t;
  /// Names waits that may be ended together: those of one realm.
  using WaitGroup = std::uint64_t;
  static constexpr WaitGroup kNoWaitGroup = 0;
  using ProgressCallback = std::function<void(const sync::ProgressNotification& progress)>;
  using ConnectionCallback =
      std::function<void(sync::ConnectionState current, sync::ConnectionState previous)>;
  using ErrorCallback = std::function<void(const sync::SyncError& error)>;
  /// What is called around an automatic client reset, on the connection's strand.
  struct ResetCallbacks {
    /// The fresh copy is here; the file is reset when the last copy of `hold` has gone.
    std::function<void(const std::shared_ptr<void>& hold)> before;
    std::function<void(sync::ResetMethod method)> after;
  };
  /// Names a callback, for its removal.
  using CallbackId = std::uint64_t;

  /// The session of the file of `environment`; it starts with the first use. `on_closed` is called
  /// once it has let go of the file, on the connection's strand.
  [[nodiscard]] static std::shared_ptr<SyncSession> make(
      std::shared_ptr<ConnectionDriver> driver,
      const std::shared_ptr<store::Environment>& environment,
      sync::SessionOptions options,
      std::function<void()> on_closed = nullptr);
  ~SyncSession();
  SyncSession(const SyncSession&) = delete;
  SyncSession& operator=(const SyncSession&) = delete;

  /// Keeps the session going for a realm. When the last use goes, and with it the last wait, the
  /// stop policy decides.
  class [[nodiscard]] Use {
   public:
    Use() = default;
    explicit Use(std::shared_ptr<SyncSession> session) noexcept : session_(std::move(session)) {}
    Use(Use&&) noexcept = default;
    Use& operator=(Use&& other) noexcept;
    ~Use();

   private:
    std::shared_ptr<SyncSession> session_;
  };
  [[nodiscard]] Use use();

  /// What is committed after it returns is not uploaded before `resume()`.
  void pause();
  void resume();  ///< Both directions, however they were paused.
  void pause(sync::Direction direction);
  void resume(sync::Direction direction);
  /// As of the last call.
  [[nodiscard]] bool is_paused(sync::Direction direction) const noexcept;
  /// Tries now if the connection is waiting for its next attempt.
  void reconnect();
  /// Syncs again, if the file is in use and not paused, after the user has logged in again.
  void revive();
  /// Ends the session at once, and its waits with `cause`.
  void close(const Error& cause = Error(ErrorCode::kClosed, "the sync session has been closed"));

  /// As of the last call and what has happened since: `kPaused` at once after `pause()`.
  [[nodiscard]] sync::SessionState state() const noexcept;
  [[nodiscard]] sync::ConnectionState connection_state() const noexcept;
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_.load(); }

  /// Calls `done` exactly once: when the server has confirmed all that was committed before the
  /// call; or with `kTimedOut`, `kCancelled` (pause, `cancel_wait()`), `kClosed`, or the error that
  /// ended the session. Until then it is a use of the session.
  WaitTicket wait_for_upload(std::optional<Duration> timeout,
                             WaitDone done,
                             WaitGroup group = kNoWaitGroup);
  /// The same once all is integrated that the server had.
  WaitTicket wait_for_download(std::optional<Duration> timeout,
                               WaitDone done,
                               WaitGroup group = kNoWaitGroup);
  /// As `wait_for_upload`, but no pause ends it.
  WaitTicket wait_for_receipt(std::optional<Duration> timeout,
                              ReceiptDone done,
                              WaitGroup group = kNoWaitGroup);
  /// Ends a wait with `kCancelled`; without effect when it has settled.
  void cancel_wait(WaitTicket ticket);
  [[nodiscard]] WaitGroup new_wait_group() noexcept { return ++last_group_; }
  /// Ends those waits of the group that have not settled.
  void end_waits(WaitGroup group, const Error& cause);

  [[nodiscard]] SyncStats stats() const;
  /// Errors:  throws `Error{kClosed}`, and what `read_pending_uploads()` throws.
  [[nodiscard]] PendingUploads pending_uploads() const;

  CallbackId add_progress_callback(sync::Direction direction,
                                   sync::ProgressMode mode,
                                   ProgressCallback callback);
  void remove_progress_callback(CallbackId id);
  CallbackId add_connection_callback(ConnectionCallback callback);
  void remove_connection_callback(CallbackId id);
  CallbackId add_error_callback(ErrorCallback callback);
  void remove_error_callback(CallbackId id);
  /// Those that were added first, and not removed, are called.
  CallbackId add_reset_callbacks(ResetCallbacks callbacks);
  void remove_reset_callbacks(CallbackId id);

  /// Takes note of the file's having been opened; see `SyncedFile::adopt()`.
  void adopt(const std::shared_ptr<store::Environment>& environment);

  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_->path(); }
  /// The partition value as canonical Extended JSON.
  [[nodiscard]] const std::string& partition() const noexcept { return options_.partition; }
  /// Whether a realm or a wait uses it.
  [[nodiscard]] bool is_used() const noexcept { return uses_ > 0; }

 private:
  class Observer;
  struct ProgressEntry {
    std::optional<sync::NotifierId> notifier;  ///< nullopt: not registered yet.
    ProgressCallback callback;
  };

  SyncSession(std::shared_ptr<ConnectionDriver> driver,
              sync::SessionOptions options,
              std::function<void()> on_closed);
  template <typename Callback>
  [[nodiscard]] std::vector<Callback> copy_of(
      const std::map<CallbackId, Callback>& callbacks) const;
  void start(const std::shared_ptr<store::Environment>& environment);
  void open_on_strand();
  void closed_on_strand();
  void end_on_strand();
  /// Runs `work` on the strand if the session still exists there.
  void post(std::function<void(sync::ClientSession& session, TimePoint now)> work,
            std::function<void()> otherwise = nullptr);
  WaitTicket wait(WaitDone done,
                  WaitGroup group,
                  std::function<sync::WaitId(sync::ClientSession& session, TimePoint now)> begin);
  [[nodiscard]] std::atomic<bool>& is_direction_paused(sync::Direction direction) noexcept;
  void begin_use();
  void end_use();
  void committed();
  void note_newest_commit();  ///< That it has been seen.

  // Client reset, on the strand.
  void begin_reset(const sync::SyncError& cause);
  void fresh_copy_downloaded(const Result<void>& outcome);
  void perform_reset();
  void reset_performed(const Result<FileResetOutcome>& outcome);
  [[nodiscard]] sync::SyncError reset_failure(const Error& reason) const;
  [[nodiscard]] ResetCallbacks reset_callbacks() const;
  /// Notes that the last reset has proved itself once everything is uploaded and downloaded.
  void watch_reset_attempt();
  void tell_error(const sync::SyncError& error);
  /// Tells it when what it asks for is planned: see `recovery_copy.h`.
  void tell_manual_reset(const sync::SyncError& error);

  struct Waiter {
    WaitTicket ticket;
    WaitGroup group;
    WaitDone done;
  };

  const std::shared_ptr<ConnectionDriver> driver_;
  const sync::SessionOptions options_;
  const std::function<void()> on_closed_;
  std::shared_ptr<SyncedFile> file_;  ///< Constant after `make()`.

  // On the strand.
  sync::SessionKey key_;
  store::CommitId seen_commit_;  ///< The session has been told of it and those before.
  std::map<sync::WaitId, Waiter> waits_;
  std::shared_ptr<ClientReset> reset_;          ///< Null: none is under way.
  std::optional<sync::SyncError> reset_cause_;  ///< Of the newest reset.
  bool has_reset_attempt_ = false;              ///< In the file.
  bool is_attempt_watched_ = false;

  // From any thread.
  std::atomic<bool> is_closed_{false};
  std::atomic<bool> is_close_asked_{false};
  std::atomic<bool> is_paused_{false};
  std::atomic<bool> are_uploads_paused_{false};
  std::atomic<bool> are_downloads_paused_{false};
  std::atomic<sync::SessionState> state_{sync::SessionState::kInactive};
  std::atomic<sync::ConnectionState> connection_state_{sync::ConnectionState::kDisconnected};
  std::atomic<bool> is_commit_posted_{false};
  std::atomic<int> uses_{0};
  std::atomic<WaitTicket> last_ticket_{0};
  std::atomic<WaitGroup> last_group_{kNoWaitGroup};

  /// Guards the statistics and the callbacks, which are copied out before they are called.
  mutable std::mutex mutex_;
  sync::SessionStats stats_;
  CallbackId last_callback_ = 0;
  std::map<CallbackId, ProgressEntry> progress_;
  std::map<CallbackId, ConnectionCallback> connection_callbacks_;
  std::map<CallbackId, ErrorCallback> error_callbacks_;
  std::map<CallbackId, ResetCallbacks> reset_callbacks_;
};

}  // namespace tombolo::client
