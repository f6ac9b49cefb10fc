#pragma once

#include <algorithm>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "changeset/instruction.h"
#include "changeset/string_lookup.h"

namespace tombolo::merge {

/// The names of all changesets of a merge, each once, so that names are compared as numbers. It
/// keeps its own copies.
class NameTable {
 public:
  /// The number of `text`.
  changeset::StringIndex intern(std::string_view text) {
    const auto index =
        lookup_.find_or_add(text, [this](changeset::StringIndex known) { return (*this)[known]; });
    if (index.value() == texts_.size()) {
      char* const copy = static_cast<char*>(memory_.allocate(text.size(), 1));
      std::ranges::copy(text, copy);
      texts_.emplace_back(copy, text.size());
      byte_count_ += text.size() + sizeof(std::string_view);
    }
    return index;
  }

  [[nodiscard]] std::string_view operator[](changeset::StringIndex index) const {
    return texts_[index.value()];
  }
  /// Memory that the names take, roughly.
  [[nodiscard]] std::size_t byte_count() const noexcept { return byte_count_; }

 private:
  std::pmr::monotonic_buffer_resource memory_;
  std::vector<std::string_view> texts_;
  std::size_t byte_count_ = 0;
  changeset::StringLookup lookup_;
};

}  // namespace tombolo::merge
