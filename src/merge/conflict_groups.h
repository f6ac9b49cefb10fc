#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "merge/skim.h"

namespace tombolo::merge {

/// Sets of instructions of both sides that can clash with one another and with nothing else, found
/// from their addresses alone:
///
///   - of an object that one side erases, everything;
///   - of a property of one object, everything; but
///   - where all paths begin with a key, of that key.
///
/// What is in no group meets nobody. Cost: sorting what both sides do to one object.
class ConflictGroups {
 public:
  /// Indexes into the mentions of either side, ascending.
  struct Group {
    std::span<const std::uint32_t> local;
    std::span<const std::uint32_t> incoming;
  };

  /// The groups of two sides.
  ConflictGroups(std::span<const Mention> local,
                 std::span<const Mention> incoming,
                 std::size_t object_count);

  [[nodiscard]] std::size_t size() const noexcept { return bounds_.size(); }
  [[nodiscard]] Group operator[](std::size_t i) const noexcept;

 private:
  struct Bounds {
    std::size_t local_begin, local_end, incoming_begin, incoming_end;
  };
  using Members = std::vector<std::uint32_t>;

  void split_object(std::span<std::uint32_t> local, std::span<std::uint32_t> incoming);
  void split_field(std::span<std::uint32_t> local, std::span<std::uint32_t> incoming);
  void add(std::span<const std::uint32_t> local, std::span<const std::uint32_t> incoming);

  std::span<const Mention> local_mentions_;
  std::span<const Mention> incoming_mentions_;
  Members local_;
  Members incoming_;
  std::vector<Bounds> bounds_;
};

}  // namespace tombolo::merge
