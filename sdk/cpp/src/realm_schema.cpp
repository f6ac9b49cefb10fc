#include <algorithm>
#include <charconv>
#include <string>

#include "client/file_kind.h"
#include "realm_copy.h"
#include "realm_core.h"
#include "store/schema_migration.h"

/// What a realm does about its schema: bringing the file to it, and looking into it.

namespace tombolo {
namespace {

/// The store also has links that lead to objects of any class.
void check_supported(const Schema& schema) {
  for (const ClassSchema& definition : schema.classes) {
    for (const Property& property : definition.properties) {
      if (property.type != PropertyType::kLink || !property.target.empty()) continue;
      throw Error(ErrorCode::kInvalidSchema,
                  definition.name + "." + property.name +
                      ": a link to any class is not supported; a mixed property can hold one");
    }
  }
}

/// Whether `present` has everything that `schema` asks for, so that opening needs no write. Indexes
/// do not count where nothing can be written.
bool covers(const Schema& present, const Schema& schema, bool count_indexes) {
  return std::ranges::all_of(schema.classes, [&](const ClassSchema& wanted) {
    const ClassSchema* found = present.find_class(wanted.name);
    if (found == nullptr || found->kind != wanted.kind ||
        found->primary_key != wanted.primary_key) {
      return false;
    }
    return std::ranges::all_of(wanted.properties, [&](const Property& property) {
      const Property* existing = found->find_property(property.name);
      if (existing == nullptr) return false;
      Property like = property;
      if (!count_indexes || property.name == wanted.primary_key) like.index = existing->index;
      return *existing == like;
    });
  });
}

/// Of `present` what `schema` names.
Schema part_of(Schema present, const Schema& schema) {
  for (ClassSchema& found : present.classes) {
    const ClassSchema* const wanted = schema.find_class(found.name);
    std::erase_if(found.properties, [&](const Property& property) {
      return wanted == nullptr || wanted->find_property(property.name) == nullptr;
    });
  }
  return present;
}

/// A line for each.
std::string describe_missing_classes(const Schema& present, const Schema& schema) {
  std::string lines;
  for (const ClassSchema& wanted : schema.classes) {
    if (present.find_class(wanted.name) == nullptr) {
      lines += "- Class '" + wanted.name + "' has been added.\n";
    }
  }
  return lines;
}

}  // namespace

/// Errors:  throws `Error{kSchemaMismatch}` when the file cannot be brought to the schema, or not
///          under this version.
RealmCore::SchemaWork RealmCore::schema_work() const {
  const auto& wanted = configuration_.schema;
  if (!wanted) return SchemaWork::kNone;
  const Schema found = reader().schema();
  const bool is_covered = covers(found, *wanted, !configuration_.read_only);
  const SchemaWork addition = is_covered ? SchemaWork::kNone : SchemaWork::kAdd;
  if (configuration_.read_only && !is_covered) {
    throw Error(ErrorCode::kSchemaMismatch,
                "These changes cannot be made in read-only schema mode:\n" +
                    describe_missing_classes(found, *wanted) +
                    store::describe_schema_changes(part_of(found, *wanted), *wanted));
  }
  if (configuration_.sync || configuration_.read_only) return addition;
  if (!check_kind_of_file(kLocalKind)) return SchemaWork::kAdd;

  const std::string changes = store::describe_schema_changes(found, *wanted);
  const std::uint64_t version = configuration_.schema_version;
  const bool is_older = version < schema_version();
  if (configuration_.erase_if_migration_needed && (is_older || !changes.empty())) {
    return SchemaWork::kBeginAnew;
  }
  if (is_older) {
    throw Error(ErrorCode::kSchemaMismatch,
                "Provided schema version " + std::to_string(version) +
                    " is less than last set version " + std::to_string(schema_version()) + ".");
  }
  if (version > schema_version()) return SchemaWork::kMigrate;
  if (changes.empty()) return addition;
  throw Error(ErrorCode::kSchemaMismatch,
              "Migration is required due to the following errors:\n" + changes);
}

void RealmCore::prepare_schema() {
  const SchemaWork work = schema_work();
  if (work == SchemaWork::kNone) return;
  check_supported(*configuration_.schema);
  if (work == SchemaWork::kMigrate) {
    migrate();
  } else {
    if (work == SchemaWork::kBeginAnew) store::erase_all_classes(writer());
    writer().add_schema(*configuration_.schema);
  }
  writer().set_indexes(*configuration_.schema);
  if (configuration_.sync || configuration_.schema_version == schema_version()) return;
  put_schema_version(configuration_.schema_version);
}

void RealmCore::migrate() {
  struct ClosedAtTheEnd : Realm {
    using Realm::Realm;
    ~ClosedAtTheEnd() { close(); }
  };
  ClosedAtTheEnd before(open_frozen({.path = configuration_.path,
                                     .in_memory = configuration_.in_memory,
                                     .encryption_key = configuration_.encryption_key,
                                     .logger = configuration_.logger}));
  store::migrate_schema(writer(), before.core()->reader(), *configuration_.schema);
  schema_.reset();
  put_schema_version(configuration_.schema_version);
  if (!configuration_.migration) return;
  Realm now(shared_from_this());
  is_in_migration_ = true;
  const std::shared_ptr<void> at_the_end(nullptr, [this](void*) { is_in_migration_ = false; });
  configuration_.migration(before, now);
  if (!in_transaction()) {
    throw Error(ErrorCode::kNotInTransaction, "the migration has ended its own transaction");
  }
  check_changed_keys();
}

void RealmCore::change_key(store::ObjectRef object, const Value& key) {
  writer().change_key(object, key);
  classes_with_changed_keys_.insert(object.class_id);
}

void RealmCore::check_changed_keys() const {
  for (const ClassId class_id : classes_with_changed_keys_) {
    const store::ClassInfo* const info = reader().catalog().find_class(class_id);
    if (info == nullptr) continue;  // It was removed afterwards.
    const std::string duplicates = store::describe_duplicate_keys(reader(), class_id);
    if (duplicates.empty()) continue;
    throw Error(ErrorCode::kDuplicateKey,
                "Primary key property '" + info->name + "." + info->key_property().name +
                    "' has duplicate values after migration. They are: " + duplicates);
  }
}

bool RealmCore::erase_class(std::string_view name) {
  store::RealmWriter& realm = writer();
  if (configuration_.sync) {
    throw Error(ErrorCode::kInvalidArgument,
                "Cannot remove the class '" + std::string(name) + "': the realm is synced");
  }
  const store::ClassInfo* const info = realm.catalog().find_class(name);
  if (info == nullptr) return false;
  if (is_in_migration_ && configuration_.schema->find_class(name) != nullptr) {
    erase_objects(info->id);
    return true;
  }
  realm.erase_class(info->id);
  schema_.reset();
  if (!is_in_migration_) put_schema_version(schema_version() + 1);
  return true;
}

void RealmCore::erase_objects(ClassId class_id) {
  store::RealmWriter& realm = writer();
  store::RowId row = realm.first_row(class_id);
  while (row != store::kNoRow) {
    realm.erase({class_id, row});
    row = realm.next_row(class_id, row);
  }
}

void RealmCore::put_schema_version(std::uint64_t version) {
  writer().metadata().put(as_bytes(client::kSchemaVersionKey), as_bytes(std::to_string(version)));
}

std::uint64_t RealmCore::schema_version() const {
  const auto found = reader().metadata().find(as_bytes(client::kSchemaVersionKey));
  std::uint64_t version = 0;
  if (!found) return version;
  const std::string_view text = as_text(*found);
  if (std::from_chars(text.data(), text.data() + text.size(), version).ec != std::errc()) {
    throw Error(ErrorCode::kFileCorrupt,
                "'" + configuration_.path.string() + "' has no number as its schema version");
  }
  return version;
}

const Schema& RealmCore::schema() const {
  if (!schema_) schema_ = reader().schema();
  return *schema_;
}

const store::ClassInfo& RealmCore::class_info(ClassId class_id) const {
  const store::ClassInfo* info = reader().catalog().find_class(class_id);
  if (info == nullptr) throw Error(ErrorCode::kNotFound, "The class was removed from the schema.");
  return *info;
}

const store::PropertyInfo& RealmCore::property_info(ClassId class_id, PropertyId property) const {
  const store::PropertyInfo* info = class_info(class_id).find_property(property);
  TOMBOLO_ASSERT(info != nullptr);
  return *info;
}

const store::PropertyInfo& RealmCore::property_info(ClassId class_id, std::string_view name) const {
  const store::ClassInfo& info = class_info(class_id);
  const store::PropertyInfo* property = info.find_property(name);
  if (property == nullptr) {
    throw Error(
        ErrorCode::kNotFound,
        "Property '" + std::string(name) + "' does not exist on '" + info.name + "' objects");
  }
  return *property;
}

}  // namespace tombolo
