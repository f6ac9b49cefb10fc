#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "server/storage.h"
#include "test/support/model_realm.h"

namespace tombolo::test {

/// The slow, obvious twin of the server's storage: everything in maps, a copy of a server file for
/// each transaction that writes to it, and a state that knows every type.
///
/// Thread:  as `Storage`.
class MemoryStorage final : public server::Storage {
 public:
  struct Entry {
    ClientFileIdent origin;
    ClientVersion client_version;
    OriginTimestamp origin_timestamp;
    Salt salt;
    std::uint64_t bytes_total = 0;
    Bytes changeset;
  };
  struct File {
    std::string partition;
    std::map<ClientFileIdent, server::ClientFile> clients;
    std::map<ServerVersion, Entry> history;
    server::HistoryBase base;
    std::map<std::pair<ClientFileIdent, ServerVersion>, Bytes> reciprocals;
    ModelRealm state;
  };
  using Files = std::map<server::ServerFileId, std::shared_ptr<const File>>;

  [[nodiscard]] std::unique_ptr<server::StorageSnapshot> snapshot() override;
  [[nodiscard]] std::unique_ptr<server::StorageTransaction> begin() override;

  /// The committed state of the partition; null when it does not exist.
  [[nodiscard]] std::shared_ptr<const File> find(std::string_view partition) const;

 private:
  friend class MemoryTransaction;
  mutable std::mutex mutex_;  // Guards `files_`.
  Files files_;
  std::mutex writer_;  // Held by the write transaction.
};

}  // namespace tombolo::test
