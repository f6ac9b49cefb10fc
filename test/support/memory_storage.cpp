#include "test/support/memory_storage.h"

#include <set>

#include "base/assertion.h"

namespace tombolo::test {

using server::ClientFile;
using server::HistoryEntry;
using server::HistoryHead;
using server::ServerFileId;

namespace {

HistoryEntry to_entry(ServerVersion version, const MemoryStorage::Entry& entry) {
  return {.server_version = version,
          .salt = entry.salt,
          .origin = entry.origin,
          .client_version = entry.client_version,
          .origin_timestamp = entry.origin_timestamp,
          .bytes_total = entry.bytes_total,
          .changeset = entry.changeset};
}

template <typename Base>
class Reader : public Base {
 public:
  explicit Reader(MemoryStorage::Files files) : files_(std::move(files)) {}

  std::optional<ServerFileId> find_server_file(std::string_view partition) const override {
    for (const auto& [id, file] : files_) {
      if (file->partition == partition) return id;
    }
    return std::nullopt;
  }
  HistoryHead history_head(ServerFileId id) const override {
    const MemoryStorage::File& file = get(id);
    if (file.history.empty()) return {};
    const auto& [version, entry] = *file.history.rbegin();
    return {version, entry.salt, entry.bytes_total};
  }
  server::HistoryBase history_base(ServerFileId id) const override { return get(id).base; }
  std::optional<HistoryEntry> find_history_entry(ServerFileId id,
                                                 ServerVersion version) const override {
    const auto found = get(id).history.find(version);
    if (found == get(id).history.end() || version < get(id).base.version) return std::nullopt;
    return to_entry(version, found->second);
  }
  void read_history(ServerFileId id,
                    ServerVersion after,
                    const server::StorageSnapshot::HistoryVisitor& visit) const override {
    const auto& history = get(id).history;
    for (auto entry = history.upper_bound(after); entry != history.end(); ++entry) {
      if (!visit(to_entry(entry->first, entry->second))) return;
    }
  }
  std::optional<ClientFile> find_client_file(ServerFileId id,
                                             ClientFileIdent ident) const override {
    const auto found = get(id).clients.find(ident);
    return found == get(id).clients.end() ? std::nullopt : std::optional(found->second);
  }
  void for_each_client_file(ServerFileId id,
                            const std::function<void(const ClientFile&)>& visit) const override {
    for (const auto& [ident, client] : get(id).clients) visit(client);
  }
  void for_each_server_file(
      const std::function<void(ServerFileId, std::string_view partition)>& visit) const override {
    for (const auto& [id, file] : files_) visit(id, file->partition);
  }
  std::optional<BytesView> find_reciprocal(ServerFileId id,
                                           ClientFileIdent ident,
                                           ServerVersion version) const override {
    const auto found = get(id).reciprocals.find({ident, version});
    return found == get(id).reciprocals.end() ? std::nullopt
                                              : std::optional<BytesView>(found->second);
  }

 protected:
  [[nodiscard]] const MemoryStorage::File& get(ServerFileId id) const { return *files_.at(id); }

  MemoryStorage::Files files_;
};

}  // namespace

class MemoryTransaction final : public Reader<server::StorageTransaction> {
 public:
  explicit MemoryTransaction(MemoryStorage& storage)
      : Reader({}),
        storage_(storage),
        writer_(storage.writer_) {
    const std::lock_guard lock(storage.mutex_);
    files_ = storage.files_;
  }

