#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/random.h"
#include "protocol/message.h"

namespace tombolo::sync {

struct BackoffParameters {
  Duration delay_min = std::chrono::seconds(1);
  /// The original waits up to five minutes, which users took for a hang.
  Duration delay_max = std::chrono::seconds(30);
  std::uint32_t multiplier = 2;
  /// Each delay is shortened by a random part of up to 1/`jitter_divisor`; 0 = by none.
  std::uint32_t jitter_divisor = 4;
};

/// What the server wishes for a series of attempts.
[[nodiscard]] inline BackoffParameters to_backoff_parameters(const protocol::RetryDelay& delay,
                                                             const BackoffParameters& defaults) {
  return {.delay_min = delay.interval,
          .delay_max = std::max<Duration>(delay.interval_max, delay.interval),
          .multiplier = delay.multiplier,
          .jitter_divisor = defaults.jitter_divisor};
}

/// Delays that grow while the same thing keeps failing for the same cause:
///
///     interval = delay_min, then min(delay_max, interval * multiplier), ...
///     delay    = interval - random(0 ... interval / jitter_divisor)
///
/// Another cause starts a new series, and so does `reset()`.
///
/// Thread:  its machine's strand.
/// Source:  docs/sync-client.md, "Back-off".
template <typename Cause>
class Backoff {
 public:
  explicit Backoff(const BackoffParameters& defaults) : defaults_(defaults) {}

  /// How long to wait after a failure for `cause`. `parameters`, when given, hold for the series
  /// that this failure starts; inside a series they are ignored.
  [[nodiscard]] Duration next_delay(Cause cause,
                                    Random& random,
                                    const std::optional<BackoffParameters>& parameters = {}) {
    if (cause_ != cause) {
      cause_ = cause;
      parameters_ = parameters.value_or(defaults_);
      interval_ = std::min(parameters_.delay_min, parameters_.delay_max);
    } else if (interval_ > parameters_.delay_max / std::max(parameters_.multiplier, 1U)) {
      interval_ = parameters_.delay_max;
    } else {
      interval_ *= std::max(parameters_.multiplier, 1U);
    }
    if (parameters_.jitter_divisor == 0 || interval_ <= Duration::zero()) return interval_;
    const auto jitter_max =
        static_cast<std::uint64_t>((interval_ / parameters_.jitter_divisor).count());
    return interval_ - Duration(static_cast<Duration::rep>(random.below(jitter_max + 1)));
  }

  /// Forgets the series: the next failure waits as if it were the first.
  void reset() noexcept { cause_.reset(); }

  [[nodiscard]] std::optional<Cause> cause() const noexcept { return cause_; }
  /// The interval that the present series began with.
  [[nodiscard]] Duration delay_min() const noexcept { return parameters_.delay_min; }

 private:
  BackoffParameters defaults_;
  BackoffParameters parameters_ = defaults_;
  std::optional<Cause> cause_;
  Duration interval_{};
};

}  // namespace tombolo::sync
