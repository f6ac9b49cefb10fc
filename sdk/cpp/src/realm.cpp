#include "tombolo/realm.h"

#include <algorithm>
#include <utility>

#include "realm_core.h"

namespace tombolo {

Realm Realm::open(RealmConfiguration configuration) {
  return Realm(RealmCore::open(std::move(configuration)));
}

void Realm::begin_transaction() {
  core_->begin();
}
void Realm::commit_transaction() {
  core_->commit();
}
void Realm::cancel_transaction() {
  core_->cancel();
}
bool Realm::is_in_transaction() const {
  return core_->in_transaction();
}
bool Realm::is_in_migration() const noexcept {
  return core_->is_in_migration();
}
bool Realm::is_read_only() const noexcept {
  return core_->configuration().read_only;
}
bool Realm::is_in_memory() const noexcept {
  return core_->configuration().in_memory;
}
bool Realm::refresh() {
  return core_->refresh();
}
const Schema& Realm::schema() const {
  return core_->schema();
}
std::uint64_t Realm::schema_version() const {
  return core_->schema_version();
}
const std::filesystem::path& Realm::path() const {
  return core_->configuration().path;
}
bool Realm::is_closed() const noexcept {
  return core_->is_closed();
}
void Realm::write_copy_to(const RealmConfiguration& target) const {
  core_->write_copy_to(target);
}
bool Realm::compact() {
  return core_->compact();
}
void Realm::close() {
  core_->close();
}

ClassId Realm::class_id(std::string_view name) const {
  const store::ClassInfo* info = core_->reader().catalog().find_class(name);
  if (info == nullptr) {
    throw Error(ErrorCode::kNotFound,
                "Object type '" + std::string(name) + "' not found in schema.");
  }
  return info->id;
}

PropertyId Realm::property_id(ClassId class_id, std::string_view name) const {
  return core_->property_info(class_id, name).id;
}

AnyResults Realm::objects(ClassId class_id) const {
  return AnyResults(core_, class_id, {});
}

std::optional<AnyObject> Realm::find(ClassId class_id, const ObjectKey& key) const {
  if (const auto row = core_->reader().find(class_id, key)) {
    return AnyObject(core_, {class_id, *row});
  }
  return std::nullopt;
}

AnyObject Realm::create(ClassId class_id, std::span<const PropertyValue> values, UpdateMode mode) {
  store::RealmWriter& writer = core_->writer();
  const store::ClassInfo& info = core_->class_info(class_id);
  if (info.is_embedded()) {
    throw Error(ErrorCode::kInvalidArgument,
                "Cannot create an object of '" + info.name +
                    "' by itself: it is embedded and is made where it stands");
  }
  store::Created created{.is_new = true};
  if (info.primary_key) {
    const auto key = std::ranges::find(values, *info.primary_key, &PropertyValue::property);
    if (key == values.end()) {
      throw Error(ErrorCode::kInvalidArgument,
                  "Missing value for primary key '" + info.key_property().name + "' of '" +
                      info.name + "'");
    }
    created = writer.create(class_id, ObjectKey::of(key->value));
    if (!created.is_new && mode == UpdateMode::kNever) {
      throw Error(ErrorCode::kDuplicateKey,
                  "Attempting to create an object of type '" + info.name +
                      "' with an existing primary key value");
    }
  } else {
    created.row = writer.create_keyless(class_id);
  }
  const store::ObjectRef object{class_id, created.row};
  for (const PropertyValue& entry : values) {
    if (entry.property == info.primary_key) continue;
    const bool is_same = !created.is_new && mode == UpdateMode::kModified &&
                         identical(writer.get(object, entry.property), entry.value);
    if (!is_same) writer.set(object, entry.property, entry.value);
  }
  return AnyObject(core_, object);
}

void Realm::erase(const AnyObject& object) {
  if (object.realm_core() != core_) {
    throw Error(ErrorCode::kInvalidArgument, "Can't delete an object from another Realm");
  }
  core_->writer().erase(object.ref());
}

void Realm::erase_all() {
  for (const store::ClassInfo& info : core_->writer().catalog().classes()) {
    core_->erase_objects(info.id);
  }
}

bool Realm::erase_class(std::string_view name) {
  return core_->erase_class(name);
}

std::optional<SyncSession> Realm::sync_session() const {
  return core_->sync_session();
}

NotificationToken Realm::observe(std::function<void()> callback) const {
  return core_->add_realm_observer(std::move(callback));
}

}  // namespace tombolo
