#pragma once

#include <memory>
#include <optional>

#include "store/realm_reader.h"
#include "tombolo/any_object.h"

namespace tombolo {

/// What a value that was read leads to.

/// The object that it is or links to; nullopt for another value.
[[nodiscard]] std::optional<AnyObject> object_in(const std::shared_ptr<RealmCore>& realm,
                                                 const Value& value);

/// The list or dictionary that it is, as `wanted` says; it was read in that slot.
///
/// Errors:  throws `Error{kTypeMismatch}` for another value.
[[nodiscard]] store::CollectionRef nested_in(const RealmCore& realm,
                                             const store::SlotRef& slot,
                                             const Value& value,
                                             ValueType wanted);

/// Whether the collection is still there.
[[nodiscard]] bool is_there(const store::RealmReader& realm,
                            const store::CollectionRef& collection);

}  // namespace tombolo
