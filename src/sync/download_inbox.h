#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "protocol/message.h"
#include "sync/replica.h"

namespace tombolo::sync {

/// DOWNLOADs and MARK answers between their arrival and their integration, in order.
///
/// Every DOWNLOAD is checked on arrival against what came before it. Those that wait together leave
/// as one batch: while one commit runs, the next collects whatever comes in.
///
/// Thread:  its session's strand.
/// Source:  docs/sync-client.md, "Downloads".
class DownloadInbox {
 public:
  /// IDENT was sent: what arrives now continues `progress`. Requires `empty()`.
  void open(const SyncProgress& progress, ClientFileIdent own_ident);

  /// Takes a DOWNLOAD whose body views `storage`.
  ///
  /// Errors:  `kProtocolViolation`, `kBadMessage` or `kLimitExceeded` when it breaks the protocol;
  ///          nothing was taken.
  [[nodiscard]] Result<void> push(const protocol::Download& message,
                                  Bytes storage,
                                  ClientVersion newest_client_version);
  void push(RequestIdent mark);

  /// The answer at the front: all DOWNLOADs before it have been taken out.
  [[nodiscard]] std::optional<RequestIdent> take_mark();
  /// The DOWNLOADs at the front, up to `kBatchBytesTarget` together; null when there are none.
  [[nodiscard]] std::shared_ptr<const DownloadBatch> take_batch();

  /// Whether something waits, and none of it changes objects or answers anybody.
  [[nodiscard]] bool has_only_progress() const noexcept;

  /// Where the newest DOWNLOAD that arrived leads to, whether or not it is still here.
  [[nodiscard]] const SyncProgress& received() const noexcept { return received_; }

  void clear();
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  /// What the waiting DOWNLOADs occupy.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  /// A DOWNLOAD as a batch of its own, or a MARK answer when `batch` is null.
  struct Item {
    std::unique_ptr<DownloadBatch> batch;
    std::size_t bytes = 0;
    RequestIdent mark;
  };

  [[nodiscard]] Result<void> check_head(const protocol::Download& message,
                                        ClientVersion newest_client_version) const;
  /// Checks entries that are to lead from what was received to `end`.
  [[nodiscard]] Result<void> check_entries(std::span<const protocol::DownloadEntry> entries,
                                           protocol::DownloadCursor end) const;

  SyncProgress received_;  ///< Position after the newest DOWNLOAD that arrived.
  ClientFileIdent own_ident_;
  std::deque<Item> items_;
  std::size_t bytes_ = 0;
};

/// A batch takes DOWNLOADs until their bytes reach this: enough to share a commit's cost among many
/// small ones, and little against what the replica commits in one go anyway.
inline constexpr std::size_t kBatchBytesTarget = 1024 * 1024;

}  // namespace tombolo::sync
