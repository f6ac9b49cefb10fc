#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "base/random.h"
#include "protocol/message.h"

namespace tombolo::sync {

struct HeartbeatParameters {
  Duration ping_period = std::chrono::seconds(60);
  Duration pong_timeout = std::chrono::seconds(120);
  /// How long the server may leave unanswered what was sent: half of it in silence, and then a
  /// PING.
  Duration answer_timeout = std::chrono::seconds(10);
};

/// PING and PONG of one connection: at most one PING is outstanding, and the connection is dead
/// when its PONG does not come.
///
///     resting -- time, or probe() --> due -- take_ping() --> awaiting PONG -- pong --> resting
///
/// The first PING comes at a random time within a period, later ones 90 to 100 % of a period after
/// the one before became due. One that asks whether the link is dead has half an answer timeout
/// from when it was sent, and gets that anew with every sign of life.
///
/// Thread:  its connection's strand.
/// Source:  docs/sync-client.md, "Liveness".
class Heartbeat {
 public:
  Heartbeat(const HeartbeatParameters& parameters, Random& random) noexcept
      : parameters_(parameters),
        random_(random) {}

  void start(TimePoint now);
  void stop() noexcept;
  /// The link may be dead: a PING is due now, unless one is outstanding, and its PONG soon after.
  void probe(TimePoint now);
  /// Something was received, of whatever message.
  void alive(TimePoint now) noexcept;
  /// Gives the PONG its full time again: nothing could be received for a while.
  void extend(TimePoint now) noexcept;

  /// Whether the PONG is overdue.
  [[nodiscard]] bool advance(TimePoint now);
  [[nodiscard]] bool is_ping_due() const noexcept { return phase_ == Phase::kDue; }
  /// The PING that is due; it is outstanding from now on. Requires `is_ping_due()`.
  [[nodiscard]] protocol::Ping take_ping(TimePoint now);
  /// Whether `pong` answers the outstanding PING.
  [[nodiscard]] bool receive(const protocol::Pong& pong, TimePoint now);

  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept;
  /// Of the newest PING that was answered since `start()`.
  [[nodiscard]] std::optional<std::chrono::milliseconds> round_trip() const noexcept {
    return round_trip_;
  }

 private:
  enum class Phase : std::uint8_t { kStopped, kResting, kDue, kAwaitingPong };

  [[nodiscard]] TimePoint probe_deadline(TimePoint now) const noexcept {
    return now + parameters_.answer_timeout / 2;
  }

  const HeartbeatParameters parameters_;
  Random& random_;
  Phase phase_ = Phase::kStopped;
  TimePoint next_ping_;      ///< While resting.
  TimePoint due_since_;      ///< While due or awaiting.
  TimePoint pong_deadline_;  ///< While due or awaiting.
  bool is_probing_ = false;
  std::optional<TimePoint> probe_deadline_;  ///< While awaiting the PONG of a probe.
  TimePoint sent_at_;
  std::chrono::milliseconds sent_timestamp_{};
  std::optional<std::chrono::milliseconds> round_trip_;
};

}  // namespace tombolo::sync
