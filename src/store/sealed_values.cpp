#include "store/sealed_values.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "store/keys.h"

namespace tombolo::store {
namespace {

/// Nonces are random, and so is a part of one.
std::uint64_t number_of(BytesView sealed) noexcept {
  std::uint64_t number = 0;
  std::memcpy(&number, sealed.data(), sizeof(number));
  return number;
}

}  // namespace

OpenedValue::OpenedValue(BytesView place, BytesView sealed, OpenedMemory& memory)
    : place_(to_bytes(place)),
      size_(sealed.size() - kSealBytes),
      bytes_(memory.allocate(size_)) {
  std::ranges::copy(sealed.first<kNonceBytes>(), nonce_.begin());
}

bool OpenedValue::is_of(BytesView place, BytesView sealed) const noexcept {
  return sealed.size() == size_ + kSealBytes &&
         std::memcmp(sealed.data(), nonce_.data(), kNonceBytes) == 0 && bytes_equal(place, place_);
}

std::size_t OpenedValue::memory_bytes() const noexcept {
  constexpr std::size_t kOverheadBytes = 192;  // Of this object, its lists and its allocations.
  return size_ + place_.size() + kOverheadBytes;
}

std::shared_ptr<const OpenedValue> OpenedValues::find(std::uint64_t number,
                                                      BytesView place,
                                                      BytesView sealed) {
  const std::lock_guard lock(mutex_);
  const auto found = by_number_.find(number);
  if (found == by_number_.end() || !found->second->value->is_of(place, sealed)) return nullptr;
  newest_first_.splice(newest_first_.begin(), newest_first_, found->second);
  return found->second->value;
}

void OpenedValues::put(std::uint64_t number, std::shared_ptr<const OpenedValue> value) {
  // One that would drive out most of the others is not kept.
  constexpr std::size_t kShareMax = 8;
  const std::size_t bytes = value->memory_bytes();
  if (bytes > bytes_max_ / kShareMax) return;
  Entries dropped;  // They are freed without the lock.
  const std::lock_guard lock(mutex_);
  newest_first_.push_front({number, std::move(value)});
  const auto [place, is_new] = by_number_.try_emplace(number, newest_first_.begin());
  bytes_ += bytes;
  if (!is_new) {
    bytes_ -= place->second->value->memory_bytes();
    dropped.splice(dropped.begin(), newest_first_, place->second);
    place->second = newest_first_.begin();
  }
  while (bytes_ > bytes_max_) {
    const auto last = std::prev(newest_first_.end());
    bytes_ -= last->value->memory_bytes();
    by_number_.erase(last->number);
    dropped.splice(dropped.begin(), newest_first_, last);
  }
}

void SealedValues::throw_damaged(BytesView place) const {
  throw Error(ErrorCode::kFileCorrupt,
              "'" + encryption_.path.string() + "': the record " + describe_key(place) +
                  " is not what was written there");
}

std::shared_ptr<const OpenedValue> SealedValues::find_or_open(std::uint64_t number,
                                                              BytesView place,
                                                              BytesView sealed) {
  if (auto found = encryption_.opened.find(number, place, sealed)) return found;
  const auto value = std::make_shared<OpenedValue>(place, sealed, encryption_.memory);
  if (!sealer_.open(place, sealed, value->writable_bytes())) throw_damaged(place);
  encryption_.opened.put(number, value);
  return value;
}

const OpenedValue* SealedValues::find_held(std::uint64_t number,
                                           BytesView place,
                                           BytesView sealed) const {
  const auto [first, last] = held_.equal_range(number);
  for (auto held = first; held != last; ++held) {
    if (held->second->is_of(place, sealed)) return held->second.get();
  }
  return nullptr;
}

BytesView SealedValues::hold(std::uint64_t number, std::shared_ptr<const OpenedValue> value) {
  held_bytes_ += value->memory_bytes();
  return held_.emplace(number, std::move(value))->second->bytes();
}

BytesView SealedValues::open(BytesView place, BytesView sealed) {
  if (sealed.size() < kSealBytes) throw_damaged(place);
  const std::uint64_t number = number_of(sealed);
  if (const OpenedValue* held = find_held(number, place, sealed)) return held->bytes();
  return hold(number, find_or_open(number, place, sealed));
}

SealedValues::Opened SealedValues::open_briefly(BytesView place,
                                                BytesView sealed,
                                                std::shared_ptr<const OpenedValue>& holder) {
  if (held_bytes_ < held_bytes_max()) return {open(place, sealed), true};
  if (sealed.size() < kSealBytes) throw_damaged(place);
  const std::uint64_t number = number_of(sealed);
  if (const OpenedValue* held = find_held(number, place, sealed)) return {held->bytes(), true};
  holder = find_or_open(number, place, sealed);
  return {holder->bytes(), false};
}

}  // namespace tombolo::store
