#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/strong_id.h"
#include "merge/window.h"
#include "test/support/model_realm.h"

namespace tombolo::test {

/// A server and its clients that exchange changesets as docs/merge-rules.md, "Histories", says, in
/// one process and step by step: the server keeps a main history and a reciprocal history for each
/// client, a client its own changesets and their reciprocals. Each has a model realm.
///
/// Copying it copies everything, so a step can be tried.
class MergeNetwork {
 public:
  explicit MergeNetwork(const merge::DeployedRules& deployed = {}) : deployed_(deployed) {}

  /// A transaction of a client. Clients are 2 and up and begin with an empty realm.
  void commit(ClientFileIdent client, OriginTimestamp timestamp, Bytes changeset);

  [[nodiscard]] std::size_t pending_upload_count(ClientFileIdent client) const;
  [[nodiscard]] std::size_t pending_download_count(ClientFileIdent client) const;

  /// Brings the client's next transaction to the server; returns it as the server executes it.
  ///
  /// Errors:  as `merge::merge`; what a realm cannot apply is kept in `apply_error`.
  [[nodiscard]] Result<Bytes> upload(ClientFileIdent client);
  /// Brings the next `count` changesets of others to the client, in one batch.
  [[nodiscard]] Result<std::vector<Bytes>> download(ClientFileIdent client, std::size_t count);

  /// The realm of the server (ident 1) or a client.
  [[nodiscard]] const ModelRealm& realm(ClientFileIdent file) const;
  /// The first changeset that a realm did not take, if there is one. States mean nothing then.
  [[nodiscard]] const std::optional<Error>& apply_error() const { return apply_error_; }

 private:
  struct ServerEntry {
    ServerVersion server_version;
    ClientFileIdent origin;
    ClientVersion client_version;  ///< That it had at its origin.
    OriginTimestamp timestamp;
    Bytes changeset;
  };
  struct ClientEntry {
    ClientVersion client_version;
    ServerVersion base;  ///< Newest server version that the client had when it committed.
    OriginTimestamp timestamp;
    Bytes changeset;
    std::optional<Bytes> reciprocal;
  };
  struct Client {
    std::vector<ClientEntry> history;
    ClientVersion current{1};
    ServerVersion integrated;
    ClientVersion uploaded;
    std::map<ServerVersion, Bytes> reciprocals;  ///< The server's, for this client.
    ModelRealm realm;
  };

  [[nodiscard]] std::vector<ClientEntry>::const_iterator next_upload(const Client& client) const;
  void apply(ModelRealm& realm, BytesView changeset);

  merge::DeployedRules deployed_;
  std::vector<ServerEntry> server_;
  ModelRealm server_realm_;
  std::map<ClientFileIdent, Client> clients_;
  std::optional<Error> apply_error_;
};

}  // namespace tombolo::test
