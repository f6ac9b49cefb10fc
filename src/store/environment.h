#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/logging.h"
#include "store/change_log.h"
#include "store/file_usage.h"
#include "store/ids.h"
#include "store/sealing.h"
#include "store/transaction.h"

namespace tombolo::store {

/// Whether a commit waits for the disk.
enum class Durability : std::uint8_t {
  kFull,      ///< A commit that returned survives a crash of the machine.
  kDeferred,  ///< It survives a crash of the process only; for tests and files that can be
              ///< refetched.
};

/// Address space that is reserved for a file; nothing is allocated before it is used.
/// Source: docs/store.md, "Growth".
#if defined(__SANITIZE_THREAD__)
inline constexpr std::size_t kMapBytesDefault = std::size_t{256} << 20;
#else
inline constexpr std::size_t kMapBytesDefault = std::size_t{4} << 30;
#endif

struct EnvironmentOptions {
  std::size_t map_bytes = kMapBytesDefault;  ///< Where it starts; it grows by itself.
  unsigned readers_max = 512;                ///< Snapshots open at one time, over all processes.
  Durability durability = Durability::kFull;
  bool read_only = false;
  bool exclusive = false;  ///< Refuse other processes, and be refused when one has it open.
  /// The path is a name within this process alone, and what is there goes when it closes. Nothing
  /// waits for a disk.
  bool in_memory = false;
  /// How long a transaction waits for this process's readers when the map has to move.
  std::chrono::milliseconds growth_wait_max{10'000};
  /// Changed blocks that a write transaction keeps decoded before it writes them out.
  std::size_t write_cache_bytes_max = std::size_t{256} << 20;
  /// Encrypts the file when it is made, and opens it afterwards.
  std::optional<EncryptionKey> encryption_key;
  /// Opened values of an encrypted file that are kept for snapshots to come.
  std::size_t opened_bytes_max = std::size_t{64} << 20;
  std::chrono::seconds reader_age_warning{60};
  const Clock* clock = &system_clock();
  std::shared_ptr<Logger> logger;  ///< Null: no lines.
};

struct EnvironmentStats {
  std::size_t used_bytes = 0;  ///< Of the file, free pages included.
  std::size_t map_bytes = 0;
  unsigned readers = 0;  ///< Open snapshots of this process.
  Duration oldest_reader_age{0};
};

/// The newest commit of a file before and after it was compacted: they show the same.
struct Compaction {
  CommitId before;
  CommitId after;
};

/// Ends an observation when it goes. A callback that runs on another thread at that moment may
/// still finish afterwards.
class [[nodiscard]] Observation {
 public:
  Observation() = default;
  explicit Observation(std::shared_ptr<void> token) : token_(std::move(token)) {}

 private:
  std::shared_ptr<void> token_;
};

/// An open database file with any number of realms in it. Opening the same file again in this
/// process gives the environment that is open already; it closes when the last owner and the last
/// transaction go.
///
/// Thread:  callable from any thread.
/// Source:  docs/store.md.
class Environment : public std::enable_shared_from_this<Environment> {
 public:
  /// Opens `path`, creating it when absent; beside it stand `<path>-lock` and `<path>-guard`.
  ///
  /// Errors:  throws `Error`: `kFileFormatTooNew`, `kFileCorrupt` (no such file of ours),
  ///          `kFileInUse` (an exclusive owner, or others when `exclusive` is asked), `kWrongKey`
  ///          (another key than the file's, one for a file without, or none for one with),
  ///          `kPermissionDenied`, `kInvalidArgument` (open already with `exclusive`, `read_only`
  ///          or `in_memory` different), or `kStorage` with the code in `foreign()`.
  [[nodiscard]] static std::shared_ptr<Environment> open(const std::filesystem::path& path,
                                                         const EnvironmentOptions& options = {});
  /// Makes the file as small as what it holds, with the same content and its commits counted anew.
  /// nullopt, and nothing done, while it is open here or in another process; who opens it meanwhile
  /// waits. After a crash it is the old file or the new one.
  ///
  /// Errors:  throws `Error`: what opening throws; `kDiskFull`, `kStorage`: the file is as it was.
  static std::optional<Compaction> compact(const std::filesystem::path& path,
                                           EnvironmentOptions options = {});
  ~Environment();

  /// A snapshot of the newest commit.
  [[nodiscard]] ReadTransaction begin_read();
  /// The write transaction; waits while another one is open, in this process or another.
  ///
  /// Errors:  throws `Error{kReadOnly}`; `kInTransaction` when this thread has it open already.
  [[nodiscard]] WriteTransaction begin_write();

  /// The newest commit of any process; a cheap look.
  [[nodiscard]] CommitId newest_commit() const;
  /// Waits until there is a commit after `after`; false when `timeout` ran out first. Commits of
  /// other processes are noticed within 10 ms.
  [[nodiscard]] bool wait_for_commit(CommitId after, Duration timeout) const;
  /// Calls `observer` after each commit of this process, in order, on a thread that commits and
  /// with no lock held. `observer` may read but not write, and may not throw.
  [[nodiscard]] Observation observe(
      std::function<void(const std::shared_ptr<const Commit>&)> observer);

  [[nodiscard]] EnvironmentStats stats() const;
  /// Goes over the list of free pages.
  [[nodiscard]] FileUsage usage();
  [[nodiscard]] const std::filesystem::path& path() const noexcept;
  [[nodiscard]] const EnvironmentOptions& options() const noexcept;

  class Internals;
  [[nodiscard]] Internals& internals() noexcept { return *internals_; }

 private:
  explicit Environment(std::unique_ptr<Internals> internals);
  std::unique_ptr<Internals> internals_;
};

}  // namespace tombolo::store
