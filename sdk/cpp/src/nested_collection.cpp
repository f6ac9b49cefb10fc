#include "nested_collection.h"

#include <string>

#include "realm_core.h"

namespace tombolo {

std::optional<AnyObject> object_in(const std::shared_ptr<RealmCore>& realm, const Value& value) {
  if (value.type() != ValueType::kLink) return std::nullopt;
  return AnyObject(realm, value.as_link());
}

store::CollectionRef nested_in(const RealmCore& realm,
                               const store::SlotRef& slot,
                               const Value& value,
                               ValueType wanted) {
  if (value.type() == wanted) return {slot, value.as_collection()};
  throw Error(ErrorCode::kTypeMismatch,
              "the value in '" + realm.class_info(slot.class_id).name + "." +
                  realm.property_info(slot.class_id, slot.property).name + "' is no " +
                  (wanted == ValueType::kList ? "list" : "dictionary"));
}

bool is_there(const store::RealmReader& realm, const store::CollectionRef& collection) {
  if (!realm.contains(collection.slot.object())) return false;
  if (!collection.is_nested()) return true;
  try {
    (void)realm.collection(collection);
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kObjectDeleted) throw;
    return false;
  }
}

}  // namespace tombolo
