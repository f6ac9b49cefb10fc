#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "store/catalog.h"
#include "store/change_tracker.h"
#include "store/class_store.h"
#include "store/collection_tree.h"
#include "store/ids.h"
#include "store/key_value.h"
#include "store/realm_writer.h"
#include "store/recorder.h"
#include "store/value.h"

namespace tombolo::store {

/// The catalogs that transactions of this process have loaded last, by realm.
///
/// Thread:  callable from any thread.
class CatalogCache {
 public:
  /// Null when the catalog of that commit is not at hand.
  [[nodiscard]] std::shared_ptr<const Catalog> find(RealmId realm, CommitId changed_by);
  void put(RealmId realm, CommitId changed_by, std::shared_ptr<const Catalog> catalog);

 private:
  struct Entry {
    CommitId changed_by;
    std::shared_ptr<const Catalog> catalog;
  };
  std::mutex mutex_;
  std::map<RealmId, Entry> entries_;
};

/// What the transactions of an environment share.
struct SharedState {
  IndexKeys index_keys;
  CatalogCache catalogs;
  std::size_t write_cache_bytes_max = 0;
};

/// The record under `Space::kRealmState`.
struct RealmRecord {
  std::uint64_t catalog_commit = 0;  ///< Rises with each commit that changes the schema.
  std::uint64_t file_ident = 0;
  std::uint32_t next_class = 1;
  std::uint32_t reserved = 0;
};

/// A collection as it stands, until the next write.
struct OpenCollection {
  CollectionRef ref;
  const PropertyInfo* property;  ///< What it is, or in whose mixed values it stands.
  CollectionType kind;
  std::uint32_t level;  ///< Of nesting: 0 for what a property is.
  CollectionId parent;  ///< Of a nested one: where it stands; 0: in the property.
  CollectionTree tree;
};

/// Collections in collections in a mixed value. Source: docs/changeset-format.md, "Limits".
inline constexpr std::uint32_t kNestingLevelsMax = 100;

/// One realm inside a transaction: its catalog, its classes, and what connects them: links,
/// backlinks, tombstones, embedded objects, collections. The readers and writers of realms are its
/// faces; it checks nothing that they have checked. While `recorder` is set it records what it
/// writes to properties and collections.
///
/// Thread:  that of the transaction.
class RealmState {
 public:
  RealmState(KeyValueTransaction& transaction, RealmId realm, SharedState& shared)
      : transaction_(transaction),
        realm_(realm),
        shared_(shared) {}

  [[nodiscard]] RealmId realm() const noexcept { return realm_; }
  [[nodiscard]] KeyValueTransaction& transaction() noexcept { return transaction_; }

  [[nodiscard]] const Catalog& catalog() {
    if (loaded_commit_ != transaction_.commit_id()) load();
    return *catalog_;
  }
  [[nodiscard]] ClientFileIdent file_ident() {
    if (loaded_commit_ != transaction_.commit_id()) load();
    return ClientFileIdent(record_.file_ident);
  }
  void set_file_ident(ClientFileIdent ident);
  /// The class; it exists (asserted).
  [[nodiscard]] ClassStore& class_store(ClassId id) {
    ClassStore* store = used_class_store(id);
    return store != nullptr ? *store : open_class(id);
  }
  /// The same of a class that was used in this transaction before, else null.
  [[nodiscard]] ClassStore* used_class_store(ClassId id) const noexcept {
    const std::size_t index = id.value();
    return loaded_commit_ == transaction_.commit_id() && index < classes_.size()
               ? classes_[index].get()
               : nullptr;
  }
  [[nodiscard]] const PropertyInfo& property(ClassId id, PropertyId property);

  // Schema.

