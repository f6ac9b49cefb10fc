#include "base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/assertion.h"
#include "base/error.h"

namespace tombolo {
namespace {

class SystemRandom final : public Random {
 public:
  std::uint64_t next() override {
    std::uint64_t bits = 0;
    fill_random(std::as_writable_bytes(std::span(&bits, 1)));
    return bits;
  }
};

}  // namespace

std::uint64_t Random::below(std::uint64_t bound) {
  TOMBOLO_ASSERT(bound > 0);
  // Multiply-shift with rejection of the short first interval keeps every value equally likely.
  const std::uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const unsigned __int128 product = static_cast<unsigned __int128>(next()) * bound;
    if (static_cast<std::uint64_t>(product) >= threshold) {
      return static_cast<std::uint64_t>(product >> 64);
    }
  }
}

Salt Random::salt() {
  constexpr std::uint64_t kSaltMax = 0x7FFF'FFFF'FFFF'FFFF;
  return Salt(static_cast<std::int64_t>(below(kSaltMax) + 1));
}

Random& system_random() {
  static SystemRandom random;
  return random;
}

std::uint64_t SeededRandom::next() {
  state_ += 0x9E3779B97F4A7C15;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

void fill_random(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::getrandom(bytes.data(), bytes.size(), 0);
    if (count < 0) {
      if (errno == EINTR) continue;
      throw Error(ErrorCode::kInternal, "no random bits from the system",
                  ForeignError{"errno", errno, "getrandom"});
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace tombolo
