#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/logging.h"
#include "server/sync_service.h"
#include "test/sim/network.h"
#include "test/sim/scheduler.h"

namespace tombolo::sim {

/// A server process: the real machines, service and storage; sockets, threads and time are
/// simulated. It may crash at any moment and be started again over what its storage kept.
///
/// Thread:  one.
class SimulatedServer {
 public:
  using OpenStorage = std::function<std::shared_ptr<server::Storage>()>;

  SimulatedServer(Scheduler& scheduler, Random& random, OpenStorage open_storage);
  ~SimulatedServer();

  void start();
  /// Everything in memory is gone, uploads that wait for their commit too.
  void crash();
  [[nodiscard]] bool is_up() const noexcept { return service_ != nullptr; }

  /// Takes the server's end of a new connection. Returns the sub-protocol; nullopt when the server
  /// is down or the offer has nothing for it.
  [[nodiscard]] std::optional<std::string> accept(const std::shared_ptr<Link>& link,
                                                  std::string_view offer);

  /// Requires `is_up()`.
  [[nodiscard]] server::Storage& storage() noexcept { return *storage_; }
  [[nodiscard]] server::LiveSessions& live_sessions() noexcept { return service_->live_sessions(); }

  /// What clients missed is kept however little it is.
  server::SyncService::Options service_options{.commits = {.windows = {.entries_min = 1}}};

 private:
  class Port;

  void commit_soon();

  Scheduler& scheduler_;
  Random& random_;
  const OpenStorage open_storage_;
  std::shared_ptr<server::Storage> storage_;
  std::unique_ptr<server::SyncService> service_;
  std::vector<std::shared_ptr<Port>> ports_;
  bool is_commit_planned_ = false;
  std::uint64_t life_ = 0;  ///< Counts the starts.
};

}  // namespace tombolo::sim