  /// The classes as they are, to be changed and then given to `end_schema_change`.
  [[nodiscard]] std::vector<ClassInfo> begin_schema_change();
  ClassId add_class(std::vector<ClassInfo>& classes, const ClassSchema& definition);
  PropertyId add_property(std::vector<ClassInfo>& classes,
                          ClassId class_id,
                          const Property& definition);
  /// What the index has is left behind, or is still to be built.
  void set_index(std::vector<ClassInfo>& classes,
                 ClassId class_id,
                 PropertyId property,
                 IndexType index);
  void end_schema_change(std::vector<ClassInfo> classes);
  /// Enters all objects into the index of a property, if it has one.
  void build_index(ClassId class_id, PropertyId property);
  void erase_class(ClassId class_id);
  void erase_property(ClassId class_id, PropertyId property);

  // Keys as they are stored: global keys of this file stand under ident 0 whatever its ident is.

  [[nodiscard]] ObjectKey to_stored(const ObjectKey& key);
  [[nodiscard]] ObjectKey to_public(const ObjectKey& key);

  // Objects.

  [[nodiscard]] bool is_tombstone(ObjectRef object) {
    return class_store(object.class_id).is_tombstone(object.row);
  }
  Created create(ClassId class_id, const ObjectKey& stored_key);
  RowId link_target(ClassId class_id, const ObjectKey& stored_key);
  /// Removes the object and what it links to; `may_leave_tombstone`: while it is linked to.
  void erase(ObjectRef object, bool may_leave_tombstone);

  // What stands in properties and collections. Writing gives the value as it then stands: where a
  // new object, list or dictionary was asked for, that one.

  /// The value of a single property as it is stored: a link may lead to a tombstone.
  [[nodiscard]] Value read(ObjectRef object, const PropertyInfo& property) {
    return class_store(object.class_id).read(object.row, property);
  }
  Value write(ObjectRef object,
              const PropertyInfo& property,
              const Value& value,
              WriteKind kind = WriteKind::kExplicit);
  /// The same where the property holds no references.
  void write_scalar(ClassStore& store,
                    RowId row,
                    const PropertyInfo& property,
                    const Value& value,
                    WriteKind kind) {
    const SlotRef slot{store.info().id, row, property.id};
    if (recorder != nullptr) recorder->set(slot, value, kind);
    store.write(row, property, value);
    note_modified(slot);
  }
  /// The value is an int (asserted).
  void add_int(ObjectRef object, const PropertyInfo& property, std::int64_t operand);

  [[nodiscard]] std::optional<Backlink> next_backlink(ObjectRef target,
                                                      const std::optional<SlotRef>& after);
  /// Whether a link leads to no object: to a tombstone, or to a class that was removed.
  [[nodiscard]] bool is_unresolved(ObjectRef target) {
    return catalog().find_class(target.class_id) == nullptr || is_tombstone(target);
  }
  [[nodiscard]] bool is_embedded(ClassId class_id) {
    const ClassInfo* info = catalog().find_class(class_id);
    return info != nullptr && info->is_embedded();
  }
  /// Whether the property's values are embedded objects.
  [[nodiscard]] bool holds_objects(const PropertyInfo& property) {
    return property.type == PropertyType::kLink && is_embedded(property.target);
  }

  /// Errors:  throws `Error{kObjectDeleted}` for a nested collection that is not there any more.
  [[nodiscard]] OpenCollection open(const CollectionRef& collection);
  [[nodiscard]] static Value value_at(const OpenCollection& collection, std::uint32_t position);
  [[nodiscard]] static CollectionTree::Found find_member(const CollectionTree& set,
                                                         const PropertyInfo& property,
                                                         const Value& value);
  [[nodiscard]] static CollectionTree::Found find_key(const CollectionTree& dictionary,
                                                      std::string_view key);
  /// Where in a list or dictionary an embedded object or a nested collection of it stands.
  [[nodiscard]] std::uint32_t position_of(const OpenCollection& collection, const Value& content);

