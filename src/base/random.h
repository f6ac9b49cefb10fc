#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/strong_id.h"

namespace tombolo {

/// Where random bits come from: the operating system in production, a seed in a simulation.
/// Ranges are mapped here and not by standard distributions, which differ between libraries.
///
/// Thread:  as the implementation says.
class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;

  /// Uniform in [0, bound); `bound` > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  /// Uniform in [1, 2^63 - 1]: the domain of salts.
  [[nodiscard]] Salt salt();
};

/// The operating system's generator.
///
/// Thread:  callable from any thread.
/// Errors:  throws `Error{kInternal}` when the system has no randomness to give.
[[nodiscard]] Random& system_random();

/// SplitMix64: equal seeds give equal sequences on every platform.
///
/// Thread:  one thread at a time.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

/// Fills a buffer from the operating system's generator.
void fill_random(std::span<std::byte> bytes);

}  // namespace tombolo
