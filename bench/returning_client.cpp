#include "bench/returning_client.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/random.h"
#include "bench/support/bench_rows.h"
#include "changeset/writer.h"
#include "server/integrator.h"
#include "server/storage_embedded.h"
#include "test/support/temporary_directory.h"

namespace tombolo::bench {
namespace {

constexpr std::size_t kCommitsPerUpload = 10;

Bytes schema() {
  changeset::ChangesetWriter writer;
  const auto city = writer.intern("City");
  writer.add_table(city,
                   {.kind = ClassKind::kTopLevel,
                    .primary_key = writer.intern("_id"),
                    .primary_key_type = changeset::PayloadType::kInt,
                    .primary_key_nullable = false});
  writer.add_column(city,
                    writer.intern("visits"),
                    {.type = PropertyType::kInt,
                     .collection = CollectionType::kSingle,
                     .nullable = false,
                     .target = writer.intern("")});
  return to_bytes(writer.bytes());
}

Bytes visited_city(std::int64_t key) {
  changeset::ChangesetWriter writer;
  const auto city = writer.intern("City");
  const changeset::PrimaryKey object(key);
  writer.create_object(city, object);
  writer.update({.table = city, .object = object, .field = writer.intern("visits"), .path = {}},
                changeset::Payload::of_int(key));
  return to_bytes(writer.bytes());
}

/// A server whose storage is a file, and clients that never download.
class OfflineClients {
 public:
  explicit OfflineClients(const server::UploadWindows::Options& options) : windows_(options) {
    store::EnvironmentOptions environment;
    environment.durability = store::Durability::kDeferred;
    storage_ = std::make_unique<server::EmbeddedStorage>(
        store::Environment::open(directory_.file("server"), environment));
    const auto transaction = storage_->begin();
    file_ = transaction->open_server_file("\"p\"");
    transaction->commit();
  }

  [[nodiscard]] ClientFileIdent add_client() {
    const auto transaction = storage_->begin();
    const auto client = transaction->allocate_client_file(file_, "user", random_.salt());
    transaction->commit();
    return client.ident;
  }

  /// One UPLOAD and one commit.
  void upload(ClientFileIdent client, const std::vector<Bytes>& changesets) {
    const auto transaction = storage_->begin();
    ClientVersion version = transaction->find_client_file(file_, client)->uploaded;
    server::Upload upload{.file = file_,
                          .client_file = client,
                          .progress = {},
                          .locked_server_version = {},
                          .entries = {},
                          .body = nullptr,
                          .stream = nullptr};
    for (const Bytes& changeset : changesets) {
      version = version.next();
      upload.entries.push_back({.client_version = version,
                                .server_version = {},
                                .origin_timestamp = OriginTimestamp(version.value()),
                                .origin_file_ident = {},
                                .changeset = changeset});
    }
    upload.progress = {version, {}};
    static_cast<void>(server::integrate(*transaction, upload, random_, windows_).value());
    transaction->commit();
    windows_.committed();
  }

  /// City 0, `step`, 2 * `step` and so on, a transaction each.
  void visit_cities(ClientFileIdent client, std::size_t count, std::int64_t step) {
    std::vector<Bytes> changesets;
    for (std::size_t i = 0; i < count; ++i) {
      changesets.push_back(visited_city(step * static_cast<std::int64_t>(i)));
      if (changesets.size() < kCommitsPerUpload && i + 1 < count) continue;
      upload(client, changesets);
      changesets.clear();
    }
  }

 private:
  const test::TemporaryDirectory directory_;
  SeededRandom random_{1};
  server::UploadWindows windows_;
  std::unique_ptr<server::EmbeddedStorage> storage_;
  server::ServerFileId file_;
};

}  // namespace

double returning_client_seconds(std::size_t commits,
                                const server::UploadWindows::Options& options) {
  OfflineClients clients(options);
  const ClientFileIdent other = clients.add_client();
  const ClientFileIdent returning = clients.add_client();
  clients.upload(other, {schema()});
  clients.visit_cities(other, commits, 1);
  clients.upload(returning, {schema()});
  return seconds([&] { clients.visit_cities(returning, commits, 2); });
}

}  // namespace tombolo::bench
