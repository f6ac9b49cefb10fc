#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "changeset/reader.h"
#include "store/realm_writer.h"

namespace tombolo::store {

/// Applies changesets to a realm inside a write transaction. What it looked up for one changeset
/// (classes, properties, the object at hand) serves the next, so use one applier for a batch. What
/// it writes is not recorded; recording is off while it works and as it was afterwards.
///
/// Thread:  that of the transaction, which it must not outlive.
/// Source:  docs/changeset-format.md, "Applying".
class Applier {
 public:
  explicit Applier(RealmWriter& realm);
  ~Applier();
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  /// Errors:  `kBadChangeset`: the bytes are no changeset or an instruction does not fit the state;
  ///          the message names the instruction's position and target. The realm may then be half
  ///          changed: abort the transaction. Throws `Error{kStorage, kDiskFull}` when the world
  ///          failed.
  [[nodiscard]] Result<void> apply(BytesView changeset);

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

/// The key of an object that an instruction of `reader` names; views what the reader reads.
[[nodiscard]] ObjectKey to_object_key(const changeset::ChangesetReader& reader,
                                      const changeset::PrimaryKey& key);

}  // namespace tombolo::store
