#include "store/keys.h"

#include "base/hex.h"

namespace tombolo::store {
namespace {

const char* name_of(Space space) {
  switch (space) {
    case Space::kHeader: return "header";
    case Space::kRealmName: return "realm name";
    case Space::kRealmState: return "realm state";
    case Space::kClass: return "class";
    case Space::kClassCounters: return "class counters";
    case Space::kBlock: return "block";
    case Space::kPrimaryKeyIndex: return "primary key index";
    case Space::kBacklinks: return "backlinks";
    case Space::kLargeValue: return "large value";
    case Space::kCollection: return "collection";
    case Space::kTombstone: return "tombstone";
    case Space::kHistoryBase: return "history base";
    case Space::kHistory: return "history";
    case Space::kReciprocal: return "reciprocal";
    case Space::kMetadata: return "metadata";
    case Space::kPropertyIndex: return "property index";
    case Space::kEnd: return "end";
  }
  return "unknown";
}

}  // namespace

std::string describe_key(BytesView key) {
  constexpr std::size_t kSpaceAt = sizeof(std::uint32_t);
  if (key.size() <= kSpaceAt) return to_hex(key);
  return std::string(name_of(static_cast<Space>(key[kSpaceAt]))) + ' ' + to_hex(key);
}

}  // namespace tombolo::store
