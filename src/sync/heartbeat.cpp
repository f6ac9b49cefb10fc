#include "sync/heartbeat.h"

#include <algorithm>

#include "base/assertion.h"

namespace tombolo::sync {
namespace {

/// Uniform in 0 ... `longest`.
Duration random_part(Duration longest, Random& random) {
  if (longest <= Duration::zero()) return Duration::zero();
  return Duration(
      static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(longest.count()) + 1)));
}

std::chrono::milliseconds to_timestamp(TimePoint time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
}

}  // namespace

void Heartbeat::start(TimePoint now) {
  phase_ = Phase::kResting;
  is_probing_ = false;
  probe_deadline_.reset();
  next_ping_ = now + random_part(parameters_.ping_period, random_);
  round_trip_.reset();
}

void Heartbeat::stop() noexcept {
  phase_ = Phase::kStopped;
}

void Heartbeat::probe(TimePoint now) {
  if (phase_ == Phase::kStopped || is_probing_) return;
  is_probing_ = true;
  if (phase_ == Phase::kResting) {
    next_ping_ = now;
    static_cast<void>(advance(now));
  } else if (phase_ == Phase::kAwaitingPong) {
    probe_deadline_ = probe_deadline(now);
  }
}

void Heartbeat::alive(TimePoint now) noexcept {
  if (probe_deadline_) probe_deadline_ = probe_deadline(now);
}

void Heartbeat::extend(TimePoint now) noexcept {
  pong_deadline_ = now + parameters_.pong_timeout;
  alive(now);
}

bool Heartbeat::advance(TimePoint now) {
  switch (phase_) {
    case Phase::kStopped: return false;
    case Phase::kResting:
      if (now < next_ping_) return false;
      phase_ = Phase::kDue;
      due_since_ = now;
      pong_deadline_ = now + parameters_.pong_timeout;
      return false;
    case Phase::kDue:
    case Phase::kAwaitingPong: return now >= *deadline();
  }
  return false;
}

protocol::Ping Heartbeat::take_ping(TimePoint now) {
  TOMBOLO_ASSERT(phase_ == Phase::kDue);
  phase_ = Phase::kAwaitingPong;
  if (is_probing_) probe_deadline_ = probe_deadline(now);
  sent_at_ = now;
  sent_timestamp_ = to_timestamp(now);
  return {.timestamp = sent_timestamp_,
          .round_trip = round_trip_.value_or(std::chrono::milliseconds(0))};
}

bool Heartbeat::receive(const protocol::Pong& pong, TimePoint now) {
  if (phase_ != Phase::kAwaitingPong || pong.timestamp != sent_timestamp_) return false;
  round_trip_ = std::chrono::ceil<std::chrono::milliseconds>(now - sent_at_);
  phase_ = Phase::kResting;
  is_probing_ = false;
  probe_deadline_.reset();
  next_ping_ = std::max(
      now,
      due_since_ + parameters_.ping_period - random_part(parameters_.ping_period / 10, random_));
  return true;
}

std::optional<TimePoint> Heartbeat::deadline() const noexcept {
  switch (phase_) {
    case Phase::kStopped: return std::nullopt;
    case Phase::kResting: return next_ping_;
    case Phase::kDue:
    case Phase::kAwaitingPong:
      return std::min(pong_deadline_, probe_deadline_.value_or(pong_deadline_));
  }
  return std::nullopt;
}

}  // namespace tombolo::sync
