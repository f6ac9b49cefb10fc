#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "store/catalog.h"
#include "store/collection_tree.h"
#include "store/history.h"
#include "store/ids.h"
#include "store/metadata.h"
#include "store/value.h"

namespace tombolo::store {

class RealmState;
struct OpenCollection;

/// An object that links to another, and how often from the same property.
struct Backlink {
  SlotRef origin;
  std::uint32_t count = 1;
};

/// The elements of one collection, in the order of the list, or else of members or keys. Positions
/// are stored positions: those of changesets, which count links to tombstones too. Applications see
/// lists and sets of links without these; `visible_size` and `stored_position` translate.
///
/// Errors:  a position beyond the end is asserted.
/// Thread:  that of the transaction; until its next write or its end.
class CollectionReader {
 public:
  CollectionReader(RealmState& realm, const CollectionRef& collection);

  [[nodiscard]] CollectionType kind() const noexcept { return kind_; }
  [[nodiscard]] const CollectionRef& ref() const noexcept { return ref_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return tree_.size(); }
  /// The element. In a list or set of links one may lead to a tombstone; elsewhere that is null.
  /// An embedded object is a link to it; a nested collection is told by its id, and `nested` leads
  /// to it.
  [[nodiscard]] Value get(std::uint32_t position) const;
  [[nodiscard]] bool is_hidden(std::uint32_t position) const;
  /// The collection that the element is.
  [[nodiscard]] CollectionRef nested(const Value& element) const {
    return {ref_.slot, element.as_collection()};
  }

  [[nodiscard]] std::uint32_t visible_size() const;
  /// Where the element stands that applications see at `visible`; `size()` for the position one
  /// past the last of them; nullopt beyond that.
  [[nodiscard]] std::optional<std::uint32_t> stored_position(std::uint32_t visible) const;

  /// Of a set: where the value is.
  [[nodiscard]] std::optional<std::uint32_t> find(const Value& value) const;
  /// Of a dictionary: where the entry of that key is, and the key of an entry.
  [[nodiscard]] std::optional<std::uint32_t> find_key(std::string_view key) const;
  [[nodiscard]] std::string_view key(std::uint32_t position) const;

 private:
  CollectionReader(RealmState& realm, OpenCollection opened);
  [[nodiscard]] bool may_hide() const;

  RealmState* realm_;
  CollectionRef ref_;
  const PropertyInfo* property_;
  CollectionType kind_;
  CollectionTree tree_;
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
  /// Changes, within a write transaction, whenever an object of the class comes or goes.
  [[nodiscard]] std::uint64_t membership_version(ClassId class_id) const;
  [[nodiscard]] bool contains(ObjectRef object) const;
  /// The object of that key; tombstones are no objects.
  [[nodiscard]] std::optional<RowId> find(ClassId class_id, const ObjectKey& key) const;
  /// The key of an object or of a tombstone.
  [[nodiscard]] ObjectKey key_of(ObjectRef object) const;

  /// The value of a single property. A link to a tombstone reads as null. An embedded object is a
  /// link to it; a list or dictionary in a mixed value is told by its id.
  [[nodiscard]] Value get(ObjectRef object, PropertyId property) const;
  /// What a property of that kind, or a nested collection, holds.
  ///
  /// Errors:  throws `Error{kObjectDeleted}` as well for a nested collection that was removed.
  [[nodiscard]] CollectionReader collection(const CollectionRef& collection) const;
  [[nodiscard]] CollectionReader list(const CollectionRef& list) const { return collection(list); }

  /// The slot that an embedded object is in.
  [[nodiscard]] SlotRef owner_of(ObjectRef embedded) const;

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
  /// The same for links from one property: what a linkingObjects property holds. `visit` may get an
  /// object once for several links.
  template <typename Visit>
  void for_each_linking(ObjectRef target,
                        ClassId origin,
                        PropertyId property,
                        Visit&& visit) const {
    const SlotRef none{origin, kNoRow, property};
    for (auto link = next_backlink(target, none);
         link && link->origin.class_id == origin && link->origin.property == property;
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
