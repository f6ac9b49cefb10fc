#pragma once

#include <compare>
#include <cstdint>

namespace tombolo {

/// Identity of an object whose class has no primary key: the ident of the client file that created
/// it (0 before the client has one) and a sequence number per class, never reused.
struct GlobalKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend constexpr auto operator<=>(const GlobalKey&, const GlobalKey&) noexcept = default;
};

}  // namespace tombolo
