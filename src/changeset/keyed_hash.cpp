#include "changeset/keyed_hash.h"

#include <span>

#include "base/random.h"

namespace tombolo::changeset {

const KeyedHash& KeyedHash::of_process() {
  static const KeyedHash hash = [] {
    KeyedHash made{};
    fill_random(std::as_writable_bytes(std::span(&made, 1)));
    made.factor |= 1;
    return made;
  }();
  return hash;
}

}  // namespace tombolo::changeset
