#include "store/realm_state.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assertion.h"
#include "base/error.h"

namespace tombolo::store {
namespace {

Tuple backlink_tuple(RowId target, const SlotRef& origin, std::uint64_t count) noexcept {
  return {{target.value(),
           std::uint64_t{origin.class_id.value()} << 32 | origin.property.value(),
           origin.row.value(),
           count}};
}

Backlink to_backlink(const Tuple& tuple) noexcept {
  return {.origin = {ClassId(static_cast<std::uint32_t>(tuple.words[1] >> 32)),
                     RowId(tuple.words[2]),
                     PropertyId(static_cast<std::uint32_t>(tuple.words[1]))},
          .count = static_cast<std::uint32_t>(tuple.words[3])};
}

}  // namespace

std::shared_ptr<const Catalog> CatalogCache::find(RealmId realm, CommitId changed_by) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(realm);
  if (entry == entries_.end() || entry->second.changed_by != changed_by) return nullptr;
  return entry->second.catalog;
}

void CatalogCache::put(RealmId realm, CommitId changed_by, std::shared_ptr<const Catalog> catalog) {
  const std::lock_guard lock(mutex_);
  entries_.insert_or_assign(realm, Entry{changed_by, std::move(catalog)});
}

void RealmState::load() {
  const auto record = transaction_.find(Key(realm_, Space::kRealmState));
  TOMBOLO_ASSERT(record);
  if (record->size() != sizeof(record_)) {
    throw Error(ErrorCode::kFileCorrupt, "the state of a realm has a wrong size");
  }
  std::memcpy(&record_, record->data(), sizeof(record_));
  const CommitId changed_by(record_.catalog_commit);
  if (catalog_ == nullptr || catalog_commit_ != changed_by) {
    classes_.clear();
    catalog_ = shared_.catalogs.find(realm_, changed_by);
    if (catalog_ == nullptr) {
      catalog_ = load_catalog();
      shared_.catalogs.put(realm_, changed_by, catalog_);
    }
    catalog_commit_ = changed_by;
  }
  loaded_commit_ = transaction_.commit_id();
}

std::shared_ptr<const Catalog> RealmState::load_catalog() {
  std::vector<ClassInfo> classes;
  const Key prefix(realm_, Space::kClass);
  for (auto item = transaction_.find_at_or_after(prefix); starts_with(item.key, prefix);
       item = transaction_.next()) {
    const ClassId id(read_big_endian<std::uint32_t>(item.key.subspan(prefix.size())));
    if (id.value() >= record_.next_class) {
      throw Error(ErrorCode::kFileCorrupt, "a class with an id that was never given");
    }
    classes.push_back(parse_class(id, transaction_.read(item)));
  }
  return std::make_shared<const Catalog>(std::move(classes));
}

void RealmState::put_record() {
  transaction_.put(Key(realm_, Space::kRealmState), std::as_bytes(std::span(&record_, 1)));
}

void RealmState::set_file_ident(ClientFileIdent ident) {
  const ClientFileIdent previous = file_ident();
  if (previous != ClientFileIdent{} && previous != ident) {
    for (const ClassInfo& info : catalog().classes()) class_store(info.id).name_own_keys(previous);
  }
  record_.file_ident = ident.value();
  put_record();
}

ClassStore& RealmState::open_class(ClassId id) {
  const Catalog& catalog = this->catalog();
  const std::size_t index = id.value();
  if (index < classes_.size() && classes_[index] != nullptr) return *classes_[index];
  const ClassInfo* info = catalog.find_class(id);
  TOMBOLO_ASSERT(info != nullptr);
  if (index >= classes_.size()) classes_.resize(index + 1);
  classes_[index] = std::make_unique<ClassStore>(transaction_, realm_, *info, shared_.index_keys);
  return *classes_[index];
}

const PropertyInfo& RealmState::property(ClassId id, PropertyId property) {
  const PropertyInfo* info = class_store(id).info().find_property(property);
  TOMBOLO_ASSERT(info != nullptr);
  return *info;
}

std::vector<ClassInfo> RealmState::begin_schema_change() {
  std::vector<ClassInfo> classes = catalog().classes();
  flush();
  return classes;
}

