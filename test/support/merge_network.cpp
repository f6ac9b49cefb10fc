#include "test/support/merge_network.h"

#include <algorithm>

#include "base/assertion.h"

namespace tombolo::test {

using merge::Incoming;
using merge::Window;

void MergeNetwork::commit(ClientFileIdent ident, OriginTimestamp timestamp, Bytes changeset) {
  Client& client = clients_[ident];
  client.current = client.current.next();
  apply(client.realm, changeset);
  client.history.push_back({.client_version = client.current,
                            .base = client.integrated,
                            .timestamp = timestamp,
                            .changeset = std::move(changeset),
                            .reciprocal = {}});
}

std::vector<MergeNetwork::ClientEntry>::const_iterator MergeNetwork::next_upload(
    const Client& client) const {
  return std::ranges::upper_bound(
      client.history, client.uploaded, {}, &ClientEntry::client_version);
}

std::size_t MergeNetwork::pending_upload_count(ClientFileIdent ident) const {
  const auto client = clients_.find(ident);
  if (client == clients_.end()) return 0;
  return static_cast<std::size_t>(client->second.history.end() - next_upload(client->second));
}

std::size_t MergeNetwork::pending_download_count(ClientFileIdent ident) const {
  const auto client = clients_.find(ident);
  const ServerVersion integrated =
      client == clients_.end() ? ServerVersion() : client->second.integrated;
  return static_cast<std::size_t>(std::ranges::count_if(server_, [&](const ServerEntry& entry) {
    return entry.server_version > integrated && entry.origin != ident;
  }));
}

Result<Bytes> MergeNetwork::upload(ClientFileIdent ident) {
  Client& client = clients_.at(ident);
  const auto next = next_upload(client);
  TOMBOLO_ASSERT(next != client.history.end());
  Window<ServerVersion> window(deployed_);
  for (const ServerEntry& entry : server_) {
    if (entry.server_version <= next->base || entry.origin == ident) continue;
    if (entry.changeset.empty()) continue;
    const auto reciprocal = client.reciprocals.find(entry.server_version);
    window.add(entry.server_version,
               {reciprocal != client.reciprocals.end() ? reciprocal->second : entry.changeset,
                entry.timestamp,
                entry.origin});
  }

  const Incoming<ServerVersion> batch[] = {{next->base, {next->changeset, next->timestamp, ident}}};
  const auto merged = window.integrate(batch);
  if (!merged) return merged.error();

  std::map<ServerVersion, Bytes> rewritten;
  window.for_each_rewritten(
      [&](ServerVersion version, BytesView bytes) { rewritten[version] = to_bytes(bytes); });
  for (auto& [version, bytes] : rewritten) client.reciprocals[version] = std::move(bytes);
  client.uploaded = next->client_version;
  const ServerVersion previous = server_.empty() ? ServerVersion(1) : server_.back().server_version;
  server_.push_back({.server_version = previous.next(),
                     .origin = ident,
                     .client_version = next->client_version,
                     .timestamp = next->timestamp,
                     .changeset = merged->front().value_or(next->changeset)});
  apply(server_realm_, server_.back().changeset);
  return server_.back().changeset;
}

Result<std::vector<Bytes>> MergeNetwork::download(ClientFileIdent ident, std::size_t count) {
  Client& client = clients_[ident];
  std::vector<Incoming<ClientVersion>> batch;
  ClientVersion base;
  ServerVersion integrated = client.integrated;
  for (const ServerEntry& entry : server_) {
    if (entry.origin == ident) {
      base = entry.client_version;
    } else if (entry.server_version > client.integrated && batch.size() < count) {
      batch.push_back({base, {entry.changeset, entry.timestamp, entry.origin}});
      integrated = entry.server_version;
    }
  }
  if (batch.empty()) return std::vector<Bytes>();

  Window<ClientVersion> window(deployed_);
  for (const ClientEntry& entry : client.history) {
    if (entry.client_version <= batch.front().base || entry.changeset.empty()) continue;
    window.add(entry.client_version,
               {entry.reciprocal ? *entry.reciprocal : entry.changeset, entry.timestamp, ident});
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
  for (ClientEntry& entry : client.history) {
    const auto found = rewritten.find(entry.client_version);
    if (found != rewritten.end()) entry.reciprocal = std::move(found->second);
  }
  client.integrated = integrated;
  client.current = client.current.next();
  return transformed;
}

const ModelRealm& MergeNetwork::realm(ClientFileIdent file) const {
  return file == kServerFileIdent ? server_realm_ : clients_.at(file).realm;
}

void MergeNetwork::apply(ModelRealm& realm, BytesView changeset) {
  const Result<void> applied = realm.apply(changeset);
  if (!applied && !apply_error_) apply_error_ = applied.error();
}

}  // namespace tombolo::test
