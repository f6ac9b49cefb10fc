#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "store/ids.h"
#include "store/key_value.h"

namespace tombolo::store {

/// The realms of an environment by name. A long name's key is its beginning and a hash of the
/// whole, checked against the whole name in the record:
///
///     record     = realm:u32 name
[[nodiscard]] std::optional<RealmId> find_realm(KeyValueTransaction& transaction,
                                                std::string_view name);
/// Calls `visit` with each realm's name and id, in the order of the names' beginnings. `visit` may
/// not write.
void for_each_realm(KeyValueTransaction& transaction,
                    const std::function<void(std::string_view name, RealmId id)>& visit);
/// Gives the next id to a name that has none, and the realm its empty state.
RealmId create_realm(KeyValueTransaction& transaction, std::string_view name);

}  // namespace tombolo::store
