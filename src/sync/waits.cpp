#include "sync/waits.h"

#include <algorithm>
#include <iterator>

namespace tombolo::sync {

WaitId Waits::add_upload(ClientVersion target,
                         bool outlives_pause,
                         std::optional<TimePoint> deadline) {
  last_id_ = last_id_.next();
  waits_.push_back({.id = last_id_,
                    .direction = Direction::kUpload,
                    .target = target,
                    .mark = {},
                    .outlives_pause = outlives_pause,
                    .deadline = deadline});
  return last_id_;
}

WaitId Waits::add_download(RequestIdent mark, std::optional<TimePoint> deadline) {
  last_id_ = last_id_.next();
  waits_.push_back({.id = last_id_,
                    .direction = Direction::kDownload,
                    .target = {},
                    .mark = mark,
                    .deadline = deadline});
  return last_id_;
}

template <typename Predicate>
std::vector<WaitId> Waits::take_if(Predicate&& predicate) {
  std::vector<WaitId> taken;
  std::erase_if(waits_, [&](const Wait& wait) {
    if (!predicate(wait)) return false;
    taken.push_back(wait.id);
    return true;
  });
  return taken;
}

std::vector<WaitId> Waits::take_uploads(ClientVersion confirmed) {
  return take_if([&](const Wait& wait) {
    return wait.direction == Direction::kUpload && wait.target <= confirmed;
  });
}

std::vector<WaitId> Waits::take_downloads(RequestIdent reached) {
  return take_if([&](const Wait& wait) {
    return wait.direction == Direction::kDownload && wait.mark <= reached;
  });
}

std::vector<WaitId> Waits::take_expired(TimePoint now) {
  return take_if([&](const Wait& wait) { return wait.deadline && *wait.deadline <= now; });
}

std::vector<WaitId> Waits::take_interrupted(std::optional<Direction> direction) {
  return take_if([&](const Wait& wait) {
    return !wait.outlives_pause && (!direction || wait.direction == *direction);
  });
}

std::vector<WaitId> Waits::take_all() {
  return take_if([](const Wait&) { return true; });
}

bool Waits::take(WaitId id) {
  return !take_if([&](const Wait& wait) { return wait.id == id; }).empty();
}

RequestIdent Waits::renumber_downloads() {
  RequestIdent mark;
  for (Wait& wait : waits_) {
    if (wait.direction == Direction::kDownload) wait.mark = mark = mark.next();
  }
  return mark;
}

bool Waits::has_uploads() const noexcept {
  return std::ranges::any_of(waits_,
                             [](const Wait& wait) { return wait.direction == Direction::kUpload; });
}

std::optional<TimePoint> Waits::deadline() const noexcept {
  std::optional<TimePoint> next;
  for (const Wait& wait : waits_) {
    if (wait.deadline && (!next || *wait.deadline < *next)) next = wait.deadline;
  }
  return next;
}

}  // namespace tombolo::sync
