#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "client/connection_driver.h"
#include "client/file_reset.h"
#include "client/synced_file.h"

namespace tombolo::client {

/// The client reset of one synced file: downloads a fresh copy to `FILE.fresh`, with a session of
/// its own on the same connection, and makes the file equal to it. A copy that an earlier attempt
/// has left goes on where that ended.
///
/// Thread:  its driver's strand, where it also calls back.
/// Source:  docs/client-reset.md.
class ClientReset : public std::enable_shared_from_this<ClientReset> {
 public:
  using Copied = std::function<void(const Result<void>& outcome)>;
  using Done = std::function<void(const Result<FileResetOutcome>& outcome)>;

  /// `options` are those of the file's own session.
  ClientReset(std::shared_ptr<ConnectionDriver> driver,
              std::shared_ptr<SyncedFile> file,
              sync::SessionOptions options);
  ~ClientReset();

  /// Downloads the copy; `copied` is called once, unless the reset is stopped before.
  void download(Copied copied);
  /// Makes the file equal to the copy, on a worker, and removes the copy, whatever came of it.
  void perform(const sync::SyncError& demand, Done done);
  /// Gives the download up. What has arrived is kept for the next attempt.
  void stop();

 private:
  class CopyObserver;
  struct OpenCopy {
    std::shared_ptr<SyncedFile> file;
    bool is_continued = false;
  };

  [[nodiscard]] OpenCopy open_copy() const;
  [[nodiscard]] std::shared_ptr<SyncedFile> open_copy_file() const;
  void open();
  void opened(const Result<OpenCopy>& copy);
  void copied(const Result<void>& outcome);
  void copy_closed();
  void finish(const Result<void>& outcome);
  /// Runs `work` on a worker and `then` with its result on the strand.
  template <typename T>
  void on_worker(std::function<Result<T>()> work, std::function<void(const Result<T>&)> then);

  const std::shared_ptr<ConnectionDriver> driver_;
  const std::shared_ptr<SyncedFile> file_;
  const sync::SessionOptions options_;
  const std::filesystem::path copy_path_;

  Copied copied_;
  OpenCopy copy_;
  std::optional<sync::SessionKey> session_;  ///< Of the copy, while it exists.
  std::optional<Result<void>> outcome_;      ///< Of the download.
  bool is_stopped_ = false;
};

}  // namespace tombolo::client
