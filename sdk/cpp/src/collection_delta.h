#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "store/change_log.h"

namespace tombolo {

/// How a collection came from what it was: as runs of elements, in the order in which they stand
/// now, that were there before or are new. The ones from before keep their order: what was moved is
/// gone from one place and new in another.
class CollectionDelta {
 public:
  struct Run {
    std::uint32_t count;
    std::optional<std::uint32_t> old_position;  ///< Of the first element; nullopt: they are new.
    bool is_modified = false;                   ///< Each of them was set.
  };

  /// A collection of that size, unchanged.
  explicit CollectionDelta(std::uint32_t size);
  void apply(const store::ElementChange& change);
  /// All that is there, `size` elements, is new.
  void replace(std::uint32_t size);

  [[nodiscard]] const std::vector<Run>& runs() const noexcept { return runs_; }
  /// Whether it has become too long to be worth more: whoever asks calls `replace()`.
  [[nodiscard]] bool is_too_long() const noexcept { return runs_.size() > kRunsMax; }

 private:
  static constexpr std::size_t kRunsMax = 4096;

  /// The run that begins at `position`, cut off from the one before if need be.
  [[nodiscard]] std::vector<Run>::iterator cut(std::uint32_t position);
  void insert(std::uint32_t position, std::uint32_t count);
  void erase(std::uint32_t position, std::uint32_t count);

  std::vector<Run> runs_;
};

}  // namespace tombolo
