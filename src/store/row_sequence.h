#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "store/ids.h"

namespace tombolo::store {

/// Rows one after the other, each any number of times. Ascending ones that lie close to each other
/// are kept as bits, so that all objects of a class take some bits each; others take 8 bytes.
///
/// Thread:  one may change it while no other looks at it.
class RowSequence {
 public:
  RowSequence() = default;
  explicit RowSequence(std::vector<RowId> rows)
      : list_(std::move(rows)),
        size_(list_.size()),
        is_list_for_good_(true) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  void push_back(RowId row);

  /// Finds the row at a position. Requires that there is one.
  [[nodiscard]] RowId operator[](std::size_t position) const;
  /// The row behind that at `position`, which is `row`: found sooner than by its position. Requires
  /// that there is one.
  [[nodiscard]] RowId next(std::size_t position, RowId row) const;

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = RowId;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    Iterator(const RowSequence* rows, std::size_t position)
        : rows_(rows),
          position_(position),
          row_(position < rows->size() ? (*rows)[position] : kNoRow) {}
    [[nodiscard]] RowId operator*() const noexcept { return row_; }
    Iterator& operator++() {
      if (position_ + 1 < rows_->size()) row_ = rows_->next(position_, row_);
      ++position_;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& left, const Iterator& right) noexcept {
      return left.position_ == right.position_;
    }

   private:
    const RowSequence* rows_ = nullptr;
    std::size_t position_ = 0;
    RowId row_;
  };
  [[nodiscard]] Iterator begin() const { return {this, 0}; }
  [[nodiscard]] Iterator end() const { return {this, size_}; }
  [[nodiscard]] std::vector<RowId> to_vector() const;

  /// What they take of memory, about.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return list_.capacity() * sizeof(RowId) + words_.capacity() * sizeof(words_[0]) +
           counts_.capacity() * sizeof(counts_[0]);
  }

 private:
  static constexpr std::size_t kWordBits = 64;
  /// Words for which it is known how many rows stand before them.
  static constexpr std::size_t kCountedWords = 8;
  /// So few rows stay a list.
  static constexpr std::size_t kBitsFrom = 256;

  [[nodiscard]] bool is_list() const noexcept { return words_.empty(); }
  /// Rows that would stand as bits in no more memory than they take as a list.
  [[nodiscard]] static bool are_close(std::uint64_t first, std::uint64_t last, std::size_t count) {
    return (last - first) / kWordBits <= count;
  }
  void push_bit(std::uint64_t row);
  void become_bits();
  void become_list();

  std::vector<RowId> list_;  ///< Where they are no bits.
  std::size_t size_ = 0;
  bool is_list_for_good_ = false;  ///< They are not ascending, or too far apart.

  std::vector<std::uint64_t> words_;   ///< The bits, from row `base_` on.
  std::vector<std::uint64_t> counts_;  ///< Of every `kCountedWords`th word: rows before it.
  std::uint64_t base_ = 0;
  std::uint64_t last_ = 0;  ///< The row added last.
};

}  // namespace tombolo::store
