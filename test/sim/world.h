#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
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
/// counter that nobody sets. A receipt counts how often it was written, and whoever adds leaves one
/// for it in the same transaction. At the end each receipt is there and counts 1, and the counter
/// is the sum of the additions whose receipts are there, exactly if no write was lost and none
/// applied twice.
///
/// What a client reset may lose is missing by right: what a server had after its backup was made,
/// what a device had written that discards, and what lies in a file that was put aside.
class World {
 public:
  World(const WorldOptions& options, Plan plan);

  /// The run. Afterwards nothing fails any more, everybody is up, and all has been synced.
  void run();

  /// Client resets that were carried out.
  [[nodiscard]] std::size_t resets() const;
  /// Files that were put aside instead.
  [[nodiscard]] std::size_t files_put_aside() const;
  /// Client resets that lost what was not uploaded.
  [[nodiscard]] std::size_t discards() const;
  /// Whether the client reset of its device had come to its end when kLetEventsPass was over.
  [[nodiscard]] bool was_reset_over() const noexcept { return was_reset_over_; }
  /// What went wrong: empty when every invariant held.
  [[nodiscard]] const std::vector<std::string>& violations() const noexcept { return violations_; }
  /// What happened, for people: faults and transactions of devices in order, then the history of
  /// the server. Requires that `run` has ended.
  [[nodiscard]] std::string text() const;

 private:
  struct Receipt {
    std::size_t device = 0;
    std::int64_t added = 0;  ///< To the counter.
  };

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
  void expire(SimulatedDevice& device, const Action& action);
  void trim_history();
  void back_up_server(const Action& action);
  void restore_server(const Action& action);
  /// How often each receipt was written, as the server has it.
  [[nodiscard]] std::map<std::int64_t, std::int64_t> receipts_on_server();
  void let_events_pass(const Action& action);
  void heal();
  void synchronize();
  void check_state();
  void check_receipts(const store::RealmReader& realm);

  [[nodiscard]] std::shared_ptr<server::Storage> open_storage();
  void require(bool holds, const std::string& what);

  const Plan plan_;
  const WorldOptions options_;
  const test::TemporaryDirectory directory_;
  NetworkFaults faults_;
  Scheduler scheduler_;
  SeededRandom random_;
  std::shared_ptr<store::Environment> server_environment_;
  SimulatedServer server_;
  std::vector<std::unique_ptr<SimulatedDevice>> devices_;

  std::map<std::int64_t, Receipt> receipts_;
  std::set<std::int64_t> lost_by_server_;
  bool has_forgotten_ = false;  ///< The server, some device.
  bool has_trimmed_ = false;
  std::size_t restores_ = 0;
  bool was_reset_over_ = false;
  std::size_t open_waits_ = 0;
  std::vector<std::string> violations_;
  test::InstructionTable events_;
};

}  // namespace tombolo::sim
