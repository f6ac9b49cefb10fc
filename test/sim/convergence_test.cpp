#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "test/sim/world.h"

/// Random runs of a server and its devices. TOMBOLO_SIM_SEED repeats one run, TOMBOLO_SIM_RUNS says
/// how many there are for each test.

namespace tombolo::sim {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Runs the world for many seeds and stops at the first that breaks an invariant.
void expect_convergence(WorldOptions options, std::uint64_t runs) {
  const std::uint64_t first = number_from("TOMBOLO_SIM_SEED", 1);
  const bool is_one_run = std::getenv("TOMBOLO_SIM_SEED") != nullptr;
  const std::uint64_t last = is_one_run ? first : number_from("TOMBOLO_SIM_RUNS", runs);
  for (options.seed = first; options.seed <= last; ++options.seed) {
    World world(options);
    world.run();
    for (const std::string& violation : world.violations()) ADD_FAILURE() << violation;
    ASSERT_TRUE(world.violations().empty()) << "repeat with TOMBOLO_SIM_SEED=" << options.seed;
  }
}

TEST(Convergence, DevicesAgreeOnAQuietNetwork) {
  WorldOptions options;
  options.device_crash_chance = 0;
  options.server_crash_chance = 0;
  options.cut_chance = 0;

  expect_convergence(options, 40);
}

TEST(Convergence, DevicesAgreeThoughConnectionsBreak) {
  WorldOptions options;
  options.device_crash_chance = 0;
  options.server_crash_chance = 0;
  options.faults.cut_chance = 60;
  options.faults.connect_failure_chance = 200;

  expect_convergence(options, 60);
}

TEST(Convergence, DevicesAgreeThoughEverythingFails) {
  WorldOptions options;
  options.faults.cut_chance = 30;
  options.faults.connect_failure_chance = 100;

  expect_convergence(options, 100);
}

}  // namespace
}  // namespace tombolo::sim
