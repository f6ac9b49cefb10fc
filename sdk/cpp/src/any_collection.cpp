#include "tombolo/any_collection.h"

#include <string>
#include <utility>

#include "collection_observer.h"
#include "nested_collection.h"
#include "realm_core.h"
#include "tombolo/any_results.h"
#include "tombolo/sorted_values.h"

namespace tombolo {
namespace {

/// Starts an observer of the collection, for as long as there is one.
NotificationToken observe_collection(const AnyCollection& collection,
                                     const KeyPaths& paths,
                                     CollectionObserver::Callback callback) {
  const auto& realm = collection.realm_core();
  auto observer =
      std::make_unique<CollectionObserver>(realm, collection.ref(), paths, std::move(callback));
  if (!collection.is_valid()) return {};
  return realm->add_change_observer(std::move(observer));
}

}  // namespace

AnyCollection::AnyCollection(std::shared_ptr<RealmCore> realm,
                             const store::CollectionRef& collection) noexcept
    : realm_(std::move(realm)),
      ref_(collection) {}

bool AnyCollection::is_valid() const {
  return !realm_->is_closed() && is_there(realm_->reader(), ref_);
}

std::size_t AnyCollection::size() const {
  return realm_->reader().collection(ref_).visible_size();
}

std::uint32_t AnyCollection::stored_position(std::size_t visible, std::size_t limit) const {
  if (visible >= limit) {
    throw Error(ErrorCode::kInvalidArgument,
                "Requested index " + std::to_string(visible) + " in a collection of size " +
                    std::to_string(size()));
  }
  const auto stored =
      realm_->reader().collection(ref_).stored_position(static_cast<std::uint32_t>(visible));
  TOMBOLO_ASSERT(stored.has_value());
  return *stored;
}

Value AnyCollection::stored_value(std::uint32_t position) const {
  return realm_->reader().collection(ref_).get(position);
}

void AnyCollection::clear() {
  store::RealmWriter& writer = realm_->writer();
  switch (writer.collection(ref_).kind()) {
    case CollectionType::kList: return writer.list_clear(ref_);
    case CollectionType::kSet: return writer.set_clear(ref_);
    case CollectionType::kDictionary: return writer.dictionary_clear(ref_);
    case CollectionType::kSingle: break;
  }
}

AnyResults AnyCollection::objects() const {
  const store::PropertyInfo& property =
      realm_->property_info(ref_.slot.class_id, ref_.slot.property);
  const bool has_objects =
      property.type == PropertyType::kLink && property.collection != CollectionType::kDictionary;
  if (!has_objects) {
    throw Error(ErrorCode::kTypeMismatch,
                "'" + realm_->class_info(ref_.slot.class_id).name + "." + property.name +
                    "' is no list or set of objects");
  }
  return {realm_, property.target, {}, ref_};
}

AnySortedValues AnyCollection::sorted(SortOrder order) const {
  const store::PropertyInfo& property =
      realm_->property_info(ref_.slot.class_id, ref_.slot.property);
  const bool has_values = property.type != PropertyType::kLink &&
                          realm_->reader().collection(ref_).kind() != CollectionType::kDictionary;
  if (!has_values) {
    throw Error(ErrorCode::kTypeMismatch,
                "'" + realm_->class_info(ref_.slot.class_id).name + "." + property.name +
                    "' is no list or set of values");
  }
  return {*this, order};
}

Value AnyList::get(std::size_t position) const {
  return stored_value(stored_position(position, size()));
}

std::optional<AnyObject> AnyList::object(std::size_t position) const {
  return object_in(realm_, get(position));
}

AnyList AnyList::list(std::size_t position) const {
  return {realm_, nested_in(*realm_, ref_.slot, get(position), ValueType::kList)};
}

AnyDictionary AnyList::dictionary(std::size_t position) const {
  return {realm_, nested_in(*realm_, ref_.slot, get(position), ValueType::kDictionary)};
}

void AnyList::insert(std::size_t position, const Value& value) {
  store::RealmWriter& writer = realm_->writer();
  writer.list_insert(ref_, stored_position(position, size() + 1), value);
}

void AnyList::push_back(const Value& value) {
  store::RealmWriter& writer = realm_->writer();
  writer.list_insert(ref_, writer.list(ref_).size(), value);
}

void AnyList::set(std::size_t position, const Value& value) {
  store::RealmWriter& writer = realm_->writer();
  writer.list_set(ref_, stored_position(position, size()), value);
}

void AnyList::move(std::size_t from, std::size_t to) {
  store::RealmWriter& writer = realm_->writer();
  const std::uint32_t stored_from = stored_position(from, size());
  const std::uint32_t stored_to = stored_position(to, size());
  if (stored_from != stored_to) writer.list_move(ref_, stored_from, stored_to);
}

void AnyList::erase(std::size_t position) {
  store::RealmWriter& writer = realm_->writer();
  writer.list_erase(ref_, stored_position(position, size()));
}

NotificationToken AnyList::observe(
    std::function<void(const AnyList&, const CollectionChanges&)> callback,
    const KeyPaths& paths) const {
  return observe_collection(*this,
                            paths,
                            [callback = std::move(callback)](const AnyCollection& list,
                                                             const CollectionObserver::Told& told) {
                              callback({list.realm_core(), list.ref()}, told.positions);
                            });
}

Value AnySet::get(std::size_t position) const {
  return stored_value(stored_position(position, size()));
}

bool AnySet::contains(const Value& value) const {
  return realm_->reader().collection(ref_).find(value).has_value();
}

bool AnySet::insert(const Value& value) {
  return realm_->writer().set_insert(ref_, value);
}

bool AnySet::erase(const Value& value) {
  return realm_->writer().set_erase(ref_, value);
}

NotificationToken AnySet::observe(
    std::function<void(const AnySet&, const CollectionChanges&)> callback,
    const KeyPaths& paths) const {
  return observe_collection(*this,
                            paths,
                            [callback = std::move(callback)](const AnyCollection& set,
                                                             const CollectionObserver::Told& told) {
                              callback({set.realm_core(), set.ref()}, told.positions);
                            });
}

std::string AnyDictionary::key(std::size_t position) const {
  const std::uint32_t stored = stored_position(position, size());
  return std::string(realm_->reader().collection(ref_).key(stored));
}

std::pair<std::string, Value> AnyDictionary::operator[](std::size_t position) const {
  const std::uint32_t stored = stored_position(position, size());
  const store::CollectionReader reader = realm_->reader().collection(ref_);
  return {std::string(reader.key(stored)), reader.get(stored)};
}

std::optional<Value> AnyDictionary::find(std::string_view key) const {
  const store::CollectionReader reader = realm_->reader().collection(ref_);
  const auto position = reader.find_key(key);
  return position ? std::optional(reader.get(*position)) : std::nullopt;
}

Value AnyDictionary::get(std::string_view key) const {
  const auto found = find(key);
  if (!found) {
    throw Error(ErrorCode::kNotFound, "the dictionary has no key '" + std::string(key) + "'");
  }
  return *found;
}

std::optional<AnyObject> AnyDictionary::object(std::string_view key) const {
  return object_in(realm_, get(key));
}

AnyList AnyDictionary::list(std::string_view key) const {
  return {realm_, nested_in(*realm_, ref_.slot, get(key), ValueType::kList)};
}

AnyDictionary AnyDictionary::dictionary(std::string_view key) const {
  return {realm_, nested_in(*realm_, ref_.slot, get(key), ValueType::kDictionary)};
}

void AnyDictionary::set(std::string_view key, const Value& value) {
  realm_->writer().dictionary_set(ref_, key, value);
}

bool AnyDictionary::erase(std::string_view key) {
  return realm_->writer().dictionary_erase(ref_, key);
}

NotificationToken AnyDictionary::observe(
    std::function<void(const AnyDictionary&, const DictionaryChanges&)> callback,
    const KeyPaths& paths) const {
  return observe_collection(*this,
                            paths,
                            [callback = std::move(callback)](const AnyCollection& dictionary,
                                                             const CollectionObserver::Told& told) {
                              callback({dictionary.realm_core(), dictionary.ref()}, told.keys);
                            });
}

}  // namespace tombolo
