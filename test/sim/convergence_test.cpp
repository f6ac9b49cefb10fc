#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "test/sim/world.h"

/// Random runs of a server and two to six devices. TOMBOLO_SIM_SEED repeats one run; with
/// TOMBOLO_SIM_RUNS it is the first of that many for each test. A run that fails is shrunk to the
/// actions that it takes, and these are printed.

namespace tombolo::sim {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

bool fails(const WorldOptions& options, const Plan& plan) {
  World world(options, plan);
  world.run();
  return !world.violations().empty();
}

/// What goes wrong in the smallest plan that fails like `plan`.
std::string describe_failure(const WorldOptions& options, const Plan& plan) {
  World world(options, shrink_plan(plan, [&](const Plan& some) { return fails(options, some); }));
  world.run();
  std::string text = "TOMBOLO_SIM_SEED=" + std::to_string(options.seed) + " comes down to\n";
  text += world.text();
  for (const std::string& violation : world.violations()) text += violation + "\n";
  return text;
}

/// Runs the world for many seeds and stops at the first that breaks an invariant.
void expect_convergence(WorldOptions options, std::uint64_t runs) {
  const std::uint64_t first = number_from("TOMBOLO_SIM_SEED", 1);
  if (std::getenv("TOMBOLO_SIM_SEED") != nullptr) runs = 1;
  const std::uint64_t end = first + number_from("TOMBOLO_SIM_RUNS", runs);
  for (options.seed = first; options.seed < end; ++options.seed) {
    options.device_count = 2 + options.seed % 5;
    const Plan plan = make_plan(options);
    if (fails(options, plan)) FAIL() << describe_failure(options, plan);
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

  expect_convergence(options, 100);
}

TEST(Convergence, DevicesAgreeThoughEverythingFails) {
  WorldOptions options;
  options.faults.cut_chance = 30;
  options.faults.connect_failure_chance = 100;

  expect_convergence(options, 160);
}

class ConvergenceAfterResets : public ::testing::TestWithParam<sync::ClientResetMode> {};

TEST_P(ConvergenceAfterResets, DevicesAgreeThoughTheServerForgets) {
  WorldOptions options;
  options.faults.cut_chance = 30;
  options.faults.connect_failure_chance = 100;
  options.reset_chance = 20;
  options.server_crash_chance = 10;
  options.client_reset = GetParam();

  expect_convergence(options, 40);

  // The runs do reset files.
  options.seed = 1;
  World world(options, make_plan(options));
  world.run();
  EXPECT_GT(world.resets() + world.files_put_aside(), 0U);
}

INSTANTIATE_TEST_SUITE_P(EveryMode,
                         ConvergenceAfterResets,
                         ::testing::Values(sync::ClientResetMode::kManual,
                                           sync::ClientResetMode::kDiscardLocal,
                                           sync::ClientResetMode::kRecover,
                                           sync::ClientResetMode::kRecoverOrDiscard));

}  // namespace
}  // namespace tombolo::sim
