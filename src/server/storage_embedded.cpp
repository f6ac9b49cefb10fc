#include "server/storage_embedded.h"

#include <array>
#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <openssl/sha.h>

#include "base/hex.h"
#include "store/applier.h"

namespace tombolo::server {
namespace {

constexpr std::string_view kNextIdentKey = "next-ident";
constexpr std::string_view kHistoryBaseKey = "history-base";
constexpr std::string_view kClientFilePrefix = "client-file/";
constexpr std::uint8_t kClientFileFormat = 2;
/// Longest partition that stands in the realm's name; a longer one is named by its hash.
constexpr std::size_t kPartitionNameBytesMax = 400;

store::RealmId to_realm(ServerFileId file) noexcept {
  return store::RealmId(static_cast<store::RealmId::rep>(file.value()));
}
ServerFileId to_file(store::RealmId realm) noexcept {
  return ServerFileId(realm.value());
}
store::HistoryVersion to_history(ServerVersion version) noexcept {
  return store::HistoryVersion(version.value());
}
ServerVersion to_server(store::HistoryVersion version) noexcept {
  return ServerVersion(version.value());
}

constexpr std::string_view kPlainPrefix = "partition/";
constexpr std::string_view kHashedPrefix = "partition-sha256/";

std::string realm_name(std::string_view partition) {
  if (partition.size() <= kPartitionNameBytesMax)
    return std::string(kPlainPrefix) + std::string(partition);
  std::array<std::byte, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(partition.data()),
         partition.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return std::string(kHashedPrefix) + to_hex(digest);
}

void put_u64(Bytes& bytes, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8)
    bytes.push_back(static_cast<std::byte>(value >> shift));
}

/// Reads the records that this file writes.
class RecordReader {
 public:
  explicit RecordReader(BytesView bytes) noexcept : bytes_(bytes) {}

  std::uint8_t u8() { return std::to_integer<std::uint8_t>(take(1)[0]); }
  std::uint64_t u64() {
    std::uint64_t value = 0;
    const BytesView bytes = take(8);
    for (std::size_t i = 8; i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    return value;
  }
  BytesView rest() { return take(bytes_.size()); }

 private:
  BytesView take(std::size_t count) {
    if (count > bytes_.size()) {
      throw Error(ErrorCode::kFileCorrupt, "a record of a client file is too short");
    }
    return std::exchange(bytes_, bytes_.subspan(count)).first(count);
  }
  BytesView bytes_;
};

Bytes client_file_key(ClientFileIdent ident) {
  Bytes key = to_bytes(as_bytes(kClientFilePrefix));
  // Big-endian, so that records stand in the order of the idents.
  for (int shift = 56; shift >= 0; shift -= 8) {
    key.push_back(static_cast<std::byte>(ident.value() >> shift));
  }
  return key;
}

Bytes encode(const ClientFile& client) {
  Bytes record{static_cast<std::byte>(kClientFileFormat)};
  put_u64(record, static_cast<std::uint64_t>(client.salt.value()));
  put_u64(record, client.uploaded.value());
  put_u64(record, client.reciprocal_base.value());
  put_u64(record, client.locked_server_version.value());
  put_u64(record, static_cast<std::uint64_t>(client.last_seen.time_since_epoch().count()));
  const BytesView owner = as_bytes(client.owner);
  record.insert(record.end(), owner.begin(), owner.end());
  return record;
}

ClientFile decode(ClientFileIdent ident, BytesView record) {
  RecordReader reader(record);
  if (reader.u8() != kClientFileFormat) {
    throw Error(ErrorCode::kFileFormatTooNew, "a client file was stored by a newer server");
  }
  ClientFile client;
  client.ident = ident;
  client.salt = Salt(static_cast<std::int64_t>(reader.u64()));
  client.uploaded = ClientVersion(reader.u64());
  client.reciprocal_base = ServerVersion(reader.u64());
  client.locked_server_version = ServerVersion(reader.u64());
  client.last_seen = WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(reader.u64())));
  client.owner = as_text(reader.rest());
  return client;
}

