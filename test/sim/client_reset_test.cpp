#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "test/sim/world.h"

/// Client resets, whatever happens in the midst of them. For each mode and each way to a reset, a
/// run is repeated and struck after every single event of the reset in turn: each message that
/// arrives, each piece of work that ends. TOMBOLO_RESET_STRIDE=1 strikes after each of them;
/// without it, after every few, so that the runs together take seconds.

namespace tombolo::sim {
namespace {

using namespace std::chrono_literals;
using sync::ClientResetMode;
using Kind = Action::Kind;

enum class Cause { kExpired, kRestored, kForgotten };

constexpr std::size_t kDevice = 0;  ///< That is reset.
constexpr std::size_t kOther = 1;

/// Device 0 comes back with changes that it had no chance to upload, and some whose confirmation it
/// did not get, to a server that asks it for a client reset; `fault` comes after so many events.
Plan make_reset_plan(Cause cause, std::uint64_t events, Kind fault) {
  SeededRandom random(static_cast<std::uint64_t>(cause) + 1);
  Plan plan;
  const auto add = [&](Kind kind, std::size_t device) -> Action& {
    return plan.emplace_back(
        Action{.kind = kind, .device = device, .draw = random.next(), .duration = {}, .edits = {}});
  };
  const auto write = [&](std::size_t device) {
    Action& action = add(Kind::kWrite, device);
    for (int i = 0; i < 12; ++i) action.edits.push_back(random.next());
  };
  const auto pass = [&](Duration duration) { add(Kind::kLetTimePass, 0).duration = duration; };

  write(kDevice);
  write(kOther);
  pass(2s);
  add(Kind::kBackUpServer, 0);
  pass(5s);
  write(kDevice);
  write(kOther);
  pass(5s);
  write(kDevice);
  pass(20ms);
  add(Kind::kPause, kDevice);
  write(kDevice);
  write(kDevice);
  write(kOther);
  pass(5s);
  switch (cause) {
    case Cause::kExpired: add(Kind::kTrimHistory, 0); break;
    case Cause::kRestored: add(Kind::kRestoreServer, 0); break;
    case Cause::kForgotten: add(Kind::kForgetDevice, kDevice); break;
  }
  if (cause == Cause::kRestored) pass(5s);
  add(Kind::kResume, kDevice);
  add(Kind::kLetEventsPass, kDevice).draw = events;
  add(fault, kDevice);
  pass(3s);
  return plan;
}

WorldOptions options_of(ClientResetMode mode) {
  WorldOptions options;
  options.seed = 1;
  options.device_count = 2;
  options.client_reset = mode;
  options.reset_chance = 1;
  return options;
}

std::uint64_t stride() {
  const char* const text = std::getenv("TOMBOLO_RESET_STRIDE");
  return text ? std::strtoull(text, nullptr, 10) : 7;
}

/// The events from the return of the device to the end of its reset are at most so many.
constexpr std::uint64_t kEventsMax = 5'000;

class ClientReset : public ::testing::TestWithParam<std::tuple<ClientResetMode, Cause>> {
 protected:
  /// Strikes until the reset was over before the strike.
  static void strike_everywhere(Kind fault) {
    for (std::uint64_t events = 0; events < kEventsMax; events += stride()) {
      SCOPED_TRACE("struck after " + std::to_string(events) + " events");
      const auto [mode, cause] = GetParam();
      World world(options_of(mode), make_reset_plan(cause, events, fault));
      world.run();
      for (const std::string& violation : world.violations()) ADD_FAILURE() << violation;
      if (HasFailure() || world.was_reset_over()) return;
    }
    ADD_FAILURE() << "the reset never ends";
  }
};

TEST_P(ClientReset, ResetsAsItsModeSays) {
  const auto [mode, cause] = GetParam();
  World world(options_of(mode), make_reset_plan(cause, kEventsMax, Kind::kResume));

  world.run();

  for (const std::string& violation : world.violations()) ADD_FAILURE() << violation;
  EXPECT_TRUE(world.was_reset_over());
  EXPECT_EQ(world.resets() > 0, mode != ClientResetMode::kManual);
  EXPECT_EQ(world.discards() > 0, mode == ClientResetMode::kDiscardLocal);
  EXPECT_EQ(world.files_put_aside() > 0, mode == ClientResetMode::kManual);
}

TEST_P(ClientReset, GoesOnWhereverTheConnectionIsCut) {
  strike_everywhere(Kind::kCutConnection);
}

TEST_P(ClientReset, GoesOnWhereverTheDeviceCrashes) {
  strike_everywhere(Kind::kCrashDevice);
}

TEST_P(ClientReset, GoesOnWhereverTheServerCrashes) {
  strike_everywhere(Kind::kCrashServer);
}

TEST_P(ClientReset, GoesOnWhereverTheDevicePauses) {
  strike_everywhere(Kind::kPause);
}

TEST_P(ClientReset, EndsWhereverTheNextOneIsDemanded) {
  strike_everywhere(Kind::kForgetDevice);
}

INSTANTIATE_TEST_SUITE_P(
    EveryMode,
    ClientReset,
    ::testing::Combine(::testing::Values(ClientResetMode::kManual,
                                         ClientResetMode::kDiscardLocal,
                                         ClientResetMode::kRecover,
                                         ClientResetMode::kRecoverOrDiscard),
                       ::testing::Values(Cause::kExpired, Cause::kRestored, Cause::kForgotten)));

}  // namespace
}  // namespace tombolo::sim
