#include "test/golden/chain_replay.h"

#include <algorithm>

#include "test/support/canonical_json.h"

namespace tombolo::test {
namespace {

using merge::Incoming;
using merge::Outcome;
using merge::Window;
using nlohmann::json;

json instructions_of(BytesView changeset) {
  return instructions_json(changeset::parse(changeset).value());
}

}  // namespace

std::string ChainReplay::replay(const json& event) {
  if (event["event"] == "upload") return upload(event);
  if (event["event"] == "download") return download(event);
  commit(event);
  return "";
}

void ChainReplay::commit(const json& event) {
  Client& client = clients_[ClientFileIdent(event["client"])];
  client.history.push_back({.client_version = ClientVersion(event["client_version"]),
                            .base = client.integrated,
                            .timestamp = OriginTimestamp(event["timestamp"]),
                            .changeset = bytes_of(event["changeset"]),
                            .reciprocal = {}});
  apply(client.realm, client.history.back().changeset);
}

std::string ChainReplay::upload(const json& event) {
  const ClientFileIdent ident(event["client"]);
  const Client& client = clients_[ident];
  const auto entry = std::ranges::find(
      client.history, ClientVersion(event["client_version"]), &ClientEntry::client_version);
  const auto transformed = integrate_upload(ident,
                                            *entry,
                                            ServerVersion(event["last_integrated_server_version"]),
                                            ServerVersion(event["server_version"]));
  return transformed ? compare(*transformed, event["transformed"]) : transformed.error().describe();
}

std::string ChainReplay::download(const json& event) {
  std::vector<Delivery> deliveries;
  for (const json& recorded : event["changesets"]) {
    deliveries.push_back({ServerVersion(recorded["server_version"]),
                          ClientVersion(recorded["last_integrated_client_version"])});
  }
  const auto transformed = integrate_download(ClientFileIdent(event["client"]), deliveries);
  if (!transformed) return transformed.error().describe();
  for (std::size_t i = 0; i < transformed->size(); ++i) {
    const json& recorded = event["changesets"][i]["transformed"];
    if (std::string what = compare((*transformed)[i], recorded); !what.empty()) return what;
  }
  return "";
}

Result<Bytes> ChainReplay::integrate_upload(ClientFileIdent ident,
                                            const ClientEntry& entry,
                                            ServerVersion base,
                                            ServerVersion server_version) {
  Client& client = clients_[ident];
  Window<ServerVersion> window(deployed_);
  for (const ServerEntry& main : server_) {
    if (main.server_version <= base || main.origin == ident || main.changeset.empty()) continue;
    const auto reciprocal = client.reciprocals.find(main.server_version);
    window.add(main.server_version,
               {reciprocal != client.reciprocals.end() ? reciprocal->second : main.changeset,
                main.timestamp,
                main.origin});
  }

  const Incoming<ServerVersion> batch[] = {{base, {entry.changeset, entry.timestamp, ident}}};
  const auto merged = window.integrate(batch);
  if (!merged) return merged.error();

  std::map<ServerVersion, Bytes> rewritten;
  window.for_each_rewritten(
      [&](ServerVersion version, BytesView bytes) { rewritten[version] = to_bytes(bytes); });
  for (auto& [version, bytes] : rewritten) client.reciprocals[version] = std::move(bytes);
  client.uploaded = entry.client_version;
  server_.push_back({.server_version = server_version,
                     .origin = ident,
                     .client_version = entry.client_version,
                     .timestamp = entry.timestamp,
                     .changeset = merged->front().value_or(entry.changeset)});
  apply(server_realm_, server_.back().changeset);
  return server_.back().changeset;
}

Result<std::vector<Bytes>> ChainReplay::integrate_download(
    ClientFileIdent ident, const std::vector<Delivery>& deliveries) {
  Client& client = clients_[ident];
  std::vector<Incoming<ClientVersion>> batch;
  for (const Delivery& delivery : deliveries) {
    const auto main =
        std::ranges::find(server_, delivery.server_version, &ServerEntry::server_version);
    batch.push_back({delivery.base, {main->changeset, main->timestamp, main->origin}});
    client.integrated = main->server_version;
  }
  Window<ClientVersion> window(deployed_);
  for (const ClientEntry& local : client.history) {
    if (batch.empty() || local.client_version <= batch.front().base) continue;
    if (local.changeset.empty()) continue;
    const Bytes& current = local.reciprocal ? *local.reciprocal : local.changeset;
    window.add(local.client_version, {current, local.timestamp, ident});
  }

  const auto merged = window.integrate(batch);
  if (!merged) return merged.error();

  std::vector<Bytes> transformed;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    transformed.push_back((*merged)[i].value_or(to_bytes(batch[i].entry.bytes)));
    apply(client.realm, transformed.back());
  }
  std::map<ClientVersion, Bytes> rewritten;
  window.for_each_rewritten(
      [&](ClientVersion version, BytesView bytes) { rewritten[version] = to_bytes(bytes); });
  for (ClientEntry& local : client.history) {
    const auto found = rewritten.find(local.client_version);
    if (found != rewritten.end()) local.reciprocal = std::move(found->second);
  }
  return transformed;
}

std::string ChainReplay::compare(BytesView transformed, const json& recorded) {
  const json found = instructions_of(transformed);
  const json expected = instructions_of(bytes_of(recorded));
  if (found == expected) return "";
  differed_ = true;
  return "transformed to " + found.dump() + " instead of " + expected.dump();
}

void ChainReplay::apply(ModelRealm& realm, BytesView changeset) {
  const Result<void> applied = realm.apply(changeset);
  if (!applied && !apply_error_) apply_error_ = applied.error();
}

std::optional<ErrorCode> ChainReplay::next_failure() const {
  for (const auto& [ident, client] : clients_) {
    if (const auto tried = try_next_upload(ident); !tried) return tried.error().code();
    if (const auto tried = try_next_download(ident); !tried) return tried.error().code();
  }
  return std::nullopt;
}

Result<void> ChainReplay::try_next_upload(ClientFileIdent ident) const {
  const Client& client = clients_.at(ident);
  const auto next =
      std::ranges::upper_bound(client.history, client.uploaded, {}, &ClientEntry::client_version);
  if (next == client.history.end()) return {};
  ChainReplay copy = *this;
  const auto merged = copy.integrate_upload(
      ident,
      *next,
      next->base,
      server_.empty() ? ServerVersion(2) : server_.back().server_version.next());
  if (!merged) return merged.error();
  return copy.apply_error_ ? Result<void>(*copy.apply_error_) : Result<void>();
}

Result<void> ChainReplay::try_next_download(ClientFileIdent ident) const {
  const Client& client = clients_.at(ident);
  std::vector<Delivery> deliveries;
  ClientVersion base;
  for (const ServerEntry& main : server_) {
    if (main.origin == ident) {
      base = main.client_version;
    } else if (main.server_version > client.integrated) {
      deliveries.push_back({main.server_version, base});
    }
  }
  ChainReplay copy = *this;
  const auto merged = copy.integrate_download(ident, deliveries);
  if (!merged) return merged.error();
  return copy.apply_error_ ? Result<void>(*copy.apply_error_) : Result<void>();
}

json ChainReplay::state(ClientFileIdent file) const {
  return file == kServerFileIdent ? server_realm_.state() : clients_.at(file).realm.state();
}

json ChainReplay::schema(ClientFileIdent file) const {
  return file == kServerFileIdent ? server_realm_.schema() : clients_.at(file).realm.schema();
}

}  // namespace tombolo::test