HistoryEntry to_entry(const store::HistoryEntry& entry) {
  return {.server_version = to_server(entry.version),
          .salt = entry.salt,
          .origin = entry.origin,
          .client_version = ClientVersion(entry.peer_version.value()),
          .origin_timestamp = entry.origin_timestamp,
          .bytes_total = entry.bytes_total,
          .changeset = entry.changeset};
}

/// Reading is the same in a snapshot and in the write transaction. `Transaction` is the store's.
template <typename Base, typename Transaction>
class Reader : public Base {
 public:
  explicit Reader(Transaction transaction) : transaction_(std::move(transaction)) {}

  std::optional<ServerFileId> find_server_file(std::string_view partition) const override {
    const auto realm = transaction_.find_realm(realm_name(partition));
    return realm ? std::optional(to_file(*realm)) : std::nullopt;
  }

  HistoryHead history_head(ServerFileId file) const override {
    const store::HistoryReader history = realm(file).history();
    const store::HistoryBounds bounds = history.bounds();
    const auto newest = history.find(bounds.newest);
    return {to_server(bounds.newest), newest ? newest->salt : Salt{}, bounds.bytes_total};
  }

  HistoryBase history_base(ServerFileId file) const override {
    const auto record = realm(file).metadata().find(as_bytes(kHistoryBaseKey));
    if (!record) return {};
    RecordReader reader(*record);
    const ServerVersion version(reader.u64());
    return {version, ClientFileIdent(reader.u64())};
  }

  std::optional<HistoryEntry> find_history_entry(ServerFileId file,
                                                 ServerVersion version) const override {
    if (version < history_base(file).version) return std::nullopt;
    const auto entry = realm(file).history().find(to_history(version));
    return entry ? std::optional(to_entry(*entry)) : std::nullopt;
  }

  void read_history(ServerFileId file,
                    ServerVersion after,
                    const StorageSnapshot::HistoryVisitor& visit) const override {
    realm(file).history().for_each_after(to_history(after), [&](const store::HistoryEntry& entry) {
      return visit(to_entry(entry));
    });
  }

  std::optional<ClientFile> find_client_file(ServerFileId file,
                                             ClientFileIdent ident) const override {
    const auto record = realm(file).metadata().find(client_file_key(ident));
    return record ? std::optional(decode(ident, *record)) : std::nullopt;
  }

  void for_each_client_file(ServerFileId file,
                            const std::function<void(const ClientFile&)>& visit) const override {
    realm(file).metadata().scan(as_bytes(kClientFilePrefix), [&](BytesView key, BytesView record) {
      std::uint64_t ident = 0;
      for (const std::byte digit : key.subspan(kClientFilePrefix.size()))
        ident = ident << 8 | std::to_integer<std::uint64_t>(digit);
      visit(decode(ClientFileIdent(ident), record));
      return true;
    });
  }

  void for_each_server_file(
      const std::function<void(ServerFileId file, std::string_view partition)>& visit)
      const override {
    transaction_.for_each_realm([&](std::string_view name, store::RealmId id) {
      for (const std::string_view prefix : {kPlainPrefix, kHashedPrefix}) {
        if (name.starts_with(prefix)) visit(to_file(id), name.substr(prefix.size()));
      }
    });
  }

  std::optional<BytesView> find_reciprocal(ServerFileId file,
                                           ClientFileIdent ident,
                                           ServerVersion version) const override {
    return realm(file).history().find_reciprocal(ident, to_history(version));
  }

 protected:
  [[nodiscard]] decltype(auto) realm(ServerFileId file) const {
    return transaction_.realm(to_realm(file));
  }

  mutable Transaction transaction_;  // A write transaction hands out its realms only when mutable.
};

using Snapshot = Reader<StorageSnapshot, store::ReadTransaction>;

class Transaction final : public Reader<StorageTransaction, store::WriteTransaction> {
 public:
  Transaction(store::WriteTransaction transaction, const Clock& clock)
      : Reader(std::move(transaction)),
        clock_(clock) {}

