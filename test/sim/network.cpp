#include "test/sim/network.h"

#include <algorithm>
#include <utility>

namespace tombolo::sim {

Duration Link::random_delay() {
  // Mostly short, sometimes long: even delays would hide races that need a difference.
  const Duration max = happens(random_, 800) ? std::max(faults_.delay_min, faults_.delay_max / 10)
                                             : faults_.delay_max;
  return between(random_, faults_.delay_min, max);
}

TimePoint Link::next_delivery(Side from) {
  TimePoint& last = half(from).last_delivery;
  return last = std::max(last, scheduler_.now() + random_delay());
}

void Link::send(Side from, Bytes message) {
  if (is_cut_ || !half(from).is_open) return;
  if (happens(random_, faults_.cut_chance)) return cut();
  ++half(from).in_flight;
  scheduler_.at(next_delivery(from), [self = shared_from_this(), from, message] {
    --self->half(from).in_flight;
    if (self->is_cut_ || !self->half(other(from)).is_open) return;
    self->half(other(from)).end.on_message(message);
    if (!self->is_cut_ && self->half(from).is_open) self->half(from).end.on_room();
  });
}

void Link::close(Side from, std::optional<std::uint16_t> code) {
  if (!std::exchange(half(from).is_open, false) || is_cut_) return;
  scheduler_.at(next_delivery(from), [self = shared_from_this(), from, code] {
    if (!self->is_cut_) self->end(other(from), {code});
  });
}

void Link::cut() {
  if (std::exchange(is_cut_, true)) return;
  for (const Side side : {Side::kClient, Side::kServer}) {
    scheduler_.after(between(random_, Duration(0), faults_.notice_max),
                     [self = shared_from_this(), side] { self->end(side, {}); });
  }
}

void Link::end(Side side, StreamEnd how) {
  if (std::exchange(half(side).is_open, false)) half(side).end.on_closed(how);
}

}  // namespace tombolo::sim
