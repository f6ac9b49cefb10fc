#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "base/result.h"
#include "tombolo/notification.h"
#include "tombolo/scheduler.h"

namespace tombolo {

namespace client {
class SyncSession;
}

enum class SessionState : std::uint8_t {
  kActive,    ///< Syncs whenever it can.
  kInactive,  ///< Paused, ended by an error, or closed.
};
enum class ConnectionState : std::uint8_t { kDisconnected, kConnecting, kConnected };
enum class SyncDirection : std::uint8_t { kUpload, kDownload };
using ProgressDirection = SyncDirection;
enum class ProgressMode : std::uint8_t {
  kForCurrentlyOutstandingWork,  ///< Ends when what was there at registration is done.
  kReportIndefinitely,
};

/// Bytes of changesets; `estimate` is between 0 and 1.
struct SyncProgress {
  std::uint64_t transferred = 0;
  std::uint64_t transferable = 0;
  double estimate = 0;
};

/// How a session is doing. What is counted is counted since the session began.
struct SyncSessionStats {
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;
  std::optional<std::chrono::milliseconds> round_trip;  ///< Of the newest answered PING.
  /// Since the server last said anything on the connection.
  std::optional<std::chrono::milliseconds> last_message_age;
  std::optional<Error> last_error;  ///< Errors that were not worth telling are here too.
  /// Until it connects, or binds, again by itself; nullopt: it is not waiting.
  std::optional<std::chrono::milliseconds> next_retry;
};

/// What was written and is not yet confirmed by the server.
struct PendingUploads {
  std::uint64_t transactions = 0;
  std::uint64_t objects = 0;  ///< Different ones that were created, changed or erased.
  std::uint64_t bytes = 0;    ///< Of changesets, as progress counts them.
  std::optional<std::chrono::milliseconds> oldest_age;  ///< nullopt: there are none.
};

/// That the server holds, on durable storage, all that had been committed.
struct Receipt {
  std::uint64_t version = 0;  ///< Of the newest commit of the file that it covers.
};

/// How a wait may end before its time.
struct WaitOptions {
  std::optional<std::chrono::milliseconds> timeout;  ///< Then `kTimedOut`.
  std::stop_token stop;                              ///< Then `kCancelled`.
};

/// The synchronisation of one file with its server: the same for all realms of the file.
///
///     realm.sync_session()->wait_for_upload().get().value();
///
/// A wait keeps the session going until it settles, also when the realm is dropped meanwhile;
/// `Realm::close()` ends those that were begun with that realm's session.
///
/// Errors:  a wait gives `kTimedOut`, `kCancelled` (paused, or stopped by its caller), `kClosed`,
///          `kAuthentication` (the user logged out) or what ended the session.
/// Thread:  callable from any thread. Callbacks come on the realm's thread if it has a scheduler,
///          otherwise on the library's I/O thread, where they may not block.
class SyncSession {
 public:
  using WaitDone = std::function<void(const Result<void>& outcome)>;
  using ReceiptDone = std::function<void(const Result<Receipt>& outcome)>;
  using Timeout = std::optional<std::chrono::milliseconds>;

  /// `wait_group`: names the waits that end when the realm is closed; 0: none do.
  SyncSession(std::shared_ptr<client::SyncSession> session,
              Scheduler scheduler,
              std::uint64_t wait_group = 0) noexcept;

  /// Stops both directions at once and cancels waits. What is written after it returned is kept and
  /// sent after `resume()`.
  void pause();
  /// Connects at once, whatever delay there was; both directions go on.
  void resume();
  /// Stops one direction at once and cancels its waits; the connection stays, and the other
  /// direction goes on.
  void pause(SyncDirection direction);
  void resume(SyncDirection direction);
  /// Whether that direction is paused, alone or with the other.
  [[nodiscard]] bool is_paused(SyncDirection direction) const;
  /// Tries now if it is waiting for its next attempt to connect.
  void reconnect();

  [[nodiscard]] SessionState state() const;
  [[nodiscard]] ConnectionState connection_state() const;
  [[nodiscard]] bool is_connected() const;

  /// Ready once the server has confirmed all that was committed before the call.
  [[nodiscard]] std::future<Result<void>> wait_for_upload(Timeout timeout = std::nullopt);
  /// Ready once all is integrated that the server had at the time of the call.
  [[nodiscard]] std::future<Result<void>> wait_for_download(Timeout timeout = std::nullopt);
  void wait_for_upload(Timeout timeout, WaitDone done);
  void wait_for_download(Timeout timeout, WaitDone done);
  [[nodiscard]] std::future<Result<void>> wait_for_upload(const WaitOptions& options);
  [[nodiscard]] std::future<Result<void>> wait_for_download(const WaitOptions& options);
  void wait_for_upload(const WaitOptions& options, WaitDone done);
  void wait_for_download(const WaitOptions& options, WaitDone done);
  /// Ready once the server holds durably all that was committed before the call. Pauses do not end
  /// it: it goes on with the session.
  [[nodiscard]] std::future<Result<Receipt>> receipt(const WaitOptions& options = {});
  void receipt(const WaitOptions& options, ReceiptDone done);

  [[nodiscard]] SyncSessionStats stats() const;
  /// Reads what is pending from the file.
  ///
  /// Errors:  throws `Error{kClosed, kStorage}`.
  [[nodiscard]] PendingUploads pending_uploads() const;

  NotificationToken observe_progress(ProgressDirection direction,
                                     ProgressMode mode,
                                     std::function<void(const SyncProgress& progress)> callback);
  NotificationToken observe_connection(
      std::function<void(ConnectionState current, ConnectionState previous)> callback);

  /// Of the file, as canonical Extended JSON: `"team-7"`.
  [[nodiscard]] const std::string& partition() const;

  /// Whether both are the session of one file.
  friend bool operator==(const SyncSession& left, const SyncSession& right) noexcept {
    return left.session_ == right.session_;
  }

 private:
  void begin_upload_wait(const WaitOptions& options, WaitDone done);
  void begin_download_wait(const WaitOptions& options, WaitDone done);
  void begin_receipt(const WaitOptions& options, ReceiptDone done);

  std::shared_ptr<client::SyncSession> session_;
  Scheduler scheduler_;
  std::uint64_t wait_group_;
};

}  // namespace tombolo
