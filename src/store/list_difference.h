#pragma once

#include <algorithm>
#include <cstdint>

namespace tombolo::store {

/// Turns one list into another by few changes: what both begin and end with stays, what is between
/// is overwritten, and the rest is inserted or erased.
///
///     is_same(position, wanted)   whether the element at `position` is the wanted list's `wanted`
///     set(position, wanted)       overwrites
///     insert(position, wanted)    inserts
///     erase(position)             erases
///
/// Positions are those at the moment of the call.
template <typename IsSame, typename Set, typename Insert, typename Erase>
void change_list(std::uint32_t size,
                 std::uint32_t wanted_size,
                 const IsSame& is_same,
                 const Set& set,
                 const Insert& insert,
                 const Erase& erase) {
  const std::uint32_t shorter = std::min(size, wanted_size);
  std::uint32_t front = 0;
  while (front < shorter && is_same(front, front)) ++front;
  std::uint32_t back = 0;
  while (back < shorter - front && is_same(size - 1 - back, wanted_size - 1 - back)) ++back;

  for (std::uint32_t at = front; at < shorter - back; ++at) {
    if (!is_same(at, at)) set(at, at);
  }
  for (std::uint32_t at = shorter - back; at < wanted_size - back; ++at) insert(at, at);
  for (std::uint32_t at = size - back; at > wanted_size - back; --at) erase(at - 1);
}

}  // namespace tombolo::store
