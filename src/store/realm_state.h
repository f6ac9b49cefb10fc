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
#include "store/ids.h"
#include "store/key_value.h"
#include "store/list_tree.h"
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
  HashKey hash_key{};
  CatalogCache catalogs;
  std::size_t write_cache_bytes_max = 0;
};

/// The record under `Space::kRealmState`.
struct RealmRecord {
  std::uint64_t catalog_commit = 0;  ///< The commit that changed the schema last.
  std::uint64_t file_ident = 0;
  std::uint32_t next_class = 1;
  std::uint32_t reserved = 0;
};

/// One realm inside a transaction: its catalog, its classes, and what connects them: links,
/// backlinks, tombstones, lists. The readers and writers of realms are its faces; it checks nothing
/// that they have checked and records nothing.
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
    const std::size_t index = id.value();
    if (loaded_commit_ == transaction_.commit_id() && index < classes_.size() &&
        classes_[index] != nullptr) [[likely]] {
      return *classes_[index];
    }
    return open_class(id);
  }
  [[nodiscard]] const PropertyInfo& property(ClassId id, PropertyId property);

  // Schema.

  /// The classes as they are, to be changed and then given to `end_schema_change`.
  [[nodiscard]] std::vector<ClassInfo> begin_schema_change();
  ClassId add_class(std::vector<ClassInfo>& classes, const ClassSchema& definition);
  PropertyId add_property(std::vector<ClassInfo>& classes,
                          ClassId class_id,
                          const Property& definition);
  void end_schema_change(std::vector<ClassInfo> classes);
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

  [[nodiscard]] Value read(ObjectRef object, const PropertyInfo& property) {
    return class_store(object.class_id).read(object.row, property);
  }
  void write(ObjectRef object, const PropertyInfo& property, const Value& value);

  [[nodiscard]] std::optional<Backlink> next_backlink(ObjectRef target,
                                                      const std::optional<SlotRef>& after);

  // Lists.

  [[nodiscard]] ListTree list(const SlotRef& slot, const PropertyInfo& property);
  [[nodiscard]] Value list_value(const PropertyInfo& property, std::optional<BytesView> element);
  void list_insert(const SlotRef& slot,
                   const PropertyInfo& property,
                   std::uint32_t position,
                   const Value& value);
  void list_set(const SlotRef& slot,
                const PropertyInfo& property,
                std::uint32_t position,
                const Value& value);
  void list_move(const SlotRef& slot,
                 const PropertyInfo& property,
                 std::uint32_t from,
                 std::uint32_t to);
  void list_erase(const SlotRef& slot, const PropertyInfo& property, std::uint32_t position);
  void list_clear(const SlotRef& slot, const PropertyInfo& property);

  /// Writes all that is open.
  void flush();
  /// Called after each write: flushes when the open blocks take more than they may.
  void limit_memory() {
    constexpr std::uint32_t kWritesBetweenChecks = 1024;
    if (++writes_ % kWritesBetweenChecks == 0) flush_when_large();
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
  void add_backlink(ObjectRef target, const SlotRef& origin);
  void remove_backlink(ObjectRef target, const SlotRef& origin);
  void remove_links(const SlotRef& slot, const PropertyInfo& property);
  void put_list_root(const SlotRef& slot, const PropertyInfo& property, BytesView root);
  void note_modified(const SlotRef& slot) {
    if (tracker != nullptr) tracker->modified(slot.object(), slot.property);
  }
  void flush_when_large();

  KeyValueTransaction& transaction_;
  RealmId realm_;
  SharedState& shared_;
  CommitId loaded_commit_;  ///< 0: nothing is loaded.
  RealmRecord record_;
  std::shared_ptr<const Catalog> catalog_;
  CommitId catalog_commit_;
  std::vector<std::unique_ptr<ClassStore>> classes_;  ///< By class id; null until used.
  std::uint32_t writes_ = 0;
};

}  // namespace tombolo::store
