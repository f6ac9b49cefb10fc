#pragma once

#include <string>

#include "schema/schema.h"
#include "store/realm_writer.h"

/// Bringing a local file to a schema that adding alone does not lead to.

namespace tombolo::store {

/// What tells the classes of `found` from those of the same name in `wanted`, a line for each
/// difference; "" when there is none. Classes that only one of them has are no difference.
[[nodiscard]] std::string describe_schema_changes(const Schema& found, const Schema& wanted);

/// Makes the schema of `realm` that of `wanted`; classes that it does not name stay. A property
/// whose type changes, or that nulls leave, begins anew with the zero of its type; one that takes
/// nulls from now on keeps what it has. Objects stay where they are, so that those of both realms
/// are in the same order.
///
/// Shape:   `before` is the realm as it was when the transaction began.
/// Errors:  throws `Error`: `kSchemaMismatch`, with every class that would become one of another
///          kind or with another primary key; `kInvalidSchema`. Nothing was changed then.
/// Thread:  that of both transactions.
void migrate_schema(RealmWriter& realm, const RealmReader& before, const Schema& wanted);

/// The primary keys of the class that several objects have, some of many; "" when there are none.
[[nodiscard]] std::string describe_duplicate_keys(const RealmReader& realm, ClassId class_id);

/// Removes every class and object.
void erase_all_classes(RealmWriter& realm);

}  // namespace tombolo::store
