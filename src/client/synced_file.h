#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "client/open_files.h"
#include "store/environment.h"
#include "store/file_ident.h"

namespace tombolo::client {

/// How often a closed file is looked at for commits of other processes.
inline constexpr Duration kClosedFileInterval = std::chrono::seconds(10);

/// The file of a sync session, which is open while somebody uses it and may be closed while its
/// session waits: see `OpenFiles`.
///
/// Thread:  callable from any thread.
/// Source:  docs/sync-client.md, "Files and descriptors".
class SyncedFile {
 public:
  /// `committed` is called after each commit of this process, as `store::Environment::observe()`
  /// says, and once for those that may have been made before `adopt()`.
  SyncedFile(std::shared_ptr<OpenFiles> files,
             const std::shared_ptr<store::Environment>& environment,
             std::function<void()> committed);
  ~SyncedFile();
  SyncedFile(const SyncedFile&) = delete;
  SyncedFile& operator=(const SyncedFile&) = delete;

  /// The open file; holding what this returns keeps it open.
  ///
  /// Errors:  throws `Error{kClosed}` after `close()`, `kNotFound` when the file was removed or
  ///          another one is in its place, also an older copy, and what opening throws. A file that
  ///          was compacted is the same.
  [[nodiscard]] std::shared_ptr<store::Environment> open();
  /// Takes note of what somebody else has opened at the file's path.
  ///
  /// Errors:  throws `Error{kFileInUse}` when it is another file than this one.
  void adopt(const std::shared_ptr<store::Environment>& environment);
  /// Opens it no more.
  void close();

  /// The newest commit. A file that lacks what is there now is not taken for this one later.
  ///
  /// Errors:  as `open()`.
  [[nodiscard]] store::CommitId look();
  /// Whether there may be a commit after `seen`, which `look()` gave: one look at the mapped memory
  /// of an open file, and every `kClosedFileInterval` one at the time stamp of a closed one.
  [[nodiscard]] bool has_news(store::CommitId seen, TimePoint now);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] const std::shared_ptr<OpenFiles>& files() const noexcept { return files_; }
  [[nodiscard]] const store::EnvironmentOptions& options() const noexcept { return options_; }

 private:
  /// Where the file lies, and when it was last written.
  struct Stamp {
    std::uint64_t inode = 0;
    std::chrono::nanoseconds born{0};  ///< 0 where the file system does not say.
    std::chrono::nanoseconds written{0};

    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  [[nodiscard]] std::optional<Stamp> read_stamp() const;
  /// Whether what was opened at the file's path is this file.
  [[nodiscard]] bool is_this(store::Environment& environment);
  void take(const std::shared_ptr<store::Environment>& environment);

  const std::shared_ptr<OpenFiles> files_;
  const std::filesystem::path path_;
  const store::EnvironmentOptions options_;
  const std::function<void()> committed_;
  const store::FileIdent ident_;

  std::mutex mutex_;  ///< Guards all below.
  bool is_closed_ = false;
  std::weak_ptr<store::Environment> environment_;
  store::Observation observation_;  ///< Of `environment_`.
  std::optional<Stamp> place_;      ///< Of `environment_`; its time of writing is of no account.
  bool has_moved_ = false;          ///< Its commits have been counted anew since `look()`.
  store::HistoryVersion newest_;    ///< Which `look()` found.
  TimePoint next_look_ = TimePoint::min();
  /// The stamp with which there was no commit after this one.
  std::optional<std::pair<store::CommitId, Stamp>> without_news_;
};

}  // namespace tombolo::client
