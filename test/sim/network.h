#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/random.h"
#include "test/sim/scheduler.h"

namespace tombolo::sim {

/// What goes wrong on the way. Chances are out of 1,000.
struct NetworkFaults {
  Duration delay_min = std::chrono::microseconds(100);
  Duration delay_max = std::chrono::milliseconds(50);
  /// For each message: it is lost, wholly or from some byte on, and the connection with it.
  unsigned cut_chance = 0;
  /// For each attempt to connect.
  unsigned connect_failure_chance = 0;
  /// How long an end may go on without noticing that the connection is gone.
  Duration notice_max = std::chrono::seconds(2);
};

/// `chance` out of 1,000.
[[nodiscard]] inline bool happens(Random& random, unsigned chance) {
  return random.below(1000) < chance;
}
/// Uniform in [min, max].
[[nodiscard]] inline Duration between(Random& random, Duration min, Duration max) {
  const auto width = static_cast<std::uint64_t>((max - min).count()) + 1;
  return min + Duration(static_cast<Duration::rep>(random.below(width)));
}

/// How a stream ended for one of its ends.
struct StreamEnd {
  std::optional<std::uint16_t> close_code;  ///< Nullopt: without a close frame.
};

/// One connection: two ends and messages between them, in order and with delays.
///
/// Thread:  one.
class Link : public std::enable_shared_from_this<Link> {
 public:
  enum class Side : std::uint8_t { kClient, kServer };
  struct End {
    std::function<void(Bytes)> on_message;
    std::function<void(StreamEnd)> on_closed;
    std::function<void()> on_room;  ///< The other end took a message.
  };

  Link(Scheduler& scheduler, Random& random, const NetworkFaults& faults)
      : scheduler_(scheduler),
        random_(random),
        faults_(faults) {}

  void attach(Side side, End end) { half(side).end = std::move(end); }

  /// Messages of `from` that the other end has not taken.
  [[nodiscard]] std::size_t in_flight(Side from) const noexcept {
    return halves_[static_cast<std::size_t>(from)].in_flight;
  }
  void send(Side from, Bytes message);
  /// The end hangs up: the other one hears of it after what was sent before.
  void close(Side from, std::optional<std::uint16_t> code);
  /// The connection breaks: what is under way is lost, and the ends notice some time later.
  void cut();

 private:
  struct Half {
    End end;
    bool is_open = true;  ///< Whether the end still wants to hear.
    std::size_t in_flight = 0;
    TimePoint last_delivery;  ///< Of what this end sent.
  };

  [[nodiscard]] Half& half(Side side) noexcept { return halves_[static_cast<std::size_t>(side)]; }
  [[nodiscard]] static Side other(Side side) noexcept {
    return side == Side::kClient ? Side::kServer : Side::kClient;
  }
  [[nodiscard]] Duration random_delay();
  [[nodiscard]] TimePoint next_delivery(Side from);
  void end(Side side, StreamEnd how);

  Scheduler& scheduler_;
  Random& random_;
  const NetworkFaults& faults_;
  std::array<Half, 2> halves_;
  bool is_cut_ = false;
};

}  // namespace tombolo::sim
