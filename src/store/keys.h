#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "base/assertion.h"
#include "base/bytes.h"
#include "base/strong_id.h"
#include "store/catalog.h"
#include "store/ids.h"

/// The keys under which everything is kept, in one LMDB tree. Numbers are big-endian, so that the
/// order of the bytes is the order of the numbers.
///
///     key        = realm:u32 space:u8 rest
///     rest       =                                         header, realm state, history base, end
///                | class:u32                               class, class counters
///                | class:u32 group:u16 first_row:u64       block
///                | class:u32 word:u64 *                    primary key index, backlinks
///                | class:u32 property:u32 word:u64 *       index of a property
///                | class:u32 property:u32 row:u64          large value
///                | class:u32 property:u32 row:u64        collection: all of a slot
///                  collection:u64 node:u32 ?             root of a nested one, node
///                | class:u32 row:u64                       tombstone
///                | version:u64                             history entry
///                | peer:u64 version:u64                    reciprocal
///                | byte *                                  metadata, realm name
///
/// Source: docs/store.md, "Keys".

namespace tombolo::store {

/// What a key names. The numbers are stored.
enum class Space : std::uint8_t {
  kHeader = 0,  ///< Of the environment (realm 0): format version and hash key.
  kRealmName = 1,
  kRealmState = 2,
  kClass = 3,
  kClassCounters = 4,
  kBlock = 5,
  kPrimaryKeyIndex = 6,
  kBacklinks = 7,
  kLargeValue = 8,
  kCollection = 9,
  kTombstone = 10,
  kHistoryBase = 11,
  kHistory = 12,
  kReciprocal = 13,
  kMetadata = 14,
  kPropertyIndex = 15,
  kEnd = 255,  ///< Behind every other key, so that a search never runs off the end.
};

/// The realm in whose name the environment's own records stand.
inline constexpr RealmId kEnvironmentRealm{0};
/// The realm of the `kEnd` record; never given to a realm.
inline constexpr RealmId kEndRealm{0xffff'ffff};

/// A key under construction. Source of the size: LMDB's compiled-in MDB_MAXKEYSIZE.
class Key {
 public:
  static constexpr std::size_t kBytesMax = 511;

  Key(RealmId realm, Space space) noexcept {
    append(realm.value());
    append(static_cast<std::uint8_t>(space));
  }

  template <std::unsigned_integral T>
  Key& append(T number) noexcept {
    if constexpr (sizeof(T) == 2) number = __builtin_bswap16(number);
    if constexpr (sizeof(T) == 4) number = __builtin_bswap32(number);
    if constexpr (sizeof(T) == 8) number = __builtin_bswap64(number);
    std::memcpy(bytes_.data() + size_, &number, sizeof(T));
    size_ += sizeof(T);
    return *this;
  }
  template <typename Tag, std::unsigned_integral Rep>
  Key& append(StrongId<Tag, Rep> id) noexcept {
    return append(id.value());
  }
  Key& append(BytesView bytes) {
    TOMBOLO_ASSERT(size_ + bytes.size() <= kBytesMax);
    if (!bytes.empty()) std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
    return *this;
  }
  /// Takes the key back to its first `bytes` bytes.
  void truncate(std::size_t bytes) noexcept { size_ = bytes; }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] BytesView view() const noexcept { return {bytes_.data(), size_}; }
  operator BytesView() const noexcept { return view(); }  // NOLINT: a key is its bytes

 private:
  std::array<std::byte, kBytesMax> bytes_;
  std::size_t size_ = 0;
};

static_assert(std::endian::native == std::endian::little, "blocks are mapped, not translated");

/// The number of type `T` that `bytes` starts with.
template <std::unsigned_integral T>
[[nodiscard]] T read_big_endian(BytesView bytes) {
  TOMBOLO_ASSERT(bytes.size() >= sizeof(T));
  T number;
  std::memcpy(&number, bytes.data(), sizeof(T));
  if constexpr (sizeof(T) == 2) number = __builtin_bswap16(number);
  if constexpr (sizeof(T) == 4) number = __builtin_bswap32(number);
  if constexpr (sizeof(T) == 8) number = __builtin_bswap64(number);
  return number;
}

/// What is kept outside of blocks for the collections of one slot starts with this.
[[nodiscard]] inline Key slot_key(RealmId realm, const SlotRef& slot) noexcept {
  Key key(realm, Space::kCollection);
  key.append(slot.class_id).append(slot.property).append(slot.row);
  return key;
}
/// The root of a nested collection; with a number behind it, a node of any.
[[nodiscard]] inline Key collection_key(RealmId realm, const CollectionRef& collection) noexcept {
  Key key = slot_key(realm, collection.slot);
  key.append(collection.id);
  return key;
}

/// What the record of that key is, for people: its space, and all of the key in digits of base 16.
[[nodiscard]] std::string describe_key(BytesView key);

[[nodiscard]] inline bool starts_with(BytesView bytes, BytesView prefix) noexcept {
  return bytes.size() >= prefix.size() &&
         std::memcmp(bytes.data(), prefix.data(), prefix.size()) == 0;
}

}  // namespace tombolo::store
