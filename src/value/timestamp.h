#pragma once

#include <compare>
#include <cstdint>

namespace tombolo {

/// A point in time: seconds and nanoseconds since 1970-01-01T00:00:00Z. Both parts have the same
/// sign or are zero, and |nanoseconds| < 1,000,000,000: half a second before the epoch is
/// {0, -500000000}. Source: docs/changeset-format.md, "Timestamp".
struct Timestamp {
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;

  friend constexpr auto operator<=>(const Timestamp&, const Timestamp&) noexcept = default;
};

/// Whether the parts are in range and of one sign.
[[nodiscard]] constexpr bool is_valid(Timestamp time) noexcept {
  constexpr std::int32_t kNanosecondsPerSecond = 1'000'000'000;
  if (time.nanoseconds <= -kNanosecondsPerSecond || time.nanoseconds >= kNanosecondsPerSecond) {
    return false;
  }
  return !(time.seconds > 0 && time.nanoseconds < 0) && !(time.seconds < 0 && time.nanoseconds > 0);
}

}  // namespace tombolo
