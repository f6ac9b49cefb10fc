#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "server/storage.h"
#include "store/environment.h"

namespace tombolo::server {

/// Storage in one LMDB environment: a realm of the store for each server file, so that one commit
/// covers all of them.
///
/// Records in the metadata of each realm, integers little-endian:
///
///   "next-ident"                    -> ident:u64
///   "history-base"                  -> version:u64 first_ident:u64
///   "client-file/" ident:u64be      -> format:u8(2) salt:u64 uploaded:u64 reciprocal_base:u64
///                                      locked:u64 last_seen:u64(ms of Unix time) owner:bytes
///
/// Thread:  as `Storage`.
/// Source:  docs/server.md, "Embedded storage".
class EmbeddedStorage final : public Storage {
 public:
  explicit EmbeddedStorage(std::shared_ptr<store::Environment> environment,
                           const Clock& clock = system_clock());

  [[nodiscard]] std::unique_ptr<StorageSnapshot> snapshot() override;
  [[nodiscard]] std::unique_ptr<StorageTransaction> begin() override;

 private:
  std::shared_ptr<store::Environment> environment_;
  const Clock& clock_;
};

}  // namespace tombolo::server
