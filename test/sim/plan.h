#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sync/client_reset.h"
#include "test/sim/network.h"

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
  unsigned reset_chance = 0;  ///< For each of the ways to it.
  /// What devices do then.
  sync::ClientResetMode client_reset = sync::ClientResetMode::kManual;
};

/// One thing that happens in a run. What is random about it follows from its own numbers, so that
/// it stays what it is when others are left out.
struct Action {
  enum class Kind : std::uint8_t {
    kWrite,
    kWait,  ///< For uploads or downloads.
    kPause,
    kResume,
    kCutConnection,
    kCrashDevice,
    kCrashServer,
    kForgetDevice,   ///< The server: it asks for a client reset then.
    kExpireDevice,   ///< It is away while the server trims what it has not seen.
    kTrimHistory,    ///< As far as no device that is connected needs it.
    kBackUpServer,   ///< All that the server has is kept,
    kRestoreServer,  ///< and is all that it has again.
    kLetTimePass,
    kLetEventsPass,  ///< As many as `draw` says.
  };
  Kind kind = Kind::kLetTimePass;
  std::size_t device = 0;
  std::uint64_t draw = 0;
  Duration duration{};               ///< Of kLetTimePass.
  std::vector<std::uint64_t> edits;  ///< Of kWrite: a number for each edit.
};
using Plan = std::vector<Action>;

/// The actions that a seed stands for.
[[nodiscard]] Plan make_plan(const WorldOptions& options);

/// Leaves out what is not needed for `fails(sequence)`, which holds for `sequence`: halves first,
/// then smaller pieces, at last single elements (Zeller's ddmin).
template <typename T, typename Fails>
[[nodiscard]] std::vector<T> shrink(std::vector<T> sequence, const Fails& fails) {
  for (std::size_t piece = (sequence.size() + 1) / 2; piece > 0;) {
    bool has_shrunk = false;
    for (std::size_t first = 0; first < sequence.size();) {
      const std::size_t end = std::min(first + piece, sequence.size());
      std::vector<T> rest(sequence.begin(), sequence.begin() + static_cast<std::ptrdiff_t>(first));
      rest.insert(rest.end(), sequence.begin() + static_cast<std::ptrdiff_t>(end), sequence.end());
      if (fails(rest)) {
        sequence = std::move(rest);
        has_shrunk = true;
      } else {
        first = end;
      }
    }
    if (!has_shrunk) piece /= 2;
  }
  return sequence;
}

/// `shrink` of a plan: of its actions, then of the edits of each write.
template <typename Fails>
[[nodiscard]] Plan shrink_plan(Plan plan, const Fails& fails) {
  plan = shrink(std::move(plan), fails);
  for (std::size_t i = 0; i < plan.size(); ++i) {
    plan[i].edits = shrink(plan[i].edits, [&](const std::vector<std::uint64_t>& edits) {
      Plan fewer = plan;
      fewer[i].edits = edits;
      return fails(fewer);
    });
  }
  return plan;
}

}  // namespace tombolo::sim
