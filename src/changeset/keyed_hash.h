#pragma once

#include <cstdint>

namespace tombolo::changeset {

/// What hash tables of names and keys hash with. It is keyed with random bits of the process, so
/// that nobody can choose texts or keys that collide; it steers only where something stands in a
/// table, never a result.
struct KeyedHash {
  std::uint64_t seed;
  std::uint64_t factor;

  [[nodiscard]] static const KeyedHash& of_process();

  /// Folds the 128-bit product of two words: every bit of both reaches every bit of the result.
  [[nodiscard]] static std::uint64_t fold_product(std::uint64_t left,
                                                  std::uint64_t right) noexcept {
    const auto product = static_cast<unsigned __int128>(left) * right;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  /// One step: the hash with another word.
  [[nodiscard]] std::uint64_t mix(std::uint64_t hash, std::uint64_t word) const noexcept {
    return fold_product(hash ^ word, factor);
  }
};

}  // namespace tombolo::changeset
