#include "tombolo/any_object.h"

#include <string>
#include <utility>

#include "nested_collection.h"
#include "observed_paths.h"
#include "realm_core.h"
#include "tombolo/any_collection.h"
#include "tombolo/any_results.h"

namespace tombolo {
namespace {

class ObjectObserver final : public ChangeObserver {
 public:
  using Callback = std::function<void(const AnyObject&, const ObjectChanges&)>;

  ObjectObserver(const std::shared_ptr<RealmCore>& realm,
                 store::ObjectRef object,
                 const KeyPaths& paths,
                 Callback callback)
      : realm_(realm),
        object_(object),
        paths_(realm->reader().catalog(), object.class_id, paths, 1),
        callback_(std::move(callback)) {}

  bool concerns(const store::RealmChanges& changes) const override {
    return paths_.concerns(changes);
  }

  bool notify(const PendingChanges& pending, bool is_first) override {
    const auto realm = realm_.lock();
    if (!realm) return false;
    const AnyObject object(realm, object_);
    ObjectChanges changes{.deleted = !object.is_valid()};
    if (!is_first && !changes.deleted) {
      changes.changed_properties = changed_properties(*realm, pending);
      if (changes.changed_properties.empty()) return true;
    }
    callback_(object, changes);
    return !changes.deleted;
  }

 private:
  std::vector<std::string> changed_properties(const RealmCore& realm,
                                              const PendingChanges& pending) const {
    std::uint64_t bits = pending.everything ? ~std::uint64_t{0} : 0;
    for (const auto& [row, changed] : paths_.find_modified(realm.reader(), pending, object_.row)) {
      bits |= changed;
    }
    std::vector<std::string> names;
    for (const store::PropertyInfo& property : realm.class_info(object_.class_id).properties) {
      if ((bits & change_bit(property.id)) != 0) names.push_back(property.name);
    }
    return names;
  }

  std::weak_ptr<RealmCore> realm_;
  store::ObjectRef object_;
  ObservedPaths paths_;
  Callback callback_;
};

/// The collection of that kind that a property is, or that its mixed value is.
store::CollectionRef collection_at(const AnyObject& object,
                                   PropertyId property,
                                   CollectionType kind) {
  const RealmCore& realm = *object.realm_core();
  const store::SlotRef slot{object.class_id(), object.ref().row, property};
  const store::PropertyInfo& info = realm.property_info(slot.class_id, property);
  if (info.collection == kind) return slot;
  if (info.type != PropertyType::kMixed || info.is_collection() || kind == CollectionType::kSet) {
    throw Error(ErrorCode::kTypeMismatch,
                "'" + realm.class_info(slot.class_id).name + "." + info.name + "' is no " +
                    std::string(to_string(kind)));
  }
  return nested_in(realm,
                   slot,
                   object.get(property),
                   kind == CollectionType::kList ? ValueType::kList : ValueType::kDictionary);
}

}  // namespace

AnyObject::AnyObject(std::shared_ptr<RealmCore> realm, store::ObjectRef object) noexcept
    : realm_(std::move(realm)),
      object_(object) {}

bool AnyObject::is_valid() const noexcept {
  return !realm_->is_closed() && realm_->reader().contains(object_);
}

std::string_view AnyObject::class_name() const {
  return realm_->class_info(object_.class_id).name;
}

ObjectKey AnyObject::key() const {
  return realm_->reader().key_of(object_);
}

PropertyId AnyObject::property(std::string_view name) const {
  return realm_->property_info(object_.class_id, name).id;
}

Value AnyObject::get(PropertyId property) const {
  return realm_->reader().get(object_, property);
}

std::optional<AnyObject> AnyObject::link(PropertyId property) const {
  return object_in(realm_, get(property));
}

AnyList AnyObject::list(PropertyId property) const {
  return {realm_, collection_at(*this, property, CollectionType::kList)};
}

AnySet AnyObject::set_of(PropertyId property) const {
  return {realm_, collection_at(*this, property, CollectionType::kSet)};
}

AnyDictionary AnyObject::dictionary(PropertyId property) const {
  return {realm_, collection_at(*this, property, CollectionType::kDictionary)};
}

AnyResults AnyObject::linking(ClassId origin, PropertyId property) const {
  const store::PropertyInfo& info = realm_->property_info(origin, property);
  if (info.type != PropertyType::kLink || info.target != object_.class_id) {
    throw Error(ErrorCode::kInvalidArgument,
                "'" + realm_->class_info(origin).name + "." + info.name +
                    "' is not a relationship to '" + std::string(class_name()) + "'");
  }
  return {realm_, origin, {}, LinksTo{object_, property}};
}

std::size_t AnyObject::link_count() const {
  std::size_t count = 0;
  realm_->reader().for_each_backlink(object_, [&](const store::Backlink& link) {
    count += link.count;
    return true;
  });
  return count;
}

AnyObject AnyObject::owner() const {
  const store::ClassInfo& info = realm_->class_info(object_.class_id);
  if (!info.is_embedded()) {
    throw Error(ErrorCode::kInvalidArgument, "objects of '" + info.name + "' are not embedded");
  }
  return {realm_, realm_->reader().owner_of(object_).object()};
}

void AnyObject::set(PropertyId property, const Value& value) {
  if (realm_->is_in_migration() && realm_->class_info(object_.class_id).primary_key == property) {
    realm_->change_key(object_, value);
  } else {
    realm_->writer().set(object_, property, value);
  }
}

void AnyObject::add(PropertyId property, std::int64_t operand) {
  realm_->writer().add_int(object_, property, operand);
}

NotificationToken AnyObject::observe(
    std::function<void(const AnyObject&, const ObjectChanges&)> callback,
    const KeyPaths& paths) const {
  auto observer = std::make_unique<ObjectObserver>(realm_, object_, paths, std::move(callback));
  if (!is_valid()) return {};
  return realm_->add_change_observer(std::move(observer));
}

}  // namespace tombolo
