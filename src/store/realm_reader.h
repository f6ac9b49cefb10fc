#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "store/catalog.h"
#include "store/history.h"
#include "store/ids.h"
#include "store/list_tree.h"
#include "store/metadata.h"
#include "store/value.h"

namespace tombolo::store {

class RealmState;

/// An object that links to another, and how often from the same property.
struct Backlink {
  SlotRef origin;
  std::uint32_t count = 1;
};

/// The elements of one list. Positions are stored positions: those of changesets, which count links
/// to tombstones too. Applications see the list without these; `visible_size` and `stored_position`
/// translate.
///
/// Errors:  a position beyond the end is asserted.
/// Thread:  that of the transaction; until its next write or its end.
class ListReader {
 public:
  ListReader(RealmState& realm, const PropertyInfo& property, const SlotRef& slot);

  [[nodiscard]] std::uint32_t size() const noexcept { return tree_.size(); }
  /// The element; a link may lead to a tombstone.
  [[nodiscard]] Value get(std::uint32_t position) const;
  [[nodiscard]] bool is_hidden(std::uint32_t position) const;

  [[nodiscard]] std::uint32_t visible_size() const;
  /// Where the element stands that applications see at `visible`; `size()` for the position one
  /// past the last of them; nullopt beyond that.
  [[nodiscard]] std::optional<std::uint32_t> stored_position(std::uint32_t visible) const;

 private:
  [[nodiscard]] bool may_hide() const;

  RealmState* realm_;
  const PropertyInfo* property_;
  ListTree tree_;
};

/// Whether objects of the class are identified by keys like this one.
[[nodiscard]] bool is_key_of(const ClassInfo& info, const ObjectKey& key) noexcept;

/// Reads one realm inside a transaction.
///
/// Shape:   ids of classes and properties come from `catalog()`; unknown ones are asserted.
/// Errors:  reading an object that is not there throws `Error{kObjectDeleted}`; damaged content
///          throws `Error{kFileCorrupt}`.
/// Thread:  that of the transaction.
class RealmReader {
 public:
  explicit RealmReader(std::unique_ptr<RealmState> state) noexcept;
  ~RealmReader();
  RealmReader(const RealmReader&) = delete;
  RealmReader& operator=(const RealmReader&) = delete;

  [[nodiscard]] RealmId id() const noexcept;
  /// The classes and properties; until the schema changes in this transaction.
  [[nodiscard]] const Catalog& catalog() const;
  [[nodiscard]] Schema schema() const { return catalog().to_schema(); }
  /// The ident under which global keys of this file are known to others; 0 = none yet.
  [[nodiscard]] ClientFileIdent file_ident() const;

  [[nodiscard]] std::uint64_t object_count(ClassId class_id) const;
  [[nodiscard]] bool contains(ObjectRef object) const;
  /// The object of that key; tombstones are no objects.
  [[nodiscard]] std::optional<RowId> find(ClassId class_id, const ObjectKey& key) const;
  /// The key of an object or of a tombstone.
  [[nodiscard]] ObjectKey key_of(ObjectRef object) const;

  /// The value of a single property. A link to a tombstone reads as null.
  [[nodiscard]] Value get(ObjectRef object, PropertyId property) const;
  [[nodiscard]] ListReader list(const SlotRef& slot) const;

  /// Where a walk over the objects of a class stands, in the order of their rows:
  /// `for (auto row = first_row(c); row != kNoRow; row = next_row(c, row))`.
  [[nodiscard]] RowId first_row(ClassId class_id) const { return next_row(class_id, kNoRow); }
  [[nodiscard]] RowId next_row(ClassId class_id, RowId after) const;

  /// Calls `visit(const Backlink&) -> bool` for everything that links to the object or tombstone,
  /// ordered by class, property and row, until it answers false. `visit` may not write.
  template <typename Visit>
  void for_each_backlink(ObjectRef target, Visit&& visit) const {
    for (auto link = next_backlink(target, std::nullopt); link;
         link = next_backlink(target, link->origin)) {
      if (!visit(*link)) return;
    }
  }
  /// The first backlink after the one from `after`.
  [[nodiscard]] std::optional<Backlink> next_backlink(ObjectRef target,
                                                      const std::optional<SlotRef>& after) const;

  [[nodiscard]] HistoryReader history() const;
  [[nodiscard]] MetadataReader metadata() const;

  /// For the scans and the applier of this layer.
  [[nodiscard]] RealmState& state() const noexcept { return *state_; }

 protected:
  std::unique_ptr<RealmState> state_;
};

}  // namespace tombolo::store
