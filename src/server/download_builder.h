#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "server/download.h"

namespace tombolo::server {

/// Turns history into DOWNLOADs. Sessions that stand at the same cursor get the same body, built
/// and compressed once: what it holds depends on the receiver only where the receiver wrote some of
/// the history itself.
///
/// Thread:  callable from any thread; the snapshot stays with the caller's.
/// Source:  docs/server.md, "Downloads".
class DownloadBuilder {
 public:
  struct Options {
    std::size_t body_bytes_target = kDownloadBytesTarget;
    /// Entries that one message may pass over, so that a long stretch of the receiver's own changes
    /// does not hold up a thread.
    std::size_t entries_max = 16'384;
    std::size_t cached_bytes_max = std::size_t{64} << 20;
    std::size_t cached_segments_max = 256;
  };

  explicit DownloadBuilder(const Options& options) : options_(options) {}
  DownloadBuilder() : DownloadBuilder(Options{}) {}

  /// Errors:  222 when the history after the cursor was trimmed, 208 when the client file is gone.
  [[nodiscard]] Result<DownloadAnswer> build(const StorageSnapshot& storage,
                                             const DownloadRequest& request);

 private:
  /// A stretch of history as one body.
  struct Segment {
    ServerFileId file;
    ServerVersion history_base;  ///< Of the history that it was read from.
    protocol::DownloadCursor begin;
    protocol::DownloadCursor end;
    bool is_cut = false;                   ///< Ends before the history did, because it was full.
    std::uint64_t end_bytes_total = 0;     ///< Of the history, at the end.
    std::vector<ClientFileIdent> origins;  ///< Who wrote in it, sorted.
    std::shared_ptr<const protocol::EncodedBody> body;
  };

  [[nodiscard]] Segment read_segment(const StorageSnapshot& storage,
                                     const DownloadRequest& request) const;
  [[nodiscard]] std::optional<Segment> find_cached(const DownloadRequest& request,
                                                   ServerVersion history_base,
                                                   ServerVersion history_end);
  void cache(const Segment& segment);

  const Options options_;
  std::mutex mutex_;             // Guards the two below.
  std::list<Segment> segments_;  ///< The one used last comes first.
  std::size_t cached_bytes_ = 0;
};

}  // namespace tombolo::server
