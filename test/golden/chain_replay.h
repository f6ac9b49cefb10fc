#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/strong_id.h"
#include "merge/window.h"
#include "test/support/model_realm.h"

namespace tombolo::test {

/// Replays one line of chain.jsonl: a server and three clients that commit, upload and download as
/// recorded, each with its history and with model realms for what they hold.
class ChainReplay {
 public:
  explicit ChainReplay(const merge::DeployedRules& deployed) : deployed_(deployed) {}

  /// Replays an event; returns what differs from what was recorded, or "".
  [[nodiscard]] std::string replay(const nlohmann::json& event);
  /// Why some next upload or download fails to merge or to apply, if one does; a chain can end so.
  [[nodiscard]] std::optional<ErrorCode> next_failure() const;

  /// The state of the server (ident 1) or a client.
  [[nodiscard]] nlohmann::json state(ClientFileIdent file) const;
  [[nodiscard]] nlohmann::json schema(ClientFileIdent file) const;
  /// Why a realm could not apply something, if so; states mean nothing then.
  [[nodiscard]] const std::optional<Error>& apply_error() const { return apply_error_; }
  /// Whether a transformed changeset differed from the recorded one.
  [[nodiscard]] bool differed() const noexcept { return differed_; }

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
    ServerVersion base;  ///< Newest server version that it had when it committed.
    OriginTimestamp timestamp;
    Bytes changeset;
    std::optional<Bytes> reciprocal;
  };
  struct Client {
    std::vector<ClientEntry> history;
    ServerVersion integrated;                    ///< Newest server version that it has.
    ClientVersion uploaded;                      ///< Newest of its versions that the server has.
    std::map<ServerVersion, Bytes> reciprocals;  ///< The server's, for this client.
    ModelRealm realm;
  };

  /// A main history entry on its way to a client, and what the server had of that client before.
  struct Delivery {
    ServerVersion server_version;
    ClientVersion base;
  };

  void commit(const nlohmann::json& event);
  [[nodiscard]] std::string upload(const nlohmann::json& event);
  [[nodiscard]] std::string download(const nlohmann::json& event);

  [[nodiscard]] Result<Bytes> integrate_upload(ClientFileIdent ident,
                                               const ClientEntry& entry,
                                               ServerVersion base,
                                               ServerVersion server_version);
  [[nodiscard]] Result<std::vector<Bytes>> integrate_download(
      ClientFileIdent ident, const std::vector<Delivery>& deliveries);
  [[nodiscard]] Result<void> try_next_upload(ClientFileIdent ident) const;
  [[nodiscard]] Result<void> try_next_download(ClientFileIdent ident) const;

  [[nodiscard]] std::string compare(BytesView transformed, const nlohmann::json& recorded);
  void apply(ModelRealm& realm, BytesView changeset);

  merge::DeployedRules deployed_;
  std::vector<ServerEntry> server_;
  ModelRealm server_realm_;
  std::map<ClientFileIdent, Client> clients_;
  std::optional<Error> apply_error_;
  bool differed_ = false;
};

}  // namespace tombolo::test