  ServerFileId open_server_file(std::string_view partition) override {
    if (const auto found = find_server_file(partition)) return *found;
    const ServerFileId id(files_.size() + 1);
    auto file = std::make_shared<MemoryStorage::File>();
    file->partition = partition;
    files_.emplace(id, std::move(file));
    return id;
  }
  ClientFile allocate_client_file(ServerFileId id, std::string_view owner, Salt salt) override {
    auto& clients = edit(id).clients;
    const ClientFileIdent ident =
        clients.empty() ? kServerFileIdent.next() : clients.rbegin()->first.next();
    const ClientFile client{.ident = ident,
                            .salt = salt,
                            .owner = std::string(owner),
                            .uploaded = {},
                            .reciprocal_base = {},
                            .locked_server_version = {},
                            .last_seen = system_clock().wall_now()};
    return clients[ident] = client;
  }
  void put_client_file(ServerFileId id, const ClientFile& client) override {
    ClientFile& stored = edit(id).clients[client.ident];
    stored = client;
    stored.last_seen = system_clock().wall_now();
  }
  ServerVersion append_history(ServerFileId id, const server::NewHistoryEntry& entry) override {
    const HistoryHead head = history_head(id);
    const ServerVersion version = head.server_version.next();
    edit(id).history[version] = {.origin = entry.origin,
                                 .client_version = entry.client_version,
                                 .origin_timestamp = entry.origin_timestamp,
                                 .salt = entry.salt,
                                 .bytes_total = head.bytes_total + entry.changeset.size(),
                                 .changeset = to_bytes(entry.changeset)};
    return version;
  }
  void replace_history(ServerFileId id,
                       ServerVersion up_to,
                       OriginTimestamp timestamp,
                       std::span<const Bytes> state) override {
    MemoryStorage::File& file = edit(id);
    const MemoryStorage::Entry last = file.history.at(up_to);
    TOMBOLO_ASSERT(!state.empty() && state.size() <= up_to.value());
    file.history.erase(file.history.begin(), file.history.upper_bound(up_to));
    std::uint64_t bytes_left = 0;
    for (const Bytes& changeset : state) bytes_left += changeset.size();
    for (std::size_t i = 0; i < state.size(); ++i) {
      const bool is_last = i + 1 == state.size();
      bytes_left -= state[i].size();
      file.history[is_last ? up_to : ServerVersion(i + 1)] = {
          .origin = kServerFileIdent,
          .client_version = {},
          .origin_timestamp = timestamp,
          .salt = is_last ? last.salt : Salt{},
          .bytes_total = last.bytes_total - std::min(last.bytes_total, bytes_left),
          .changeset = state[i]};
    }
    for (const auto& [ident, client] : file.clients) erase_reciprocals(id, ident, up_to);
    file.base = {
        up_to,
        file.clients.empty() ? kServerFileIdent.next() : file.clients.rbegin()->first.next()};
  }
  void put_reciprocal(ServerFileId id,
                      ClientFileIdent ident,
                      ServerVersion version,
                      BytesView changeset) override {
    edit(id).reciprocals[{ident, version}] = to_bytes(changeset);
  }
  void erase_reciprocals(ServerFileId id, ClientFileIdent ident, ServerVersion up_to) override {
    auto& reciprocals = edit(id).reciprocals;
    reciprocals.erase(reciprocals.lower_bound({ident, ServerVersion(0)}),
                      reciprocals.upper_bound({ident, up_to}));
  }
  Result<void> apply(ServerFileId id, BytesView changeset) override {
    return edit(id).state.apply(changeset);
  }
  void commit() override {
    {
      const std::lock_guard lock(storage_.mutex_);
      storage_.files_ = files_;
    }
    writer_.unlock();
  }

 private:
  MemoryStorage::File& edit(ServerFileId id) {
    std::shared_ptr<const MemoryStorage::File>& file = files_.at(id);
    if (!edited_.contains(id)) {
      file = std::make_shared<MemoryStorage::File>(*file);
      edited_.insert(id);
    }
    // Made by this transaction a moment ago, and not const then.
    return const_cast<MemoryStorage::File&>(*file);
  }

  MemoryStorage& storage_;
  std::unique_lock<std::mutex> writer_;  // Until the commit.
  std::set<ServerFileId> edited_;
};

std::unique_ptr<server::StorageSnapshot> MemoryStorage::snapshot() {
  const std::lock_guard lock(mutex_);
  return std::make_unique<Reader<server::StorageSnapshot>>(files_);
}

std::unique_ptr<server::StorageTransaction> MemoryStorage::begin() {
  return std::make_unique<MemoryTransaction>(*this);
}

std::shared_ptr<const MemoryStorage::File> MemoryStorage::find(std::string_view partition) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, file] : files_) {
    if (file->partition == partition) return file;
  }
  return nullptr;
}

}  // namespace tombolo::test
