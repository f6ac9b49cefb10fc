#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "merge/window.h"
#include "server/storage.h"

namespace tombolo::server {

/// The history that a client has not seen, in its form for that client, with its own copy of the
/// bytes: it outlives the transaction that read it.
struct UploadWindow {
  merge::Window<ServerVersion> window{};
  std::deque<Bytes> changesets;
  std::size_t changeset_bytes = 0;
  ServerVersion read_up_to;  ///< What comes later in the history is not in it yet.

  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return changeset_bytes + changesets.size() * sizeof(Bytes) + window.memory_bytes();
  }
};

/// Keeps windows between the uploads of a client that comes back with many of them, so that each
/// reads only what is new in the history. What is stored remains the truth: a window that is not
/// here is read again.
///
/// Windows that are short, that nobody used for some commits, or that are too large together are
/// not kept.
///
/// Thread:  the writer's.
/// Source:  docs/server.md, "Integration".
class UploadWindows {
 public:
  struct Options {
    std::size_t bytes_max = std::size_t{128} << 20;
    /// Fewer entries after the base are quicker read again than kept for each of many clients.
    std::size_t entries_min = 64;
    std::uint64_t idle_commits_max = 256;
  };

  UploadWindows() : UploadWindows(Options{}) {}
  explicit UploadWindows(const Options& options) : options_(options) {}

  /// The window of what `client` has not seen and not made, brought up to the end of the history.
  /// It lasts until `release`, `committed` or `rolled_back`.
  ///
  /// Shape:   `base` does not decrease from call to call, unless the client file was rolled back.
  [[nodiscard]] UploadWindow& open(const StorageTransaction& storage,
                                   ServerFileId file,
                                   ClientFileIdent client,
                                   ServerVersion base);
  /// Says that what the window holds is what is stored for the client, whose next upload has a base
  /// of `base` or later.
  void release(const StorageTransaction& storage,
               ServerFileId file,
               ClientFileIdent client,
               ServerVersion base);

  /// How many entries of histories were read so far: what uploads cost beside themselves.
  [[nodiscard]] std::uint64_t entries_read() const noexcept { return entries_read_; }

  /// What was done since the last of these calls is durable.
  void committed();
  /// It was undone.
  void rolled_back();

 private:
  using Key = std::pair<ServerFileId, ClientFileIdent>;
  struct Kept {
    UploadWindow window;
    ServerVersion base;
    bool is_uncommitted = true;
    std::uint64_t last_used = 0;  ///< Number of the commit.
  };

  void drop_until_small();

  Options options_;
  std::map<Key, Kept> kept_;
  std::uint64_t commit_number_ = 0;
  std::uint64_t entries_read_ = 0;
};

}  // namespace tombolo::server