  ServerFileId open_server_file(std::string_view partition) override {
    return to_file(transaction_.open_realm(realm_name(partition)));
  }

  ClientFile allocate_client_file(ServerFileId file, std::string_view owner, Salt salt) override {
    store::MetadataWriter metadata = realm(file).metadata();
    const auto next = metadata.find(as_bytes(kNextIdentKey));
    const ClientFile client{
        .ident = next ? ClientFileIdent(RecordReader(*next).u64()) : kServerFileIdent.next(),
        .salt = salt,
        .owner = std::string(owner),
        .uploaded = {},
        .reciprocal_base = {},
        .locked_server_version = {},
        .last_seen = {}};
    Bytes following;
    put_u64(following, client.ident.next().value());
    metadata.put(as_bytes(kNextIdentKey), following);
    put_client_file(file, client);
    return client;
  }

  void put_client_file(ServerFileId file, const ClientFile& client) override {
    ClientFile seen = client;
    seen.last_seen = clock_.wall_now();
    realm(file).metadata().put(client_file_key(client.ident), encode(seen));
  }

  ServerVersion append_history(ServerFileId file, const NewHistoryEntry& entry) override {
    return to_server(realm(file).history().append(
        {.origin = entry.origin,
         .peer_version = store::PeerVersion(entry.client_version.value()),
         .origin_timestamp = entry.origin_timestamp,
         .salt = entry.salt,
         .changeset = entry.changeset}));
  }

  void replace_history(ServerFileId file,
                       ServerVersion up_to,
                       OriginTimestamp timestamp,
                       std::span<const Bytes> state) override {
    std::vector<store::NewHistoryEntry> entries;
    entries.reserve(state.size());
    for (const Bytes& changeset : state) {
      entries.push_back({.origin = kServerFileIdent,
                         .peer_version = {},
                         .origin_timestamp = timestamp,
                         .salt = {},
                         .changeset = changeset});
    }
    realm(file).history().replace_front(to_history(up_to), entries);

    std::vector<ClientFileIdent> clients;
    for_each_client_file(file, [&](const ClientFile& client) { clients.push_back(client.ident); });
    for (const ClientFileIdent client : clients) erase_reciprocals(file, client, up_to);

    Bytes base;
    put_u64(base, up_to.value());
    const auto next = realm(file).metadata().find(as_bytes(kNextIdentKey));
    put_u64(base,
            (next ? ClientFileIdent(RecordReader(*next).u64()) : kServerFileIdent.next()).value());
    realm(file).metadata().put(as_bytes(kHistoryBaseKey), base);
  }

  void put_reciprocal(ServerFileId file,
                      ClientFileIdent ident,
                      ServerVersion version,
                      BytesView changeset) override {
    realm(file).history().put_reciprocal(ident, to_history(version), changeset);
  }

  void erase_reciprocals(ServerFileId file, ClientFileIdent ident, ServerVersion up_to) override {
    realm(file).history().erase_reciprocals(ident, to_history(up_to));
  }

  Result<void> apply(ServerFileId file, BytesView changeset) override {
    return appliers_.try_emplace(file, realm(file)).first->second.apply(changeset);
  }

  void commit() override {
    appliers_.clear();
    transaction_.commit();
  }

 private:
  const Clock& clock_;
  std::unordered_map<ServerFileId, store::Applier> appliers_;
};

}  // namespace

EmbeddedStorage::EmbeddedStorage(std::shared_ptr<store::Environment> environment,
                                 const Clock& clock)
    : environment_(std::move(environment)),
      clock_(clock) {}

std::unique_ptr<StorageSnapshot> EmbeddedStorage::snapshot() {
  return std::make_unique<Snapshot>(environment_->begin_read());
}

std::unique_ptr<StorageTransaction> EmbeddedStorage::begin() {
  return std::make_unique<Transaction>(environment_->begin_write(), clock_);
}

}  // namespace tombolo::server
