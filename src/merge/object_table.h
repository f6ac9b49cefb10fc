#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "changeset/instruction.h"
#include "changeset/keyed_hash.h"
#include "merge/edit.h"
#include "merge/kept_memory.h"

namespace tombolo::merge {

/// What two instructions must have in common to meet: an object, or for the schema a class or one
/// of its properties. Names are those of the merge's name table, so equal numbers mean equal
/// things.
struct ObjectKey {
  std::uint32_t table = 0;
  std::int32_t kind = 0;  ///< Type of the primary key, or one of the kinds below.
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  static constexpr std::int32_t kClass = 100;
  static constexpr std::int32_t kProperty = 101;

  [[nodiscard]] static ObjectKey of_object(StringIndex table, const changeset::PrimaryKey& key);
  [[nodiscard]] static ObjectKey of_class(StringIndex table) {
    return {.table = table.value(), .kind = kClass};
  }
  [[nodiscard]] static ObjectKey of_property(StringIndex table, StringIndex field) {
    return {.table = table.value(), .kind = kProperty, .low = field.value()};
  }

  friend bool operator==(const ObjectKey&, const ObjectKey&) noexcept = default;
};

/// What an instruction does to its object, as far as it decides whether another one can clash with
/// it: it creates it, erases it, or touches a property. Properties share numbers if there are many:
/// that finds clashes that are none, which costs time, but misses none.
class Touch {
 public:
  constexpr Touch() noexcept = default;
  /// `field` means nothing for a creation or an erasure.
  [[nodiscard]] static constexpr Touch of(Opcode opcode, StringIndex field) noexcept {
    if (opcode == Opcode::kEraseObject) return Touch(kErasure);
    if (opcode == Opcode::kCreateObject) return Touch(kCreation);
    return Touch(static_cast<std::uint8_t>(field.value() % kCreation));
  }

  /// As one bit of many.
  [[nodiscard]] constexpr std::uint64_t bit() const noexcept { return std::uint64_t{1} << number_; }
  /// The bits of all that it may clash with: erasing clashes with everything, writing with writing
  /// to the same property, creating with nothing else.
  [[nodiscard]] constexpr std::uint64_t clashing_bits() const noexcept {
    constexpr std::uint64_t kErasureBit = std::uint64_t{1} << kErasure;
    if (number_ == kErasure) return ~std::uint64_t{0};
    return number_ == kCreation ? kErasureBit : bit() | kErasureBit;
  }

 private:
  static constexpr std::uint8_t kCreation = 62;
  static constexpr std::uint8_t kErasure = 63;

  explicit constexpr Touch(std::uint8_t number) noexcept : number_(number) {}

  std::uint8_t number_ = 0;
};

/// What several instructions do to an object.
class Touches {
 public:
  void add(Touch touch) noexcept { bits_ |= touch.bit(); }
  [[nodiscard]] constexpr bool may_clash(Touch touch) const noexcept {
    return (bits_ & touch.clashing_bits()) != 0;
  }

 private:
  std::uint64_t bits_ = 0;
};

/// The objects that one side of a merge mentions, numbered in the order in which they come up.
class ObjectTable {
 public:
  struct Object {
    ObjectKey key;
    Touches touches;
    std::uint32_t last_record = 0;  ///< 1 + number of the last record about it; 0: none.
    std::uint32_t shared = 0;  ///< 1 + number among those that the other side mentions; 0: not.
  };

  /// Makes room for `count` objects.
  void reserve(std::size_t count) {
    objects_.reserve(count);
    if (2 * count > slots_.size()) grow_to(std::bit_ceil(std::max(2 * count, kSlotsMin)));
  }

  [[nodiscard]] std::uint32_t hash_of(const ObjectKey& key) const noexcept {
    const std::uint64_t head =
        std::uint64_t{key.table} << 32 | static_cast<std::uint32_t>(key.kind);
    return static_cast<std::uint32_t>(
        hash_.mix(hash_.mix(hash_.mix(hash_.seed, head), key.high), key.low));
  }
  /// Fetches into the cache what the calls below will read: first the slot of a hash, then the
  /// object that it may be that of.
  void prefetch_slot(std::uint32_t hash) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
  }
  void prefetch_object(std::uint32_t hash) const noexcept {
    if (slots_.empty()) return;
    const Slot& slot = slots_[hash & (slots_.size() - 1)];
    if (slot.hash == hash && slot.number != 0) prefetch(ObjectNumber(slot.number - 1));
  }
  void prefetch(ObjectNumber number) const noexcept {
    __builtin_prefetch(&objects_[number.value()]);
  }

  /// `hash` is that of `key`.
  [[nodiscard]] ObjectNumber find_or_add(const ObjectKey& key, std::uint32_t hash) {
    if (2 * (objects_.size() + 1) > slots_.size()) grow_to(std::max(2 * slots_.size(), kSlotsMin));
    for (std::size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[i];
      if (slot.number == 0) {
        objects_.push_back({.key = key});
        slot = {.hash = hash, .number = static_cast<std::uint32_t>(objects_.size())};
        return ObjectNumber(slot.number - 1);
      }
      if (slot.hash == hash && objects_[slot.number - 1].key == key) {
        return ObjectNumber(slot.number - 1);
      }
    }
  }
  [[nodiscard]] std::optional<ObjectNumber> find(const ObjectKey& key, std::uint32_t hash) const {
    if (slots_.empty()) return std::nullopt;
    for (std::size_t i = hash & (slots_.size() - 1); slots_[i].number != 0;
         i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].hash == hash && objects_[slots_[i].number - 1].key == key) {
        return ObjectNumber(slots_[i].number - 1);
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] Object& operator[](ObjectNumber number) { return objects_[number.value()]; }
  [[nodiscard]] const Object& operator[](ObjectNumber number) const {
    return objects_[number.value()];
  }
  [[nodiscard]] std::size_t size() const noexcept { return objects_.size(); }
  /// Memory that it takes.
  [[nodiscard]] std::size_t byte_count() const noexcept {
    return objects_.capacity() * sizeof(Object) + slots_.size() * sizeof(Slot);
  }

 private:
  static constexpr std::size_t kSlotsMin = 64;

  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = 0;  ///< 1 + that of the object; 0 = free.
  };

  void grow_to(std::size_t slot_count) {
    Table<Slot> old(slot_count);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number == 0) continue;
      std::size_t i = slot.hash & (slots_.size() - 1);
      while (slots_[i].number != 0) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = slot;
    }
  }

  const changeset::KeyedHash hash_ = changeset::KeyedHash::of_process();
  Table<Object> objects_;
  Table<Slot> slots_;  ///< A power of two, at most half full.
};

inline ObjectKey ObjectKey::of_object(StringIndex table, const changeset::PrimaryKey& key) {
  ObjectKey made{.table = table.value(), .kind = static_cast<std::int32_t>(key.type)};
  switch (key.type) {
    case PayloadType::kInt: made.low = static_cast<std::uint64_t>(key.integer); break;
    case PayloadType::kString: made.low = key.string.value(); break;
    case PayloadType::kGlobalKey:
      made.high = key.global_key.high;
      made.low = key.global_key.low;
      break;
    case PayloadType::kObjectId: std::memcpy(&made.high, &key.object_id, sizeof(ObjectId)); break;
    case PayloadType::kUuid: std::memcpy(&made.high, &key.uuid, sizeof(Uuid)); break;
    default: break;  // null
  }
  return made;
}

}  // namespace tombolo::merge
