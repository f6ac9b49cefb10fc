#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "merge/merge.h"

/// What two sides did to a realm while neither knew of the other, for measuring merges. Equal
/// arguments give equal bytes.

namespace tombolo::bench {

/// One side's changesets in the order of its history.
struct History {
  struct Changeset {
    Bytes bytes;
    OriginTimestamp timestamp;
    ClientFileIdent ident;
  };
  std::vector<Changeset> changesets;
  std::size_t instruction_count = 0;

  [[nodiscard]] std::vector<merge::Entry> entries() const;
  [[nodiscard]] std::size_t byte_count() const noexcept;
};

/// A client's own changes, and what others did meanwhile.
struct Sides {
  History local;
  History incoming;

  [[nodiscard]] std::size_t instruction_count() const noexcept {
    return local.instruction_count + incoming.instruction_count;
  }
};

/// In which order a side goes through its objects: that of their keys, or a random one of its own.
enum class Order { kAscending, kRandom };

/// How many instructions a side has, and how many of them make a transaction.
struct Amount {
  std::size_t instructions = 0;
  std::size_t per_changeset = 10;
};

/// Each writes a text property of objects that the other never mentions.
[[nodiscard]] Sides disjoint_objects(Amount amount, Order order);
/// Both write the same objects, each its own property.
[[nodiscard]] Sides different_properties(Amount amount, Order order);
/// Both write one property of the same objects. Each wins about half.
[[nodiscard]] Sides same_property(Amount amount, Order order);
/// Both insert at random places of one list that had `base_size` elements.
[[nodiscard]] Sides list_insertions(Amount amount, std::uint32_t base_size);
/// What an application does in a week: new objects, properties written, counters, lists, sets,
/// dictionaries and erased objects. The local side is one client, the incoming one five, all about
/// one object in five of which the others know.
[[nodiscard]] Sides mixed_work(Amount amount);

}  // namespace tombolo::bench
