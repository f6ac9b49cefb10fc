#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/file_reset.h"
#include "client/store_replica.h"
#include "store/environment.h"
#include "sync/client_connection.h"
#include "test/sim/network.h"
#include "test/sim/scheduler.h"

namespace tombolo::sim {

/// A device: a store file, its replica and the client's real machines. It may crash at any moment
/// and be started again over its file.
///
/// Thread:  one.
class SimulatedDevice {
 public:
  struct Options {
    std::filesystem::path file;
    Schema schema;
    /// The device's clock against the scheduler's: origin timestamps come from it.
    Duration clock_skew{};
    sync::ConnectionOptions connection;
    sync::SessionOptions session;
  };
  /// The other end of a new connection. Returns the sub-protocol that it chose of those that it is
  /// offered; nullopt when it refuses.
  using Accept = std::function<std::optional<std::string>(const std::shared_ptr<Link>& link,
                                                          std::string_view offer)>;
  /// What became of a wait.
  using WaitDone = std::function<void(const Result<void>&)>;

  SimulatedDevice(Options options,
                  Scheduler& scheduler,
                  Random& random,
                  Accept accept,
                  const NetworkFaults& faults);
  ~SimulatedDevice();

  void start();
  /// Everything in memory is gone; waits are forgotten.
  void crash();
  [[nodiscard]] bool is_up() const noexcept { return connection_ != nullptr; }

  // All below require `is_up()`.

  /// A write transaction of the application. Nothing is committed when `edit` answers false.
  void write(const std::function<bool(store::RealmWriter&)>& edit);
  [[nodiscard]] store::ReadTransaction read() const { return environment_->begin_read(); }
  [[nodiscard]] const client::StoreReplica& replica() const noexcept { return *replica_; }

  void wait_for_upload(WaitDone done);
  void wait_for_download(WaitDone done);
  void pause();
  void resume();
  /// Breaks the connection, if there is one.
  void cut();
  /// The application asks for a connection now.
  void reconnect();

  /// Client resets that were carried out.
  [[nodiscard]] std::size_t resets() const noexcept { return resets_; }
  /// Of them, those that lost what was not uploaded.
  [[nodiscard]] std::size_t discards() const noexcept { return discards_; }
  /// Where files are that were put aside because a client reset was left to the application, which
  /// begins anew at once then.
  [[nodiscard]] const std::vector<std::filesystem::path>& put_aside() const noexcept {
    return put_aside_;
  }
  /// Whether a client reset is under way or has not proved itself yet.
  [[nodiscard]] bool is_resetting();

  /// Errors that ended the session, but for client resets; a test expects none.
  [[nodiscard]] const std::vector<std::string>& fatal_errors() const noexcept {
    return fatal_errors_;
  }

 private:
  [[nodiscard]] sync::ClientSession& session() { return *connection_->find_session(session_); }
  [[nodiscard]] TimePoint now() const { return scheduler_.now(); }
  /// Runs `task` after `delay` unless the device has crashed by then.
  void later(Duration delay, std::function<void()> task);
  void pump();
  void handle(const sync::Event& event);
  void connect(const sync::OpenTransport& open);
  void attach(const std::shared_ptr<Link>& link, sync::TransportId transport);
  void integrate(const sync::IntegrateDownload& work);
  [[nodiscard]] std::filesystem::path copy_file() const;
  void download_copy();
  void copy_closed();
  void reset_file();
  void begin_anew();
  /// Notes that a reset has proved itself, once all is uploaded and downloaded after it.
  void watch_reset_attempt();
  void add_wait(sync::SessionKey session, sync::WaitId wait, WaitDone done) {
    waits_.emplace(std::pair(session, wait), std::move(done));
  }
  void arm_timer();

  const Options options_;
  Scheduler& scheduler_;
  Random& random_;
  const Accept accept_;
  const NetworkFaults& faults_;

  std::shared_ptr<store::Environment> environment_;
  std::shared_ptr<client::StoreReplica> replica_;
  sync::SessionIdents idents_;
  std::unique_ptr<sync::ClientConnection> connection_;
  sync::SessionKey session_;
  std::shared_ptr<Link> link_;
  sync::TransportId transport_;
  std::map<std::pair<sync::SessionKey, sync::WaitId>, WaitDone> waits_;
  /// Of a client reset: its cause, the fresh copy, and the copy's session while it downloads.
  std::optional<sync::SyncError> reset_cause_;
  std::shared_ptr<store::Environment> copy_;
  std::shared_ptr<client::StoreReplica> copy_replica_;
  std::optional<sync::SessionKey> copy_session_;
  std::optional<Result<void>> copy_outcome_;
  bool is_copy_continued_ = false;
  std::size_t resets_ = 0;
  std::size_t discards_ = 0;
  std::vector<std::filesystem::path> put_aside_;
  std::optional<TimePoint> armed_;
  bool is_pumping_ = false;
  std::uint64_t life_ = 0;  ///< Counts the starts.
  std::vector<std::string> fatal_errors_;
};

}  // namespace tombolo::sim
