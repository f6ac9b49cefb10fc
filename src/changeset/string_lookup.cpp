#include "changeset/string_lookup.h"

#include <cstring>

#include "changeset/keyed_hash.h"

namespace tombolo::changeset {

std::uint32_t StringLookup::hash_of(std::string_view text) noexcept {
  const KeyedHash& keyed = KeyedHash::of_process();
  std::uint64_t hash = keyed.seed ^ text.size();
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    hash = keyed.mix(hash, word);
    text.remove_prefix(sizeof word);
  }
  std::uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  hash = keyed.mix(hash, rest);
  return static_cast<std::uint32_t>(keyed.mix(hash, 0));
}

void StringLookup::place(Slot placed) noexcept {
  std::size_t i = placed.hash & (slots_.size() - 1);
  while (slots_[i].number != 0) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = placed;
}

}  // namespace tombolo::changeset
