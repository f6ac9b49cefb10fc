#include "store/integer_column.h"

namespace tombolo::store {
namespace {

template <typename Narrow>
void widen(const std::byte* from, std::size_t count, std::byte* to) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    Narrow number;
    std::memcpy(&number, from + i * sizeof(number), sizeof(number));
    const std::int64_t wide = number;
    std::memcpy(to + i * sizeof(wide), &wide, sizeof(wide));
  }
}

template <typename Narrow>
void narrow(const std::byte* from, std::size_t count, std::byte* to) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t wide;
    std::memcpy(&wide, from + i * sizeof(wide), sizeof(wide));
    const auto number = static_cast<Narrow>(wide);
    std::memcpy(to + i * sizeof(number), &number, sizeof(number));
  }
}

}  // namespace

void widen_integers(const std::byte* from,
                    IntegerWidth width,
                    std::size_t count,
                    std::byte* to) noexcept {
  switch (width) {
    case 0: return widen<std::int8_t>(from, count, to);
    case 1: return widen<std::int16_t>(from, count, to);
    case 2: return widen<std::int32_t>(from, count, to);
    default: std::memcpy(to, from, count * sizeof(std::int64_t));
  }
}

IntegerWidth width_of_integers(const std::byte* values, std::size_t count) noexcept {
  std::uint64_t fold = 0;
  for (std::size_t i = 0; i < count; ++i) {
    fold |= fold_integer(load_integer(values, i, kWidestInteger));
  }
  return width_of_fold(fold);
}

void narrow_integers(const std::byte* from,
                     std::size_t count,
                     IntegerWidth width,
                     std::byte* to) noexcept {
  switch (width) {
    case 0: return narrow<std::int8_t>(from, count, to);
    case 1: return narrow<std::int16_t>(from, count, to);
    case 2: return narrow<std::int32_t>(from, count, to);
    default: std::memcpy(to, from, count * sizeof(std::int64_t));
  }
}

}  // namespace tombolo::store
