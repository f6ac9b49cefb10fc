#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/strong_id.h"

/// What the server keeps on disk, behind one narrow interface: embedded LMDB today, PostgreSQL
/// beside it later. A contract suite (test/contract) runs against every implementation.

namespace tombolo::server {

/// Names a server file, the history that a client file is bound to: one for each partition.
using ServerFileId = StrongId<struct ServerFileIdTag, std::uint64_t>;

/// A client file as the server remembers it.
struct ClientFile {
  ClientFileIdent ident;
  Salt salt;
  std::string owner;  ///< Id of the user who registered it; nobody else may sync it.
  /// The upload cursor: its changes up to `uploaded` are integrated, and at that point the client
  /// had integrated the server's changes up to `reciprocal_base`.
  ClientVersion uploaded;
  ServerVersion reciprocal_base;
  ServerVersion locked_server_version;  ///< Oldest version it may still need for recovery.
  /// When it last uploaded or connected, to the hour. The storage sets it with each put.
  WallTime last_seen;

  friend bool operator==(const ClientFile&, const ClientFile&) = default;
};

/// Where a history ends.
struct HistoryHead {
  ServerVersion server_version;   ///< 0 when there is no entry yet.
  Salt salt;                      ///< 0 with version 0.
  std::uint64_t bytes_total = 0;  ///< Changeset bytes of all entries, trimmed ones included.
};

/// Where a history begins: what led up to `version` was replaced by the state that it made.
struct HistoryBase {
  ServerVersion version;  ///< 0: nothing was replaced.
  /// Client files from here on were registered since: wherever they are, they came from there.
  ClientFileIdent first_ident;
};

/// What is added to a history; its version, salt and place in the byte count come from the storage.
/// `changeset` is borrowed for the call.
struct NewHistoryEntry {
  ClientFileIdent origin;
  ClientVersion client_version;
  OriginTimestamp origin_timestamp;
  Salt salt;
  BytesView changeset;  ///< Transformed; may be empty.
};

/// One entry of a history. `changeset` views mapped memory and dies with the snapshot.
struct HistoryEntry {
  ServerVersion server_version;
  Salt salt;
  ClientFileIdent origin;
  ClientVersion client_version;
  OriginTimestamp origin_timestamp;
  std::uint64_t bytes_total = 0;  ///< Changeset bytes of the history up to and with this entry.
  BytesView changeset;
};

/// A consistent view of everything, at one moment.
///
/// Errors:  throws `Error{kStorage, kFileCorrupt}` when the world failed.
/// Thread:  one thread at a time, any thread; short-lived, because it keeps old pages from reuse.
class StorageSnapshot {
 public:
  /// Looks at one entry; false ends the walk.
  using HistoryVisitor = std::function<bool(const HistoryEntry&)>;

  virtual ~StorageSnapshot() = default;

  [[nodiscard]] virtual std::optional<ServerFileId> find_server_file(
      std::string_view partition) const = 0;
  [[nodiscard]] virtual HistoryHead history_head(ServerFileId file) const = 0;
  [[nodiscard]] virtual HistoryBase history_base(ServerFileId file) const = 0;
  /// The entry at `version`; nullopt when it does not exist or was replaced.
  [[nodiscard]] virtual std::optional<HistoryEntry> find_history_entry(
      ServerFileId file, ServerVersion version) const = 0;
  /// Visits the entries after `after`, in order.
  virtual void read_history(ServerFileId file,
                            ServerVersion after,
                            const HistoryVisitor& visit) const = 0;

  [[nodiscard]] virtual std::optional<ClientFile> find_client_file(ServerFileId file,
                                                                   ClientFileIdent ident) const = 0;
  /// Visits the client files in the order of their idents.
  virtual void for_each_client_file(ServerFileId file,
                                    const std::function<void(const ClientFile&)>& visit) const = 0;
  /// Visits the server files; `partition` may be a hash of a long one.
  virtual void for_each_server_file(
      const std::function<void(ServerFileId file, std::string_view partition)>& visit) const = 0;
  /// The form that entry `version` takes after what client file `ident` uploaded since its base.
  /// nullopt: not transformed, the main form holds. An empty changeset is a different answer.
  [[nodiscard]] virtual std::optional<BytesView> find_reciprocal(ServerFileId file,
                                                                 ClientFileIdent ident,
                                                                 ServerVersion version) const = 0;
};

/// The one write transaction. It sees its own writes. Without `commit()` nothing happened.
///
/// Thread:  begun, used and ended on one thread.
class StorageTransaction : public StorageSnapshot {
 public:
  /// The server file of `partition`, created when absent.
  [[nodiscard]] virtual ServerFileId open_server_file(std::string_view partition) = 0;
  /// Registers a client file under the next ident of the server file; the first is 2.
  [[nodiscard]] virtual ClientFile allocate_client_file(ServerFileId file,
                                                        std::string_view owner,
                                                        Salt salt) = 0;
  virtual void put_client_file(ServerFileId file, const ClientFile& client_file) = 0;

  virtual ServerVersion append_history(ServerFileId file, const NewHistoryEntry& entry) = 0;
  /// Puts `state`, changesets of the server's that come to the same, in the place of the entries up
  /// to and with `up_to`, which exists (asserted), and drops the reciprocals there. There is at
  /// least one changeset and not more than there were versions (asserted).
  virtual void replace_history(ServerFileId file,
                               ServerVersion up_to,
                               OriginTimestamp timestamp,
                               std::span<const Bytes> state) = 0;

  virtual void put_reciprocal(ServerFileId file,
                              ClientFileIdent ident,
                              ServerVersion version,
                              BytesView changeset) = 0;
  /// Drops the reciprocals of `ident` up to and with `up_to`.
  virtual void erase_reciprocals(ServerFileId file, ClientFileIdent ident, ServerVersion up_to) = 0;

  /// Applies a changeset to the state of the server file.
  ///
  /// Errors:  `kBadChangeset`; the state may then be half changed, so the caller drops the
  ///          transaction.
  [[nodiscard]] virtual Result<void> apply(ServerFileId file, BytesView changeset) = 0;

  /// Makes everything durable. Errors: throws `Error{kStorage, kDiskFull}`; nothing happened then.
  virtual void commit() = 0;
};

/// Thread:  callable from any thread; `begin` waits for the writer before.
class Storage {
 public:
  virtual ~Storage() = default;
  [[nodiscard]] virtual std::unique_ptr<StorageSnapshot> snapshot() = 0;
  [[nodiscard]] virtual std::unique_ptr<StorageTransaction> begin() = 0;
};

}  // namespace tombolo::server
