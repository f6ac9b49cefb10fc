#pragma once

#include "changeset/changeset.h"
#include "store/realm_writer.h"

namespace tombolo::test {

/// Does through a realm's writer what a changeset says, as an application would that wants the
/// same: each instruction is one call. Links to objects that are not there, which no application
/// can make, are left out, and so is making a list or dictionary where one stands.
///
/// Errors:  throws what the writer throws, and `Error{kInvalidArgument}` for a path that leads
///          nowhere.
void write_as_application(store::RealmWriter& realm, const changeset::Changeset& changeset);

}  // namespace tombolo::test
