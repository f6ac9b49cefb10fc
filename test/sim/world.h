#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "store/environment.h"
#include "test/sim/network.h"
#include "test/sim/plan.h"
#include "test/sim/scheduler.h"
#include "test/sim/simulated_device.h"
#include "test/sim/simulated_server.h"
#include "test/support/instruction_table.h"
#include "test/support/temporary_directory.h"

namespace tombolo::sim {

/// A server and devices that edit a few objects while everything goes wrong that may, as a plan
/// says. Between the actions of the plan, only delays and faults of the network are random.
///
/// Every device owns a growing set of receipts, objects that are never erased, and all add to one
/// counter that nobody sets: at the end each receipt is there, and the counter is the sum of all
/// additions, exactly if no write was lost and none applied twice.
class World {
 public:
  World(const WorldOptions& options, Plan plan);

  /// The run. Afterwards nothing fails any more, everybody is up, and all has been synced.
  void run();

  /// Client resets that were carried out.
  [[nodiscard]] std::size_t resets() const;
  /// What went wrong: empty when every invariant held.
  [[nodiscard]] const std::vector<std::string>& violations() const noexcept { return violations_; }
  /// What happened, for people: faults and transactions of devices in order, then the history of
  /// the server. Requires that `run` has ended.
  [[nodiscard]] std::string text() const;

 private:
  void perform(const Action& action);
  void write(SimulatedDevice& device, const Action& action);
  void edit_item(store::RealmWriter& realm, Random& random);
  void edit_list(store::RealmWriter& realm, Random& random, const store::SlotRef& list);
  void note(const Action& action, std::string_view what);
  void wait(SimulatedDevice& device, std::uint64_t draw);
  void wait_for_upload(SimulatedDevice& device);
  void wait_for_download(SimulatedDevice& device);
  void crash_server(const Action& action);
  void crash_device(const Action& action);
  void forget(SimulatedDevice& device, const Action& action);
  void heal();
  void synchronize();
  void check_state();

  [[nodiscard]] std::shared_ptr<server::Storage> open_storage();
  void require(bool holds, const std::string& what);

  const Plan plan_;
  const bool has_resets_;
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
  test::InstructionTable events_;
};

}  // namespace tombolo::sim