void RealmState::end_schema_change(std::vector<ClassInfo> classes) {
  classes_.clear();
  catalog_ = std::make_shared<const Catalog>(std::move(classes));
  // In a compacted file commits are counted anew, and this number still has to be another one.
  catalog_commit_ = std::max(transaction_.commit_id(), CommitId(record_.catalog_commit + 1));
  record_.catalog_commit = catalog_commit_.value();
  put_record();
  if (tracker != nullptr) tracker->schema_changed();
}

void RealmState::put_class(const ClassInfo& info) {
  Key key(realm_, Space::kClass);
  key.append(info.id);
  transaction_.put(key, encode_class(info));
}

ClassId RealmState::add_class(std::vector<ClassInfo>& classes, const ClassSchema& definition) {
  ClassInfo& info = classes.emplace_back();
  info.id = ClassId(record_.next_class++);
  info.name = definition.name;
  info.kind = definition.kind;
  info.add_key(definition.find_property(definition.primary_key));
  put_class(info);
  return info.id;
}

PropertyId RealmState::add_property(std::vector<ClassInfo>& classes,
                                    ClassId class_id,
                                    const Property& definition) {
  const auto target = std::ranges::find(classes, definition.target, &ClassInfo::name);
  const auto info = std::ranges::find(classes, class_id, &ClassInfo::id);
  const PropertyId id =
      info->add_property(definition, target == classes.end() ? ClassId() : target->id);
  put_class(*info);
  return id;
}

void RealmState::set_index(std::vector<ClassInfo>& classes,
                           ClassId class_id,
                           PropertyId property,
                           IndexType index) {
  const auto info = std::ranges::find(classes, class_id, &ClassInfo::id);
  const auto changed = std::ranges::find(info->properties, property, &PropertyInfo::id);
  if (changed->index != IndexType::kNone) erase_index(class_id, property);
  changed->index = index;
  put_class(*info);
}

void RealmState::build_index(ClassId class_id, PropertyId property) {
  ClassStore& store = class_store(class_id);
  if (store.find_index(property) != nullptr) store.build_index(property);
}

void RealmState::erase_index(ClassId class_id, PropertyId property) {
  Key prefix(realm_, Space::kPropertyIndex);
  prefix.append(class_id).append(property);
  transaction_.erase_prefix(prefix);
}

void RealmState::erase_class(ClassId class_id) {
  // Object by object, because each may be linked to and may link to others.
  ClassStore& store = class_store(class_id);
  for (RowId row = store.next_row(kNoRow); row != kNoRow; row = store.next_row(row)) {
    erase({class_id, row}, false);
  }
  std::vector<ClassInfo> classes = begin_schema_change();
  std::erase_if(classes, [&](const ClassInfo& info) { return info.id == class_id; });
  for (const Space space : {Space::kClass,
                            Space::kClassCounters,
                            Space::kBlock,
                            Space::kPrimaryKeyIndex,
                            Space::kBacklinks,
                            Space::kLargeValue,
                            Space::kCollection,
                            Space::kTombstone,
                            Space::kPropertyIndex}) {
    Key prefix(realm_, space);
    prefix.append(class_id);
    transaction_.erase_prefix(prefix);
  }
  end_schema_change(std::move(classes));
}

void RealmState::erase_property(ClassId class_id, PropertyId erased) {
  const PropertyInfo property = this->property(class_id, erased);
  ClassStore& store = class_store(class_id);
  if (property.holds_references()) {
    for (RowId row = store.next_row(kNoRow); row != kNoRow; row = store.next_row(row)) {
      release_slot({class_id, row, erased}, property);
      limit_memory();
    }
  }
  // The column stays behind as a gap, with what it holds: no other property ever takes it.
  store.erase_outside_values(property);
  std::vector<ClassInfo> classes = begin_schema_change();
  const auto info = std::ranges::find(classes, class_id, &ClassInfo::id);
  if (property.index != IndexType::kNone) erase_index(class_id, erased);
  info->erase_property(erased);
  put_class(*info);
  end_schema_change(std::move(classes));
}

ObjectKey RealmState::to_stored(const ObjectKey& key) {
  if (key.type() != ObjectKey::Type::kGlobalKey) return key;
  const GlobalKey global_key = key.as_global_key();
  if (global_key.high != file_ident().value()) return key;
  return ObjectKey::of_global_key({0, global_key.low});
}

