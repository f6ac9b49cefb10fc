#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tombolo::merge {

/// A list of which only the origin of its elements is known: those of the base state by their
/// position there, inserted ones by the gap between base elements into which they came. It answers,
/// while the edits of one side are played through, which element or gap an index means.
///
///     base       0   1   2   3        gap 0 is before element 0, gap 4 behind element 3
///     now        0   +1  1   3   +4   inserted into gaps 1 and 4; element 2 is erased
///
/// Elements with consecutive origins are kept as one run, runs in blocks of limited length.
///
/// Cost:    each call scans the blocks, some hundred runs each, and one block.
class TracedList {
 public:
  /// What stands at an index.
  struct Origin {
    std::uint32_t position = 0;  ///< Of the base element, or the gap of an inserted one.
    bool is_base = false;
  };

  explicit TracedList(std::uint32_t base_size);

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  /// The element at `index`, below `size()`.
  [[nodiscard]] Origin at(std::uint32_t index) const;
  /// Inserts an element before `index`, at most `size()`; returns its gap: that of the element that
  /// it comes before.
  std::uint32_t insert(std::uint32_t index);
  /// Removes and returns the element at `index`, below `size()`.
  Origin erase(std::uint32_t index);

 private:
  struct Run {
    std::uint32_t position;
    std::uint32_t count;
    bool is_base;
  };
  struct Block {
    std::vector<Run> runs;
    std::uint32_t count = 0;
  };
  struct Place {
    std::size_t block;
    std::size_t run;
    std::uint32_t offset;  ///< Within the run.
  };

  [[nodiscard]] Place find(std::uint32_t index) const;
  [[nodiscard]] static Origin origin(const Run& run, std::uint32_t offset);
  void split_if_long(std::size_t block);

  std::uint32_t base_size_;
  std::uint32_t size_;
  std::vector<Block> blocks_;
};

}  // namespace tombolo::merge
