#pragma once

#include <string_view>
#include <vector>

#include "changeset/instruction.h"
#include "changeset/string_lookup.h"

namespace tombolo::merge {

/// The names of all changesets of a merge, each once, so that names are compared as numbers.
class NameTable {
 public:
  /// The number of `text`, which must outlive the table.
  changeset::StringIndex intern(std::string_view text) {
    const auto index =
        lookup_.find_or_add(text, [this](changeset::StringIndex known) { return (*this)[known]; });
    if (index.value() == texts_.size()) texts_.push_back(text);
    return index;
  }

  [[nodiscard]] std::string_view operator[](changeset::StringIndex index) const {
    return texts_[index.value()];
  }

 private:
  std::vector<std::string_view> texts_;
  changeset::StringLookup lookup_;
};

}  // namespace tombolo::merge
