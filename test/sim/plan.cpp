#include "test/sim/plan.h"

#include "base/random.h"

namespace tombolo::sim {
namespace {

constexpr unsigned kResumeChance = 300;
constexpr std::uint64_t kEditsMax = 4;

}  // namespace

Plan make_plan(const WorldOptions& options) {
  SeededRandom random(options.seed);
  Plan plan;
  const auto add = [&](Action::Kind kind, std::size_t device) -> Action& {
    return plan.emplace_back(
        Action{.kind = kind, .device = device, .draw = random.next(), .duration = {}, .edits = {}});
  };
  const auto add_by_chance = [&](unsigned chance, Action::Kind kind, std::size_t device) {
    if (happens(random, chance)) add(kind, device);
  };
  for (std::size_t i = 0; i < options.step_count; ++i) {
    using enum Action::Kind;
    const std::size_t victim = random.below(options.device_count);
    const std::size_t device = random.below(options.device_count);
    add_by_chance(options.server_crash_chance, kCrashServer, 0);
    add_by_chance(options.device_crash_chance, kCrashDevice, victim);
    add_by_chance(options.cut_chance, kCutConnection, device);
    add_by_chance(options.pause_chance, kPause, device);
    add_by_chance(kResumeChance, kResume, device);
    add_by_chance(options.wait_chance, kWait, device);
    if (options.reset_chance > 0) {
      add_by_chance(options.reset_chance, kForgetDevice, device);
      add_by_chance(options.reset_chance, kExpireDevice, device);
      add_by_chance(options.reset_chance, kBackUpServer, 0);
      add_by_chance(options.reset_chance / 2, kRestoreServer, 0);
    }
    Action& write = add(kWrite, device);
    for (std::uint64_t n = 1 + random.below(kEditsMax); n > 0; --n) {
      write.edits.push_back(random.next());
    }
    add(kLetTimePass, 0).duration = between(random, Duration(0), options.step_max);
  }
  return plan;
}

}  // namespace tombolo::sim
