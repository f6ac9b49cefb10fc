#pragma once

#include <compare>
#include <cstdint>
#include <span>

#include "changeset/instruction.h"

/// An instruction as the merge sees it, and the vocabulary in which the rules speak of two of them.
///
/// Source: docs/merge-rules.md, "Words".

namespace tombolo::merge {

using changeset::Opcode;
using changeset::PathElement;
using changeset::Payload;
using changeset::PayloadType;
using changeset::StringIndex;

/// Number of an object among all that the changesets of a merge name: equal numbers mean the same
/// class and the same primary key.
using ObjectNumber = StrongId<struct ObjectNumberTag, std::uint32_t>;

/// Number of a changeset in a merge: the local ones in order, then the incoming ones.
using ChangesetNumber = StrongId<struct ChangesetNumberTag, std::uint32_t>;

/// What decides between changesets: the greater one is later.
struct Rank {
  OriginTimestamp timestamp;
  ClientFileIdent ident;

  friend auto operator<=>(const Rank&, const Rank&) noexcept = default;
};

/// One instruction during a merge. All names (`table`, `field`, in `path`, `value` and the specs)
/// are indexes into the one name table of the merge, so that equal names are equal numbers.
struct Edit {
  Opcode opcode = Opcode::kAddTable;
  bool is_default = false;
  bool discarded = false;  ///< No rule looks at it any more; it will not be in the outcome.
  bool changed = false;    ///< Differs from the instruction that came in.
  CollectionType collection = CollectionType::kSingle;
  Rank rank;
  StringIndex table;
  StringIndex field;
  ObjectNumber object;
  std::uint32_t prior_size = 0;
  std::uint32_t move_to = 0;
  std::span<PathElement> path;
  ChangesetNumber changeset;
  std::uint32_t begin = 0;   ///< Where its bytes begin there: instructions stand in that order.
  std::uint32_t record = 0;  ///< Number of its record in its side.
  union {
    Payload value;
    changeset::TableSpec table_spec;
    changeset::ColumnSpec column_spec;
  };

  Edit() noexcept : value() {}

  void discard() noexcept { discarded = true; }

  /// The list position at the end of the path, which must be one.
  [[nodiscard]] std::uint32_t index() const noexcept { return path.back().position(); }
  void set_index(std::uint32_t position_in_list) noexcept {
    set_index_at(path.size() - 1, position_in_list);
  }
  void set_index_at(std::size_t depth, std::uint32_t position_in_list) noexcept {
    path[depth] = PathElement::index(position_in_list);
    changed = true;
  }
  void set_prior_size(std::uint32_t size) noexcept {
    prior_size = size;
    changed = true;
  }
  void set_move_to(std::uint32_t position_in_list) noexcept {
    move_to = position_in_list;
    changed = true;
  }
};

[[nodiscard]] inline bool is_earlier(const Edit& left, const Edit& right) noexcept {
  return left.rank < right.rank;
}

/// Whether the instruction names a property.
[[nodiscard]] inline bool names_field(Opcode opcode) noexcept {
  return changeset::is_path_instruction(opcode) || opcode == Opcode::kAddColumn ||
         opcode == Opcode::kEraseColumn;
}

/// Whether two primary keys, whose names are of one table, are of one kind and equal.
[[nodiscard]] inline bool is_same_key(const changeset::PrimaryKey& left,
                                      const changeset::PrimaryKey& right) noexcept {
  if (left.type != right.type) return false;
  switch (left.type) {
    case PayloadType::kInt: return left.integer == right.integer;
    case PayloadType::kString: return left.string == right.string;
    case PayloadType::kGlobalKey: return left.global_key == right.global_key;
    case PayloadType::kObjectId: return left.object_id == right.object_id;
    case PayloadType::kUuid: return left.uuid == right.uuid;
    default: return true;  // null
  }
}

/// Of the two, the one that loses or wins where the later one wins.
[[nodiscard]] inline Edit& earlier_of(Edit& left, Edit& right) noexcept {
  return is_earlier(left, right) ? left : right;
}
[[nodiscard]] inline Edit& later_of(Edit& left, Edit& right) noexcept {
  return is_earlier(left, right) ? right : left;
}

/// Where the element at `position` of a list is after another one moved from `from` to `to`.
[[nodiscard]] constexpr std::uint32_t position_after_move(std::uint32_t position,
                                                          std::uint32_t from,
                                                          std::uint32_t to) noexcept {
  if (position == from) return to;
  if (position > from) --position;
  return position >= to ? position + 1 : position;
}

/// How deep the instruction reaches: a class, a property or an object, a value, inside of a value.
[[nodiscard]] inline std::size_t level(const Edit& edit) noexcept {
  switch (edit.opcode) {
    case Opcode::kAddTable:
    case Opcode::kEraseTable: return 1;
    case Opcode::kAddColumn:
    case Opcode::kEraseColumn:
    case Opcode::kCreateObject:
    case Opcode::kEraseObject: return 2;
    default: return 3 + edit.path.size();
  }
}

/// Whether the last step of the path is a list position: the address of a list element.
[[nodiscard]] inline bool ends_in_index(const Edit& edit) noexcept {
  return !edit.path.empty() && edit.path.back().is_index();
}

[[nodiscard]] inline bool is_same_class(const Edit& left, const Edit& right) noexcept {
  return left.table == right.table;
}
[[nodiscard]] inline bool is_same_object(const Edit& left, const Edit& right) noexcept {
  return left.object == right.object;
}
/// The same property of a class, whatever the object.
[[nodiscard]] inline bool is_same_property(const Edit& left, const Edit& right) noexcept {
  return left.table == right.table && left.field == right.field;
}
/// The same property of the same object.
[[nodiscard]] inline bool is_same_field(const Edit& left, const Edit& right) noexcept {
  return left.object == right.object && left.field == right.field;
}

[[nodiscard]] inline bool is_equal_up_to(std::size_t depth,
                                         const Edit& left,
                                         const Edit& right) noexcept {
  for (std::size_t i = 0; i < depth; ++i) {
    if (left.path[i] != right.path[i]) return false;
  }
  return true;
}

/// The same slot: field and path are equal.
[[nodiscard]] inline bool is_same_path(const Edit& left, const Edit& right) noexcept {
  return is_same_field(left, right) && left.path.size() == right.path.size() &&
         is_equal_up_to(left.path.size(), left, right);
}
/// Slots of one collection: paths of equal length that differ in nothing but the last step.
[[nodiscard]] inline bool is_same_container(const Edit& left, const Edit& right) noexcept {
  return is_same_field(left, right) && left.path.size() == right.path.size() &&
         (left.path.empty() || is_equal_up_to(left.path.size() - 1, left, right));
}
/// Whether `inner` lies inside of the slot that `outer` addresses.
[[nodiscard]] inline bool is_prefix(const Edit& outer, const Edit& inner) noexcept {
  return outer.path.size() < inner.path.size() && is_same_field(outer, inner) &&
         is_equal_up_to(outer.path.size(), outer, inner);
}
/// Whether `inner` lies inside of some element of the list that `outer` changes.
[[nodiscard]] inline bool is_container_prefix(const Edit& outer, const Edit& inner) noexcept {
  return !outer.path.empty() && outer.path.size() < inner.path.size() &&
         is_same_field(outer, inner) && is_equal_up_to(outer.path.size() - 1, outer, inner);
}

}  // namespace tombolo::merge
