#include "store/reader_gate.h"

namespace tombolo::store {

void ReaderGate::enter() {
  while ((state_.fetch_add(1) & kClosedBit) != 0) {
    leave();
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return (state_.load() & kClosedBit) == 0; });
  }
}

void ReaderGate::leave() noexcept {
  if (state_.fetch_sub(1) == (kClosedBit | 1)) {
    const std::lock_guard lock(mutex_);
    emptied_.notify_all();
  }
}

bool ReaderGate::close(std::chrono::milliseconds timeout) {
  state_.fetch_or(kClosedBit);
  std::unique_lock lock(mutex_);
  const bool is_empty =
      emptied_.wait_for(lock, timeout, [this] { return state_.load() == kClosedBit; });
  lock.unlock();
  if (!is_empty) open();
  return is_empty;
}

void ReaderGate::open() noexcept {
  state_.fetch_and(~kClosedBit);
  const std::lock_guard lock(mutex_);
  opened_.notify_all();
}

}  // namespace tombolo::store
