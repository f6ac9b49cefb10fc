#pragma once

#include <chrono>
#include <cstdint>

#include "base/strong_id.h"

namespace tombolo {

/// Monotonic time as the state machines see it: what a deadline is compared with. Real time comes
/// in as `std::chrono::steady_clock`; a simulation counts its own.
using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// Wall-clock time, for origin timestamps and token expiry only.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Where time comes from. Pure layers take times as arguments and never hold a clock; the drivers
/// and the SDKs get one through their constructor.
///
/// Thread:  callable from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
};

/// The operating system's clocks.
[[nodiscard]] const Clock& system_clock();

/// 2015-01-01T00:00:00Z, the epoch of origin timestamps. Source: spec of the sync protocol, 0.4.
inline constexpr std::chrono::milliseconds kSyncEpoch{1'420'070'400'000};

/// `time` as an origin timestamp; times before 2015 count as 0.
[[nodiscard]] constexpr OriginTimestamp to_origin_timestamp(WallTime time) noexcept {
  const auto since = time.time_since_epoch() - kSyncEpoch;
  return OriginTimestamp(since.count() < 0 ? 0 : static_cast<std::uint64_t>(since.count()));
}

}  // namespace tombolo
