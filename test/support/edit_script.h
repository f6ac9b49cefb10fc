#pragma once

#include <string_view>

#include "base/bytes.h"
#include "test/support/model_realm.h"

namespace tombolo::test {

/// Records a transaction as a device would, from a script of edits:
///
///     i = 10 ; i += 1 ; s = text ; any = list ; e = new ; n = null default
///     l append x ; l insert 0 x ; l set 1 y ; l erase 0 ; l move 0 2 ; l swap 0 2 ; l clear
///     st add x ; st remove x ; d.k = 5 ; d.k drop ; el[1].x = 20 ; lk = ->U7
///     create T5 ; on T1 ; delete U7
///     class N int ; embedded N ; column U.w int[] ; drop column T.i ; drop class N
///
/// Edits are those of the object T1 until `create` or `on` names another. Values are integers,
/// `null`, `new` (an embedded object), `list`, `dict`, links, and else texts. Sizes and what the
/// edit must do first (a replaced embedded object is nulled, a deleted object's links are removed)
/// follow from the realm, which stays as it is.
///
/// Errors:  throws `Error{kInvalidArgument}` for a script that makes no sense.
/// Source:  docs/changeset-format.md, "Recording".
[[nodiscard]] Bytes record(const ModelRealm& realm, std::string_view script);

}  // namespace tombolo::test
