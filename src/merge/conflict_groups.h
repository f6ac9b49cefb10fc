#pragma once

#include <span>
#include <vector>

#include "merge/pair_rules.h"

namespace tombolo::merge {

/// Lets what both sides did to one object meet, in groups of edits that can clash with one another
/// and with nothing else:
///
///   - of an object that one side erases, everything;
///   - of a property, everything; but
///   - where all paths begin with a key, of that key.
///
/// What is in no group meets nobody.
///
/// Shape:   all are about one object, in history order; the order afterwards is any. Rule 5 adds
///          none.
/// Cost:    sorting them, and that of `walk_group` for each group.
[[nodiscard]] Fault walk_object(std::vector<Edit*>& local,
                                std::vector<Edit*>& incoming,
                                Meeting& meeting);

}  // namespace tombolo::merge
