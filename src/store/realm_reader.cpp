#include "store/realm_reader.h"

#include <utility>

#include "base/assertion.h"
#include "base/error.h"
#include "store/element.h"
#include "store/realm_state.h"

namespace tombolo::store {
namespace {

[[noreturn]] void throw_deleted(const ClassStore& store) {
  throw Error(ErrorCode::kObjectDeleted,
              "the object of class '" + store.info().name + "' was deleted");
}

/// Whether it is a link to a tombstone, which is seen as null.
bool is_unresolved(RealmState& realm, const Value& value) {
  return value.type() == ValueType::kLink && realm.is_unresolved(value.as_link());
}

Value visible(RealmState& realm, const Value& value) {
  return is_unresolved(realm, value) ? Value::null() : value;
}

/// What `get` gives, wherever it is.
[[gnu::noinline]] Value search_value(RealmState& realm, ObjectRef object, PropertyId property) {
  ClassStore& store = realm.class_store(object.class_id);
  const PropertyInfo* info = store.find_property(property);
  TOMBOLO_ASSERT(info != nullptr && info->collection == CollectionType::kSingle);
  if (!store.contains(object.row)) throw_deleted(store);
  // Made where the caller wants it: a copy of what was just written in parts waits for it.
  Value value = store.read(object.row, *info);
  if (value.type() == ValueType::kLink && realm.is_unresolved(value.as_link())) {
    value = Value::null();
  }
  return value;
}

/// Whether no value of the property is a link to a tombstone, as far as is known without a search.
bool surely_reads_as_stored(const RealmState& realm, const PropertyInfo& property) noexcept {
  if (!property.holds_references()) return true;
  if (property.holds_any()) return false;
  const ClassStore* target = realm.used_class_store(property.target);
  return target != nullptr && target->surely_has_no_tombstones();
}

void require_object(RealmState& realm, ObjectRef object) {
  ClassStore& store = realm.class_store(object.class_id);
  if (!store.contains(object.row)) throw_deleted(store);
}

}  // namespace

CollectionReader::CollectionReader(RealmState& realm, const CollectionRef& collection)
    : CollectionReader(realm, realm.open(collection)) {}

CollectionReader::CollectionReader(RealmState& realm, OpenCollection opened)
    : realm_(&realm),
      ref_(opened.ref),
      property_(opened.property),
      kind_(opened.kind),
      tree_(std::move(opened.tree)) {}

Value CollectionReader::get(std::uint32_t position) const {
  const auto element = tree_.find(position);
  if (kind_ == CollectionType::kDictionary) {
    return visible(*realm_, load_any(parse_entry(element).value));
  }
  const Value value = element_value(*property_, element);
  return property_->type == PropertyType::kMixed ? visible(*realm_, value) : value;
}

bool CollectionReader::is_hidden(std::uint32_t position) const {
  if (!may_hide()) return false;
  return is_unresolved(*realm_, get(position));
}

bool CollectionReader::may_hide() const {
  return property_->type == PropertyType::kLink && kind_ != CollectionType::kDictionary &&
         (property_->holds_any() || realm_->class_store(property_->target).has_tombstones());
}

std::uint32_t CollectionReader::visible_size() const {
  if (!may_hide()) return size();
  std::uint32_t visible = 0;
  for (std::uint32_t position = 0; position < size(); ++position) visible += !is_hidden(position);
  return visible;
}

std::optional<std::uint32_t> CollectionReader::stored_position(std::uint32_t visible) const {
  if (!may_hide()) return visible <= size() ? std::optional(visible) : std::nullopt;
  for (std::uint32_t position = 0; position < size(); ++position) {
    if (is_hidden(position)) continue;
    if (visible == 0) return position;
    --visible;
  }
  return visible == 0 ? std::optional(size()) : std::nullopt;
}

std::optional<std::uint32_t> CollectionReader::find(const Value& value) const {
  TOMBOLO_ASSERT(kind_ == CollectionType::kSet);
  const auto found = RealmState::find_member(tree_, *property_, value);
  return found.is_equal ? std::optional(found.position) : std::nullopt;
}

std::optional<std::uint32_t> CollectionReader::find_key(std::string_view key) const {
  TOMBOLO_ASSERT(kind_ == CollectionType::kDictionary);
  const auto found = RealmState::find_key(tree_, key);
  return found.is_equal ? std::optional(found.position) : std::nullopt;
}

std::string_view CollectionReader::key(std::uint32_t position) const {
  TOMBOLO_ASSERT(kind_ == CollectionType::kDictionary);
  return parse_entry(tree_.find(position)).key;
}

RealmReader::RealmReader(std::unique_ptr<RealmState> state) noexcept : state_(std::move(state)) {}
RealmReader::~RealmReader() = default;

RealmId RealmReader::id() const noexcept {
  return state_->realm();
}

const Catalog& RealmReader::catalog() const {
  return state_->catalog();
}

ClientFileIdent RealmReader::file_ident() const {
  return state_->file_ident();
}

std::uint64_t RealmReader::object_count(ClassId class_id) const {
  return state_->class_store(class_id).object_count();
}

std::uint64_t RealmReader::membership_version(ClassId class_id) const {
  return state_->membership_version(class_id);
}

bool RealmReader::contains(ObjectRef object) const {
  // A class may have been removed since.
  return state_->catalog().find_class(object.class_id) != nullptr &&
         state_->class_store(object.class_id).contains(object.row);
}

std::optional<RowId> RealmReader::find(ClassId class_id, const ObjectKey& key) const {
  ClassStore& store = state_->class_store(class_id);
  if (!is_key_of(store.info(), key)) return std::nullopt;
  const auto found = store.find(state_->to_stored(key));
  return found && !found->is_tombstone ? std::optional(found->row) : std::nullopt;
}

ObjectKey RealmReader::key_of(ObjectRef object) const {
  const auto key = state_->class_store(object.class_id).key_of(object.row);
  if (!key) require_object(*state_, object);
  return state_->to_public(*key);
}

Value RealmReader::get(ObjectRef object, PropertyId property) const {
  // Where loops over objects spend their time: nothing is called on the way, not even what would
  // only be called sometimes.
  if (ClassStore* store = state_->used_class_store(object.class_id)) [[likely]] {
    const PropertyInfo* info = store->find_property(property);
    if (info != nullptr && !info->is_collection() && surely_reads_as_stored(*state_, *info))
        [[likely]] {
      if (const FoundBlock* block = store->find_again(object.row, *info)) [[likely]] {
        return store->read_again(*block, object.row, *info);
      }
    }
  }
  return search_value(*state_, object, property);
}

CollectionReader RealmReader::collection(const CollectionRef& collection) const {
  require_object(*state_, collection.slot.object());
  return CollectionReader(*state_, collection);
}

SlotRef RealmReader::owner_of(ObjectRef embedded) const {
  require_object(*state_, embedded);
  return state_->class_store(embedded.class_id).owner_of(embedded.row);
}

RowId RealmReader::next_row(ClassId class_id, RowId after) const {
  return state_->class_store(class_id).next_row(after);
}

std::optional<Backlink> RealmReader::next_backlink(ObjectRef target,
                                                   const std::optional<SlotRef>& after) const {
  return state_->next_backlink(target, after);
}

HistoryReader RealmReader::history() const {
  return {state_->transaction(), state_->realm()};
}

MetadataReader RealmReader::metadata() const {
  return {state_->transaction(), state_->realm()};
}

bool is_key_of(const ClassInfo& info, const ObjectKey& key) noexcept {
  if (info.is_embedded()) return false;
  if (!info.primary_key) return key.type() == ObjectKey::Type::kGlobalKey;
  const PropertyInfo& property = info.key_property();
  switch (key.type()) {
    case ObjectKey::Type::kNull: return property.nullable;
    case ObjectKey::Type::kInt: return property.type == PropertyType::kInt;
    case ObjectKey::Type::kString: return property.type == PropertyType::kString;
    case ObjectKey::Type::kObjectId: return property.type == PropertyType::kObjectId;
    case ObjectKey::Type::kUuid: return property.type == PropertyType::kUuid;
    case ObjectKey::Type::kGlobalKey: return false;
  }
  return false;
}

}  // namespace tombolo::store
