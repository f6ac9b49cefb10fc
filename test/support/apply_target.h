#pragma once

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/result.h"

namespace tombolo::test {

/// Something that changesets are applied to and whose content can be written down: the model realm,
/// or a store behind an adapter. Tests that take a target hold for every implementation.
class ApplyTarget {
 public:
  virtual ~ApplyTarget() = default;

  /// Forgets everything: no class, no object.
  virtual void reset() = 0;
  /// Applies a changeset as one that came from another peer, whole or not at all.
  ///
  /// Errors:  `kBadChangeset` for bytes that are none and for instructions that do not fit.
  [[nodiscard]] virtual Result<void> apply(BytesView changeset) = 0;

  /// {class: {key: {field: value}}}. Left out are classes without objects, objects nobody sees
  /// (only linked to) and fields that still have the value that creation gave them. The forms of
  /// values are those of the reference vectors: "i:5", "s:text", "l:Class:i:5", [...],
  /// {"set": [...]}, {"dict": {...}}, {"obj": {...}}.
  [[nodiscard]] virtual nlohmann::json state() const = 0;
  /// {class: {"kind": "top", "pk": "_id:int", "cols": {name: "link(City)[]"}}}.
  [[nodiscard]] virtual nlohmann::json schema() const = 0;
};

}  // namespace tombolo::test
