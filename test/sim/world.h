#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "store/environment.h"
#include "test/sim/network.h"
#include "test/sim/scheduler.h"
#include "test/sim/simulated_device.h"
#include "test/sim/simulated_server.h"
#include "test/support/temporary_directory.h"

namespace tombolo::sim {

/// What a run does, apart from its seed. Chances are out of 1,000, for each step.
struct WorldOptions {
  std::uint64_t seed = 0;
  std::size_t device_count = 3;
  std::size_t step_count = 80;
  Duration step_max = std::chrono::milliseconds(300);
  NetworkFaults faults;
  unsigned device_crash_chance = 20;
  unsigned server_crash_chance = 20;
  unsigned cut_chance = 50;
  unsigned pause_chance = 20;
  unsigned wait_chance = 100;
};

/// A server and devices that edit a few objects at random while everything goes wrong that may.
///
/// Every device owns a growing set of receipts, objects that are never erased, and all add to one
/// counter that nobody sets: at the end each receipt is there, and the counter is the sum of all
/// additions, exactly if no write was lost and none applied twice.
class World {
 public:
  explicit World(const WorldOptions& options);

  /// The run. Afterwards nothing fails any more, everybody is up, and all has been synced.
  void run();

  /// What went wrong: empty when every invariant held.
  [[nodiscard]] const std::vector<std::string>& violations() const noexcept { return violations_; }

 private:
  void step();
  void edit(SimulatedDevice& device);
  bool edit_item(store::RealmWriter& realm);
  void edit_list(store::RealmWriter& realm, const store::SlotRef& list);
  void wait(SimulatedDevice& device);
  void wait_for_upload(SimulatedDevice& device);
  void wait_for_download(SimulatedDevice& device);
  void crash_server();
  void crash(std::size_t device);
  void heal();
  void synchronize();
  void check_state();

  [[nodiscard]] std::shared_ptr<server::Storage> open_storage();
  [[nodiscard]] SimulatedDevice& any_device() { return *devices_[random_.below(devices_.size())]; }
  [[nodiscard]] Duration any_delay(Duration max) { return between(random_, Duration(0), max); }
  void require(bool holds, const std::string& what);

  const WorldOptions options_;
  const test::TemporaryDirectory directory_;
  NetworkFaults faults_;
  Scheduler scheduler_;
  SeededRandom random_;
  std::shared_ptr<store::Environment> server_environment_;
  SimulatedServer server_;
  std::vector<std::unique_ptr<SimulatedDevice>> devices_;

  std::int64_t counter_ = 0;
  std::set<std::int64_t> receipts_;
  std::int64_t next_receipt_ = 1;
  std::size_t open_waits_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace tombolo::sim
