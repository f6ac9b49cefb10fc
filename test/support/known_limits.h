#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "test/support/model_realm.h"

namespace tombolo::test {

/// Who recorded the changesets: our own devices never make a list or dictionary where one of that
/// kind stands (L3), others may.
enum class RecordedBy { kOurDevices, kAnyone };

/// Which of the known limits of merging (docs/merge-rules.md, "Known limits") two sides may run
/// into, judged by what they do to one place; nullopt when they have to converge. List positions
/// count as equal: they shift. It errs by naming a limit too often.
///
/// `schema` gives the classes that the changesets, all of which must be readable, are about.
[[nodiscard]] std::optional<std::string_view> known_limit(std::span<const Bytes> left,
                                                          std::span<const Bytes> right,
                                                          const ModelRealm& schema,
                                                          RecordedBy recorded_by);

}  // namespace tombolo::test
