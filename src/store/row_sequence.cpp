#include "store/row_sequence.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "base/assertion.h"

namespace tombolo::store {
namespace {

/// Where the bit of that rank is, counted from the lowest one that is set.
std::uint64_t select_bit(std::uint64_t word, std::size_t rank) noexcept {
  std::uint64_t position = 0;
  for (int width = 32; width > 0; width /= 2) {
    const std::uint64_t low = word & ((std::uint64_t{1} << width) - 1);
    const auto below = static_cast<std::size_t>(std::popcount(low));
    const bool is_above = rank >= below;
    position += is_above ? static_cast<std::uint64_t>(width) : 0;
    rank -= is_above ? below : 0;
    word = is_above ? word >> width : low;
  }
  return position;
}

}  // namespace

void RowSequence::push_back(RowId row) {
  if (!is_list()) {
    if (row.value() > last_ && are_close(base_, row.value(), size_ + 1)) {
      push_bit(row.value());
      return;
    }
    become_list();
  }
  list_.push_back(row);
  ++size_;
  if (!is_list_for_good_ && size_ == kBitsFrom) {
    is_list_for_good_ =
        std::ranges::adjacent_find(list_, std::ranges::greater_equal()) != list_.end() ||
        !are_close(list_.front().value(), row.value(), size_);
    if (!is_list_for_good_) become_bits();
  }
}

void RowSequence::push_bit(std::uint64_t row) {
  const std::size_t word = (row - base_) / kWordBits;
  while (words_.size() <= word) {
    if (words_.size() % kCountedWords == 0) counts_.push_back(size_);
    words_.push_back(0);
  }
  words_[word] |= std::uint64_t{1} << (row - base_) % kWordBits;
  last_ = row;
  ++size_;
}

void RowSequence::become_bits() {
  const std::vector<RowId> rows = std::exchange(list_, {});
  base_ = rows.front().value();
  size_ = 0;
  for (const RowId row : rows) push_bit(row.value());
}

std::vector<RowId> RowSequence::to_vector() const {
  if (is_list()) return list_;
  std::vector<RowId> rows;
  rows.reserve(size_);
  for (const RowId row : *this) rows.push_back(row);
  return rows;
}

void RowSequence::become_list() {
  list_ = to_vector();
  words_ = std::vector<std::uint64_t>();  // Braces alone would keep the memory.
  counts_ = std::vector<std::uint64_t>();
  is_list_for_good_ = true;
}

RowId RowSequence::operator[](std::size_t position) const {
  TOMBOLO_ASSERT(position < size_);
  if (is_list()) return list_[position];
  const auto after = std::ranges::upper_bound(counts_, position);
  const auto block = static_cast<std::size_t>(after - counts_.begin()) - 1;
  std::size_t rank = position - counts_[block];
  for (std::size_t word = block * kCountedWords;; ++word) {
    const auto rows = static_cast<std::size_t>(std::popcount(words_[word]));
    if (rank < rows) return RowId(base_ + word * kWordBits + select_bit(words_[word], rank));
    rank -= rows;
  }
}

RowId RowSequence::next(std::size_t position, RowId row) const {
  TOMBOLO_ASSERT(position + 1 < size_);
  if (is_list()) return list_[position + 1];
  const std::uint64_t from = row.value() + 1 - base_;
  std::size_t word = from / kWordBits;
  std::uint64_t rest = words_[word] & (~std::uint64_t{0} << from % kWordBits);
  while (rest == 0) rest = words_[++word];
  return RowId(base_ + word * kWordBits + static_cast<std::uint64_t>(std::countr_zero(rest)));
}

}  // namespace tombolo::store
