#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "changeset/instruction.h"

namespace tombolo::changeset {

/// Finds a text's position in a string table that someone else keeps: an open-addressed hash table
/// of positions. The hash is keyed with random bits of the process, so that nobody can choose
/// texts that collide. Up to a few texts are compared one by one and nothing is allocated.
class StringLookup {
 public:
  /// The position of `text`, which becomes that of the next text when it is not there yet.
  /// `text_of(StringIndex)` gives the texts added so far.
  template <typename TextOf>
  StringIndex find_or_add(std::string_view text, const TextOf& text_of) {
    if (slots_.empty() && count_ < kLinearMax) {
      for (std::uint32_t i = 0; i < count_; ++i) {
        if (text_of(StringIndex(i)) == text) return StringIndex(i);
      }
      return StringIndex(count_++);
    }
    if (2 * (count_ + std::size_t{1}) > slots_.size()) grow(text_of);
    const std::uint32_t hash = hash_of(text);
    for (std::size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[i];
      if (slot.number == 0) {
        slot = {.hash = hash, .number = count_ + 1};
        return StringIndex(count_++);
      }
      if (slot.hash == hash && text_of(StringIndex(slot.number - 1)) == text) {
        return StringIndex(slot.number - 1);
      }
    }
  }

  /// The position of `text`, if it was added.
  template <typename TextOf>
  [[nodiscard]] std::optional<StringIndex> find(std::string_view text,
                                                const TextOf& text_of) const {
    if (slots_.empty()) {
      for (std::uint32_t i = 0; i < count_; ++i) {
        if (text_of(StringIndex(i)) == text) return StringIndex(i);
      }
      return std::nullopt;
    }
    const std::uint32_t hash = hash_of(text);
    for (std::size_t i = hash & (slots_.size() - 1); slots_[i].number != 0;
         i = (i + 1) & (slots_.size() - 1)) {
      const StringIndex found(slots_[i].number - 1);
      if (slots_[i].hash == hash && text_of(found) == text) return found;
    }
    return std::nullopt;
  }

  /// Forgets all texts; keeps the memory.
  void clear() noexcept {
    slots_.clear();
    count_ = 0;
  }

 private:
  static constexpr std::uint32_t kLinearMax = 8;
  static constexpr std::size_t kSlotsMin = 32;

  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = 0;  ///< 1 + position; 0 = free.
  };

  [[nodiscard]] static std::uint32_t hash_of(std::string_view text) noexcept;
  void place(Slot placed) noexcept;

  template <typename TextOf>
  void grow(const TextOf& text_of) {
    if (slots_.empty()) {
      slots_.resize(kSlotsMin);
      for (std::uint32_t i = 0; i < count_; ++i) {
        place({.hash = hash_of(text_of(StringIndex(i))), .number = i + 1});
      }
      return;
    }
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number != 0) place(slot);
    }
  }

  std::vector<Slot> slots_;  ///< A power of two, at most half full; empty while few.
  std::uint32_t count_ = 0;
};

}  // namespace tombolo::changeset
