#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tombolo::store {

/// Keys the hashes in indexes, so that nobody can choose texts that collide.
using HashKey = std::array<std::byte, 16>;

/// Under which keys an index hashes. Where it hides values, as in encrypted files, all words of a
/// value are hashed: they are the same for the same value, and in no order.
struct IndexKeys {
  HashKey text{};
  bool hides_values = false;
  HashKey value{};
};

/// Words that a hidden value has, however many it had.
inline constexpr std::size_t kHiddenWords = 2;

/// The number that the first `count` <= 8 bytes spell, most significant first, zeros behind: the
/// order of such numbers is the order of the bytes.
[[nodiscard]] inline std::uint64_t leading_word(const void* bytes, std::size_t count) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, count);
  return __builtin_bswap64(word);
}

/// The bytes of `text` from `8 * index` on, as above.
[[nodiscard]] inline std::uint64_t text_word(std::string_view text, std::size_t index) noexcept {
  constexpr std::size_t kWordBytes = sizeof(std::uint64_t);
  if (text.size() <= index * kWordBytes) return 0;
  const std::size_t left = text.size() - index * kWordBytes;
  return leading_word(text.data() + index * kWordBytes, left < kWordBytes ? left : kWordBytes);
}

/// A number whose order as an unsigned one is that of `value`.
[[nodiscard]] constexpr std::uint64_t ordered_word(std::int64_t value) noexcept {
  return std::bit_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);
}

[[nodiscard]] std::uint64_t hash_text(std::string_view text, const HashKey& key) noexcept;

/// The hash of 128 bits that stands for these words.
[[nodiscard]] std::array<std::uint64_t, kHiddenWords> hide_words(
    std::span<const std::uint64_t> words, const IndexKeys& keys) noexcept;

}  // namespace tombolo::store