ObjectKey RealmState::to_public(const ObjectKey& key) {
  if (key.type() != ObjectKey::Type::kGlobalKey) return key;
  const GlobalKey global_key = key.as_global_key();
  if (global_key.high != 0) return key;
  return ObjectKey::of_global_key({file_ident().value(), global_key.low});
}

Created RealmState::create(ClassId class_id, const ObjectKey& stored_key) {
  ClassStore& store = class_store(class_id);
  const auto found = store.find(stored_key);
  if (found && !found->is_tombstone) return {found->row, false};
  const RowId row = found ? found->row : store.create(stored_key);
  if (found) {
    store.revive(row, stored_key);
    note_links_to({class_id, row});
  }
  note_inserted({class_id, row});
  return {row, true};
}

RowId RealmState::link_target(ClassId class_id, const ObjectKey& stored_key) {
  ClassStore& store = class_store(class_id);
  const auto found = store.find(stored_key);
  return found ? found->row : store.create_tombstone(stored_key);
}

void RealmState::erase(ObjectRef object, bool may_leave_tombstone) {
  ClassStore& store = class_store(object.class_id);
  for (const PropertyInfo& property : store.info().properties) {
    const SlotRef slot{object.class_id, object.row, property.id};
    if (property.holds_references()) release_slot(slot, property);
    if (property.is_collection()) open(slot).tree.clear();
  }
  if (may_leave_tombstone && next_backlink(object, std::nullopt)) {
    store.bury(object.row);
    note_links_to(object);
  } else {
    store.erase(object.row);
  }
  note_erased(object);
}

void RealmState::note_links_to(ObjectRef object) {
  if (tracker == nullptr) return;
  for (auto link = next_backlink(object, std::nullopt); link;
       link = next_backlink(object, link->origin)) {
    note_modified(link->origin);
  }
}

void RealmState::add_backlink(ObjectRef target, const SlotRef& origin) {
  TupleSet& backlinks = class_store(target.class_id).backlinks();
  const Tuple wanted = backlink_tuple(target.row, origin, 0);
  const auto found = backlinks.find_from(wanted);
  std::uint64_t count = 0;
  if (found && std::equal(wanted.words.begin(), wanted.words.begin() + 3, found->words.begin())) {
    count = found->words[3];
    backlinks.erase(*found);
  }
  backlinks.insert(backlink_tuple(target.row, origin, count + 1));
}

void RealmState::remove_backlink(ObjectRef target, const SlotRef& origin) {
  // A link in a mixed value may be all that is left of a class.
  if (catalog().find_class(target.class_id) == nullptr) return;
  ClassStore& store = class_store(target.class_id);
  const Tuple wanted = backlink_tuple(target.row, origin, 0);
  const auto found = store.backlinks().find_from(wanted);
  if (!found || !std::equal(wanted.words.begin(), wanted.words.begin() + 3, found->words.begin())) {
    throw Error(ErrorCode::kFileCorrupt, "a link has no backlink");
  }
  store.backlinks().erase(*found);
  if (found->words[3] > 1) {
    store.backlinks().insert(backlink_tuple(target.row, origin, found->words[3] - 1));
    return;
  }
  // Nothing remembers a tombstone but the links to it.
  if (store.is_tombstone(target.row) && !next_backlink(target, std::nullopt)) {
    store.drop_tombstone(target.row);
  }
}

std::optional<Backlink> RealmState::next_backlink(ObjectRef target,
                                                  const std::optional<SlotRef>& after) {
  Tuple from{{target.row.value()}};
  if (after) {
    from = backlink_tuple(target.row, *after, ~std::uint64_t{0});
  }
  ClassStore& store = class_store(target.class_id);
  if (store.info().is_embedded()) {
    if (!store.contains(target.row)) return std::nullopt;
    const Tuple owner = backlink_tuple(target.row, store.owner_of(target.row), 1);
    return owner < from ? std::nullopt : std::optional(to_backlink(owner));
  }
  const auto found = store.backlinks().find_from(from);
  if (!found || found->words[0] != target.row.value()) return std::nullopt;
  return to_backlink(*found);
}

void RealmState::flush() {
  for (const auto& store : classes_) {
    if (store != nullptr) store->flush();
  }
}

void RealmState::flush_when_large() {
  std::size_t bytes = 0;
  for (const auto& store : classes_) {
    if (store != nullptr) bytes += store->open_memory_bytes();
  }
  if (bytes > shared_.write_cache_bytes_max) flush();
}

}  // namespace tombolo::store
