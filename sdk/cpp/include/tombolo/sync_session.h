#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>

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
enum class ProgressDirection : std::uint8_t { kUpload, kDownload };
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

/// The synchronisation of one file with its server: the same for all realms of the file.
///
///     realm.sync_session()->wait_for_upload().get().value();
///
/// Errors:  a wait gives `kTimedOut`, `kCancelled` (paused or closed) or what ended the session.
/// Thread:  callable from any thread. Callbacks come on the realm's thread if it has a scheduler,
///          otherwise on the library's I/O thread, where they may not block.
class SyncSession {
 public:
  using WaitDone = std::function<void(const Result<void>& outcome)>;
  using Timeout = std::optional<std::chrono::milliseconds>;

  SyncSession(std::shared_ptr<client::SyncSession> session, Scheduler scheduler) noexcept;

  /// Stops both directions at once and cancels waits. Writes are kept and sent after `resume()`.
  void pause();
  /// Connects at once, whatever delay there was.
  void resume();
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

  NotificationToken observe_progress(ProgressDirection direction,
                                     ProgressMode mode,
                                     std::function<void(const SyncProgress& progress)> callback);
  NotificationToken observe_connection(
      std::function<void(ConnectionState current, ConnectionState previous)> callback);

 private:
  std::shared_ptr<client::SyncSession> session_;
  Scheduler scheduler_;
};

}  // namespace tombolo
