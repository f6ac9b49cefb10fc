#include "changeset/string_lookup.h"

#include <array>
#include <cstring>
#include <span>

#include "base/random.h"

namespace tombolo::changeset {
namespace {

/// The secret of this process. It steers only where a text stands in the table, never a result.
const std::array<std::uint64_t, 2>& hash_key() {
  static const std::array<std::uint64_t, 2> key = [] {
    std::array<std::uint64_t, 2> bits{};
    fill_random(std::as_writable_bytes(std::span(bits)));
    bits[1] |= 1;
    return bits;
  }();
  return key;
}

/// Folds the 128-bit product of two words: every bit of both reaches every bit of the result.
std::uint64_t fold_product(std::uint64_t left, std::uint64_t right) noexcept {
  const auto product = static_cast<unsigned __int128>(left) * right;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::uint32_t StringLookup::hash_of(std::string_view text) noexcept {
  const auto& [seed, factor] = hash_key();
  std::uint64_t hash = seed ^ text.size();
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    hash = fold_product(hash ^ word, factor);
    text.remove_prefix(sizeof word);
  }
  std::uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  hash = fold_product(hash ^ rest, factor);
  return static_cast<std::uint32_t>(fold_product(hash, factor));
}

void StringLookup::place(Slot placed) noexcept {
  std::size_t i = placed.hash & (slots_.size() - 1);
  while (slots_[i].number != 0) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = placed;
}

}  // namespace tombolo::changeset
