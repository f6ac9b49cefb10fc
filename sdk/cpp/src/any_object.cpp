#include "tombolo/any_object.h"

#include <string>
#include <utility>

#include "list_observer.h"
#include "observed_paths.h"
#include "realm_core.h"

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
  const Value value = get(property);
  if (value.is_null()) return std::nullopt;
  return AnyObject(realm_, value.as_link());
}

AnyList AnyObject::list(PropertyId property) const {
  return AnyList(realm_, {object_.class_id, object_.row, property});
}

void AnyObject::set(PropertyId property, const Value& value) {
  realm_->writer().set(object_, property, value);
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

AnyList::AnyList(std::shared_ptr<RealmCore> realm, store::SlotRef slot) noexcept
    : realm_(std::move(realm)),
      slot_(slot) {}

bool AnyList::is_valid() const noexcept {
  return !realm_->is_closed() && realm_->reader().contains(slot_.object());
}

std::size_t AnyList::size() const {
  return realm_->reader().list(slot_).visible_size();
}

std::uint32_t AnyList::stored_position(std::size_t visible, std::size_t limit) const {
  if (visible >= limit) {
    throw Error(ErrorCode::kInvalidArgument,
                "Requested index " + std::to_string(visible) + " in a list of size " +
                    std::to_string(size()));
  }
  const auto stored =
      realm_->reader().list(slot_).stored_position(static_cast<std::uint32_t>(visible));
  TOMBOLO_ASSERT(stored.has_value());
  return *stored;
}

Value AnyList::get(std::size_t position) const {
  const std::uint32_t stored = stored_position(position, size());
  return realm_->reader().list(slot_).get(stored);
}

void AnyList::insert(std::size_t position, const Value& value) {
  store::RealmWriter& writer = realm_->writer();
  writer.list_insert(slot_, stored_position(position, size() + 1), value);
}

void AnyList::push_back(const Value& value) {
  store::RealmWriter& writer = realm_->writer();
  writer.list_insert(slot_, writer.list(slot_).size(), value);
}

void AnyList::set(std::size_t position, const Value& value) {
  store::RealmWriter& writer = realm_->writer();
  writer.list_set(slot_, stored_position(position, size()), value);
}

void AnyList::move(std::size_t from, std::size_t to) {
  store::RealmWriter& writer = realm_->writer();
  const std::uint32_t stored_from = stored_position(from, size());
  const std::uint32_t stored_to = stored_position(to, size());
  if (stored_from != stored_to) writer.list_move(slot_, stored_from, stored_to);
}

void AnyList::erase(std::size_t position) {
  store::RealmWriter& writer = realm_->writer();
  writer.list_erase(slot_, stored_position(position, size()));
}

void AnyList::clear() {
  realm_->writer().list_clear(slot_);
}

NotificationToken AnyList::observe(
    std::function<void(const AnyList&, const CollectionChanges&)> callback,
    const KeyPaths& paths) const {
  auto observer = std::make_unique<ListObserver>(realm_, slot_, paths, std::move(callback));
  if (!is_valid()) return {};
  return realm_->add_change_observer(std::move(observer));
}

}  // namespace tombolo
