#include "server/download_builder.h"

#include <algorithm>
#include <utility>

#include "protocol/changeset_entry.h"
#include "server/history_position.h"
#include "server/session_error.h"

namespace tombolo::server {

using protocol::SyncErrorCode;

Result<DownloadAnswer> DownloadBuilder::build(const StorageSnapshot& storage,
                                              const DownloadRequest& request) {
  const auto client = storage.find_client_file(request.file, request.client_file);
  if (!client) {
    return session_error(SyncErrorCode::kBadClientFileIdent, "the client file is not known");
  }
  const HistoryBase base = storage.history_base(request.file);
  if (!is_kept(base, *client, request.cursor.server_version)) {
    return session_error(SyncErrorCode::kClientFileExpired,
                         "the history that the client needs is no longer kept");
  }
  const HistoryHead head = storage.history_head(request.file);

  std::optional<Segment> segment = find_cached(request, base.version, head.server_version);
  if (!segment) {
    segment = read_segment(storage, request);
    segment->history_base = base.version;
    // What the receiver wrote itself was left out: nobody else can use that.
    const bool is_shared = !std::ranges::binary_search(segment->origins, request.client_file);
    if (is_shared && segment->end != segment->begin) cache(*segment);
  }
  return DownloadAnswer{
      .cursor = segment->end,
      .latest_server_version = {head.server_version, head.salt},
      .upload = {client->uploaded, client->reciprocal_base},
      .downloadable_bytes = segment->end.server_version == head.server_version
                                ? 0
                                : head.bytes_total - segment->end_bytes_total,
      .body = segment->body,
  };
}

DownloadBuilder::Segment DownloadBuilder::read_segment(const StorageSnapshot& storage,
                                                       const DownloadRequest& request) const {
  Segment segment{.file = request.file, .begin = request.cursor, .end = request.cursor};
  Bytes body;
  std::size_t entries = 0;
  storage.read_history(request.file, request.cursor.server_version, [&](const HistoryEntry& entry) {
    if (body.size() >= options_.body_bytes_target || entries == options_.entries_max) {
      segment.is_cut = true;
      return false;
    }
    ++entries;
    segment.end.server_version = entry.server_version;
    segment.end_bytes_total = entry.bytes_total;
    if (segment.origins.empty() || segment.origins.back() != entry.origin) {
      segment.origins.push_back(entry.origin);
    }
    if (entry.origin == request.client_file) {
      segment.end.client_version = entry.client_version;
    } else if (!entry.changeset.empty()) {
      protocol::append_entry(body,
                             protocol::DownloadEntry{
                                 .server_version = entry.server_version,
                                 .client_version = segment.end.client_version,
                                 .origin_timestamp = entry.origin_timestamp,
                                 .origin_file_ident = entry.origin,
                                 .original_changeset_bytes = entry.changeset.size(),
                                 .changeset = entry.changeset,
                             });
    }
    return true;
  });
  std::ranges::sort(segment.origins);
  segment.origins.erase(std::unique(segment.origins.begin(), segment.origins.end()),
                        segment.origins.end());
  segment.body =
      std::make_shared<const protocol::EncodedBody>(protocol::encode_body(std::move(body)));
  return segment;
}

std::optional<DownloadBuilder::Segment> DownloadBuilder::find_cached(const DownloadRequest& request,
                                                                     ServerVersion history_base,
                                                                     ServerVersion history_end) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(segments_, [&](const Segment& segment) {
    return segment.file == request.file && segment.history_base == history_base &&
           segment.begin == request.cursor &&
           (segment.is_cut || segment.end.server_version == history_end) &&
           !std::ranges::binary_search(segment.origins, request.client_file);
  });
  if (found == segments_.end()) return std::nullopt;
  segments_.splice(segments_.begin(), segments_, found);
  return segments_.front();
}

void DownloadBuilder::cache(const Segment& segment) {
  const std::lock_guard lock(mutex_);
  segments_.remove_if([&](const Segment& old) {
    const bool is_same = old.file == segment.file && old.begin == segment.begin;
    if (is_same) cached_bytes_ -= old.body->wire_bytes.size();
    return is_same;
  });
  segments_.push_front(segment);
  cached_bytes_ += segment.body->wire_bytes.size();
  while (segments_.size() > options_.cached_segments_max ||
         cached_bytes_ > options_.cached_bytes_max) {
    cached_bytes_ -= segments_.back().body->wire_bytes.size();
    segments_.pop_back();
  }
}

}  // namespace tombolo::server
