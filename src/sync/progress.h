#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/strong_id.h"
#include "sync/replica.h"

namespace tombolo::sync {

using NotifierId = StrongId<struct NotifierIdTag, std::uint64_t>;

enum class Direction : std::uint8_t { kUpload, kDownload };

enum class ProgressMode : std::uint8_t {
  kCurrent,    ///< What there was to transfer at registration; ends when that is done.
  kStreaming,  ///< Everything, until it is removed.
};

/// Bytes of changesets. At the end of a transfer `transferred` equals `transferable`.
struct ProgressNotification {
  std::uint64_t transferred = 0;
  std::uint64_t transferable = 0;
  double estimate = 0;   ///< 0 to 1: how much of the present transfer is done.
  bool is_last = false;  ///< The notifier has expired.

  friend bool operator==(const ProgressNotification&, const ProgressNotification&) = default;
};

/// Turns a file's byte counters into notifications.
///
/// A transfer is what happens in one direction from one moment of having nothing left to the next.
/// Within it `estimate` never decreases and ends at 1; `transferred` never decreases at all, also
/// when the file is replaced by one whose counters begin anew. Bytes count as uploaded once they
/// are confirmed and as downloaded once they are applied; of a long changeset a part counts when it
/// is sent or received. Downloads are silent until the first answer of the
/// server tells how much there is; uploads are known from the start. A notifier hears nothing
/// twice.
///
/// Thread:  its session's strand.
/// Source:  docs/sync-client.md, "Progress".
class ProgressMonitor {
 public:
  struct Notice {
    NotifierId notifier;
    ProgressNotification progress;
  };

  /// Starts the counting of transfers at what is done already.
  void start(const ByteCounters& bytes) noexcept;

  /// Registers a notifier. `update()` tells it the present progress as soon as that is known.
  [[nodiscard]] NotifierId add(Direction direction, ProgressMode mode);
  void remove(NotifierId notifier);
  [[nodiscard]] bool empty() const noexcept { return notifiers_.empty(); }

  /// Whether the server has told what there is to download, since the session was bound.
  void set_downloads_known(bool are_known) noexcept { downloads_known_ = are_known; }

  /// Of what is not confirmed, so many bytes have been sent and count already. A transfer does not
  /// end by that.
  void set_upload_sent(std::uint64_t bytes) noexcept { upload_sent_ = bytes; }

  /// The same of what is not applied: so many bytes have come. `total`: what will have been
  /// downloaded once all is there that is on its way or announced; 0 when the file's counters say.
  void set_download_received(std::uint64_t bytes, std::uint64_t total) noexcept {
    download_received_ = bytes;
    download_total_ = total;
  }
  [[nodiscard]] std::uint64_t download_total() const noexcept { return download_total_; }

  /// What the notifiers are to hear about `bytes`, in the order of registration.
  [[nodiscard]] std::vector<Notice> update(const ByteCounters& bytes);

 private:
  struct Notifier {
    NotifierId id;
    Direction direction;
    ProgressMode mode;
    // Of a `kCurrent` one: where it began, and its `transferable`, which is only lowered.
    std::uint64_t base = 0;
    std::optional<std::uint64_t> captured;
    std::optional<ProgressNotification> last;
  };
  /// One direction's bytes, and where its present transfer began.
  struct Transfer {
    std::uint64_t done = 0;         ///< For good.
    std::uint64_t transferred = 0;  ///< With what is on its way.
    std::uint64_t transferable = 0;
    std::uint64_t base = 0;
    std::uint64_t offset = 0;  ///< Of what is told from the file's counters.
    double estimate = 0;

    void update(std::uint64_t counted, std::uint64_t countable, std::uint64_t under_way) noexcept;
  };

  [[nodiscard]] static ProgressNotification notification(Notifier& notifier,
                                                         const Transfer& transfer) noexcept;

  Transfer upload_;
  Transfer download_;
  std::uint64_t upload_sent_ = 0;
  std::uint64_t download_received_ = 0;
  std::uint64_t download_total_ = 0;
  bool downloads_known_ = false;
  NotifierId last_id_;
  std::vector<Notifier> notifiers_;
};

}  // namespace tombolo::sync
