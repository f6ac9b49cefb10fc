#pragma once

#include <string>
#include <string_view>

#include "store/ids.h"
#include "store/value.h"

namespace tombolo::store {

class RealmState;
struct ClassInfo;
struct PropertyInfo;

/// "'Class.property'", for messages.
[[nodiscard]] std::string place_of(const ClassInfo& owner, const PropertyInfo& property);

/// Checks that a value can be written to `where`: to the property, as an element of the collection
/// that it is, or into a nested collection. Whether the target of a link exists is not looked at.
///
/// Errors:  throws `Error`: `kTypeMismatch`, `kLimitExceeded`.
void check_value(RealmState& realm, const CollectionRef& where, const Value& value);
/// The same of a property.
void check_value(RealmState& realm,
                 const ClassInfo& owner,
                 const PropertyInfo& property,
                 const Value& value);

/// Checks what may be the key of a dictionary entry: it neither starts with '$' nor has a '.' in
/// it.
///
/// Errors:  throws `Error`: `kInvalidArgument`, `kLimitExceeded`.
void check_dictionary_key(std::string_view key);

}  // namespace tombolo::store
