#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "changeset/changeset.h"
#include "test/support/model_realm.h"

/// Random changesets for property tests. All randomness comes from the `Random` that is passed in,
/// so that a seed repeats a run:
///
///     RC_GTEST_PROP(Store, AgreesWithTheModel, (std::uint64_t seed)) {
///       SeededRandom random(seed);
///       ...

namespace tombolo::test {

/// The binary form of random instructions of every kind, with values at the edges of their range.
/// They fit no realm: this is for codecs.
[[nodiscard]] Bytes arbitrary_changeset(Random& random, std::size_t instruction_count);

/// What an editor may use.
struct EditorOptions {
  /// Scalar types of the properties; fewer make more edits meet on one property.
  std::vector<PropertyType> types = {PropertyType::kInt,
                                     PropertyType::kBool,
                                     PropertyType::kString,
                                     PropertyType::kBinary,
                                     PropertyType::kTimestamp,
                                     PropertyType::kFloat,
                                     PropertyType::kDouble,
                                     PropertyType::kDecimal,
                                     PropertyType::kObjectId,
                                     PropertyType::kUuid};
  bool lists = true;
  bool mixed = true;
  bool sets = true;
  bool dictionaries = true;
  bool embedded_objects = true;
  bool nested_collections = true;  ///< Lists and dictionaries in Mixed values; needs `mixed`.
  /// Making a list or dictionary where one stands: clients in use record it, ours do not.
  bool redundant_creations = true;
  bool dangling_links = true;  ///< Links to objects that do not exist.
  bool erase_objects = true;
  std::uint32_t path_elements_max = 4;
  std::uint32_t objects_per_class = 6;  ///< Keys are drawn from that many: few make crowds.
  ClientFileIdent ident{2};             ///< High half of the keys of keyless objects.
};

/// Makes up edits that fit the realm it edits, as a device would: create and erase objects, write
/// properties, and change collections, embedded objects and nested values wherever they stand.
class RealmEditor {
 public:
  /// Borrows both; `realm` may be changed from outside between two calls.
  RealmEditor(ModelRealm& realm, Random& random, EditorOptions options = {});

  /// A transaction that creates the classes the editor works with, applied to the realm:
  ///
  ///   Item   key _id: int; properties of every type, nullable and not, collections of them, links
  ///          to each class
  ///   Name   key _id: string?; the same
  ///   Note   no key; the same
  ///   Part   embedded; the same, with further Parts inside
  [[nodiscard]] Bytes create_classes();
  /// A transaction of `instruction_count` edits, applied to the realm.
  [[nodiscard]] Bytes transaction(std::size_t instruction_count);

 private:
  ModelRealm& realm_;
  Random& random_;
  EditorOptions options_;
};

}  // namespace tombolo::test
