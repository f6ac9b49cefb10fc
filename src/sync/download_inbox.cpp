#include "sync/download_inbox.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "base/assertion.h"
#include "protocol/body.h"
#include "protocol/limits.h"

namespace tombolo::sync {
namespace {

Error violation(const std::string& what) {
  return Error(ErrorCode::kProtocolViolation, "download: " + what);
}

}  // namespace

void DownloadInbox::open(const SyncProgress& progress, ClientFileIdent own_ident) {
  TOMBOLO_ASSERT(empty());
  received_ = progress;
  own_ident_ = own_ident;
}

Result<void> DownloadInbox::push(const protocol::Download& message,
                                 Bytes storage,
                                 ClientVersion newest_client_version) {
  if (Result<void> checked = check_head(message, newest_client_version); !checked) return checked;

  Bytes inflated;
  const Result<BytesView> body = protocol::decode_body(message.body, inflated);
  if (!body) return body.error();
  Result<std::vector<protocol::DownloadEntry>> entries = protocol::parse_download_entries(*body);
  if (!entries) return entries.error();
  if (Result<void> checked = check_entries(*entries, message.download); !checked) return checked;

  received_.download = message.download;
  received_.latest_server_version = message.latest_server_version;
  received_.upload.client_version = message.upload.client_version;
  // 0 says nothing about what was known before.
  if (message.upload.server_version != ServerVersion{})
    received_.upload.server_version = message.upload.server_version;

  std::uint64_t downloads_left = 0;
  if (const auto* partition = std::get_if<protocol::PartitionDownload>(&message.remainder))
    downloads_left = partition->downloadable_bytes;
  if (entries->empty() && !items_.empty() && items_.back().batch) {
    // Progress alone moves what is there already: however much comes, it takes no room.
    items_.back().batch->progress = received_;
    items_.back().batch->downloads_left = downloads_left;
    return {};
  }

  auto batch = std::make_unique<DownloadBatch>();
  batch->entries = std::move(*entries);
  batch->progress = received_;
  batch->downloads_left = downloads_left;
  // Moving a vector leaves its bytes, which the entries view, where they are.
  batch->storage.push_back(message.body.is_compressed ? std::move(inflated) : std::move(storage));

  const std::size_t bytes = batch->storage.front().size();
  bytes_ += bytes;
  items_.push_back({.batch = std::move(batch), .bytes = bytes});
  return {};
}

void DownloadInbox::push(RequestIdent mark) {
  items_.push_back({.mark = mark});
}

std::optional<RequestIdent> DownloadInbox::take_mark() {
  if (items_.empty() || items_.front().batch) return std::nullopt;
  const RequestIdent mark = items_.front().mark;
  items_.pop_front();
  return mark;
}

std::shared_ptr<const DownloadBatch> DownloadInbox::take_batch() {
  if (items_.empty() || !items_.front().batch) return nullptr;

  std::shared_ptr<DownloadBatch> batch;
  std::size_t batch_bytes = 0;
  while (!items_.empty() && items_.front().batch && batch_bytes < kBatchBytesTarget) {
    Item& item = items_.front();
    DownloadBatch& next = *item.batch;
    batch_bytes += item.bytes;
    bytes_ -= item.bytes;
    if (!batch) {
      batch = std::move(item.batch);
    } else {
      std::ranges::move(next.entries, std::back_inserter(batch->entries));
      std::ranges::move(next.storage, std::back_inserter(batch->storage));
      batch->progress = next.progress;
      batch->downloads_left = next.downloads_left;
    }
    items_.pop_front();
  }
  return batch;
}

bool DownloadInbox::has_only_progress() const noexcept {
  return !empty() && std::ranges::all_of(items_, [](const Item& item) {
    return item.batch && item.batch->entries.empty();
  });
}

void DownloadInbox::clear() {
  items_.clear();
  bytes_ = 0;
}

/// The numbers are those of docs/protocol.md, "Download checks".
Result<void> DownloadInbox::check_head(const protocol::Download& message,
                                       ClientVersion newest_client_version) const {
  if (message.latest_server_version.version < received_.latest_server_version.version)
    return violation("latest server version goes back");
  if (message.upload.client_version < received_.upload.client_version)
    return violation("upload client version goes back");
  if (message.upload.client_version > newest_client_version)
    return violation("upload client version was never made here");
  if (message.download.server_version < received_.download.server_version)
    return violation("download server version goes back");
  if (message.download.server_version > message.latest_server_version.version)
    return violation("download server version exceeds the latest");
  if (message.download.client_version < received_.download.client_version)
    return violation("download client version goes back");
  if (message.download.client_version > message.upload.client_version)
    return violation("download client version exceeds what was uploaded");
  if (message.download.server_version < message.upload.server_version)
    return violation("upload server version exceeds what was downloaded");
  return {};
}

Result<void> DownloadInbox::check_entries(std::span<const protocol::DownloadEntry> entries,
                                          protocol::DownloadCursor end) const {
  protocol::DownloadCursor position = received_.download;
  for (const protocol::DownloadEntry& entry : entries) {
    if (entry.server_version <= position.server_version ||
        entry.server_version > end.server_version)
      return violation("an entry's server version is out of order");
    if (entry.client_version < position.client_version || entry.client_version > end.client_version)
      return violation("an entry's client version is out of order");
    if (entry.origin_file_ident == ClientFileIdent{} || entry.origin_file_ident == own_ident_)
      return violation("an entry's origin is no other file");
    position = {entry.server_version, entry.client_version};
  }
  return {};
}

}  // namespace tombolo::sync
