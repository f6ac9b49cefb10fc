#include "sync/progress.h"

#include <algorithm>

namespace tombolo::sync {

void ProgressMonitor::start(const ByteCounters& bytes) noexcept {
  upload_.base = bytes.uploaded;
  download_.base = bytes.downloaded;
}

NotifierId ProgressMonitor::add(Direction direction, ProgressMode mode) {
  last_id_ = last_id_.next();
  notifiers_.push_back({.id = last_id_, .direction = direction, .mode = mode});
  return last_id_;
}

void ProgressMonitor::remove(NotifierId notifier) {
  std::erase_if(notifiers_, [&](const Notifier& row) { return row.id == notifier; });
}

std::vector<ProgressMonitor::Notice> ProgressMonitor::update(const ByteCounters& bytes) {
  upload_.update(bytes.uploaded, bytes.uploadable, upload_sent_);
  download_.update(bytes.downloaded,
                   std::max(bytes.downloaded + bytes.downloads_left, download_total_),
                   download_received_);

  std::vector<Notice> notices;
  std::erase_if(notifiers_, [&](Notifier& notifier) {
    const bool is_upload = notifier.direction == Direction::kUpload;
    if (!is_upload && !downloads_known_) return false;
    const ProgressNotification next = notification(notifier, is_upload ? upload_ : download_);
    if (notifier.last == next) return false;
    notifier.last = next;
    notices.push_back({notifier.id, next});
    return next.is_last;
  });
  return notices;
}

void ProgressMonitor::Transfer::update(std::uint64_t counted,
                                       std::uint64_t countable,
                                       std::uint64_t under_way) noexcept {
  const bool was_complete = transferred == transferable;
  countable = std::max(countable, counted);
  if (counted + offset < done) offset = done - counted;
  // What was told stays told, and only the end tells all.
  const std::uint64_t least = counted == countable ? transferred : transferred + 1;
  if (countable + offset < least) offset = least - countable;
  done = counted + offset;
  transferable = countable + offset;
  if (done == transferable) {
    transferred = transferable;
    estimate = 1;
    base = transferred;
    return;
  }
  transferred = std::max(transferred, std::min(done + under_way, transferable - 1));
  const double part =
      static_cast<double>(transferred - base) / static_cast<double>(transferable - base);
  // More was found to transfer: what was reported before still holds as a lower bound.
  estimate = was_complete ? part : std::max(estimate, part);
}

ProgressNotification ProgressMonitor::notification(Notifier& notifier,
                                                   const Transfer& transfer) noexcept {
  ProgressNotification next{.transferred = transfer.transferred,
                            .transferable = transfer.transferable,
                            .estimate = transfer.estimate};
  if (notifier.mode == ProgressMode::kStreaming) return next;

  if (!notifier.captured) {
    notifier.base = transfer.transferred;
    notifier.captured = transfer.transferable;
  }
  const std::uint64_t captured = std::min(*notifier.captured, transfer.transferable);
  notifier.captured = captured;
  next.transferable = captured;
  next.is_last = transfer.done >= captured;
  next.transferred = next.is_last ? captured : std::min(transfer.transferred, captured - 1);
  next.estimate = next.is_last ? 1
                               : static_cast<double>(next.transferred - notifier.base) /
                                     static_cast<double>(captured - notifier.base);
  return next;
}

}  // namespace tombolo::sync