  Value list_insert(const CollectionRef& list, std::uint32_t position, const Value& value);
  Value list_set(const CollectionRef& list, std::uint32_t position, const Value& value);
  void list_move(const CollectionRef& list, std::uint32_t from, std::uint32_t to);
  void list_erase(const CollectionRef& list, std::uint32_t position);
  /// Whether it was not there.
  bool set_insert(const CollectionRef& set, const Value& value);
  /// Whether it was there.
  bool set_erase(const CollectionRef& set, const Value& value);
  Value dictionary_set(const CollectionRef& dictionary, std::string_view key, const Value& value);
  /// Whether there was such a key.
  bool dictionary_erase(const CollectionRef& dictionary, std::string_view key);
  void clear(const CollectionRef& collection);

  /// Writes all that is open.
  void flush();
  /// Called after each write: flushes when the open blocks take more than they may.
  void limit_memory() {
    constexpr std::uint32_t kWritesBetweenChecks = 1024;
    if (++writes_ % kWritesBetweenChecks == 0) flush_when_large();
  }

  [[nodiscard]] std::uint64_t membership_version(ClassId class_id) {
    return membership_changes(class_id);
  }

  /// What observers are told; null when nobody observes.
  ChangeTracker* tracker = nullptr;
  /// Null while recording is off.
  Recorder* recorder = nullptr;

 private:
  void load();
  [[nodiscard]] ClassStore& open_class(ClassId id);
  [[nodiscard]] std::shared_ptr<const Catalog> load_catalog();
  void put_record();
  void put_class(const ClassInfo& info);
  void erase_index(ClassId class_id, PropertyId property);
  void add_backlink(ObjectRef target, const SlotRef& origin);
  void remove_backlink(ObjectRef target, const SlotRef& origin);
  /// Makes what `value` asks for, or enters the link, before it is put in `where`.
  [[nodiscard]] Value acquire(const CollectionRef& where, const Value& value);
  /// Removes what `value`, which stood in the slot, was all that led to.
  void release(const SlotRef& slot, const Value& value);
  void release_slot(const SlotRef& slot, const PropertyInfo& property);
  void release_elements(const CollectionRef& collection);
  void put_root(const OpenCollection& collection, const Bytes& root);
  void check_nesting(const CollectionRef& where, const Value& value);
  [[nodiscard]] std::uint32_t& last_position(const CollectionRef& collection);
  void note_position(const CollectionRef& collection, std::uint32_t position, const Value& written);
  void note_inserted(ObjectRef object) {
    ++membership_changes(object.class_id);
    if (tracker != nullptr) tracker->inserted(object);
  }
  void note_erased(ObjectRef object) {
    ++membership_changes(object.class_id);
    if (tracker != nullptr) tracker->erased(object);
  }
  void note_modified(const SlotRef& slot) {
    if (tracker != nullptr) tracker->modified(slot.object(), slot.property);
  }
  void note_change(const CollectionRef& collection, const ElementChange& change) {
    note_modified(collection.slot);
    if (tracker != nullptr) tracker->elements_changed(collection, change);
  }
  /// What links to the object shows something else now.
  void note_links_to(ObjectRef object);
  void flush_when_large();
  [[nodiscard]] std::uint64_t& membership_changes(ClassId class_id) {
    if (membership_changes_.size() <= class_id.value()) {
      membership_changes_.resize(class_id.value() + std::size_t{1});
    }
    return membership_changes_[class_id.value()];
  }

  KeyValueTransaction& transaction_;
  RealmId realm_;
  SharedState& shared_;
  CommitId loaded_commit_;  ///< 0: nothing is loaded.
  RealmRecord record_;
  std::shared_ptr<const Catalog> catalog_;
  CommitId catalog_commit_;
  std::vector<std::unique_ptr<ClassStore>> classes_;  ///< By class id; null until used.
  std::vector<std::uint64_t> membership_changes_;     ///< By class id.
  std::uint32_t writes_ = 0;
  std::map<CollectionRef, std::uint32_t> positions_;  ///< Where `position_of` found something last.
};

}  // namespace tombolo::store
